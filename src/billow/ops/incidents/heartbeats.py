"""Heartbeats: signs of life that must come every so often, or somebody is told."""

from __future__ import annotations

import json

from billow.errors import BadInput, Conflict, NotFound
from billow.ops.incidents.room import SEVERITIES, Room
from billow.ops.incidents.signs import Sign, resolve, trigger
from billow.ports.incidents import Heartbeat, Timer
from billow.units import human_time

#: Seconds between two beats, at least and at most.
SHORTEST, LONGEST = 10.0, 31 * 86400.0


def add(room: Room, heartbeat: Heartbeat) -> Heartbeat:
    """Begin to expect a heartbeat; the first is due one interval from now.

    Raises:
        BadInput: its interval or severity cannot be.
        Conflict: there is one of its name.
    """
    if not SHORTEST <= heartbeat.every <= LONGEST:
        raise BadInput("a heartbeat comes every 10 seconds to 31 days")
    if heartbeat.severity not in SEVERITIES:
        raise BadInput(f"a severity is one of: {', '.join(SEVERITIES)}")
    if room.books.heartbeats.get(heartbeat.name) is not None:
        raise Conflict(f"there is a heartbeat {heartbeat.name!r}")
    room.books.heartbeats.add(heartbeat)
    _expect(room, heartbeat)
    return heartbeat


def beat(room: Room, hash: str) -> Heartbeat:
    """A sign of life came; an incident that its lack made is resolved.

    Raises:
        NotFound: no heartbeat has this address.
    """
    found = room.books.heartbeats.find(hash=hash, limit=1)
    if not found:
        raise NotFound("there is no such heartbeat")
    alive = found[0]._replace(last=room.now)
    room.books.heartbeats.put(alive)
    _expect(room, alive)
    resolve(room, alive.service, _key(alive))
    return alive


def missed(room: Room, timer: Timer) -> None:
    """None came in time."""
    heartbeat = room.books.heartbeats.get(json.loads(timer.data)["name"])
    if heartbeat is None:
        return
    since = heartbeat.created if heartbeat.last is None else heartbeat.last
    silence = human_time(room.now - since)
    summary = f"no heartbeat of {heartbeat.name} for {silence}"
    facts = {"every": heartbeat.every, "last": heartbeat.last}
    source = f"heartbeat {heartbeat.name}"
    trigger(
        room,
        Sign(heartbeat.service, _key(heartbeat), summary, heartbeat.severity, source, facts),
    )


def remove(room: Room, name: str) -> None:
    """Expect it no more, and end the incident that its lack made.

    Raises:
        NotFound: there is none of that name.
    """
    heartbeat = room.books.heartbeats.get(name)
    if heartbeat is None:
        raise NotFound(f"there is no heartbeat {name!r}")
    room.books.heartbeats.remove(name)
    room.books.timers.remove(_timer(name))
    resolve(room, heartbeat.service, _key(heartbeat), "its removal")


def _expect(room: Room, heartbeat: Heartbeat) -> None:
    data = json.dumps({"name": heartbeat.name})
    due = room.now + heartbeat.every
    room.books.timers.put(Timer(_timer(heartbeat.name), 0, "heartbeat", due, data))


def _key(heartbeat: Heartbeat) -> str:
    return f"heartbeat {heartbeat.name}"


def _timer(name: str) -> str:
    return f"heartbeat/{name}"
