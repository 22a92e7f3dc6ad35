"""How often a contact is written to. What comes too often waits and is bundled; nothing is dropped.

The figures are GoAlert's, which has woken people for years.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from billow.ports.incidents import Books, Meter

_MINUTE, _HOUR = 60.0, 3600.0
#: Kinds of contacts, and how many messages they take in how many seconds.
LIMITS: Mapping[str, tuple[tuple[int, float], ...]] = {
    "mail": ((1, _MINUTE),),
    "sms": ((1, _MINUTE), (5, 15 * _MINUTE), (11, _HOUR), (21, 3 * _HOUR)),
    "voice": ((1, _MINUTE), (3, 15 * _MINUTE), (7, _HOUR), (15, 3 * _HOUR)),
    "push": ((1, _MINUTE),),
    "webhook": ((5, 5.0),),
    "inbox": ((5, 5.0),),
    "pagerduty": ((100, _MINUTE),),
}
#: Kinds whose messages are put together when they wait.
BUNDLED = ("mail", "sms", "voice", "push", "inbox")
_LONGEST = 3 * _HOUR


class Gate(NamedTuple):
    """Whether a contact takes a message now, and if not, when."""

    open: bool
    at: float


def gate(books: Books, contact: str, kind: str, now: float) -> Gate:
    """Whether a contact takes a message now."""
    meter = books.meters.get(contact)
    times = sorted(json.loads(meter.times)) if meter else []
    free = now
    for most, span in LIMITS[kind]:
        recent = [at for at in times if at > now - span]
        if len(recent) >= most:
            free = max(free, recent[-most] + span)
    return Gate(free <= now, free)


def count(books: Books, contact: str, now: float) -> None:
    """Note that a contact was written to."""
    meter = books.meters.get(contact)
    times = json.loads(meter.times) if meter else []
    kept = [at for at in times if at > now - _LONGEST]
    books.meters.put(Meter(contact, json.dumps([*kept, now])))
