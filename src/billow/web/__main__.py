"""A web process: `python -m billow.web --app TARGET --folder DIR (--port P | --fd N)`.

It leaves on SIGTERM, and when the process that holds the other end of `--lifeline` is gone: it
stops accepting, ends streams, and gives running requests five seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from billow.errors import Error, SettingError
from billow.flow.arrivals import arrival_rule
from billow.flow.following import step_rules
from billow.handover import TOKEN_FILE
from billow.home import open_home
from billow.lane import ENDING, make_socket
from billow.loading import load_app
from billow.ops import traces
from billow.ops.logs.start import log_to, make_shipper
from billow.ops.measured import measured
from billow.ops.otlp import open_exporter
from billow.ops.shipping import Shipper
from billow.ops.traced import traced
from billow.ops.traces import tracing
from billow.web.access_lines import AccessLines
from billow.web.context import Context
from billow.web.guard import is_loopback
from billow.web.lane import Lanes, Window
from billow.web.log import JsonLines
from billow.web.metrics import Metrics
from billow.web.protocol import MAX_HEAD, http_protocol
from billow.web.server import make_app

#: Seconds that running requests get when the process leaves.
GRACE = 5

#: When to look for what only refers to itself: after so many objects, and how often for older ones.
GARBAGE = (10_000, 20, 20)

#: Seconds between two signs of life.
SIGN_OF_LIFE = 5.0

#: Seconds between two writes of the access log.
WRITE = 0.2

#: Seconds between two times that what was counted is told to the other servers.
SHARE = 1.0

_log = logging.getLogger("billow.web")


class WebServer(uvicorn.Server):
    """Uvicorn, told when to leave by a signal or by the lifeline."""

    def __init__(self, app: Starlette, lifeline: int | None, status: int | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=http_protocol(),
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE,
                # Connections of the front are its own business.
                timeout_keep_alive=30 if status is None else 3600,
                h11_max_incomplete_event_size=MAX_HEAD,
            )
        )
        self._context: Context = app.state.context
        self._metrics: Metrics = app.state.metrics
        self._lines: AccessLines | None = app.state.lines
        self._window: Window = app.state.window
        self._lifeline = lifeline
        self._status = status
        self._lanes: Lanes | None = None
        #: Where the front asks what needs no HTTP, and what it must show; see `Lanes`.
        self.lane: tuple[socket.socket, str] | None = None

    def leave(self) -> None:
        """Stop accepting requests, finish those that run, and return from `run`."""
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave on SIGTERM and SIGINT, in good order and with exit status 0."""
        loop = asyncio.get_running_loop()
        for kind in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(kind, self.leave)
        if self._lifeline is not None:
            loop.add_reader(self._lifeline, self._pulled)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and tell the keeper."""
        if self.lane is not None:
            bound, token = self.lane
            self._lanes = Lanes(bound, self._window, token)
        await super().startup(sockets)
        self._write()
        if self._status is not None and self.started:
            self._tell_status(self._status)
            self._share()

    def _write(self) -> None:
        """Write down what was asked."""
        if self._lines is not None:
            self._lines.flush()
            asyncio.get_running_loop().call_later(WRITE, self._write)

    def _tell_status(self, status: int) -> None:
        """A sign of life, now and then; that it answers is seen by the front."""
        done = self.server_state.total_requests
        with suppress(OSError):
            os.write(status, json.dumps({"state": "idle", "done": done}).encode() + b"\n")
        asyncio.get_running_loop().call_later(SIGN_OF_LIFE, self._tell_status, status)

    def _share(self) -> None:
        """Tell the others of the pool what was counted; in a thread, as the disk may be slow."""
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, self._metrics.share)
        loop.call_later(SHARE, self._share)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams and waits first, since requests are waited for."""
        self._context.news.close()
        if self._lanes is not None:
            self._lanes.close()
        await super().shutdown(sockets)
        self._metrics.share()
        if self._lines is not None:
            self._lines.flush()

    def _pulled(self) -> None:
        assert self._lifeline is not None
        if not os.read(self._lifeline, 1024):
            asyncio.get_running_loop().remove_reader(self._lifeline)
            self.leave()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to leave; returns the exit status."""
    with ExitStack() as last:
        return _serve(_read(arguments), last)


def _serve(asked: argparse.Namespace, last: ExitStack) -> int:
    shipper = make_shipper(asked.id)
    log_to(shipper, JsonLines(shipper.cleaner))
    try:
        bound = _socket(asked)
        app = load_app(asked.app)
        opened = open_home(asked.folder, arrivals=arrival_rule(app), follow=step_rules(app))
        last.enter_context(tracing(asked.id))
        home = traced(measured(opened))
        pool = Path(asked.sockets) if asked.sockets else None
        metrics = Metrics(home, app, pool, asked.id)
        served = make_app(home, app, token=_token(asked), metrics=metrics)
    except (Error, OSError) as problem:
        print(f"billow web: {problem}", file=sys.stderr)  # noqa: T201 - for people
        return 2
    address = bound.getsockname()
    told = {"socket": asked.id} if asked.sockets else {"host": address[0], "port": address[1]}
    _log.info("listening", extra={"fields": told})
    shipper.start(home.logs)
    passed_on = open_exporter("web")
    measures = Shipper(home.recorder, home.metrics, also=passed_on).start()
    server = WebServer(served, asked.lifeline, asked.status)
    if pool is not None and served.state.gallery.renditions and not traces.on():
        server.lane = _unix_socket(asked.sockets, asked.id + ENDING, make_socket()), _token(asked)
    gc.freeze()  # what is there now stays; there is no need to look at it again and again
    gc.set_threshold(*GARBAGE)
    try:
        server.run(sockets=[bound])
    finally:
        measures.stop()
        shipper.stop()
    return 0


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m billow.web", description=__doc__)
    parser.add_argument("--app", required=True, help="file, folder or package.module:name")
    parser.add_argument("--folder", required=True, help="where the service keeps its data")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=8420, help="0 takes any free one")
    parser.add_argument("--fd", type=int, help="a listening socket to use instead")
    parser.add_argument("--sockets", help="a folder: listen there, behind the front")
    parser.add_argument("--id", default="web", help="name of the socket in this folder")
    parser.add_argument("--status", type=int, metavar="FD", help="where to tell signs of life")
    parser.add_argument("--lifeline", type=int, metavar="FD", help="leave when it reads as ended")
    return parser.parse_args(arguments)


def _socket(asked: argparse.Namespace) -> socket.socket:
    """The listening socket.

    Raises:
        SettingError: it is not for this machine alone.
    """
    if asked.sockets is not None:
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        return _unix_socket(asked.sockets, asked.id + ".sock", stream)
    if asked.fd is not None:
        bound = socket.socket(fileno=asked.fd)
        host = bound.getsockname()[0]
    else:
        host = "127.0.0.1" if asked.host == "localhost" else asked.host
    if not is_loopback(host):
        raise SettingError(
            f"host {host!r} would let others in without encryption; use 127.0.0.1, and reach "
            "it from elsewhere through an SSH tunnel or a proxy that speaks HTTPS"
        )
    if asked.fd is None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        bound = socket.create_server((host, asked.port), family=family, backlog=512)
    return bound


def _unix_socket(folder: str, name: str, bound: socket.socket) -> socket.socket:
    """Have a socket listen in a folder, whose own path may be too long for an address."""
    place = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        bound.bind(f"/proc/self/fd/{place}/{name}")
    finally:
        os.close(place)
    bound.listen(512)
    return bound


def _token(asked: argparse.Namespace) -> str:
    """What proves that the front asks; empty without a front."""
    return (Path(asked.sockets) / TOKEN_FILE).read_text() if asked.sockets else ""


if __name__ == "__main__":
    sys.exit(main())
