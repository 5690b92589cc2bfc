"""What a camera or a drone wrote about a photo: when, where, with what, and which way it looked.

Tags and bytes in, frozen dataclasses out. A field that is missing, unreadable or out of its range is None: a broken
block never makes a photo unreadable, and nothing is guessed.
"""

from app.photo_metadata.dji import DjiPose
from app.photo_metadata.gps import AltitudeReference, Gps
from app.photo_metadata.metadata import PhotoMetadata

__all__ = ["AltitudeReference", "DjiPose", "Gps", "PhotoMetadata"]
