"""pkeep on the network: datagrams at 127.0.0.1:4770, and its counters by HTTP at the same port."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import cast

from pkeep.keeper import Keeper
from pkeep.wording import BYE, EXPIRED, answer, read_request

HOST = "127.0.0.1"
PORT = 4770

#: Requests that may be under way; further ones are told `expired` at once.
MOST = 256
#: Seconds between two rounds of tidying up.
TIDY_EVERY = 600.0
#: Bytes of a request to the page, and seconds in which it has to come.
_MOST_HEAD = 8192
_HEAD_TIME = 5.0


def port_of(environment: Mapping[str, str]) -> int:
    """The port that `PKEEP_PORT` names; 0 is none at all.

    Raises:
        ValueError: it is no port.
    """
    text = environment.get("PKEEP_PORT", str(PORT))
    if not (text.isascii() and text.isdecimal() and int(text) <= 65535):
        raise ValueError(f"PKEEP_PORT={text!r}: a port is 0 to 65535; 0 does without pkeep")
    return int(text)


class _Datagrams(asyncio.DatagramProtocol):
    """Takes requests and sends answers to the port that asked."""

    def __init__(self, keeper: Keeper, bye: asyncio.Event) -> None:
        self._keeper = keeper
        self._bye = bye
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data.startswith(BYE):
            self._keeper.counters.log("see you")
            self._bye.set()
            return
        task = asyncio.get_running_loop().create_task(self._reply(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reply(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            request = read_request(data)
        except ValueError as problem:
            self._keeper.counters.log(f"ignoring a request from {addr[0]}: {problem}", "E")
            return
        if len(self._tasks) > MOST:
            self._keeper.counters.add("requests_expired")
            said = EXPIRED
        else:
            said = await self._keeper.answer(request)
        if not self._transport.is_closing():
            self._transport.sendto(answer(request.ticket, said), addr)


async def serve(
    keeper: Keeper, stopping: asyncio.Event, port: int = PORT, ready: asyncio.Event | None = None
) -> None:
    """Serve until `stopping` is set, or somebody on this machine says KTHXBYE.

    Args:
        keeper: answers.
        stopping: set when it is to end.
        port: of UDP and of TCP; 0: nobody listens.
        ready: set when it listens.

    Raises:
        OSError: the port is taken.
    """
    if port == 0:
        await stopping.wait()
        return
    loop = asyncio.get_running_loop()
    bye = asyncio.Event()
    page = await asyncio.start_server(
        lambda reader, writer: _page(keeper, reader, writer), HOST, port, limit=_MOST_HEAD
    )
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Datagrams(keeper, bye), local_addr=(HOST, port)
    )
    keeper.counters.log(f"listening on port {port}/udp")
    if ready is not None:
        ready.set()
    ends = [asyncio.create_task(each.wait()) for each in (stopping, bye)]
    tidying = asyncio.create_task(_tidy(keeper))
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*ends, tidying):
            task.cancel()
        transport.close()
        page.close()


async def _tidy(keeper: Keeper) -> None:
    while True:
        await asyncio.sleep(TIDY_EVERY)
        await asyncio.to_thread(keeper.tidy)


async def _page(keeper: Keeper, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The counters; at /log the latest lines of the log."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        async with asyncio.timeout(_HEAD_TIME):
            head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ", 2)[1:2]
        shown = keeper.counters.log_page() if path == [b"/log"] else keeper.counters.page()
        body = shown.encode()
        writer.write(
            b"HTTP/1.0 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
            b"X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        await writer.drain()
    writer.close()
