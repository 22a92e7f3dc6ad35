"""A rota as an author declares it: people who take turns, in layers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from billow.errors import DeclarationError
from billow.ops.rota.only import Only, read_only
from billow.ops.rota.turns import Rotation, read_step
from billow.ops.rota.zone import find_zone

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_PERSON = re.compile(r"[A-Za-z0-9][\w.@+-]{0,99}")

#: A Monday; turns of a rota without a start of its own are counted from here.
_START = "2024-01-01 09:00"


@dataclass(frozen=True, slots=True)
class Layer:
    """People who take turns. Of several layers a later one hides an earlier one."""

    people: tuple[str, ...]
    turn: str
    start: str = _START
    only: str = ""
    #: Whether turns are counted in days on which it is kept to some time, and in no others.
    allowed_days: bool = False

    def rotation(self, zone: ZoneInfo) -> Rotation:
        """Its turns."""
        return Rotation(_read_start(self.start), read_step(self.turn), zone)

    @property
    def first_day(self) -> date:
        """The day of its start."""
        return _read_start(self.start).date()

    @property
    def days(self) -> int:
        """How many days a turn has."""
        return read_step(self.turn).seconds // 86400

    @property
    def restrictions(self) -> tuple[Only, ...]:
        """The times it is kept to; none means all."""
        return read_only(self.only)


@dataclass(frozen=True)
class Rota:
    """Who is on call when: `Rota("web", people=["ana", "ben", "cho"], turn="1 week")`.

    Args:
        name: short name, by which overrides and pages refer to it.
        people: who takes turns, in this order.
        turn: how long a turn lasts: "12 hours", "1 day", "1 week", "1 month".
        zone: the time zone that starts and restrictions are read in.
        start: when some turn of the first person begins, as local time; turns reach back before it.
        only: times of the week to which it is kept, such as "Mon-Fri 09:00-17:00"; default always.
        allowed_days: whether turns count only days that `only` allows: with a turn of 1 day, who
            follows somebody on Friday comes on Monday. They are counted from the day of `start`.

    `rota.layer(...)` gives the rota with a further layer, which hides those before it wherever
    somebody is on call in it. Overrides, swaps and temporary schedules are no part of the code:
    they are made on the On-call page or by `billow oncall`.

    Raises:
        DeclarationError: a name, time, zone or length cannot be read.
    """

    name: str
    people: Sequence[str]
    turn: str = "1 week"
    zone: str = "UTC"
    start: str = _START
    only: str = ""
    allowed_days: bool = False
    layers: tuple[Layer, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise DeclarationError(
                f"rota {self.name!r}: a name is 1 to 63 of a-z 0-9 _ - and starts with a letter"
            )
        object.__setattr__(self, "people", tuple(self.people))
        if not self.layers:
            options = self.turn, self.start, self.only, self.allowed_days
            first = Layer(tuple(self.people), *options)
            object.__setattr__(self, "layers", (first,))
        find_zone(self.zone)
        for layer in self.layers:
            _check(self.name, layer)

    def layer(
        self,
        people: Sequence[str],
        turn: str = "1 week",
        start: str = _START,
        only: str = "",
        *,
        allowed_days: bool = False,
    ) -> Rota:
        """The rota with a further layer, which hides those before it."""
        made = Layer(tuple(people), turn, start, only, allowed_days)
        return replace(self, layers=(*self.layers, made))

    @property
    def team(self) -> tuple[str, ...]:
        """Everybody who takes turns, once each."""
        return tuple(dict.fromkeys(one for layer in self.layers for one in layer.people))

    def spec(self) -> dict[str, Any]:
        """The rota as plain JSON, from which `read_rota` makes it again."""
        return {"name": self.name, "zone": self.zone, "layers": [*map(_spec, self.layers)]}


def read_rota(spec: Mapping[str, Any]) -> Rota:
    """The rota that `Rota.spec` described."""
    layers = tuple(Layer(**{**each, "people": tuple(each["people"])}) for each in spec["layers"])
    first = layers[0]
    return Rota(
        spec["name"],
        first.people,
        first.turn,
        spec["zone"],
        first.start,
        first.only,
        first.allowed_days,
        layers,
    )


def _spec(layer: Layer) -> dict[str, Any]:
    spec: dict[str, Any] = {"people": list(layer.people), "turn": layer.turn}
    spec |= {"start": layer.start, "only": layer.only}
    return {**spec, "allowed_days": True} if layer.allowed_days else spec


def _check(name: str, layer: Layer) -> None:
    wrong = [one for one in layer.people if not _PERSON.fullmatch(one)]
    if wrong or not layer.people:
        raise DeclarationError(
            f"rota {name!r}: name one person or more, each by a short name or address"
            + (f", not {wrong[0]!r}" if wrong else "")
        )
    step = read_step(layer.turn)
    _read_start(layer.start)
    read_only(layer.only)
    if layer.allowed_days and (not layer.only or step.months or step.seconds % 86400):
        raise DeclarationError(
            f"rota {name!r}: allowed_days needs only=..., and a turn of whole days"
        )


def _read_start(text: str) -> datetime:
    """A local time; turns begin at full minutes."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is not None:
        raise DeclarationError(f"start={text!r}: write a local time such as '2026-01-05 09:00'")
    return read.replace(second=0, microsecond=0)
