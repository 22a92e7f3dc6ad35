"""What is kept of what a picture's file says of itself. Nothing else of it is ever shown."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import NamedTuple

from pictures import read_facts, render
from PIL import Image

#: Pixels along the longer side of the picture that is there at once.
TINY = 6
#: Pixels of the rendition that it is made from.
_SMALL = 48


class Metadata(NamedTuple):
    """What is known of a picture when it comes."""

    #: Upright, as the camera was held.
    width: int
    height: int
    #: One of `pictures.KINDS`.
    format: str
    taken: str
    camera: str
    settings: str
    tiny: str

    def pack(self) -> bytes:
        """As JSON."""
        return json.dumps(self._asdict()).encode()

    @classmethod
    def unpack(cls, data: bytes) -> Metadata:
        """What `pack` packed."""
        return cls(**json.loads(data))


def read_metadata(path: Path) -> Metadata:
    """What a file says of itself.

    Raises:
        BadPicture: it is no picture that can be shown; the message says why.
    """
    facts = read_facts(path)
    tiny = _tiny(render(path, _SMALL))
    taken = "" if facts.taken is None else facts.taken.strftime("%Y-%m-%d %H:%M:%S")
    return Metadata(
        facts.width, facts.height, facts.format, taken, facts.camera, facts.settings, tiny
    )


def _tiny(small: bytes) -> str:
    """A few pixels, as the content of a PNG in base 64."""
    with Image.open(io.BytesIO(small)) as image:
        image.thumbnail((TINY, TINY), Image.Resampling.BOX)
        out = io.BytesIO()
        image.save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()
