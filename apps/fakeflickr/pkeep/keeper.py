"""What pkeep does with a request; how it gets there is `pkeep.serve`'s affair."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pkeep.counters import Counters
from pkeep.places import KEEP, Places
from pkeep.wording import EXPIRED, FORGET, NOTHING, OK, ORIGINAL, Request

#: Seconds after which nobody waits for an answer any more.
PATIENCE = 60.0


class Late(Exception):
    """Too much waits, or it took too long."""


class Missing(Exception):
    """There is no such photo."""


class Source(Protocol):
    """Where photos come from."""

    def original(self, id: int) -> Path:
        """A photo as it came.

        Raises:
            Missing: there is none of this number.
        """
        ...

    async def render(self, id: int, size: int, instructions: str, within: float) -> Path | None:
        """A rendition; None if none can be made.

        Raises:
            Missing: there is no such photo.
            Late: it is not made within so many seconds.
        """
        ...


class Keeper:
    """Answers requests.

    Args:
        source: where photos come from.
        places: where their files are.
        counters: counts.
        now: the time in UNIX seconds.
    """

    def __init__(
        self,
        source: Source,
        places: Places,
        counters: Counters,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._places = places
        self.counters = counters
        self._now = now
        #: Files that were asked for since they were last tidied up.
        self._recent: set[Path] = set()

    async def answer(self, request: Request) -> str:
        """What to say to a request: the address of a file, or what is wrong."""
        began = self._now()
        said = await self._answer(request)
        took = self._now() - began
        if said == EXPIRED:
            self.counters.add("requests_expired")
        else:
            self.counters.served(took, request.instructions)
        self.counters.log(f"served {request.id}/{request.size} -> {said} in {took:.3f}s")
        return said

    async def _answer(self, request: Request) -> str:
        try:
            if request.size == FORGET:
                self.counters.log(f"forgetting {request.id}")
                self._places.forget(request.id)
                return OK
            path = self._kept(request) or await self._made(request)
        except Missing:
            self.counters.add("missing_files")
            return f"OH NOES: can't open original image {self._places.original(request.id)}"
        except Late:
            return EXPIRED
        except OSError as problem:
            self.counters.log(f"failed: {problem}", "E")
            return NOTHING
        if path is None:
            self.counters.log(f"nothing can be made of {request.id}/{request.size}", "W")
            return NOTHING
        self._recent.add(path)
        return f"file://{path}"

    def _kept(self, request: Request) -> Path | None:
        if request.size == ORIGINAL:
            path, name = self._places.original(request.id), "origfile_cache_hits"
        else:
            path, name = self._place(request), "fecache_hits"
        if not path.exists():
            return None
        self.counters.add(name)
        return path

    async def _made(self, request: Request) -> Path | None:
        if request.size == ORIGINAL:
            path, found = self._places.original(request.id), self._source.original(request.id)
        else:
            path = self._place(request)
            made = await self._source.render(
                request.id, request.size, request.instructions, PATIENCE
            )
            if made is None:
                return None
            found = made
        self._places.link(path, found)
        return path

    def _place(self, request: Request) -> Path:
        return self._places.rendition(request.id, request.size, request.instructions)

    def tidy(self) -> int:
        """Let go of what nobody has asked for lately; how many files. To be called now and then."""
        recent, self._recent = self._recent, set()
        return self._places.tidy(self._now() - KEEP, recent)
