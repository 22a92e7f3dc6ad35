"""The schedule that a rota and its changes amount to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby, pairwise
from typing import NamedTuple

from billow.ops.rota.changes import Change
from billow.ops.rota.only import spans
from billow.ops.rota.rota import Layer, Rota
from billow.ops.rota.zone import find_zone, wall_at

#: Seconds of the stretches that health looks at.
MONTH = 30 * 86400.0
YEAR = 52 * 7 * 86400.0
#: How far ahead the next person is looked for.
_AHEAD = 400 * 86400.0
_WEEK = 7 * 86400.0


class Shift(NamedTuple):
    """Who is on call from `start` to before `end`, UNIX seconds; mostly one person."""

    start: float
    end: float
    people: tuple[str, ...]
    #: `layer 1`, `layer 2`, … or the kind of the change that put them there.
    source: str

    @property
    def length(self) -> float:
        """Seconds."""
        return self.end - self.start


class Health(NamedTuple):
    """How a rota stands."""

    #: Stretches of the next 30 days in which nobody is on call.
    gaps: list[tuple[float, float]]
    #: Share of these 30 days in which somebody is.
    coverage: float
    #: Seconds on call in the next 52 weeks, by person.
    load: dict[str, float]
    #: 0 to 100: the coverage, times how evenly the load is shared.
    score: int


class _Piece(NamedTuple):
    start: float
    end: float
    person: str
    rank: int


class _Found(NamedTuple):
    """A shift, and when the turn or temporary schedule it comes from began."""

    shift: Shift
    origin: float


def shifts(rota: Rota, changes: Iterable[Change], since: float, until: float) -> list[Shift]:
    """The shifts that touch [since, until), in order, each whole as far as one rule made it."""
    mine = [each for each in changes if each.rota == rota.name and not each.open]
    touching = _edges(_all_pieces(rota, since, until), _within(mine, since, until))
    # Whatever touches the window is resolved from its beginning to its end.
    low, high = min([since, *touching]), max([until, *touching])
    pieces, acting = _all_pieces(rota, low, high), _within(mine, low, high)
    cuts = sorted(_edges(pieces, acting))
    found = [_resolve(pieces, acting, start, end) for start, end in pairwise(cuts)]
    return [each for each in _joined(found) if each.start < until and each.end > since]


def on_call(rota: Rota, changes: Iterable[Change], at: float) -> tuple[str, ...]:
    """Who is on call at a moment; nobody is an empty tuple."""
    found = shifts(rota, changes, at, at + 1)
    return next((each.people for each in found if each.start <= at < each.end), ())


def next_on_call(rota: Rota, changes: Sequence[Change], at: float) -> tuple[str, ...]:
    """Who comes next: the people of the first later shift that are not on call now."""
    present = set(on_call(rota, changes, at))
    since = at
    while since < at + _AHEAD:
        for shift in shifts(rota, changes, since, since + 4 * _WEEK):
            others = tuple(one for one in shift.people if one not in present)
            if shift.start > at and others:
                return others
        since += 4 * _WEEK
    return ()


def gaps(
    rota: Rota, changes: Iterable[Change], since: float, until: float
) -> list[tuple[float, float]]:
    """Stretches of [since, until) in which nobody is on call."""
    found, at = [], since
    for shift in shifts(rota, changes, since, until):
        if shift.start > at:
            found.append((at, shift.start))
        at = max(at, shift.end)
    return found if at >= until else [*found, (at, until)]


def load(rota: Rota, changes: Iterable[Change], since: float, until: float) -> dict[str, float]:
    """Seconds on call in [since, until), by person; everybody of the team is in it."""
    sums = dict.fromkeys(rota.team, 0.0)
    for shift in shifts(rota, changes, since, until):
        inside = min(shift.end, until) - max(shift.start, since)
        for person in shift.people:
            sums[person] = sums.get(person, 0.0) + inside
    return sums


def health(rota: Rota, changes: Sequence[Change], now: float) -> Health:
    """Gaps in the next 30 days, and the balance over the next 52 weeks."""
    missing = gaps(rota, changes, now, now + MONTH)
    coverage = 1 - sum(end - start for start, end in missing) / MONTH
    shares = load(rota, changes, now, now + YEAR)
    most, mean = max(shares.values()), sum(shares.values()) / len(shares)
    evenness = mean / most if most else 0.0
    return Health(missing, coverage, shares, round(100 * coverage * evenness))


def _all_pieces(rota: Rota, since: float, until: float) -> list[_Piece]:
    return [
        piece
        for rank, layer in enumerate(rota.layers)
        for piece in _pieces(rota, layer, rank, since, until)
    ]


def _edges(pieces: list[_Piece], changes: list[Change]) -> set[float]:
    ends = {edge for each in pieces for edge in (each.start, each.end)}
    return ends | {edge for each in changes for edge in (each.start, each.end)}


def _within(changes: list[Change], since: float, until: float) -> list[Change]:
    return [each for each in changes if each.start < until and each.end > since]


def _pieces(rota: Rota, layer: Layer, rank: int, since: float, until: float) -> Iterator[_Piece]:
    zone = find_zone(rota.zone)
    people, restrictions = layer.people, layer.restrictions
    windows = list(spans(restrictions, zone, since, until)) if restrictions else None
    if windows is not None and layer.allowed_days:
        for start, end in windows:
            place = _allowed_before(layer, wall_at(start, zone).date()) // layer.days
            yield _Piece(start, end, people[place % len(people)], rank)
        return
    if windows is not None:
        since = min((start for start, _ in windows), default=since)
        until = max((end for _, end in windows), default=until)
    for turn in layer.rotation(zone).turns(since, until):
        person = people[turn.place % len(people)]
        if windows is None:
            yield _Piece(turn.start, turn.end, person, rank)
            continue
        for start, end in windows:
            if start < turn.end and end > turn.start:
                yield _Piece(max(start, turn.start), min(end, turn.end), person, rank)


def _allowed_before(layer: Layer, day: date) -> int:
    """How many days from the layer's start to before `day` it allows; negative before the start."""
    allowed = {weekday for each in layer.restrictions for weekday in each.days}

    def since_ever(until: date) -> int:
        weeks, rest = divmod(until.toordinal() - 1, 7)  # day 1 was a Monday
        return weeks * len(allowed) + sum(weekday < rest for weekday in allowed)

    return since_ever(day) - since_ever(layer.first_day)


def _resolve(
    pieces: list[_Piece], changes: list[Change], start: float, end: float
) -> _Found | None:
    """Who is on call in a stretch in which nothing changes."""
    here = [each for each in changes if each.start <= start < each.end]
    temporary = [each for each in here if each.kind == "temporary"]
    if temporary:
        people = [each.person for each in temporary if each.person]
        source, origin = "temporary", min(each.start for each in temporary)
    else:
        covering = [each for each in pieces if each.start <= start < each.end]
        top = max(covering, key=lambda each: each.rank, default=None)
        people = [top.person] if top else []
        source, origin = (f"layer {top.rank + 1}", top.start) if top else ("", start)
    rest = sorted((c for c in here if c.kind != "temporary"), key=lambda c: c.priority)
    for _, level in groupby(rest, key=lambda each: each.priority):
        group = list(level)
        people, source = _apply(group, people, source)
        if source == "override":
            origin = min(each.start for each in group)
    if not people:
        return None
    return _Found(Shift(start, end, tuple(dict.fromkeys(people)), source), origin)


def _apply(level: list[Change], people: list[str], source: str) -> tuple[list[str], str]:
    """What the changes of one priority make of who is on call."""
    instead = [each.person for each in level if each.kind == "override"]
    if instead:
        people, source = instead, "override"
    for each in level:
        if each.kind in ("replace", "swap") and each.other in people:
            people = [each.person if one == each.other else one for one in people]
            source = each.kind
        elif each.kind == "add" and each.person not in people:
            people, source = [*people, each.person], "add"
        elif each.kind == "remove" and each.person in people:
            people, source = [one for one in people if one != each.person], "remove"
    return people, source


def _joined(found: Iterable[_Found | None]) -> Iterator[Shift]:
    """The stretches with those made one that follow each other, are alike and are one turn."""
    last: _Found | None = None
    for each in found:
        if last and each and last.shift.end == each.shift.start and _alike(last, each):
            last = last._replace(shift=last.shift._replace(end=each.shift.end))
            continue
        if last:
            yield last.shift
        last = each
    if last:
        yield last.shift


def _alike(one: _Found, other: _Found) -> bool:
    return one.origin == other.origin and one.shift[2:] == other.shift[2:]
