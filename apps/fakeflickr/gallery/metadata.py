"""What is kept of what a picture's file says of itself. Nothing else of it is ever shown."""

from __future__ import annotations

import base64
import io
import warnings
from pathlib import Path
from typing import Any, NamedTuple

from pictures import BadPicture, read_facts, render
from PIL import Image
from PIL.ExifTags import IFD, Base

from billow import site

#: Pixels along the longer side of the picture that is there at once.
TINY = 6
#: Pixels of the rendition that it is made from.
_SMALL = 48


class Metadata(NamedTuple):
    """What is known of a picture when it comes."""

    #: Upright, as the camera was held.
    width: int
    height: int
    taken: str
    camera: str
    settings: str
    tiny: str


def read_metadata(path: Path) -> Metadata:
    """What a file says of itself.

    Raises:
        NotAccepted: it is no picture that can be shown; the message says why.
    """
    try:
        facts = read_facts(path)
        if facts.format != "JPEG":
            raise BadPicture(f"this is no JPEG, whatever it is called, but {facts.format}")
        tiny = _tiny(render(path, _SMALL))
    except BadPicture as problem:
        raise site.NotAccepted(str(problem), allowed=["image/jpeg"]) from problem
    taken = "" if facts.taken is None else facts.taken.strftime("%Y-%m-%d %H:%M:%S")
    camera = "".join(c for c in facts.camera if c.isprintable())
    return Metadata(facts.width, facts.height, taken, camera, _settings(path), tiny)


def _tiny(small: bytes) -> str:
    """A few pixels, as the content of a PNG in base 64."""
    with Image.open(io.BytesIO(small)) as image:
        image.thumbnail((TINY, TINY), Image.Resampling.BOX)
        out = io.BytesIO()
        image.save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()


def _settings(path: Path) -> str:
    """Exposure, aperture, sensitivity and focal length, as photographers write them."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path) as image:
            inner: dict[int, Any] = image.getexif().get_ifd(IFD.Exif)
            exposure, aperture = (_number(inner, t) for t in (Base.ExposureTime, Base.FNumber))
            iso, focal = (_number(inner, t) for t in (Base.ISOSpeedRatings, Base.FocalLength))
    except Exception:
        return ""
    told = [
        exposure and (f"1/{round(1 / exposure)} s" if exposure < 0.4 else f"{exposure:g} s"),
        aperture and f"ƒ/{aperture:.1f}",
        iso and f"ISO {iso:.0f}",
        focal and f"{focal:.0f} mm",
    ]
    return " · ".join(part for part in told if part)


def _number(told: dict[int, Any], tag: int) -> float:
    """A number of a sane size; 0 if there is none."""
    try:
        number = float(told.get(tag, 0))
    except (TypeError, ValueError, ZeroDivisionError):
        return 0.0
    return number if 1e-6 < number < 1e6 else 0.0
