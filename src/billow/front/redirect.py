"""Tells who comes by plain HTTP where the service is: at the same host, by https."""

from __future__ import annotations

import asyncio
import re
from typing import cast

from billow.front.head import END, read_request
from billow.front.malformed import Malformed
from billow.front.pages import head_of

#: Bytes of a request that is answered so, and seconds that it may take to come.
_MOST = 16 * 1024
_PATIENCE = 10.0

_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,253})(?::[0-9]{1,5})?")


class Redirect(asyncio.Protocol):
    """One connection, one answer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody comes."""
        self._transport = cast("asyncio.Transport", transport)
        asyncio.get_running_loop().call_later(_PATIENCE, transport.close)

    def data_received(self, data: bytes) -> None:
        """Something of the request has come."""
        self._buffer += data
        end = self._buffer.find(END)
        if self._transport is None or (end < 0 and len(self._buffer) <= _MOST):
            return
        self._transport.write(answer(self._buffer[: end + 4], self._port))
        self._transport.close()
        self._transport = None


def answer(head: bytes, port: int) -> bytes:
    """The answer to a request's head: 308 to https at `port`, or 400."""
    try:
        request = read_request(head) if head.endswith(END) else None
    except Malformed:
        request = None
    host = None if request is None else _HOST.fullmatch(request.fields.get(b"host", b""))
    last = b"connection: close\r\n\r\n"
    if request is None or host is None or not request.target.startswith(b"/"):
        return head_of(400, {}, 0) + last
    place = host[1].decode() + ("" if port == 443 else f":{port}")
    location = f"https://{place}{request.target.decode('latin-1')}"
    return head_of(308, {"location": location}, 0) + last
