"""Where a result's file is: hot, cold, or on its way. Read from the tiers, kept nowhere else."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from billow.home import Home
from billow.outputs import ResultFile


class FileState(StrEnum):
    """Where a file is."""

    #: It can be fetched.
    HOT = "hot"
    #: It is being copied to the cold tier, and can still be fetched.
    ARCHIVING = "archiving"
    #: It is archived; it must be restored before it can be fetched.
    COLD = "cold"
    #: It was asked for, and will be hot again.
    RESTORING = "restoring"
    #: Its archived copy is damaged. It is not served.
    DAMAGED = "damaged"
    #: It is not kept any more.
    GONE = "gone"


class Whereabouts(NamedTuple):
    """Where a file is, and for one that is being restored about when it will be back."""

    state: FileState
    #: UNIX seconds.
    ready: float | None = None


def whereabouts(home: Home, file: ResultFile) -> Whereabouts:
    """Where a file is now."""
    hot = home.objects.head(file.store, file.key) is not None
    cold = home.cold.head(file.store, file.key)
    if cold is None:
        # It may have come back between the two looks.
        hot = hot or home.objects.head(file.store, file.key) is not None
        return Whereabouts(FileState.HOT if hot else FileState.GONE)
    if hot:
        return Whereabouts(FileState.ARCHIVING if cold.ready is None else FileState.HOT)
    if cold.damaged is not None:
        return Whereabouts(FileState.DAMAGED)
    if cold.ready is not None:
        return Whereabouts(FileState.RESTORING, cold.ready)
    return Whereabouts(FileState.COLD)
