"""The homes that keep the contract, opened the same way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from billow.clock import Clock
from billow.drivers.memory.home import open_memory
from billow.home import Home, open_home
from billow.ports.objects import ArrivalRule

DRIVERS = ["memory", "embedded"]

#: How long a test waits for another thread or process before it gives up, seconds.
PATIENCE = 20.0


class MakeHome(Protocol):
    """Opens a new home of the driver under test."""

    def __call__(self, arrivals: ArrivalRule | None = None) -> Home: ...


def open_driver(
    driver: str, folder: Path, clock: Clock, arrivals: ArrivalRule | None = None
) -> Home:
    """A home of `driver`; `folder` is used if it keeps files."""
    if driver == "memory":
        return open_memory(arrivals, clock)
    return open_home(folder, arrivals=arrivals, clock=clock)


def until(condition: Callable[[], bool], what: str) -> None:
    """Return as soon as `condition` holds; fail if it does not in good time."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.002)


def in_threads(works: Iterable[Callable[[], object]]) -> None:
    """Run pieces of work at the same time; the first error of any is raised."""
    errors: list[BaseException] = []

    def guarded(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "a thread did not finish"
    if errors:
        raise errors[0]
