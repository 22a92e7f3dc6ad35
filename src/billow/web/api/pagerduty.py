"""Events of other programs: PagerDuty's Events API v2, and heartbeats."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict, deque
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from billow.errors import NotFound, Unavailable
from billow.ops.incidents import heartbeats, signs
from billow.ops.incidents.desk import Desk
from billow.ops.incidents.room import Room
from billow.ops.pager.inbound import InvalidEvent, Received, read_event
from billow.ops.pager.opening import open_desk
from billow.ops.pager.pagerduty import MOST_BYTES
from billow.ops.pager.roster import digest
from billow.web.api.endpoint import PREFIX, Answer, Endpoint, Query
from billow.web.context import Context, context_of
from billow.web.limits import blocks_of
from billow.web.replies import reply

#: Events of one key in a minute.
MOST_EVENTS = 480
_MINUTE = 60.0


class Rate:
    """Counts the events of each key in the last minute."""

    def __init__(self) -> None:
        self._times: defaultdict[str, deque[float]] = defaultdict(deque)

    def allows(self, key: str) -> bool:
        """Whether one more may come now; if so it is counted."""
        now, times = time.monotonic(), self._times[key]
        while times and times[0] <= now - _MINUTE:
            times.popleft()
        if len(times) >= MOST_EVENTS:
            return False
        times.append(now)
        return True


async def enqueue_event(request: Request, _: Query) -> Response:
    """Take an event in the form of PagerDuty's Events API v2.

    `trigger` opens an incident of the service that the `routing_key` is for, or adds to it;
    `acknowledge` and `resolve` answer it, and do nothing if there is none. 202 means that the
    event is kept.
    """
    context = context_of(request)
    try:
        event = read_event(await _body(request))
        return await _take(request, context, event)
    except InvalidEvent as problem:
        said = {"status": "invalid event", "message": "Event object is invalid"}
        return reply({**said, "errors": problem.errors}, 400)
    except Unavailable:
        said = {"status": "internal error", "message": "The event cannot be kept now"}
        return reply({**said, "errors": []}, 503)


async def _take(request: Request, context: Context, event: Received) -> Response:
    desk = await context.run(_desk, request, context)
    key = digest(event.routing_key)
    row = await context.run(lambda: desk.look(lambda room: room.books.keys.get(key)))
    if row is None:
        raise InvalidEvent("'routing_key' is not known")
    if not _rate(request).allows(key):
        said = {"status": "throttle exceeded", "message": "Too many events with this key"}
        return reply(said, 429, {"Retry-After": "60"})
    await context.run(_apply, desk, event, row.service)
    done = {"status": "success", "message": "Event processed", "dedup_key": event.dedup_key}
    return reply(done, 202)


def _apply(desk: Desk, event: Received, service: str) -> None:
    if event.action == "trigger":
        desk.change(lambda room: signs.trigger(room, event.sign(service)))
    elif event.action == "resolve":
        desk.resolve(service, event.dedup_key)
    else:
        who = event.client or "an event"
        desk.change(lambda room: _acknowledge(room, service, event.dedup_key, who))


def _acknowledge(room: Room, service: str, key: str, who: str) -> None:
    incident = signs.find_open(room, service, key)
    if incident is not None:
        signs.acknowledge(room, incident, who)


async def receive_heartbeat(request: Request, _: Query) -> Response:
    """Take a sign of life. The address itself is the secret; see `billow heartbeat add`."""
    context = context_of(request)
    desk = await context.run(_desk, request, context)
    token = hashlib.sha256(request.path_params["token"].encode("utf-8", "replace")).hexdigest()
    known = await context.run(
        lambda: desk.look(lambda room: bool(room.books.heartbeats.find(hash=token, limit=1)))
    )
    if not known:
        raise NotFound("there is no such heartbeat")
    await context.run(lambda: desk.change(lambda room: heartbeats.beat(room, token)))
    return Response(status_code=204)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for block in blocks_of(request):
        body += block
        if len(body) > MOST_BYTES:
            raise InvalidEvent(f"Event size exceeds the limit of {MOST_BYTES} bytes")
    return bytes(body)


def _desk(request: Request, context: Context) -> Desk:
    state = request.app.state
    if not hasattr(state, "desk"):
        state.desk = open_desk(context.home, context.app)
    desk: Desk = state.desk
    return desk


def _rate(request: Request) -> Rate:
    state = request.app.state
    if not hasattr(state, "event_rate"):
        state.event_rate = Rate()
    rate: Rate = state.event_rate
    return rate


def _said(**more: Any) -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "application/json": {
            "type": "object",
            "properties": {"status": text, "message": text, **more},
            "required": ["status", "message", *more],
            "additionalProperties": False,
        }
    }


_ERRORS = {"type": "array", "items": {"type": "string"}}

ENDPOINTS = [
    Endpoint(
        "POST",
        f"{PREFIX}/events/v2/enqueue",
        enqueue_event,
        {
            202: Answer("The event is kept", _said(dedup_key={"type": "string"})),
            400: Answer("The event cannot be taken", _said(errors=_ERRORS)),
            429: Answer("Too many events with this key", _said()),
            503: Answer("The event cannot be kept now", _said(errors=_ERRORS)),
        },
        body={"application/json": {"type": "object"}},
    ),
    Endpoint(
        "POST",
        f"{PREFIX}/heartbeats/{{token}}",
        receive_heartbeat,
        {204: Answer("The sign of life is noted")},
        problems=(404, 503),
    ),
]
