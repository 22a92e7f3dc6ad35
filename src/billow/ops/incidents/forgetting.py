"""What is forgotten of incidents: messages after three months, all else after fifteen."""

from __future__ import annotations

from billow.home import Home
from billow.ops.incidents.signs import slot_of
from billow.ports.incidents import Books, Incident
from billow.ports.metrics import HOUR_KEPT

#: Seconds for which messages are kept after they were sent or given up.
KEEP_NOTICES = 90 * 86400.0
#: Seconds for which incidents that are over are kept with their logs, and what was changed of rotas
#: and muted: as long as what was measured.
KEEP = HOUR_KEPT
#: Incidents that are forgotten in one step.
_STEP = 200


def forget(home: Home) -> int:
    """Remove what is too old; returns how many messages and incidents went."""
    now = home.clock.now()
    change = home.incidents.change
    gone = change(lambda books: _notices(books, now), durable=False)
    while count := change(lambda books: _incidents(books, now - KEEP), durable=False):
        gone += count
    return gone


def _notices(books: Books, now: float) -> int:
    books.mutes.remove_before("end", now - KEEP)
    books.changes.remove_before("end", now - KEEP)
    return books.notices.remove_before("done", now - KEEP_NOTICES)


def _incidents(books: Books, before: float) -> int:
    last = books.incidents.last()
    found = books.incidents.until("resolved", before, _STEP)
    # Numbers go on from the last one.
    old = [each for each in found if last is not None and each.number != last.number]
    for each in old:
        _remove(books, each)
    return len(old)


def _remove(books: Books, incident: Incident) -> None:
    number = incident.number
    last = books.events.last()
    for event in books.events.find(incident=number, limit=100_000):
        if last is not None and event.seq != last.seq:
            books.events.remove(event.seq)
    for notice in books.notices.find(incident=number, limit=100_000):
        books.notices.remove(notice.key)
    for timer in books.timers.find(incident=number, limit=100_000):
        books.timers.remove(timer.id)
    slot = books.slots.get(slot_of(incident.service, incident.key))
    if slot is not None and slot.incident == number:
        books.slots.remove(slot.id)
    books.incidents.remove(number)
