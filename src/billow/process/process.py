"""What a process of the app's own is given."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from billow.home import Home
from billow.rendition import Rendition
from billow.renditions.client import RenderClient
from billow.renditions.files import CACHE, path_of


class Process:
    """The only argument of a function declared by `@app.process`.

    The app's collections can be used in it, in threads as their calls block.
    """

    def __init__(self, name: str, home: Home, folder: Path) -> None:
        self.name = name
        #: A folder of its own, which stays.
        self.folder = folder / "processes" / name
        #: Set when the service stops: return soon then, or be killed some seconds later.
        self.stopping = asyncio.Event()
        self._root = folder / CACHE
        self._home = home
        self._pool = RenderClient(folder)

    def __repr__(self) -> str:
        return f"<Process {self.name}>"

    def kept(self, rendition: Rendition, id: int, **params: Any) -> Path | None:
        """A rendition that is in the cache, as a file; it may vanish to make room.

        Raises:
            BadInput: the arguments do not fit the function.
        """
        wanted = rendition.wanted(id, params, rendition.last_format)
        path = path_of(self._root, wanted)
        if not path.exists():
            return None
        self._pool.used(wanted)
        return path

    async def render(
        self, rendition: Rendition, id: int, within: float = 60.0, **params: Any
    ) -> Path:
        """A rendition as a file, made if need be, once however many ask.

        `allow` and `values` of the rendition are for visitors; they are not asked here.

        Args:
            rendition: of which kind; of several formats the last.
            id: the original's number.
            within: seconds to wait for it.
            params: the function's arguments.

        Raises:
            BadInput: the arguments do not fit the function, or nothing can be made of the original.
            NotFound: there is no such original.
            Unavailable: too much waits, or it takes too long.
        """
        wanted = rendition.wanted(id, params, rendition.last_format)
        path = path_of(self._root, wanted)
        if not path.exists():
            await self._pool.render(wanted, within)
        else:
            self._pool.used(wanted)
        return path

    async def close(self) -> None:
        """Let go of the render pool. Billow does this at the end."""
        await self._pool.close()
