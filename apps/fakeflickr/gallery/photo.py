"""A photo, as pages show it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple

#: Pixels along the longer side that pictures are offered in.
SIZES = (240, 480, 960, 1440, 2048)
#: Those that browsers take for pages of many photos.
STREAM = (480, 960)


class Visibility(IntEnum):
    """Who sees a photo without a link to it."""

    PRIVATE = 0
    MEMBERS = 1
    PUBLIC = 2


class Level(IntEnum):
    """What somebody may do with a photo."""

    NONE = 0
    READ = 1
    #: Have the original.
    DOWNLOAD = 2
    #: Change and delete it.
    WRITE = 3


class Photo(NamedTuple):
    """A row of `photos`, with the name of its owner."""

    id: int
    owner: str
    name: str
    caption: str
    overlay: str
    rotation: int
    visibility: Visibility
    download: bool
    width: int
    height: int
    bytes: int
    sha256: str
    #: Of the original; one of `pictures.KINDS`.
    format: str
    taken: str
    camera: str
    settings: str
    tiny: str
    uploaded: float
    by: str
    slug: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Photo:
        """The photo in a row."""
        values = {name: row[name] for name in cls._fields}
        values["visibility"] = Visibility(row["visibility"])
        values["download"] = bool(row["download"])
        return cls(**values)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as it is shown."""
        turned = self.rotation in (90, 270)
        return (self.height, self.width) if turned else (self.width, self.height)

    @property
    def ratio(self) -> float:
        """How much wider than high it is."""
        width, height = self.size
        return width / height

    @property
    def title(self) -> str:
        """What it is called: its caption, or whose it is."""
        return self.caption or f"Photo by {self.by}"

    def steps(self, size: int) -> str:
        """What is done to it at a size, in pkeep's words."""
        return steps_of(self.rotation, self.overlay, size)


#: Pixels that a picture must have for a line printed on it to be read.
_LEGIBLE = 400


def steps_of(rotation: int, overlay: str, size: int) -> str:
    """What is done to a picture of this size, line by line in pkeep's words."""
    # pkeep turns against the clock.
    turn = f"ROTATE {360 - rotation}\n" if rotation else ""
    text = f"TEXT_RIGHT {overlay}\n" if overlay and size > _LEGIBLE else ""
    return turn + text
