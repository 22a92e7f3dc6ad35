"""Incidents, whom they page, and what the rota's people changed: plain records on shelves.

`Incidents.change` runs a piece of work on all shelves in one step, so that a state, its timers and
the pages that follow from it hold together or not at all. The rules are in `billow.ops.incidents`,
once for every home. Whatever is written is durable when `change` returns: pages must not be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

from billow.ports.accounts import Shelf


class Incident(NamedTuple):
    """Something is or was wrong. Times are UNIX seconds."""

    number: int
    #: Whose people are called.
    service: str
    #: Tells incidents of a service apart while they are open.
    key: str
    #: `triggered`, `acked` or `resolved`.
    state: str
    #: `critical`, `error`, `warning` or `info`: the worst it was.
    severity: str
    summary: str
    source: str
    #: A JSON object as text.
    details: str
    #: The policy as it was when the incident began; a JSON object as text.
    policy: str
    created: float
    #: When its last sign came, or something was done about it.
    changed: float
    #: How often it was triggered.
    signs: int = 1
    #: Counts the times that it began anew: reopened, forgotten, worse.
    epoch: int = 0
    #: The level that was paged last, from 0; -1 before any.
    level: int = -1
    #: The last sign that came: `trigger` or `resolve`.
    sign: str = "trigger"
    #: When it began and ended of late; a JSON list of times as text.
    turns: str = "[]"
    #: Who acknowledged; names apart by commas.
    acked_by: str = ""
    acked: float | None = None
    resolved: float | None = None
    snoozed: float | None = None
    #: Why it pages nobody for now; "" if it does.
    muted: str = ""
    #: Words apart by spaces: `paged`, `flapping`, `nobody_on_call`, `exhausted`.
    flags: str = ""

    @property
    def open(self) -> bool:
        """Whether it is not resolved."""
        return self.state != "resolved"


class Slot(NamedTuple):
    """The latest incident of a key; `id` is service and key, a line feed between."""

    id: str
    incident: int


class Event(NamedTuple):
    """Something that happened to an incident. Events are added and never changed."""

    seq: int
    incident: int
    at: float
    kind: str
    #: A person, or "" for the service itself.
    who: str
    text: str


class Timer(NamedTuple):
    """Something that is to happen to an incident or heartbeat at a time."""

    id: str
    #: 0 for a heartbeat.
    incident: int
    kind: str
    due: float
    #: A JSON object as text.
    data: str = "{}"


class Notice(NamedTuple):
    """A message to one contact of one person: an intent, and what became of it."""

    #: What it is about and to whom; the same intent has the same key.
    key: str
    incident: int
    person: str
    #: The contact's id.
    contact: str
    #: `page`, `acknowledged`, `resolved`, `test`, `code` or `shift`.
    kind: str
    #: The paging of a level that it belongs to.
    run: str
    due: float
    #: `waiting`, `sending`, `sent`, `failed` or `cancelled`.
    state: str
    created: float
    #: Whether no throttle holds it back.
    urgent: int = 0
    tries: int = 0
    #: When the first try began.
    tried: float | None = None
    done: float | None = None
    detail: str = ""
    #: Id of the message that it is or was sent in; it stays the same at every try.
    message: str = ""


class Contact(NamedTuple):
    """A way to reach a person."""

    id: str
    #: A person of a rota; `*` is told of every incident.
    person: str
    #: `mail`, `webhook`, `pagerduty`, `push`, `sms`, `voice` or `inbox`.
    kind: str
    #: An address, URL or key; may be a secret.
    address: str
    #: Seconds after a page that it is used, if there is no answer yet.
    wait: float
    created: float
    verified: float | None = None
    #: Why it is switched off, so that nothing is sent there; "" if it is not.
    disabled: str = ""
    #: What webhooks are signed with.
    secret: str = ""

    def __repr__(self) -> str:
        return f"<Contact {self.id} of {self.person}>"


class Meter(NamedTuple):
    """When messages went to a contact of late; a JSON list of times as text."""

    id: str
    times: str


class Mute(NamedTuple):
    """A silence, or a maintenance window: in [start, end) matching incidents page nobody."""

    id: str
    #: `silence` or `maintenance`.
    kind: str
    #: What it is for: patterns by field, a JSON object as text; empty matches all.
    match: str
    start: float
    end: float
    why: str
    who: str
    created: float


class RotaChange(NamedTuple):
    """A change to a rota; see `billow.ops.rota.changes.Change`, whose fields these are."""

    id: str
    rota: str
    kind: str
    start: float
    end: float
    person: str
    other: str
    priority: int
    who: str
    created: float


class RoutingKey(NamedTuple):
    """A key that lets a program send events for a service; only its digest is kept."""

    hash: str
    service: str
    created: float
    #: How the key begins, to tell keys apart.
    hint: str


class Heartbeat(NamedTuple):
    """A sign of life that must come every so often. Only the digest of its address is kept."""

    name: str
    hash: str
    service: str
    severity: str
    every: float
    created: float
    last: float | None = None


class Hour(NamedTuple):
    """How an hour went: looks at the service and those that failed, requests and those that did."""

    hour: int
    looks: int
    bad: int
    requests: int
    errors: int
    #: Looks during maintenance, which count neither way.
    paused: int


#: The kinds of records by the names of their shelves.
SHELVES: Mapping[str, type[Any]] = {
    "incidents": Incident,
    "incident_slots": Slot,
    "incident_events": Event,
    "incident_timers": Timer,
    "notices": Notice,
    "contacts": Contact,
    "contact_meters": Meter,
    "mutes": Mute,
    "rota_changes": RotaChange,
    "routing_keys": RoutingKey,
    "heartbeats": Heartbeat,
    "hours": Hour,
}

T = TypeVar("T")


class Books(NamedTuple):
    """All shelves, within one step."""

    incidents: Shelf[Incident]
    slots: Shelf[Slot]
    events: Shelf[Event]
    timers: Shelf[Timer]
    notices: Shelf[Notice]
    contacts: Shelf[Contact]
    meters: Shelf[Meter]
    mutes: Shelf[Mute]
    changes: Shelf[RotaChange]
    keys: Shelf[RoutingKey]
    heartbeats: Shelf[Heartbeat]
    hours: Shelf[Hour]


class Incidents(Protocol):
    """All incidents of a service."""

    def change(self, work: Callable[[Books], T], *, durable: bool = True) -> T:
        """Run `work` in one step: all it writes is durable when this returns, or nothing was.

        Args:
            work: gets the shelves; what it raises undoes the step.
            durable: False for what may be lost in a power cut, such as a look at the service.

        Raises:
            Exception: what `work` raised.
            Unavailable: the store cannot take it now.
        """
        ...

    def look(self, work: Callable[[Books], T]) -> T:
        """Run work that reads; all it sees is of one moment."""
        ...
