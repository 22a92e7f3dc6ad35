"""Changes to a rota that are data, not code: overrides, swaps, temporary schedules."""

from __future__ import annotations

from typing import NamedTuple

from billow.errors import BadInput

#: What a change may do; see `Change.kind`.
KINDS = ("override", "replace", "add", "remove", "swap", "temporary")
_NEEDS_OTHER = ("replace", "swap")


class Change(NamedTuple):
    """A change to a rota in [start, end), UNIX seconds."""

    id: str
    rota: str
    #: `override`: `person` instead of whoever it would be. `replace`: instead of `other`, where
    #: that one would be on call. `add`: beside whoever it is. `remove`: not `person`. `swap`: like
    #: `replace`, once a `person` took it. `temporary`: the layers do not count; `person` may be
    #: "", which is nobody.
    kind: str
    start: float
    end: float
    person: str
    other: str = ""
    #: Of changes at the same time the one of higher priority counts; equal ones count together.
    priority: int = 0
    who: str = ""
    created: float = 0.0

    @property
    def open(self) -> bool:
        """Whether it is a swap that nobody took."""
        return self.kind == "swap" and not self.person


def check_change(change: Change) -> Change:
    """The change, if it makes sense.

    Raises:
        BadInput: it does not.
    """
    if change.kind not in KINDS:
        raise BadInput(f"a change is one of: {', '.join(KINDS)}", allowed=list(KINDS))
    if not change.start < change.end:
        raise BadInput("a change ends after it begins")
    if change.kind in _NEEDS_OTHER and not change.other:
        raise BadInput(f"a {change.kind} says who is to be relieved")
    if not change.person and change.kind not in ("swap", "temporary"):
        raise BadInput(f"a change of kind {change.kind} names a person")
    return change


def clashes(change: Change, other: Change) -> bool:
    """Whether two overrides give the same person the same time twice."""
    return (
        change.kind == other.kind == "override"
        and change.rota == other.rota
        and change.person == other.person
        and change.id != other.id
        and change.start < other.end
        and other.start < change.end
    )
