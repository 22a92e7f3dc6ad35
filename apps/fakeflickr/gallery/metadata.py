"""What a picture's file says of itself. Only what is asked for here is ever shown of it."""

from __future__ import annotations

import base64
import io
import re
import warnings
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, UnidentifiedImageError

from billow import site

#: Pixels that a photo may have. One of 60 megapixels takes 180 MB to look at.
MOST_PIXELS = 60_000_000
#: Pixels along the longer side of the picture that is there at once.
TINY = 6

_EXIF = 0x8769
_ORIENTATION, _MAKE, _MODEL = 0x0112, 0x010F, 0x0110
_TAKEN, _EXPOSURE, _APERTURE, _ISO, _FOCAL = 0x9003, 0x829A, 0x829D, 0x8827, 0x920A
_DATE = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)")
#: Orientations in which the picture lies on its side.
_LYING = (5, 6, 7, 8)


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
        NotAccepted: it is no JPEG picture.
        TooLarge: it has too many pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=["JPEG", "MPO"]) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise site.TooLarge(
                        f"a photo may have {MOST_PIXELS // 1_000_000} megapixels", limit=MOST_PIXELS
                    )
                return _read(image)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as problem:
        raise site.NotAccepted(
            "this is no JPEG picture, or it is damaged", allowed=["image/jpeg"]
        ) from problem


def _read(image: Image.Image) -> Metadata:
    exif = image.getexif()
    inner = exif.get_ifd(_EXIF)
    lying = exif.get(_ORIENTATION) in _LYING
    width, height = (image.height, image.width) if lying else (image.width, image.height)
    return Metadata(
        width,
        height,
        _date(inner.get(_TAKEN)),
        _camera(exif),
        _settings(inner),
        _tiny(image, exif.get(_ORIENTATION)),
    )


def _tiny(image: Image.Image, orientation: Any) -> str:
    """A few pixels of the picture, as the content of a PNG in base 64."""
    image.draft("RGB", (64, 64))
    small = image.convert("RGB")
    small.thumbnail((TINY, TINY), Image.Resampling.BOX)
    turn = _TURNS.get(orientation)
    if turn is not None:
        small = small.transpose(turn)
    out = io.BytesIO()
    small.save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _text(value: Any) -> str:
    """A piece of text, which cameras pad with zeros and spaces."""
    text = value if isinstance(value, str) else ""
    return "".join(c for c in text if c.isprintable()).strip()[:60]


def _date(value: Any) -> str:
    found = _DATE.fullmatch(_text(value))
    return "" if found is None or found[1] == "0000" else "{}-{}-{} {}".format(*found.groups())


def _camera(exif: Image.Exif) -> str:
    make, model = _text(exif.get(_MAKE)), _text(exif.get(_MODEL))
    return model if make.split(" ")[0].lower() in model.lower() else f"{make} {model}".strip()


def _settings(inner: Any) -> str:
    """Exposure, aperture, sensitivity and focal length, as photographers write them."""
    exposure, aperture = _number(inner.get(_EXPOSURE)), _number(inner.get(_APERTURE))
    focal, iso = _number(inner.get(_FOCAL)), inner.get(_ISO)
    told = []
    if exposure:
        told.append(f"1/{round(1 / exposure)} s" if exposure < 0.4 else f"{exposure:g} s")
    if aperture:
        told.append(f"ƒ/{aperture:.1f}")
    if isinstance(iso, int) and 0 < iso < 10_000_000:
        told.append(f"ISO {iso}")
    if focal:
        told.append(f"{focal:.0f} mm")
    return " · ".join(told)


def _number(value: Any) -> float:
    """A number of a sane size; 0 if it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return 0.0
    return number if 0 < number < 1e6 else 0.0
