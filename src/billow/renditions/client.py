"""A web server's way to the render pool."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from pathlib import Path

from billow.rendition import Wanted
from billow.renditions import wire
from billow.renditions.errors import Busy

#: Seconds between two tries to reach a pool that is being started again.
_AGAIN = 0.1
#: Seconds after which the pool is told of files that were sent, and how many are told at most.
_TELL_EVERY = 5.0
_TELL_MOST = 1000


class RenderClient:
    """Asks the pool of the service in `folder`; one connection, made when first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[wire.Told]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._connecting = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None
        self._used: dict[tuple[str, int, str], None] = {}
        self._telling = False

    async def render(self, wanted: Wanted, within: float) -> None:
        """Return when the rendition is in the cache.

        Should the pool be killed meanwhile, its successor is asked again.

        Raises:
            Error: it cannot be made, or not in time; see `billow.renditions.errors`.
        """
        try:
            async with asyncio.timeout(within) as limit:
                while True:
                    when = limit.when()
                    left = within if when is None else when - asyncio.get_running_loop().time()
                    with contextlib.suppress(ConnectionError, OSError):
                        return await self._ask(wanted, left)
                    await asyncio.sleep(_AGAIN)
        except TimeoutError:
            raise Busy("it took too long to render this; try again", retry_after=5) from None

    async def _ask(self, wanted: Wanted, within: float) -> None:
        writer = await self._connected()
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            writer.write(wire.ask(number, wanted, within))
            await writer.drain()
            told = await answer
        finally:
            self._waiting.pop(number, None)
        if told.wrong is not None:
            raise told.wrong

    def used(self, wanted: Wanted, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Note that a file was sent; the pool is told now and then.

        Args:
            wanted: which.
            loop: the loop that this client works in, if another thread calls.
        """
        self._used[wanted.collection, wanted.id, wanted.name] = None
        if self._telling:
            return
        self._telling = True
        if loop is None:
            asyncio.get_running_loop().call_later(_TELL_EVERY, self._tell)
        else:
            loop.call_soon_threadsafe(loop.call_later, _TELL_EVERY, self._tell)

    def _tell(self) -> None:
        self._telling = False
        used, self._used = self._used, {}
        files = list(itertools.islice(used, _TELL_MOST))
        if self._writer is not None:
            self._writer.write(wire.used(files))

    async def _connected(self) -> asyncio.StreamWriter:
        async with self._connecting:
            if self._writer is None:
                made = wire.connect(self._folder)
                made.setblocking(False)
                reader, self._writer = await asyncio.open_unix_connection(
                    sock=made, limit=wire.MAX_LINE
                )
                self._listening = asyncio.create_task(self._listen(reader))
            return self._writer

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                told = wire.read_told(line)
                if (answer := self._waiting.get(told.number)) is not None and not answer.done():
                    answer.set_result(told)
        except (OSError, ValueError, LookupError, TypeError):
            pass  # it is gone, or not to be understood; another connection may do better
        finally:
            self._hang_up()

    def _hang_up(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionResetError("the render pool is gone"))

    async def close(self) -> None:
        """Let go of the connection."""
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
