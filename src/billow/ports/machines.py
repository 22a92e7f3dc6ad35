"""The machines of one fleet: where its workers run. Here processes, elsewhere instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from billow.options import LaunchTemplate


class WorkerState(StrEnum):
    """What a worker does."""

    #: Launched, and not yet able to take work.
    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    #: Finishes what it has and takes no more.
    DRAINING = "draining"


@dataclass(frozen=True, slots=True)
class Machine:
    """A worker as it last reported. Times are UNIX seconds."""

    id: str
    state: WorkerState
    #: When it was launched, and when it came into its present state.
    launched: float
    since: float
    #: The launch template it was started from, and that template's version.
    template: str
    version: int
    #: The worker's process, and the child that runs the function.
    pid: int | None = None
    child_pid: int | None = None
    #: The job that runs now: its id, and what people call it.
    job: str | None = None
    name: str = ""
    #: Jobs it holds.
    jobs: int = 0
    #: Jobs it finished, and tries that failed.
    done: int = 0
    failed: int = 0
    #: Bytes of memory, of worker and child together.
    rss: int = 0
    #: When it last gave a sign of life; a busy one does about every second. None if not known.
    heard: float | None = None


class Ended(NamedTuple):
    """A worker that is no more."""

    #: As it was last seen.
    machine: Machine
    #: Its exit status; negative is the signal that killed it; None if it is not known.
    status: int | None
    #: Whether it was told to drain or killed by us, or left in good order by itself.
    asked: bool
    #: The last line it wrote to its log, which often tells the cause.
    last_words: str

    @property
    def cause(self) -> str:
        """Why it ended, in words."""
        if self.status is None:
            return "vanished"
        if self.status < 0:
            return f"killed by signal {-self.status}"
        told = f": {self.last_words}" if self.status and self.last_words else ""
        return f"exit status {self.status}{told}"


class Machines(Protocol):
    """Starts and stops the workers of one fleet, and tells how they fare. No call waits."""

    def launch(self, id: str, template: LaunchTemplate) -> None:
        """Start a worker called `id`; it is among those `present` from now on.

        Raises:
            Unavailable: it cannot be started now; the message says why.
        """
        ...

    def drain(self, id: str) -> None:
        """Let a worker finish what it has, and leave. No effect on one that has ended."""
        ...

    def kill(self, id: str) -> None:
        """End a worker at once. No effect on one that has ended."""
        ...

    def present(self) -> Sequence[Machine]:
        """The workers that have not ended, in the order of their launch."""
        ...

    def ended(self) -> Sequence[Ended]:
        """The workers that ended since the last call; each is told once."""
        ...
