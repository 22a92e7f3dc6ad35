"""A rendition of a photo: smaller, upright, in sRGB, turned and captioned, without metadata.

The recipe is the quickest of those measured (docs/decisions/0019-pictures.md): JPEGs are decoded by
libjpeg-turbo at the nearest eighth above the size that is wanted, OpenCV takes the rest of the way,
Pillow draws the text and reads whatever is not a JPEG.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from pictures.draw import write
from pictures.errors import BadPicture
from pictures.opened import MOST_PIXELS, opened, orientation
from pictures.pixels import Pixels, pixels_of, to_srgb
from pictures.steps import Turn, Way, read_steps

#: What is done to see a picture upright, by EXIF's number; "t" swaps rows and columns.
_UPRIGHT: dict[int, tuple[str, ...]] = {
    2: ("h",),
    3: ("180",),
    4: ("v",),
    5: ("t",),
    6: ("270",),
    7: ("t", "180"),
    8: ("90",),
}

#: Above this share a picture is made smaller by cubic interpolation, which then loses nothing;
#: below it every pixel has to count.
_CUBIC_FROM = 0.8

#: Options of the encoders that Pillow brings.
_SAVE: dict[str, dict[str, Any]] = {
    "webp": {"quality": 80, "method": 4},
    "avif": {"quality": 60, "speed": 8, "max_threads": 1},
}


def render(
    path: Path,
    size: int,
    steps: str = "",
    format: str = "jpeg",
    *,
    quality: int = 85,
    most_pixels: int = MOST_PIXELS,
) -> bytes:
    """The photo at `path` with a long edge of `size` pixels, then the steps in their order.

    Args:
        path: the file, of one of `KINDS`.
        size: pixels of the longer edge.
        steps: instructions, a line each; see `pictures.steps`.
        format: jpeg, webp or avif.
        quality: of a JPEG, 1 to 100.
        most_pixels: larger photos are refused before they are decoded.

    Raises:
        BadPicture: there is nothing to be shown; says why.
    """
    # More threads would only get into each other's way: every process renders one at a time.
    cv2.setNumThreads(1)
    if not 1 <= size <= 16384:
        raise BadPicture(f"a size is 1 to 16384 pixels, not {size}")
    wanted = read_steps(steps)
    with opened(path, most_pixels) as image:
        width, height = _fit(image.width, image.height, size)
        profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA", "P") else None
        pixels = pixels_of(path, image, width, height)
        way = orientation(image)
    pixels = to_srgb(_resized(pixels, width, height), profile)
    for turn in _UPRIGHT.get(way, ()):
        pixels = _turned(pixels, turn)
    for step in wanted:
        if isinstance(step, Turn):
            pixels = _turned(pixels, step.way)
        else:
            write(pixels, step)
    return _encoded(pixels, format, quality)


def _fit(width: int, height: int, size: int) -> tuple[int, int]:
    if width > height:
        return size, max(1, size * height // width)
    return max(1, size * width // height), size


def _resized(pixels: Pixels, width: int, height: int) -> Pixels:
    high, wide = pixels.shape[:2]
    if (wide, high) == (width, height):
        return pixels
    share = max(width / wide, height / high)
    how = cv2.INTER_CUBIC if share >= _CUBIC_FROM else cv2.INTER_AREA
    return cast("Pixels", cv2.resize(pixels, (width, height), interpolation=how))


def _turned(pixels: Pixels, way: Way | str) -> Pixels:
    match way:
        case "90":
            made = cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE)
        case "180":
            made = cv2.rotate(pixels, cv2.ROTATE_180)
        case "270":
            made = cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE)
        case "h":
            made = cv2.flip(pixels, 1)
        case "v":
            made = cv2.flip(pixels, 0)
        case _:
            made = cv2.transpose(pixels)
    return cast("Pixels", made)


def _encoded(pixels: Pixels, format: str, quality: int) -> bytes:
    if format == "jpeg":
        plain = np.ascontiguousarray(pixels)
        made: bytes = simplejpeg.encode_jpeg(
            plain, quality=quality, colorspace="RGB", colorsubsampling="420"
        )
        return made
    if format not in _SAVE:
        raise BadPicture(f"a rendition is jpeg, webp or avif, not {format!r}")
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format.upper(), **_SAVE[format])
    return file.getvalue()
