"""A picture file looked into: what it is and how large, before anything is decoded."""

from __future__ import annotations

import contextlib
import struct
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pillow_heif
from PIL import Image, UnidentifiedImageError

from pictures.errors import BadPicture


class Kind(NamedTuple):
    """A kind of picture file, as people, HTTP and file names call it."""

    name: str
    type: str
    endings: tuple[str, ...]


#: The kinds that are read, by Pillow's name of them; MPO, which some cameras write, is a JPEG.
KINDS = {
    "JPEG": Kind("JPEG", "image/jpeg", (".jpg", ".jpeg")),
    "PNG": Kind("PNG", "image/png", (".png",)),
    "WEBP": Kind("WebP", "image/webp", (".webp",)),
    "AVIF": Kind("AVIF", "image/avif", (".avif",)),
    "HEIF": Kind("HEIC", "image/heic", (".heic", ".heif")),
    "GIF": Kind("GIF", "image/gif", (".gif",)),
}

#: Pixels that a picture may have; a decoded pixel takes 3 or 4 bytes.
MOST_PIXELS = 50_000_000

#: EXIF's tag of which way is up.
ORIENTATION = 0x0112

# The size is checked below, for every picture and more strictly.
Image.MAX_IMAGE_PIXELS = None

_BROKEN = (
    OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, RuntimeError, struct.error,
)  # fmt: skip


@cache
def _know_heic() -> None:
    """Have Pillow read HEIC, with one thread as everything else."""
    pillow_heif.register_heif_opener(thumbnails=False)
    pillow_heif.options.DECODE_THREADS = 1


@contextlib.contextmanager
def opened(path: Path, most_pixels: int = MOST_PIXELS) -> Iterator[Image.Image]:
    """The picture at `path`, its header read and its size found bearable.

    What Pillow only warns of, such as metadata cut off, is none of the visitor's business.

    Raises:
        BadPicture: it is none, or too large.
    """
    with warnings.catch_warnings(action="ignore"), _opened(path, most_pixels) as image:
        yield image


@contextlib.contextmanager
def _opened(path: Path, most_pixels: int) -> Iterator[Image.Image]:
    _know_heic()
    try:
        image = Image.open(path, formats=list(KINDS))
    except UnidentifiedImageError:
        known = ", ".join(kind.name for kind in KINDS.values())
        raise BadPicture(
            f"the file is no picture, is damaged, or is far too large; taken are {known}"
        ) from None
    except (*_BROKEN, MemoryError) as problem:
        raise BadPicture(f"the picture cannot be read: {problem}") from None
    with image:
        width, height = image.size
        if width * height > most_pixels:
            raise BadPicture(
                f"the picture has {width} x {height} pixels; "
                f"{most_pixels / 1e6:g} million are allowed"
            )
        yield image


@contextlib.contextmanager
def decoding() -> Iterator[None]:
    """Decode inside of this: what a broken file raises is told as one error.

    Raises:
        BadPicture: the file is cut off or damaged.
    """
    try:
        yield
    except (BadPicture, MemoryError):
        raise
    except _BROKEN as problem:
        raise BadPicture(f"the picture is cut off or damaged: {problem}") from None


def exif_of(image: Image.Image) -> Image.Exif:
    """The metadata in a picture's header; empty if there is none, or it cannot be read."""
    if image.format == "PNG" and "exif" not in image.info:
        return Image.Exif()  # Pillow would decode the whole picture to look behind it
    try:
        return image.getexif()
    except (*_BROKEN, TypeError, AttributeError):
        return Image.Exif()


def orientation(image: Image.Image) -> int:
    """Which way is up, 1 to 8 as EXIF counts; 1 if the picture does not say, or says nonsense."""
    value = exif_of(image).get(ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
