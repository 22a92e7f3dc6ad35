"""A gate that lets few through at once, some wait, and turns the rest away."""

from __future__ import annotations

import threading
from types import TracebackType

from billow.errors import Unavailable


class Gate:
    """At most `at_once` are inside and `waiting` before it; it is used as a context.

    Args:
        at_once: how many may be inside.
        waiting: how many may wait to get in.
        patience: the longest wait, in seconds of real time.
    """

    def __init__(self, at_once: int, waiting: int, patience: float = 5.0) -> None:
        self._free = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._patience = patience

    def __enter__(self) -> None:
        """Get in.

        Raises:
            Unavailable: too many wait already, or the wait was too long.
        """
        if not self._places.acquire(blocking=False):
            raise _busy()
        if not self._free.acquire(timeout=self._patience):
            self._places.release()
            raise _busy()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._free.release()
        self._places.release()


def _busy() -> Unavailable:
    return Unavailable("too many people log in at this moment; try again soon", retry_after=2)
