"""Tells a team what is wrong with its rota before it matters: gaps, and people out of reach."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from billow.ops.incidents.people import contacts_of
from billow.ops.incidents.room import Room
from billow.ops.rota.rota import Rota
from billow.ops.rota.schedule import MONTH, gaps, shifts
from billow.ports.incidents import Notice

#: Seconds between two looks.
EVERY = 3600.0
#: Gaps that are shorter are not told of, seconds.
SHORTEST = 60.0
#: Seconds ahead within which somebody on call must be within reach; they are told of once a week.
SOON, WEEK = 14 * 86400.0, 7 * 86400.0
#: Messages that failed one after the other, the last ones to a contact, before it counts as broken.
IN_A_ROW = 3

Gap = tuple[float, float]


class Missed(NamedTuple):
    """Somebody who cannot be reached: from when on they are on call, and why."""

    person: str
    #: UNIX seconds.
    at: float
    why: str


def tell_of_holes(room: Room, rotas: Iterable[Rota]) -> int:
    """Note down messages about what is wrong with rotas, each once; returns how many are new."""
    return sum(_tell_of_gaps(room, rota) + _tell_of_people(room, rota) for rota in rotas)


def out_of_reach(room: Room, person: str) -> str:
    """Why somebody cannot be reached; empty if they can."""
    contacts = contacts_of(room, person)
    if not contacts:
        off = any(each.disabled for each in room.books.contacts.find(person=person))
        return "their contacts are switched off" if off else "no contact that is verified"
    broken = broken_contacts(room)
    return "" if any(each.id not in broken for each in contacts) else "no contact that works"


def broken_contacts(room: Room) -> set[str]:
    """The contacts whose last messages all failed."""
    failed = room.books.notices.find(state="failed", limit=100_000)
    suspects = {each.contact for each in failed if room.now - each.created < MONTH}
    return {contact for contact in suspects if _is_broken(room, contact)}


def _is_broken(room: Room, contact: str) -> bool:
    found = room.books.notices.find(contact=contact, limit=100_000)
    ended = sorted(
        (each for each in found if each.state in ("sent", "failed")), key=lambda each: each.created
    )
    last = ended[-IN_A_ROW:]
    return len(last) == IN_A_ROW and all(each.state == "failed" for each in last)


def _tell_of_gaps(room: Room, rota: Rota) -> int:
    """Tell of gaps that changes make, each once, and of those of the rota itself once for all."""
    until = room.now + MONTH
    meant = gaps(rota, [], room.now, until)
    every = gaps(rota, room.changes(rota.name), room.now, until)
    told = 0
    for start, end in _beyond(every, meant):
        if end - start >= SHORTEST:
            # It ends when it ends; the one that has begun begins now at each look.
            told += _tell(room, rota, "gap", f"{end:.0f}", f"{rota.name} {start:.0f} {end:.0f} 1")
    if meant:
        spec = hashlib.sha256(json.dumps(rota.spec()).encode()).hexdigest()[:16]
        start, end = meant[0]
        run = f"{rota.name} {start:.0f} {end:.0f} {len(meant)}"
        told += _tell(room, rota, "gap", spec, run)
    return told


def _beyond(every: Sequence[Gap], meant: Sequence[Gap]) -> list[Gap]:
    """The parts of gaps that are not in others."""
    left = list(every)
    for start, end in meant:
        parts: list[Gap] = []
        for first, last in left:
            parts += [(first, min(last, start)), (max(first, end), last)]
        left = [part for part in parts if part[0] < part[1]]
    return left


def unreachable(room: Room, rota: Rota) -> list[Missed]:
    """Those who are on call soon and cannot be reached, in the order of their shifts."""
    coming = shifts(rota, room.changes(rota.name), room.now, room.now + SOON)
    first: dict[str, float] = {}
    for shift in coming:
        for person in shift.people:
            first.setdefault(person, max(shift.start, room.now))
    missed = (Missed(person, at, out_of_reach(room, person)) for person, at in first.items())
    return [each for each in missed if each.why]


def _tell_of_people(room: Room, rota: Rota) -> int:
    told, week = 0, int(room.now // WEEK)
    for person, at, _ in unreachable(room, rota):
        run = f"{rota.name} {at:.0f} {person}"
        told += _tell(room, rota, "unreachable", f"{person}:{week}", run, person)
    return told


def _tell(room: Room, rota: Rota, kind: str, about: str, run: str, whom: str = "") -> int:
    """Tell all of a rota but `whom`, by what is used at once."""
    told = 0
    for person in rota.team:
        for contact in contacts_of(room, person) if person != whom else ():
            key = f"0:{kind}:{rota.name}:{about}:{contact.id}"
            if contact.wait == 0 and room.books.notices.get(key) is None:
                row = Notice(key, 0, person, contact.id, kind, run, room.now, "waiting", room.now)
                room.books.notices.add(row)
                told += 1
    return told
