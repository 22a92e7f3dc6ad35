"""Asking the render pool from code that blocks: for a rendition now, for others some time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

from billow.rendition import Wanted
from billow.renditions import wire
from billow.renditions.errors import Busy
from billow.renditions.files import CACHE, path_of

#: Seconds between two tries to reach a pool that is being started, or started again.
_AGAIN = 0.1
#: Seconds that nobody waits longer for the pool to listen to what it may do later.
_MOMENT = 1.0


def render(folder: Path, wanted: Wanted, within: float) -> bytes:
    """The bytes of a rendition, made if need be.

    Args:
        folder: the service's.
        wanted: which one.
        within: seconds to wait for it.

    Raises:
        Error: it cannot be made, or not in time; see `billow.renditions.errors`.
    """
    path, until = path_of(folder / CACHE, wanted), time.monotonic() + within
    while (left := until - time.monotonic()) > 0:
        with contextlib.suppress(FileNotFoundError):
            return path.read_bytes()
        told = _ask(folder, wanted, left)
        if told is None:
            time.sleep(min(_AGAIN, left))
        elif told.wrong is not None:
            raise told.wrong
    raise Busy("it took too long to render this; try again", retry_after=5)


def _ask(folder: Path, wanted: Wanted, within: float) -> wire.Told | None:
    """What the pool says; None if it cannot be reached, or is killed meanwhile."""
    try:
        with wire.connect(folder) as pool, pool.makefile("rb") as answers:
            pool.settimeout(within)
            pool.sendall(wire.ask(1, wanted, within))
            return wire.read_told(answers.readline())
    except (OSError, ValueError, LookupError):
        return None


def warm(folder: Path, wanted: Sequence[Wanted]) -> None:
    """Have renditions made when there is nothing else to do; if the pool is away, not at all."""
    with contextlib.suppress(OSError), wire.connect(folder) as pool:
        pool.settimeout(_MOMENT)
        pool.sendall(wire.warm(wanted))
