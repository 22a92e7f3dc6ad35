"""The auditor: whether the pager itself does what it should.

It looks at what is written down, not at what the pager thinks: every open incident has something
that will happen to it, and every message reached somebody, or failed, in good time. What it finds
it mends and tells. Only while all is well does it call an outside address, whose silence then tells
somebody else.
"""

from __future__ import annotations

from typing import NamedTuple

from billow.ops.incidents.room import Room, open_incidents, policy_of
from billow.ops.pager.outbox import DEADLINE

#: Seconds between two audits.
EVERY = 60.0
#: Seconds that a message may be late beyond the time within which it is sent or fails.
_GRACE = 60.0
#: Seconds that a timer may be late.
_LATE = 60.0


class Finding(NamedTuple):
    """Something that is not as it should be."""

    kind: str
    text: str


def audit(room: Room) -> list[Finding]:
    """Look at everything; mends incidents that nothing would happen to."""
    return [*_lost(room), *_late_timers(room), *_late_messages(room)]


def _lost(room: Room) -> list[Finding]:
    found = []
    timers = {each.incident for each in room.books.timers.find(limit=100_000)}
    for incident in open_incidents(room.books):
        quiet = incident.state == "acked" and not policy_of(incident)["forget"]
        if incident.number not in timers and not quiet:
            room.set(incident, "page", room.now, level=0, round=0)
            room.note(incident, "mended", "nothing would have happened to it; its level is paged")
            found.append(Finding("lost", f"incident {incident.number} had no timer"))
    return found


def _late_timers(room: Room) -> list[Finding]:
    late = room.books.timers.until("due", room.now - _LATE)
    return [Finding("late", f"{len(late)} timers are overdue")] if late else []


def _late_messages(room: Room) -> list[Finding]:
    found = []
    for state in ("waiting", "sending"):
        for notice in room.books.notices.find(state=state, limit=100_000):
            begun = notice.tried if notice.tried is not None else None
            if begun is not None and room.now - begun > DEADLINE + _GRACE:
                found.append(Finding("unsent", f"{notice.key} is neither sent nor failed"))
    return found
