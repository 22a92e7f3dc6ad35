"""Why there is no rendition, as it travels from the pool to whoever asked.

Gone          the original is not there (any more)        404
Unrenderable  nothing can be made of this original        422
└── Crashed   its process died of it                      422
Broken        the author's function failed                500
Left          whoever was to make it has left without it  503
Busy          too much waits, or it took too long         503
"""

from __future__ import annotations

from typing import Any

from billow.errors import BadInput, Error, NotFound, Unavailable


class Gone(NotFound):
    """There is no such original."""


class Unrenderable(BadInput):
    """Nothing can be made of this original: it is damaged, too large, or takes too much."""

    title = "Cannot be rendered"


class Crashed(Unrenderable):
    """The process that worked on it was killed, perhaps by chance."""


class Broken(Error):
    """The function that makes the rendition failed; its log says how."""

    title = "Rendition failed"


class Busy(Unavailable):
    """Too much waits to be rendered; `extra["retry_after"]` says when to come again, in s."""


class Left(Unavailable):
    """The process that was to make it left without: it was worn out, or has older code."""


_KINDS: dict[str, type[Error]] = {
    kind.__name__: kind for kind in (Gone, Unrenderable, Crashed, Broken, Busy, Left)
}


def pack(error: Error) -> dict[str, Any]:
    """An error of the above kinds as JSON."""
    return {"kind": type(error).__name__, "detail": error.detail, "extra": error.extra}


def unpack(told: dict[str, Any]) -> Error:
    """The error that `pack` packed."""
    return _KINDS[told["kind"]](told["detail"], **told["extra"])
