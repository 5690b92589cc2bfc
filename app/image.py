"""The only door to Pillow: bytes to upright RGB pixels and back, within limits."""

import hashlib
import io
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from app.errors import (
    ImageTooLarge,
    InvalidParameter,
    MissingFile,
    UnreadableImage,
    UnsupportedImage,
)
from app.exif import CameraExif
from app.overlay import draw_overlay
from app.photo_metadata import PhotoMetadata
from app.photo_metadata.values import Tags

try:
    import pillow_heif
except ImportError:  # the extra `heif` is not installed
    HAS_HEIF = False
else:
    pillow_heif.register_heif_opener()
    HAS_HEIF = True

# Pillow would warn at 89 and refuse at 179 megapixels, whatever our setting says; `identify` checks instead.
Image.MAX_IMAGE_PIXELS = None

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP", *(("HEIF",) if HAS_HEIF else ()))
NAMES = "JPEG, PNG, TIFF, WebP or BMP" + (" or HEIC" if HAS_HEIF else "")
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
# What turns a photo upright, by the EXIF orientation that it was stored in; 1 is upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
EIGHT_BIT = frozenset(
    {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBX", "RGBA", "RGBa", "CMYK", "YCbCr"}
)
SIXTEEN_BIT_GREY = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})
EXIF, GPS = 0x8769, 0x8825  # tags that point to the directories of these names


@dataclass(frozen=True)
class EncodedPhoto:
    """A photo whose header was read and found within limits; its pixels are still encoded."""

    data: bytes
    format: str
    width: int
    height: int
    """Sizes in pixels, as stored: before the EXIF orientation is applied."""


@dataclass(frozen=True)
class Photo:
    """Upright pixels, uint8 `[H, W, 3]` RGB, and where they came from."""

    pixels: NDArray[np.uint8]
    format: str
    sha256: str
    exif_orientation: int
    warnings: tuple[str, ...]
    camera: CameraExif
    metadata: PhotoMetadata

    @property
    def file_name(self) -> str:
        """What formats that name the photo call it, whose own name is not known: "<sha256>.jpeg"."""
        return f"{self.sha256}.{self.format.lower()}"

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])


def identify(data: bytes, max_pixels: int) -> EncodedPhoto:
    """Read the header alone.

    Raises MissingFile for no bytes, UnsupportedImage for what is no photo of a listed format, UnreadableImage
    for a broken header and ImageTooLarge over `max_pixels`.
    """
    if not data:
        raise MissingFile("the photo has no bytes; send a photo")
    if not HAS_HEIF and data[4:8] == b"ftyp" and data[8:12] in HEIF_BRANDS:
        raise UnsupportedImage(
            "HEIC is read where the extra `heif` is installed; install it or send a JPEG"
        )
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            (width, height), name = image.size, image.format or ""
    except UnidentifiedImageError:
        raise UnsupportedImage(f"the bytes are no photo that can be read; send {NAMES}") from None
    except Exception as error:  # Pillow's readers raise what a hostile header makes them trip over
        raise UnreadableImage(
            f"the header of the photo is broken ({error}); send the original file"
        ) from None
    if not width * height:
        raise UnreadableImage(f"the photo has {width}x{height} pixels; send one with pixels")
    if width * height > max_pixels:
        raise ImageTooLarge(
            f"the photo has {width}x{height} pixels, {max_pixels} are the limit; send it smaller or in parts"
        )
    # Pillow calls a JPEG with a preview appended, as many cameras write it, MPO.
    return EncodedPhoto(data, "JPEG" if name == "MPO" else name, width, height)


def identify_map(data: bytes, photo: EncodedPhoto) -> EncodedPhoto:
    """Read the header alone of a photo's map of probabilities, before memory is spent on it.

    Raises UnsupportedImage and UnreadableImage as `identify` does, and InvalidParameter for one of another size: the
    photo may lie on its side as it is stored, so its sides are compared in either order.
    """
    size = sorted((photo.width, photo.height))
    try:
        found = identify(data, photo.width * photo.height)
    except ImageTooLarge:
        found = None
    except UnsupportedImage:
        raise UnsupportedImage(
            "the field 'probability' is no picture; send the map as PNG, grey, 0 to 255"
        ) from None
    if found is None or sorted((found.width, found.height)) != size:
        raise InvalidParameter(
            f"the field 'probability' is no map of this photo of {photo.width}x{photo.height} pixels; "
            "send one of the same size, upright"
        )
    return found


def decode(encoded: EncodedPhoto) -> Photo:
    """Decode to upright 8-bit RGB.

    16-bit values are scaled, not clipped; transparency is laid over white; CMYK becomes RGB; of an animated
    file the first frame is taken. Raises UnreadableImage for a truncated or corrupt photo, UnsupportedImage
    for a pixel type without a known range.
    """
    warnings = []
    try:
        with Image.open(io.BytesIO(encoded.data), formats=FORMATS) as image:
            if encoded.format != "JPEG" and getattr(image, "n_frames", 1) > 1:
                warnings.append("first-frame-only")
            _require_known_range(image)
            camera = _camera(image)
            metadata = _metadata(image)
            orientation = _orientation(image)  # before `load`, which turns a TIFF by itself
            image.load()
            turn = UPRIGHT.get(_orientation(image))
            pixels = _to_rgb(image if turn is None else image.transpose(turn))
    except (UnsupportedImage, MemoryError):  # the latter is no fault of the photo
        raise
    except Exception as error:  # as above: no list of classes is complete
        raise UnreadableImage(
            f"the photo is truncated or corrupt ({error}); send the original file again"
        ) from None
    return Photo(
        pixels,
        encoded.format,
        hashlib.sha256(encoded.data).hexdigest(),
        orientation,
        tuple(warnings),
        camera,
        metadata,
    )


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8; 1 where there is none or it cannot be read."""
    try:
        orientation = image.getexif().get(0x0112, 1)
    except Exception:  # a broken EXIF block does not make a photo unreadable
        return 1
    return int(orientation) if orientation in range(1, 9) else 1


def _tags(image: Image.Image, directory: int | None = None) -> Tags:
    """EXIF's first directory, or one that it points to; empty where it cannot be read."""
    try:
        first = image.getexif()
        return dict(first if directory is None else first.get_ifd(directory))
    except Exception:  # as above
        return {}


def _camera(image: Image.Image) -> CameraExif:
    """What the camera wrote about its optics; nothing where the EXIF block cannot be read."""
    try:
        return CameraExif.of(_tags(image, EXIF))
    except Exception:  # as above
        return CameraExif()


def _metadata(image: Image.Image) -> PhotoMetadata:
    """What camera and drone wrote about the photo; nothing of a block that cannot be read."""
    xmp = image.info.get("xmp")
    packet = xmp if isinstance(xmp, bytes) else b""
    try:
        return PhotoMetadata.of(_tags(image), _tags(image, EXIF), _tags(image, GPS), packet)
    except Exception:  # as above
        return PhotoMetadata()


def _require_known_range(image: Image.Image) -> None:
    """Raises UnsupportedImage for pixels of which nobody knows which value is white."""
    if image.mode not in EIGHT_BIT | SIXTEEN_BIT_GREY:
        raise UnsupportedImage(
            f"pixels of type {image.mode} have no known range; send 8 or 16 bits a channel, grey or RGB"
        )


def _to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode in SIXTEEN_BIT_GREY:  # Pillow scales 16-bit RGB itself; 65535 // 257 = 255
        grey = (np.asarray(image) // 257).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        ground = Image.new("RGBA", image.size, "white")
        ground.alpha_composite(image.convert("RGBA"))
        image = ground
    return np.asarray(image.convert("RGB"), np.uint8)


def decode_map(encoded: EncodedPhoto) -> NDArray[np.float32]:
    """A mask or an 8-bit probability map, PNG with one channel, as float32 `[H, W]` in 0 to 1.

    Raises UnreadableImage as `decode` does, and UnsupportedImage for another format or for colour.
    """
    if encoded.format != "PNG":
        raise UnsupportedImage(f"a mask is read as PNG, this is {encoded.format}; send it as PNG")
    try:
        with Image.open(io.BytesIO(encoded.data), formats=("PNG",)) as image:
            image.load()
            if image.mode not in ("1", "L"):
                raise UnsupportedImage(
                    f"a mask has one 8-bit channel, this has mode {image.mode}; send it as grey, 0 to 255"
                )
            return np.asarray(image.convert("L"), np.float32) / np.float32(255)
    except (UnsupportedImage, MemoryError):  # the latter is no fault of the photo
        raise
    except Exception as error:
        raise UnreadableImage(
            f"the mask is truncated or corrupt ({error}); send it again"
        ) from None


def encode_mask(mask: NDArray[np.bool_]) -> bytes:
    """One-channel PNG of 0 and 255."""
    return _save(Image.fromarray(mask.astype(np.uint8) * 255), "PNG")


def encode_map(probability: NDArray[np.float32]) -> bytes:
    """One-channel PNG of probabilities, float32 `[H, W]` in 0 to 1, as round(255 * p): `decode_map` reads it back."""
    return _save(Image.fromarray(np.rint(probability * 255).astype(np.uint8)), "PNG")


def encode_colours(pixels: NDArray[np.uint8]) -> bytes:
    """PNG of uint8 `[H, W, 3]` RGB."""
    return _save(Image.fromarray(pixels), "PNG")


def encode_overlay(photo: NDArray[np.uint8], mask: NDArray[np.bool_]) -> bytes:
    """JPEG of what `draw_overlay` draws."""
    return encode_jpeg(draw_overlay(photo, mask), quality=90)


def encode_jpeg(pixels: NDArray[np.uint8], quality: int) -> bytes:
    """JPEG of uint8 `[H, W, 3]` RGB and nothing else: what a photo's file held beside its pixels is not in it."""
    return _save(Image.fromarray(pixels), "JPEG", quality=quality)


def reduce(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """uint8 `[H, W]` or `[H, W, 3]` by the mean over areas, no larger than `width` x `height` pixels.

    A photo that is smaller stays as it is: enlarging adds no detail.
    """
    size = min(width, pixels.shape[1]), min(height, pixels.shape[0])
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _save(image: Image.Image, format: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()
