"""From a picture file to pixels: 8-bit RGB, about as large as they will be needed."""

from __future__ import annotations

import io
from functools import lru_cache
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
        return _whole(image)


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


def _whole(image: Image.Image) -> Pixels:
    """Any other kind, at its full size; of an animation the first picture."""
    image.load()
    if image.mode == "CMYK":
        profile = image.info.get("icc_profile")
        transform = _transform(profile, "CMYK") if profile else None
        made = transform.apply(image) if transform is not None else None
        return as_array(made or image.convert("RGB"))
    if image.mode.startswith("I"):  # 16 bits a pixel
        wide = np.asarray(image)
        grey = (wide.clip(0, 65535) // 257).astype(np.uint8)
        return as_array(Image.fromarray(grey).convert("RGB"))
    if image.has_transparency_data:
        above = image.convert("RGBA")
        below = Image.new("RGB", image.size, _WHITE)
        below.paste(above, mask=above.getchannel("A"))
        return as_array(below)
    return as_array(image.convert("RGB"))


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
