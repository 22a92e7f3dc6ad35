"""From a picture file to pixels: 8-bit RGB, about as large as they will be needed."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, ImageCms

from pictures.opened import decoding

#: Height, width, and red, green and blue.
Pixels: TypeAlias = NDArray[np.uint8]

_WHITE = (255, 255, 255)
#: Rows that are converted at a time.
_STRIP = 256


def pixels_of(path: Path, image: Image.Image, width: int, height: int) -> Pixels:
    """The picture at `path`, of which `image` is the header.

    A JPEG is decoded at a fraction of its size where that suffices, which takes half the time.

    Args:
        path: the file.
        image: the same, opened.
        width: pixels that are needed; it may have more.
        height: likewise.

    Raises:
        BadPicture: it is cut off or damaged.
    """
    with decoding():
        if image.format in ("JPEG", "MPO") and image.mode in ("RGB", "L"):
            return _scaled(path, image, width, height)
        return _whole(image, width, height)


def as_array(image: Image.Image) -> Pixels:
    """An RGB picture as an array that may be written to."""
    return np.array(image, dtype=np.uint8)


def to_srgb(pixels: Pixels, profile: bytes | None) -> Pixels:
    """Colours as browsers show them; a profile that cannot be read is taken for sRGB."""
    transform = _transform(profile, "RGB") if profile else None
    if transform is None:
        return pixels
    made = transform.apply(Image.fromarray(pixels))
    return as_array(made) if made is not None else pixels


def _scaled(path: Path, image: Image.Image, width: int, height: int) -> Pixels:
    try:
        made: Pixels = simplejpeg.decode_jpeg(
            path.read_bytes(), "RGB", min_width=width, min_height=height
        )
    except ValueError:
        # It also complains of what others overlook. Pillow tells what is cut off.
        image.draft("RGB", (width, height))
        return as_array(image.convert("RGB"))
    return made


def _whole(image: Image.Image, width: int, height: int) -> Pixels:
    """Any other kind; of an animation the first picture.

    The decoded picture is the largest thing there is room for, so the rest goes strip by strip.
    """
    image.load()
    share = max(1, min(image.width // max(1, width), image.height // max(1, height)))
    high = share * max(1, _STRIP // share)
    made = Image.new("RGB", (math.ceil(image.width / share), math.ceil(image.height / share)))
    convert = _converter(image)
    for top in range(0, image.height, high):
        strip = convert(image.crop((0, top, image.width, min(top + high, image.height))))
        made.paste(strip.reduce(share) if share > 1 else strip, (0, top // share))
    return as_array(made)


def _converter(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """What turns strips of a picture into 8-bit RGB."""
    if image.mode == "CMYK":
        profile = image.info.get("icc_profile")
        transform = _transform(profile, "CMYK") if profile else None
        return partial(_printed, transform=transform)
    if image.mode.startswith("I"):
        return _of_16_bits
    if image.has_transparency_data:
        return _on_white
    return lambda strip: strip.convert("RGB")


def _printed(strip: Image.Image, transform: ImageCms.ImageCmsTransform | None) -> Image.Image:
    made = transform.apply(strip) if transform is not None else None
    return made or strip.convert("RGB")


def _of_16_bits(strip: Image.Image) -> Image.Image:
    grey = (np.asarray(strip).clip(0, 65535) // 257).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _on_white(strip: Image.Image) -> Image.Image:
    above = strip.convert("RGBA")
    below = Image.new("RGB", strip.size, _WHITE)
    below.paste(above, mask=above.getchannel("A"))
    return below


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """What turns colours of a profile into sRGB; None if nothing has to be, or can be, done."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return None
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (OSError, ImageCms.PyCMSError):
        return None
