"""The pager: `python -m billow.ops.pager --app TARGET --folder DIR [--lifeline FD]`.

It leaves on SIGTERM, and when the process that holds the other end of `--lifeline` is gone.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from billow.app import App
from billow.errors import Error, Unavailable
from billow.home import Home, open_home
from billow.loading import load_app
from billow.ops.incidents.desk import PAGER
from billow.ops.pager.looking import Looking
from billow.ops.pager.loop import Loop
from billow.ops.pager.opening import open_channels, open_desk, open_words
from billow.ops.pager.rotas import keep_versions
from billow.ops.pager.watch import Watch

#: Seconds between two looks, however quiet it is.
LONGEST_REST = 1.0

_log = logging.getLogger("billow.pager")


def run(home: Home, app: App, folder: Path, lifeline: int | None = None) -> None:
    """See to what is due, until told to leave.

    Raises:
        Unavailable: another pager does already, or the folder cannot be used.
    """
    with _lock(folder), _bell() as (bell, ring), home.wake.waiter(PAGER) as waiter:
        desk = open_desk(home, app)
        loop = Loop(desk, open_channels(home, app), open_words(home, app), ring)
        watch = Watch(desk, app)
        looking = Looking(home, app, app.promise) if app.promise else None
        if looking is not None:
            looking.start()
        keep_versions(home, app.rotas.values())
        left = loop.begin()
        if left:
            home.journal.write("pager.resumed", app.name, f"{left} messages were half sent")
        fds = [bell, waiter.fileno(), *([lifeline] if lifeline is not None else [])]
        while not _leaving(lifeline):
            waiter.clear()
            try:
                loop.look()
                watch.look()
                rest = _rest(loop.next(), home.clock.now())
            except Exception:
                _log.exception("a look failed; the next one comes")
                rest = LONGEST_REST
            _wait(fds, rest)
            with contextlib.suppress(BlockingIOError):
                os.read(bell, 512)
        if looking is not None:
            looking.stop()
        loop.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the pager; returns the exit status."""
    parser = argparse.ArgumentParser(prog="billow.ops.pager")
    parser.add_argument("--app", required=True)
    parser.add_argument("--folder", required=True, type=Path)
    parser.add_argument("--lifeline", type=int)
    asked = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the keeper's to pass on
    signal.signal(signal.SIGTERM, _leave)
    try:
        run(open_home(asked.folder), load_app(asked.app), asked.folder, asked.lifeline)
    except Error as problem:
        print(problem.detail, file=sys.stderr)  # noqa: T201 - its last words
        return 2
    return 0


_left: list[int] = []


def _leave(signal: int, frame: object) -> None:
    del frame
    _left.append(signal)


def _leaving(lifeline: int | None) -> bool:
    if _left:
        return True
    return lifeline is not None and bool(select.select([lifeline], [], [], 0)[0])


def _rest(due: float | None, now: float) -> float:
    return LONGEST_REST if due is None else min(LONGEST_REST, max(0.0, due - now))


def _wait(fds: Sequence[int], rest: float) -> None:
    poller = select.poll()
    for fd in fds:
        poller.register(fd, select.POLLIN)
    end = time.monotonic() + rest
    while not _left and not poller.poll(max(0, min(100.0, (end - time.monotonic()) * 1000))):
        if time.monotonic() >= end:
            return


@contextmanager
def _bell() -> Iterator[tuple[int, Callable[[], None]]]:
    """A descriptor that becomes readable when the function beside it is called."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)

    def ring() -> None:
        with contextlib.suppress(OSError):
            os.write(writer, b"!")

    try:
        yield reader, ring
    finally:
        os.close(reader)
        os.close(writer)


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold `<folder>/pager.lock`: one pager a folder, and none that died holds it."""
    path = folder / "pager.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Unavailable(f"another pager works in {folder}") from None
    try:
        yield
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
