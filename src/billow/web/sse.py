"""Server-sent events: streams that a client can resume where it left off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from billow.errors import BadInput
from billow.web.context import LOOK_AGAIN, Context
from billow.web.news import Listener
from billow.web.replies import json_bytes

#: Seconds of silence after which a comment shows that the stream is alive.
HEARTBEAT = 15.0
#: Seconds between two looks of a stream, however much happens.
REST = 0.1
#: Milliseconds after which a client that lost the stream comes back.
RETRY = 1000

#: What a stream sends when it has nothing to say.
PULSE = b": alive\n\n"


def event(kind: str, data: Any, id: str | None = None) -> bytes:
    """One event. Without `id`, a client that comes back may see it again."""
    head = f"id: {id}\n" if id is not None else ""
    return f"{head}event: {kind}\ndata: ".encode() + json_bytes(data) + b"\n\n"


def stream(events: AsyncIterator[bytes]) -> Response:
    """The response that sends `events` as they come."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_with_retry(events), headers=headers, media_type="text/event-stream")


async def _with_retry(events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY}\n\n".encode()
    async for piece in events:
        yield piece


def last_id(request: Request) -> str | None:
    """What the client saw last: the Last-Event-ID header, or `?last_event_id=`."""
    query = request.query_params.get("last_event_id")
    return request.headers.get("last-event-id", query) or None


def numbers_in(id: str | None, count: int) -> list[int] | None:
    """The numbers that an event id is made of; None if there is no id.

    Raises:
        BadInput: it is not one that a stream of this kind sends.
    """
    if id is None:
        return None
    parts = id.split(".")
    if len(parts) != count or not all(_is_number(part) for part in parts):
        raise BadInput("the last event id is none of this stream's")
    return [int(part) for part in parts]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


class Pulse:
    """Paces a stream: waits for news, but not too often, and tells when a sign of life is due."""

    def __init__(self, context: Context, ear: Listener) -> None:
        self._news = context.news
        self._ear = ear
        self._clock = asyncio.get_running_loop().time
        self._looked = self._clock()
        self._spoke = self._looked

    def spoke(self) -> None:
        """Something was sent."""
        self._spoke = self._clock()

    async def wait(self) -> bool:
        """Wait for news or for the next look; False when the stream should end."""
        await self._ear.wait(LOOK_AGAIN)
        if not self._news.closed:
            await asyncio.sleep(self._looked + REST - self._clock())
        self._looked = self._clock()
        return not self._news.closed

    @property
    def silent(self) -> bool:
        """Whether a sign of life is due."""
        return self._clock() - self._spoke > HEARTBEAT
