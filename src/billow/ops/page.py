"""Whom an incident pages, and when: an escalation policy as an author declares it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from billow.errors import DeclarationError
from billow.ops.rota.only import read_only
from billow.ops.rota.rota import Rota, read_rota
from billow.units import Duration, seconds

#: What a level may page beside single people: whoever is on call, whoever comes next, or all.
ON_CALL, NEXT, EVERYONE = "on call", "next", "everyone"

#: Whom a level pages, and how long it waits for an acknowledgement before the next one.
LEVELS = ((ON_CALL, "5 min"), (NEXT, "10 min"), (EVERYONE, "10 min"))

#: PagerDuty's own bound.
_MOST = 9


@dataclass(frozen=True)
class Page:
    """Whom an incident pages: `Page(rota, after="5 min")`.

    Args:
        rota: who is on call.
        after: how long remedies have before anybody is paged; an incident that is resolved by then
            pages nobody.
        levels: whom each level pages (`"on call"`, `"next"`, `"everyone"` or somebody of the rota),
            and how long it waits before the next level; default are whoever is on call (5 min),
            whoever comes next (10 min), and everyone (10 min).
        repeat: how often the levels are gone through again, at most 9; after that everyone is paged
            every half hour until somebody acknowledges.
        forget: how long an acknowledgement keeps an incident quiet, until it begins anew; 0: for
            ever.
        reopen: an incident that comes back within this time is the same one.
        resolve: how long after its last sign an incident of severity `info` or `warning` is taken
            for resolved; 0: never.
        all_answer: whether everybody whom a level pages must acknowledge.
        inhibit: `{"while": {...}, "mute": {...}, "equal": [...]}`: incidents that match `mute` page
            nobody while one that matches `while`, with equal values of `equal`, is open.
        quiet: times of the week in the rota's zone in which incidents of severity `info` or
            `warning` page nobody but wait, such as "22:00-07:00, Sat-Sun 00:00-00:00".

    Raises:
        DeclarationError: a level names nobody of the rota, or a number is out of bounds.
    """

    rota: Rota
    after: Duration = 0
    levels: Sequence[tuple[str, Duration]] = LEVELS
    repeat: int = 3
    forget: Duration = "30 min"
    reopen: Duration = "5 min"
    resolve: Duration = 0
    all_answer: bool = False
    inhibit: Sequence[Mapping[str, Any]] = field(default=())
    quiet: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.rota, Rota):
            raise DeclarationError(f"Page({self.rota!r}): give a billow.Rota")
        known = {ON_CALL, NEXT, EVERYONE, *self.rota.team}
        for target, wait in self.levels:
            if target not in known:
                raise DeclarationError(f"Page level {target!r}: one of {', '.join(sorted(known))}")
            seconds(wait)
        if not self.levels or not 0 <= self.repeat <= _MOST:
            raise DeclarationError(f"Page needs a level or more, and 0 to {_MOST} for repeat")
        read_only(self.quiet)
        for each in self.inhibit:
            if not {"while", "mute"} <= set(each) <= {"while", "mute", "equal"}:
                raise DeclarationError(
                    'Page(inhibit=...): each is {"while": {...}, "mute": {...}, "equal": [...]}'
                )

    def spec(self) -> dict[str, Any]:
        """The policy as plain JSON: what an incident keeps of it from when it began."""
        return {
            "rota": self.rota.spec(),
            "after": seconds(self.after),
            "levels": [[target, seconds(wait)] for target, wait in self.levels],
            "repeat": self.repeat,
            "forget": seconds(self.forget),
            "reopen": seconds(self.reopen),
            "resolve": seconds(self.resolve),
            "all_answer": self.all_answer,
            "inhibit": [dict(each) for each in self.inhibit],
            "quiet": self.quiet,
        }


def read_page(spec: Mapping[str, Any]) -> Page:
    """The policy that `Page.spec` described."""
    levels = tuple((target, wait) for target, wait in spec["levels"])
    return Page(**{**spec, "rota": read_rota(spec["rota"]), "levels": levels})
