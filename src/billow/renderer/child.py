"""A child of the render pool: imports the author's app and makes renditions, warm and long-lived.

`python -m billow.renderer.child APP - FOLDER ID SPEED PARENT JOBS TICKETS RESULTS BELL LINES`, as
the children of workers.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import traceback
from functools import cache
from pathlib import Path
from typing import Any

from billow.app import App
from billow.errors import BadInput, Error, NotFound, Rejected
from billow.flow.originals import Originals, attach
from billow.home import Home, open_home
from billow.loading import load_app
from billow.ops.logs.capture import Capture
from billow.rendition import Rendition, Wanted
from billow.renditions import errors
from billow.renditions.files import CACHE, keep, path_of
from billow.units import seconds
from billow.upload import Upload
from billow.worker import system
from billow.worker.link import Link, begin, loaded
from billow.worker.protocol import HELLO, RESULT, WORN, Frame

#: The child is replaced when it holds this share of its memory limit between two renditions.
_WORN_SHARE = 0.7


class Painter:
    """Makes renditions until the parent hangs up or the process is worn out."""

    def __init__(
        self, link: Link, app: App, home: Home, folder: Path, capture: Capture | None = None
    ) -> None:
        self._link = link
        self._capture = capture
        self._app = app
        self._home = home
        self._root = folder / CACHE
        self._worn = False
        #: The base that the latest rendition was made from, if any: its file's name and size.
        self._base: tuple[str, int] | None = None

    def serve(self) -> None:
        """Make what is asked for."""
        while not self._worn:
            frame = self._link.next()
            if frame is None:
                return
            if self._link.may_begin(frame.serial):
                began = time.time()
                made = self._make(Wanted(*json.loads(frame.body)))
                answer = json.dumps({**made, "worn": self._worn})
                if self._capture is not None:
                    self._capture.end()
                sys.stdout.flush()
                told = Frame(RESULT, frame.serial, began, time.time(), answer.encode())
                self._link.send(told.encode(), ring=True)
        self._link.send(Frame(WORN).encode(), ring=True)

    def _make(self, wanted: Wanted) -> dict[str, Any]:
        """Make a rendition and keep it; its size and base, or what went wrong."""
        self._base = None
        try:
            rendition = self._rendition(wanted)
            self._check_code(rendition, wanted)
            memory = rendition.limits.memory
            system.limit_memory(memory)
            if rendition.limits.cpu is not None:
                system.limit_cpu(seconds(rendition.limits.cpu))
            data = self._call(rendition, wanted)
            keep(self._root, path_of(self._root, wanted), data)
            if (gone := self._gone(wanted)) is not None:
                path_of(self._root, wanted).unlink(missing_ok=True)
                raise gone
        except Error as wrong:
            return errors.pack(self._gone(wanted) or wrong)
        except OSError as problem:
            told = f"the cache cannot be written: {problem.strerror}"
            return errors.pack(errors.Busy(told, retry_after=5))
        finally:
            system.limit_memory(None)
        self._worn = memory is not None and system.private() > _WORN_SHARE * memory
        return {"size": len(data), "base": self._base}

    def _rendition(self, wanted: Wanted) -> Rendition:
        try:
            return self._app.collections[wanted.collection].renditions[wanted.rendition]
        except KeyError:
            raise errors.Broken("the app has no such rendition any more") from None

    def _check_code(self, rendition: Rendition, wanted: Wanted) -> None:
        """Make sure that what is made is what the name stands for.

        Raises:
            Left: this process has older code than whoever asks.
            Busy: it has newer.
        """
        if rendition.wanted(wanted.id, wanted.params, wanted.format).name == wanted.name:
            return
        if rendition.code() != rendition.loaded:
            self._worn = True
            raise errors.Left("the app was changed", retry_after=2)
        raise errors.Busy("the app was changed; this server is about to load it", retry_after=2)

    def _call(self, rendition: Rendition, wanted: Wanted) -> bytes:
        collection = self._app.collections[wanted.collection]
        try:
            upload = Originals(collection, lambda: self._home).upload(wanted.id)
        except NotFound as gone:
            raise errors.Gone(gone.detail) from None
        if (base := rendition.base_for(wanted.params)) is not None:
            upload = self._from_base(base, wanted.id, upload)
        return self._run(rendition, rendition.arguments(wanted, upload))

    def _from_base(self, base: Rendition, id: int, original: Upload) -> Upload:
        """The base of an original, made if it is not in the cache."""
        wanted = base.wanted(id, {})
        path = path_of(self._root, wanted)
        if not path.exists():
            keep(self._root, path, self._run(base, base.arguments(wanted, original)))
        size = path.stat().st_size
        self._base = wanted.name, size
        return Upload(path, original.name, size)

    def _run(self, rendition: Rendition, args: dict[str, Any]) -> bytes:
        try:
            made = rendition.call(**args)
        except (Rejected, BadInput) as wrong:
            raise errors.Unrenderable(wrong.detail) from None
        except MemoryError:
            self._worn = True
            raise errors.Unrenderable("rendering this takes more memory than is allowed") from None
        except BaseException as problem:
            traceback.print_exc()
            raise errors.Broken(f"{rendition.name} failed: {type(problem).__name__}") from None
        if not isinstance(made, bytes):
            raise errors.Broken(f"{rendition.name} returned {type(made).__name__}, not bytes")
        return made

    def _gone(self, wanted: Wanted) -> Error | None:
        """Tells that the original was deleted meanwhile, if it was."""
        collection = self._app.collections.get(wanted.collection)
        try:
            if collection is not None:
                collection.get(wanted.id)
        except NotFound as gone:
            return errors.Gone(gone.detail)
        return None


def main(arguments: list[str]) -> int:
    """Serve until the parent hangs up; the exit status."""
    target, _, folder, _, _, parent, *descriptors = arguments
    link, capture = begin(parent, descriptors)
    found = loaded(link, lambda: _load(target, Path(folder)))
    if found is None:
        return 1
    app, home = found
    link.send(Frame(HELLO, body=json.dumps(_limits(app)).encode()).encode(), ring=True)
    Painter(link, app, home, Path(folder), capture).serve()
    return 0


def _load(target: str, folder: Path) -> tuple[App, Home]:
    app = load_app(target)

    @cache
    def home() -> Home:
        return open_home(folder)

    attach(app, home)
    gc.collect()
    gc.freeze()
    return app, home()


def _limits(app: App) -> dict[str, float]:
    """Seconds that each rendition may take."""
    return {
        f"{each.collection}/{each.name}": seconds(each.limits.time)
        for kept in app.collections.values()
        for each in kept.renditions.values()
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
