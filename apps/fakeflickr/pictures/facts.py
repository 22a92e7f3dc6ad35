"""What a photo tells of itself: read once, when it comes."""

from __future__ import annotations

import contextlib
import math
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from pictures.opened import MOST_PIXELS, exif_of, opened, orientation

_UNREADABLE = (OSError, ValueError, SyntaxError, KeyError, TypeError, AttributeError)
#: Characters of a camera's name that are kept.
_LONGEST = 80


class Facts(NamedTuple):
    """What is known of a photo; what it does not say is None or empty."""

    #: Pixels, as it is seen upright.
    width: int
    height: int
    #: One of `KINDS`.
    format: str
    #: When it was taken by the camera's own clock.
    taken: datetime | None = None
    camera: str = ""
    #: Exposure, aperture, sensitivity and focal length, as photographers write them.
    settings: str = ""
    #: Degrees north and east.
    latitude: float | None = None
    longitude: float | None = None


def read_facts(path: Path, most_pixels: int = MOST_PIXELS) -> Facts:
    """The facts of the photo at `path`. Only its header is read.

    Raises:
        BadPicture: it is none that could be shown.
    """
    with opened(path, most_pixels) as image:
        width, height = image.size
        if orientation(image) >= 5:
            width, height = height, width
        format_ = "JPEG" if image.format == "MPO" else image.format or ""
        facts = Facts(width, height, format_)
        with contextlib.suppress(*_UNREADABLE):
            exif = exif_of(image)
            facts = facts._replace(camera=_camera(exif), taken=_taken(exif))
            facts = facts._replace(settings=_settings(exif.get_ifd(IFD.Exif)))
            north, east = _place(exif.get_ifd(IFD.GPSInfo))
            facts = facts._replace(latitude=north, longitude=east)
        return facts


def _camera(exif: Image.Exif) -> str:
    make, model = (_text(exif.get(tag)) for tag in (Base.Make, Base.Model))
    return model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    return "".join(char for char in text.strip() if char.isprintable())[:_LONGEST]


def _taken(exif: Image.Exif) -> datetime | None:
    told = exif.get_ifd(IFD.Exif).get(Base.DateTimeOriginal) or exif.get(Base.DateTime)
    with contextlib.suppress(ValueError):
        return datetime.strptime(_text(told), "%Y:%m:%d %H:%M:%S")
    return None


def _settings(told: dict[int, Any]) -> str:
    tags = (Base.ExposureTime, Base.FNumber, Base.ISOSpeedRatings, Base.FocalLength)
    exposure, aperture, iso, focal = (_number(told.get(tag)) for tag in tags)
    parts = [
        exposure and (f"1/{round(1 / exposure)} s" if exposure < 0.4 else f"{exposure:g} s"),
        aperture and f"ƒ/{aperture:.1f}",
        iso and f"ISO {iso:.0f}",
        focal and f"{focal:.0f} mm",
    ]
    return " · ".join(part for part in parts if part)


def _number(value: Any) -> float:
    """A number above 0, and not a silly one; else 0."""
    with contextlib.suppress(TypeError, ValueError, ZeroDivisionError, OverflowError):
        number = float(value)
        return number if 1e-6 < number < 1e6 else 0.0
    return 0.0


def _place(told: dict[int, Any]) -> tuple[float | None, float | None]:
    north = _degrees(told.get(GPS.GPSLatitude), told.get(GPS.GPSLatitudeRef), "S", 90)
    east = _degrees(told.get(GPS.GPSLongitude), told.get(GPS.GPSLongitudeRef), "W", 180)
    return (None, None) if north is None or east is None else (north, east)


def _degrees(parts: Any, side: Any, negative: str, most: int) -> float | None:
    if not isinstance(parts, tuple) or len(parts) != 3:
        return None
    try:
        degrees, minutes, seconds = (float(Fraction(part)) for part in parts)
    except (ValueError, ZeroDivisionError, TypeError, OverflowError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or abs(value) > most:
        return None
    return round(-value if side == negative else value, 6)
