"""An app whose pictures are texts, and a pool that makes them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from billow.app import App
from billow.flow.originals import attach, key_of
from billow.home import Home, open_home
from billow.loading import load_app
from billow.renderer.pool import Pool, Size
from billow.rendition import Wanted
from billow.renditions.client import RenderClient
from billow.renditions.files import CACHE, path_of

APP = '''
import os
import time
from pathlib import Path

import billow

app = billow.App("studio")
photos = app.collection("photos")
LIMITS = billow.Limits(time="60 s", memory=200 * billow.MiB)
LOG = Path(__file__).with_name("made")
HELD = Path(__file__).with_name("held")


def early(id: int) -> list[dict[str, int]]:
    return [{"size": 1}, {"size": 2}]


@photos.rendition(
    "/img/{size:int}/{id:int}.txt", values={"size": (1, 2, 3)}, limits=LIMITS, warm=early
)
def image(original: billow.Upload, size: int) -> bytes:
    """A text, so many times; or some misfortune."""
    with LOG.open("a") as log:
        log.write(f"{original.name} {size}\\n")
    match original.read_text():
        case "reject":
            raise billow.Rejected("this is no picture")
        case "raise":
            raise ZeroDivisionError
        case "die":
            os._exit(7)
        case "kill":
            os.kill(os.getpid(), 9)
        case "hang":
            time.sleep(60)
        case "eat":
            bytearray(1 << 30)
        case "text":
            return "no bytes"
        case "wait":
            while HELD.exists():
                time.sleep(0.005)
    return original.read_bytes() * size


@photos.rendition("/slow/{id:int}.txt", limits=billow.Limits(time="90 s"))
def slow(original: billow.Upload) -> bytes:
    """As above, with time."""
    return image(original, 1)


@photos.rendition("/hasty/{id:int}.txt", limits=billow.Limits(time="300 ms"))
def hasty(original: billow.Upload) -> bytes:
    """As above, without time."""
    return image(original, 1)


@photos.rendition("/base/{id:int}.txt")
def half(original: billow.Upload) -> bytes:
    with LOG.open("a") as log:
        log.write(f"{original.name} half\\n")
    if original.read_text() == "reject":
        raise billow.Rejected("this has no half")
    return b"half of " + original.read_bytes()


@photos.rendition("/small/{size:int}/{id:int}.txt", values={"size": (1, 2, 3)})
def small(original: billow.Upload, size: int) -> bytes:
    return original.read_bytes() * size


small.base(half, when=lambda size: size < 3)
'''


class Studio:
    """A service's folder with an app, and what it needs to render without a keeper."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.target = folder / "app.py"
        self.target.write_text(APP)
        self.app: App = load_app(self.target)
        self.home: Home = open_home(folder / "data")
        attach(self.app, lambda: self.home)
        self.photos = self.app.collections["photos"]

    @property
    def data(self) -> Path:
        """The service's folder."""
        return self.folder / "data"

    @property
    def made(self) -> list[str]:
        """What was rendered, call by call."""
        log = self.folder / "made"
        return log.read_text().splitlines() if log.exists() else []

    def hold(self) -> Path:
        """A file; as long as it exists, originals that say `wait` are not done."""
        held = self.folder / "held"
        held.touch()
        return held

    def add(self, text: str) -> int:
        """A new original."""
        return self.photos.add([text.encode()], f"{text}.txt")

    def wanted(self, id: int, size: int = 1, name: str = "image") -> Wanted:
        """A rendition of an original."""
        params = {"size": size} if name in ("image", "small") else {}
        return self.photos.renditions[name].wanted(id, params)

    def path(self, wanted: Wanted) -> Path:
        """Where a rendition is kept."""
        return path_of(self.data / CACHE, wanted)

    @contextlib.asynccontextmanager
    async def pool(self, children: int = 1, cache: int = 1 << 20) -> AsyncIterator[Pool]:
        """A pool that runs meanwhile."""
        store = self.photos.store

        def exists(_: str, id: int) -> bool:
            return self.home.objects.head(store, key_of(id)) is not None

        made = Pool(str(self.target), self.data, self.home, Size(children, cache), exists)
        running = asyncio.create_task(made.run())
        try:
            yield made
        finally:
            made.stop()
            await asyncio.wait_for(running, 60)

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[RenderClient]:
        """A web server's way to the pool."""
        made = RenderClient(self.data)
        try:
            yield made
        finally:
            await made.close()


async def until(condition: Callable[[], bool], deadline: float = 20.0) -> None:
    """Return once a condition holds, which another process makes hold."""
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.005)
