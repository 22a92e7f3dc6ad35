"""What a try may use beside its task: a place for files, and a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from billow.flow.task import Task
from billow.outputs import ResultFile
from billow.ports.ledger import Effect
from billow.ports.objects import Staged


class Stage(Protocol):
    """Makes bytes durable; see `billow.ports.objects.Objects.stage`."""

    def __call__(self, data: Iterable[bytes] | BinaryIO, limit: int | None = None) -> Staged:
        """Make them durable."""
        ...


def nothing_follows(_: Task, __: list[ResultFile]) -> tuple[Effect, ...]:
    """The consequences of a completed job with files where there are none."""
    return ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a try may use."""

    stage: Stage
    #: Where tries get folders of their own; None is the system's place for such.
    scratch: Path | None = None
    #: What follows from a completed job with files, such as their archiving later.
    consequences: Callable[[Task, list[ResultFile]], tuple[Effect, ...]] = nothing_follows


def scratch_of(folder: Path, worker: str) -> Path:
    """Where the tries of one worker have their folders; it is gone when the worker is."""
    return folder / "tries" / worker


def remove_scratch(folder: Path, worker: str) -> None:
    """Remove what the tries of a worker left that is no more."""
    shutil.rmtree(scratch_of(folder, worker), ignore_errors=True)
