"""Which HTTP parser the server uses, and a bound on what it gathers before anyone can look."""

from __future__ import annotations

import asyncio

#: Bytes of a request's line and headers.
MAX_HEAD = 64 * 1024

_ANSWER = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


def http_protocol() -> type[asyncio.Protocol] | str:
    """The fast parser if it is installed, made to refuse endless headers as the plain one does."""
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol  # noqa: PLC0415
    except ImportError:
        return "h11"

    class BoundedProtocol(HttpToolsProtocol):
        """Counts the bytes of a request's head as they come."""

        _head: int | None = 0

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._head is None or self.transport.is_closing():
                return
            self._head += len(data)
            if self._head > MAX_HEAD:
                self.transport.write(_ANSWER)
                self.transport.close()

        def on_message_begin(self) -> None:
            self._head = 0
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self._head = None
            super().on_headers_complete()

    return BoundedProtocol
