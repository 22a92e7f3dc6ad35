"""A rota as it was: each of its versions counts from when it came into force."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from math import inf
from typing import NamedTuple

from billow.ops.rota.changes import Change
from billow.ops.rota.rota import Rota
from billow.ops.rota.schedule import Shift, shifts


class Version(NamedTuple):
    """A rota, and since when it is in force, UNIX seconds."""

    since: float
    rota: Rota


def shifts_by(
    versions: Sequence[Version], changes: Iterable[Change], since: float, until: float
) -> list[Shift]:
    """The shifts that touch [since, until), each by the version that was in force.

    Args:
        versions: the versions of a rota, the oldest first; it also counts before it was known.
        changes: what was changed of it for a while.
        since: begin of the span.
        until: its end; the latest version counts for all that is to come.
    """
    known = list(changes)
    found: list[Shift] = []
    for place, version in enumerate(versions):
        begin = version.since if place else -inf
        end = versions[place + 1].since if place + 1 < len(versions) else inf
        low, high = max(begin, since), min(end, until)
        if low < high:
            found += _clipped(shifts(version.rota, known, low, high), begin, end)
    return list(_joined(found, {version.since for version in versions[1:]}))


def _clipped(found: Iterable[Shift], begin: float, end: float) -> Iterator[Shift]:
    for each in found:
        yield each._replace(start=max(each.start, begin), end=min(each.end, end))


def _joined(found: Iterable[Shift], edits: Collection[float]) -> Iterator[Shift]:
    """The shifts, with those made one that only an edit seems to part."""
    last: Shift | None = None
    for each in found:
        if last and last.end == each.start and each.start in edits and last[2:] == each[2:]:
            last = last._replace(end=each.end)
            continue
        if last:
            yield last
        last = each
    if last:
        yield last
