"""When a photo was taken, by EXIF."""

import re
from datetime import datetime

from app.photo_metadata.values import Tags, text

DATE_TIME_ORIGINAL, OFFSET_TIME_ORIGINAL, SUBSEC_TIME_ORIGINAL = 0x9003, 0x9011, 0x9291
# The widest zones that clocks on Earth have had are -12:00 and +14:00.
_OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d|Z", re.ASCII)
_SUBSEC = re.compile(r"\d{1,9}", re.ASCII)


def captured_at(exif: Tags) -> str | None:
    """DateTimeOriginal as ISO 8601: "2024-05-17T10:20:30.25+02:00".

    The zone is OffsetTimeOriginal (Exif 2.31 and later). Without it there is none: the camera's clock says
    what its owner set, and the place of the photo does not say which.
    """
    try:
        taken = datetime.strptime(text(exif.get(DATE_TIME_ORIGINAL)) or "", "%Y:%m:%d %H:%M:%S")
    except ValueError:  # cameras without a clock write 0000:00:00 or blanks
        return None
    subsec, offset = text(exif.get(SUBSEC_TIME_ORIGINAL)), text(exif.get(OFFSET_TIME_ORIGINAL))
    fraction = f".{subsec}" if subsec and _SUBSEC.fullmatch(subsec) else ""
    zone = offset if offset and _OFFSET.fullmatch(offset) else ""
    return taken.isoformat() + fraction + zone
