"""Shifts as a calendar that calendar programs can subscribe to (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from billow.ops.rota.schedule import Shift

_LINE = 75


def calendar(name: str, shifts: Iterable[Shift], now: float, person: str = "") -> bytes:
    """The calendar of a rota, or of one person's shifts.

    Args:
        name: what the calendar is called.
        shifts: what is in it.
        now: when it is made, UNIX seconds.
        person: leave out shifts without this person.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Billow//rota//EN", "CALSCALE:GREGORIAN"]
    lines.append(f"X-WR-CALNAME:{_escaped(name)}")
    for shift in shifts:
        if not person or person in shift.people:
            lines += _event(name, shift, now)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line)).encode()


def _event(name: str, shift: Shift, now: float) -> list[str]:
    who = ", ".join(shift.people)
    return [
        "BEGIN:VEVENT",
        f"UID:{_stamp(shift.start)}-{_escaped(name)}@billow",
        f"DTSTAMP:{_stamp(now)}",
        f"DTSTART:{_stamp(shift.start)}",
        f"DTEND:{_stamp(shift.end)}",
        f"SUMMARY:{_escaped(f'{who} on call: {name}')}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    plain = "".join(c for c in text if c == "\n" or c.isprintable())
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """A line in pieces of at most 75 bytes, none of which cuts a character."""
    piece, size, room = "", 0, _LINE
    for character in line:
        width = len(character.encode())
        if size + width > room:
            yield piece
            piece, size = " ", 1
        piece += character
        size += width
    yield piece
