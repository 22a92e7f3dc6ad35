"""Tells people shortly before their shift that it begins."""

from __future__ import annotations

from collections.abc import Iterable

from billow.ops.incidents.people import contacts_of
from billow.ops.incidents.room import Room
from billow.ops.rota.rota import Rota
from billow.ops.rota.schedule import Shift, shifts
from billow.ports.incidents import Notice

#: Seconds before a shift that its people are told; shifts that are shorter than the second are not
#: told of.
AHEAD, SHORTEST = 3600.0, 4 * 3600.0


def announce(room: Room, rotas: Iterable[Rota]) -> int:
    """Note down messages about shifts that begin soon, each once; returns how many are new."""
    told = 0
    for rota in rotas:
        coming = shifts(rota, room.changes(rota.name), room.now, room.now + AHEAD)
        for shift in coming:
            if shift.start > room.now and shift.length >= SHORTEST:
                told += sum(_tell(room, rota, shift, person) for person in shift.people)
    return told


def _tell(room: Room, rota: Rota, shift: Shift, person: str) -> int:
    told = 0
    for contact in contacts_of(room, person):
        key = f"0:shift:{rota.name}:{shift.start:.0f}:{contact.id}"
        if contact.wait == 0 and room.books.notices.get(key) is None:
            run = f"{rota.name} {shift.start:.0f} {shift.end:.0f}"
            row = Notice(key, 0, person, contact.id, "shift", run, room.now, "waiting", room.now)
            room.books.notices.add(row)
            told += 1
    return told
