"""The pool: takes what web servers ask for, and gives it to its children."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from billow.errors import Error
from billow.home import Home
from billow.renderer.easel import Easel, Made, Watch
from billow.renderer.line import Key, Line, key_of
from billow.rendition import Wanted
from billow.renditions import wire
from billow.renditions.files import CACHE, path_of
from billow.renditions.stock import Stock
from billow.units import MiB
from billow.worker.settings import Settings

#: The key of the board where the pool shows how it is, and seconds between two looks.
BOARD = "renderer"
_SHOW_EVERY = 1.0
#: Seconds between two looks at the disk, where files vanish with their originals.
_SCAN_EVERY = 3600.0
#: Renditions that may wait, for each child.
ROOM = 32
#: Seconds that children get to finish when the pool leaves.
_GRACE = 5.0
#: Share of the latest rendition in the average time they take.
_WEIGHT = 0.1

_log = logging.getLogger("billow.renderer")

_Said: TypeAlias = wire.Ask | wire.Warm | wire.Used | wire.Scan


class Size(NamedTuple):
    """How much the pool may do and keep."""

    children: int
    #: Bytes of the cache.
    cache: int = 1024 * MiB


class Pool:
    """Serves one service's folder.

    Args:
        app: the app's target.
        folder: the service's folder.
        home: whose originals they are.
        size: how much it may do.
        exists: tells, by collection and number, whether there is such an original.
        watch: is given the pipes of what children print and log.
    """

    def __init__(
        self,
        app: str,
        folder: Path,
        home: Home,
        size: Size,
        exists: Callable[[str, int], bool],
        watch: Watch | None = None,
    ) -> None:
        self._settings = Settings(app, "-", str(folder), "renderer")
        self._folder = folder
        self._home = home
        self._size = size
        self._exists = exists
        self._watch = watch
        self._mean = 0.1
        self._line = Line(ROOM * size.children, home.clock, lambda: self._mean / size.children)
        self._stock = Stock(folder / CACHE, size.cache, home.clock)
        self._easels: list[Easel] = []
        self._over = asyncio.Event()
        self._idle = asyncio.Event()
        self._talks: set[asyncio.StreamWriter] = set()
        self._counts = {"renders": 0, "failures": 0, "seconds": 0.0}
        self._shown: dict[str, Any] = {}
        self._hurt = False
        #: What is being made although nobody waits for it.
        self._early: Key | None = None

    def stop(self) -> None:
        """Leave soon."""
        self._over.set()

    async def run(self) -> int:
        """Serve until `stop`; the exit status."""
        self._stock.begin(self._exists)
        self._easels = [
            Easel(self._settings, self._done, self._give_out, self._watch)
            for _ in range(self._size.children)
        ]
        server = await self._listen()
        _log.info("listening, with %d children", self._size.children)
        looked = self._home.clock.now()
        while not self._over.is_set():
            self._show()
            if self._home.clock.now() - looked >= _SCAN_EVERY:
                looked = self._home.clock.now()
                self._stock.scan(self._exists)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), _SHOW_EVERY)
        server.close()
        await self._leave()
        return 1 if self._hurt else 0

    async def _listen(self) -> asyncio.Server:
        """Take the socket's place, which a pool that was killed may have left behind."""
        (self._folder / wire.SOCKET).unlink(missing_ok=True)
        with wire.Nearby(self._folder) as address:
            return await asyncio.start_unix_server(self._talk, address, limit=wire.MAX_LINE)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks.add(writer)
        try:
            while said := _read(await reader.readline()):
                self._hear(said, writer)
        except OSError:
            pass  # whoever asked has left
        finally:
            self._talks.discard(writer)
            writer.close()

    def _hear(self, said: _Said, writer: asyncio.StreamWriter) -> None:
        if isinstance(said, wire.Ask):
            answer = functools.partial(_answer, writer, said.number)
            self._line.ask(said.wanted, said.within, answer)
            self._give_out()
        elif isinstance(said, wire.Warm):
            for wanted in said.wanted:
                self._line.warm(wanted)
            self._give_out()
        elif isinstance(said, wire.Used):
            for file in said.files:
                self._stock.used(*file)
        else:
            self._line.forget()
            self._stock.scan(self._exists)

    def _give_out(self) -> None:
        """Give what waits to children that are free; leave if the app cannot be loaded."""
        for easel in self._easels:
            if easel.fault:
                self._hurt = True
                self.stop()
            elif easel.free and (wanted := self._line.next() or self._next_early()) is not None:
                easel.take(wanted)

    def _next_early(self) -> Wanted | None:
        """Something that nobody waits for: one at a time, and one child stays free if it can."""
        if self._early is not None or sum(e.free for e in self._easels) < min(2, len(self._easels)):
            return None
        while (wanted := self._line.next_early()) is not None:
            if not path_of(self._folder / CACHE, wanted).exists():
                self._early = key_of(wanted)
                return wanted
            self._line.done(key_of(wanted), None)
        return None

    def _done(self, made: Made) -> None:
        self._counts["renders"] += 1
        if made.wrong is not None:
            self._counts["failures"] += 1
            _tell(made, made.wrong)
        self._counts["seconds"] += made.took
        self._mean += _WEIGHT * (made.took - self._mean)
        if made.base is not None:
            self._stock.added(*made.key[:2], *made.base)
        if made.wrong is None:
            self._stock.added(*made.key, made.size)
        self._line.done(made.key, made.wrong)
        if made.key == self._early:
            self._early = None
        self._give_out()
        if not self._line.running:
            self._idle.set()

    async def _leave(self) -> None:
        self._idle.clear()
        for easel in self._easels:
            easel.leave()
        if self._line.running:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), _GRACE)
        for easel in self._easels:
            easel.kill()
        for writer in self._talks:
            writer.close()

    def _show(self) -> None:
        state = {
            "pid": os.getpid(),
            "children": [easel.pid for easel in self._easels],
            "waiting": len(self._line),
            "running": self._line.running,
            "refused": self._line.refused,
            "expired": self._line.expired,
            **self._counts,
            "files": len(self._stock),
            "bytes": self._stock.size,
            "limit": self._size.cache,
            "evicted": self._stock.evicted,
        }
        if state != self._shown:
            self._shown = state
            with contextlib.suppress(Error):
                self._home.journal.show(BOARD, state)


def _tell(made: Made, wrong: Error) -> None:
    collection, number, name = made.key
    fields = {"collection": collection, "number": number, "ms": round(made.took * 1000, 1)}
    told = f"{collection}/{number}/{name}: {wrong.detail}"
    _log.warning("%s", told, extra={"fields": fields})


def _answer(writer: asyncio.StreamWriter, number: int, wrong: Error | None) -> None:
    if not writer.is_closing():
        writer.write(wire.told(number, wrong))


def _read(line: bytes) -> _Said | None:
    """What was said; None at the end, or if it cannot be understood."""
    if not line:
        return None
    try:
        return wire.read_request(line)
    except (ValueError, LookupError, TypeError) as problem:
        _log.warning("a request could not be understood: %s", problem)
        return None
