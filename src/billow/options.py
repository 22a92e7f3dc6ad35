"""The small value classes that options of a function are grouped in."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from billow.errors import DeclarationError, NotAccepted
from billow.fleet.policy import Policy
from billow.fleet.queue import Queue
from billow.units import Duration, GiB, MiB, seconds


class File:
    """What uploads a function accepts: by the name's ending, and by size.

    Args:
        *suffixes: endings such as ".txt", compared without case; none means any file.
        max_size: bytes; larger uploads are refused while they stream in.
    """

    def __init__(self, *suffixes: str, max_size: int = GiB) -> None:
        for suffix in suffixes:
            if not suffix.startswith("."):
                raise DeclarationError(f"File({suffix!r}): an ending starts with a dot")
        if max_size < 1:
            raise DeclarationError(f"File(max_size={max_size}): at least 1 byte must be allowed")
        self.suffixes = tuple(suffix.lower() for suffix in suffixes)
        self.max_size = max_size

    def check(self, name: str) -> None:
        """Raises NotAccepted if a file called `name` is not of the accepted kind."""
        if self.suffixes and not name.lower().endswith(self.suffixes):
            allowed = ", ".join(self.suffixes)
            raise NotAccepted(
                f"{name!r} is not accepted; the name must end in {allowed}",
                allowed=list(self.suffixes),
            )

    def __repr__(self) -> str:
        inner = ", ".join([*map(repr, self.suffixes), f"max_size={self.max_size}"])
        return f"File({inner})"


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a job is tried, and how long it rests between tries.

    A try *fails* when the function raises, times out, crashes or breaks a limit. It is *lost*
    when its worker vanished (power, `kill -9`); lost tries are repeated without a rest.
    """

    #: Tries that may fail before the job goes to the dead letters.
    attempts: int = 3
    #: Rest after the first failure; doubles with each further one, give or take a quarter.
    backoff: Duration = "1 s"
    #: The longest rest.
    max_backoff: Duration = "5 min"
    #: Tries that may be lost before the job is taken for the cause and goes to the dead letters.
    lost: int = 10

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.lost < 1:
            raise DeclarationError("Retry: attempts and lost must be at least 1")
        seconds(self.backoff)
        seconds(self.max_backoff)

    def rest(self, failures: int, jitter: float) -> float:
        """Seconds to wait after the `failures`-th failure; `jitter` is a number in [0, 1)."""
        first, longest = seconds(self.backoff), seconds(self.max_backoff)
        rest = min(longest, first * 2.0 ** min(failures - 1, 40))
        return rest * (0.75 + 0.5 * jitter)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one try may use; beyond it the child process is stopped and the try fails."""

    #: Wall-clock time of one try.
    time: Duration = "5 min"
    #: Private memory of the child process, bytes; None is no limit.
    memory: int | None = 1 * GiB
    #: CPU time of one try; None is no limit.
    cpu: Duration | None = None
    #: Bytes of the result as JSON; larger results belong in files.
    result: int = 1 * MiB
    #: Bytes of all files that one try returns (`billow.Outputs`).
    files: int = 1 * GiB
    #: The child is replaced after this many jobs; None is never.
    jobs_per_child: int | None = None

    def __post_init__(self) -> None:
        if seconds(self.time) <= 0:
            raise DeclarationError("Limits(time=...): must be longer than 0 s")
        if self.cpu is not None and seconds(self.cpu) <= 0:
            raise DeclarationError("Limits(cpu=...): must be longer than 0 s")
        if self.jobs_per_child is not None and self.jobs_per_child < 1:
            raise DeclarationError("Limits(jobs_per_child=...): must be at least 1")
        if self.memory is not None and self.memory < 32 * MiB:
            raise DeclarationError("Limits(memory=...): Python itself needs 32 MiB")
        if self.result < 2:
            raise DeclarationError("Limits(result=...): even `0` needs a byte or two")
        if self.files < 0:
            raise DeclarationError("Limits(files=...): cannot be less than 0 bytes")


@dataclass(frozen=True, slots=True)
class LaunchTemplate:
    """What every worker of a fleet starts from. Versions are kept; new workers take the default.

    On machines of a cloud the same template names image, machine type, security group and key.
    """

    name: str = "default"
    version: int = 1
    #: The command; Billow appends the worker's own arguments.
    command: tuple[str, ...] = (sys.executable, "-m", "billow.worker")
    #: Environment variables beside the service's own.
    environment: Mapping[str, str] = field(default_factory=dict)
    #: What the function may use.
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Fleet:
    """How many workers run a function, and what decides it."""

    min: int = 1
    max: int = 4
    #: The policy; see billow.StepScaling, billow.Queue, billow.Fixed.
    scale: Policy = field(default_factory=Queue)
    #: Workers at the start; `min` if not given.
    desired: int | None = None
    template: LaunchTemplate = field(default_factory=LaunchTemplate)

    def __post_init__(self) -> None:
        if not 0 <= self.min <= self.max or self.max < 1:
            raise DeclarationError(
                f"Fleet(min={self.min}, max={self.max}): needs 0 <= min <= max and max >= 1"
            )
        if self.desired is not None and not self.min <= self.desired <= self.max:
            raise DeclarationError(f"Fleet(desired={self.desired}): must lie between min and max")

    @property
    def start_size(self) -> int:
        """Workers to begin with."""
        return self.min if self.desired is None else self.desired
