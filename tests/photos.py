"""Photos that say of themselves what a camera or a drone would: real EXIF and XMP, written by Pillow."""

import io

import numpy as np
from conftest import crack_photo
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

NAMESPACE = "http://www.dji.com/drone-dji/1.0/"
TAKEN = {0x9003: "2024:05:17 10:20:30", 0x9011: "+02:00", 0x9291: "25"}
CAMERA = {
    0x829A: IFDRational(1, 500),
    0x829D: IFDRational(28, 10),
    0x8827: 100,
    0x920A: IFDRational(123, 10),
    0xA434: "24.0 mm f/2.8",
}
LONDON = {
    1: "N", 2: (51.0, 30.0, 26.4), 3: "W", 4: (0.0, 7.0, 39.9), 5: b"\0", 6: 35.5, 0x1F: 2.5,
}  # fmt: skip
LOOKING_DOWN = {
    "GimbalRollDegree": "+0.00",
    "GimbalYawDegree": "+0.00",
    "GimbalPitchDegree": "-90.00",
    "RelativeAltitude": "+12.50",
    "AbsoluteAltitude": "-3.25",
}


def jpeg(
    *,
    first: dict | None = None,
    exif: dict | None = None,
    gps: dict | None = None,
    xmp: bytes = b"",
    photo: np.ndarray | None = None,
) -> bytes:
    """The photo, or the one with a crack, as JPEG: tags of EXIF's first, Exif and GPS directories, an XMP packet."""
    block = Image.Exif()
    for tag, value in (first or {}).items():
        block[tag] = value
    block[0x8769], block[0x8825] = exif or {}, gps or {}
    buffer = io.BytesIO()
    options = {"xmp": xmp} if xmp else {}
    Image.fromarray(crack_photo() if photo is None else photo).save(
        buffer, "JPEG", quality=98, exif=block, **options
    )
    return buffer.getvalue()


def packet(properties: dict[str, str], head: str = "") -> bytes:
    """An XMP packet as DJI writes it, the properties as attributes."""
    attributes = " ".join(f'drone-dji:{name}="{value}"' for name, value in properties.items())
    return (
        f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{head}<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="DJI Meta Data" '
        f'xmlns:drone-dji="{NAMESPACE}" {attributes}/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()
