"""Instructions for a rendition, a line each, as the site's database has them.

`ROTATE 90`, `180` or `270` (against the clock), `ROTATE h` or `v` (mirrored), `TEXT_LEFT …`,
`TEXT_RIGHT …`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from pictures.errors import BadPicture

Way: TypeAlias = Literal["90", "180", "270", "h", "v"]
Side: TypeAlias = Literal["left", "right"]

_WAYS: dict[str, Way] = {"90": "90", "180": "180", "270": "270", "h": "h", "v": "v"}


class Turn(NamedTuple):
    """Turn or mirror the picture."""

    way: Way


class Text(NamedTuple):
    """Write a line at the lower edge."""

    side: Side
    text: str


Step: TypeAlias = Turn | Text


def read_steps(instructions: str) -> list[Step]:
    """The steps that instructions mean. Lines of one word and unknown turns mean nothing.

    Raises:
        BadPicture: there is no such instruction.
    """
    steps: list[Step] = []
    for line in instructions.split("\n"):
        command, space, rest = line.strip("\r").partition(" ")
        if not space:
            continue
        match command.upper():
            case "ROTATE":
                if way := _WAYS.get(rest):
                    steps.append(Turn(way))
            case "TEXT_LEFT":
                steps.append(Text("left", _signs(rest)))
            case "TEXT_RIGHT":
                steps.append(Text("right", _signs(rest)))
            case _:
                raise BadPicture(
                    f"there is no instruction {command[:40]!r}; there are ROTATE, TEXT_LEFT and "
                    "TEXT_RIGHT"
                )
    return steps


def _signs(text: str) -> str:
    return text.replace("(C)", "©").replace("(c)", "©")
