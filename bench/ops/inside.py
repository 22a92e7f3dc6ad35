"""Requests in one process: the web server's own way from bytes to bytes, without the kernel's part.

Here what measures is switched off and on every few milliseconds, in the same process, so that
whatever else the machine does meets both alike. The kernel's part is missing in both, but the loop
is asyncio's own, which takes longer than the server's.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import uvicorn
from uvicorn.server import ServerState

import billow
from billow.home import open_home
from billow.ops.logs.start import log_to, make_shipper
from billow.ops.measured import measured
from billow.ops.shipping import Shipper
from billow.web import access
from billow.web.__main__ import WRITE
from billow.web.log import JsonLines
from billow.web.protocol import http_protocol
from billow.web.server import make_app

How = Literal["bare", "full"]

_ASK = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n\r\n"


def _nothing(*_: Any) -> None:
    pass


class _Transport(asyncio.Transport):
    """Takes answers and forgets them."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 7), "sockname": ("127.0.0.1", 8420)})
        self.written = 0

    def write(self, data: Any) -> None:
        """Count an answer's bytes."""
        self.written += len(data)

    def close(self) -> None:
        """There is nothing to close."""

    def is_closing(self) -> bool:
        """It never is."""
        return False

    def pause_reading(self) -> None:
        """There is nothing to read."""

    def resume_reading(self) -> None:
        """Likewise."""


@contextmanager
def _switched(how: How) -> Iterator[None]:
    with ExitStack() as stack:
        if how == "bare":
            stack.enter_context(patch.object(access.Access, "_write_down", _nothing))
            for name in ("enter", "leave"):
                stack.enter_context(patch.object(access, name, _nothing))
            stack.enter_context(patch.object(access, "_traceparent", lambda _: ""))
        yield


@contextmanager
def serving() -> Iterator[tuple[Callable[[int], Any], Callable[[], None]]]:
    """What has a number of requests answered, and what writes their access log."""
    with ExitStack() as last:
        place = Path(last.enter_context(tempfile.TemporaryDirectory()))
        (place / "logs").mkdir()
        home = open_home(place)
        shipper = make_shipper("web")
        stderr = last.enter_context((place / "logs" / "web.log").open("w"))
        last.enter_context(patch("sys.stderr", stderr))
        log_to(shipper, JsonLines(shipper.cleaner))
        last.callback(logging.basicConfig, force=True)
        shipper.start(home.logs)
        metrics = Shipper(home.recorder, home.metrics).start()
        served: Any = make_app(measured(home), billow.App("ops"))
        config = uvicorn.Config(served, http=http_protocol(), ws="none", log_config=None,
                                access_log=False, server_header=False)  # fmt: skip
        config.load()

        async def ask(count: int) -> None:
            kind: Any = config.http_protocol_class
            protocol = kind(config, ServerState(), {}, asyncio.get_running_loop())
            transport = _Transport()
            protocol.connection_made(transport)
            for _ in range(count):
                before = transport.written
                protocol.data_received(_ASK)
                while transport.written == before or not protocol.cycle.response_complete:  # noqa: ASYNC110
                    await asyncio.sleep(0)
            protocol.connection_lost(None)

        try:
            yield ask, served.state.lines.flush
        finally:
            metrics.stop()
            shipper.stop()


def by_turns(rounds: int, pieces: int = 50) -> dict[str, list[float]]:
    """Microseconds of CPU a request of both, in turns that are neighbours."""

    async def run() -> dict[str, list[float]]:
        spent: dict[str, list[float]] = {"bare": [], "full": []}
        with serving() as (ask, flush):
            flushed = time.monotonic()
            for number in range(-10, 2 * rounds):
                how: How = ("bare", "full")[number % 2]
                with _switched(how):
                    began = time.process_time()
                    await ask(pieces)
                    if how == "full" and time.monotonic() - flushed > WRITE:
                        flushed = time.monotonic()
                        flush()
                    if number >= 0:
                        spent[how].append(1e6 * (time.process_time() - began) / pieces)
        return spent

    return asyncio.run(run())
