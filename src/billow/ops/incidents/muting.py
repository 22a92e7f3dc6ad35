"""Why an incident pages nobody for now: silences, maintenance, and worse incidents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from billow.errors import BadInput
from billow.ops.incidents.people import call_off
from billow.ops.incidents.room import Room, has, open_incidents, policy_of
from billow.ports.incidents import Incident, Mute

#: Fields of an incident that a pattern may be about, beside those of its details.
FIELDS = ("service", "key", "severity", "source", "summary")
#: Seconds after a silence or maintenance before what is still wrong pages: what recovers with the
#: end of maintenance wakes nobody.
GRACE = 60.0
#: Seconds between two looks whether an incident is still inhibited; its end is noticed at once.
_LOOK = 300.0


class Reason(NamedTuple):
    """Why an incident is muted, and until when as far as that is known."""

    why: str
    until: float


def check_mute(mute: Mute) -> Mute:
    """The silence or maintenance window, if it makes sense.

    Raises:
        BadInput: it does not.
    """
    if mute.kind not in ("silence", "maintenance"):
        raise BadInput("write silence or maintenance")
    if not mute.start < mute.end:
        raise BadInput("it ends after it begins")
    if not all(isinstance(each, str) for each in json.loads(mute.match).values()):
        raise BadInput("patterns are text")
    return mute


def matches(pattern: Mapping[str, str], incident: Incident) -> bool:
    """Whether an incident's fields match; `*` stands for anything, a missing field is empty."""
    return all(fnmatchcase(field(incident, name), wanted) for name, wanted in pattern.items())


def field(incident: Incident, name: str) -> str:
    """A field of an incident, or of its details; empty if there is none."""
    if name in FIELDS:
        return str(getattr(incident, name))
    value = json.loads(incident.details).get(name, "")
    return value if isinstance(value, str) else json.dumps(value)


def muted_by(room: Room, incident: Incident) -> Reason | None:
    """Why an incident pages nobody now."""
    active = [
        each
        for each in room.books.mutes.find(limit=10_000)
        if each.start <= room.now < each.end and matches(json.loads(each.match), incident)
    ]
    if active:
        longest = max(active, key=lambda each: each.end)
        return Reason(f"{longest.kind} {longest.id}", longest.end + GRACE)
    source = _inhibited_by(room, incident)
    return Reason(f"incident {source}", room.now + _LOOK) if source else None


def mute(room: Room, incident: Incident, reason: Reason) -> Incident:
    """Let an incident page nobody until the reason is gone."""
    call_off(room, incident)
    room.clear(incident, "page")
    room.set(incident, "unmute", reason.until)
    if incident.muted != reason.why:
        room.note(incident, "muted", f"pages nobody: {reason.why}")
    return room.put(incident._replace(muted=reason.why))


def free_inhibited(room: Room, source: Incident) -> None:
    """Look again at what was muted by an incident that is over."""
    for each in open_incidents(room.books):
        if each.muted == f"incident {source.number}":
            room.set(each, "unmute", room.now)


def _inhibited_by(room: Room, incident: Incident) -> int:
    """The number of the incident that mutes this one; 0 if none does."""
    rules: Sequence[Mapping[str, Any]] = policy_of(incident)["inhibit"]
    if not rules:
        return 0
    others = [
        each
        for each in open_incidents(room.books)
        if each.number != incident.number
        and each.service == incident.service
        and not (has(each, "flapping") and each.sign == "resolve")
    ]
    for rule in rules:
        if not matches(rule["mute"], incident):
            continue
        both = matches(rule["while"], incident)
        for other in others:
            if not matches(rule["while"], other) or (both and matches(rule["mute"], other)):
                continue
            if all(field(other, name) == field(incident, name) for name in rule.get("equal", ())):
                return other.number
    return 0
