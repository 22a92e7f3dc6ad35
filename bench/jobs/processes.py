"""Worker processes: start them, find what they started, end exactly those."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bench.jobs import place

Command = Sequence[str | Path]
Worker = subprocess.Popen[bytes]


def start(command: Command) -> Worker:
    """Start a worker in a process group of its own; what it prints goes to a file."""
    with _log().open("ab") as log:
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=place.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=0,
        )


def last_words() -> str:
    """The last line that workers printed."""
    return (_log().read_text().strip().splitlines() or ["nothing said"])[-1]


def end(workers: Iterable[Worker]) -> None:
    """`kill -9` of these workers and everything they started."""
    for worker in workers:
        kill(worker, descendants(worker.pid))
        worker.wait()


def kill(worker: Worker, family: Iterable[int]) -> None:
    """`kill -9` of a worker's process group, then of those of its family that left the group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    for pid in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def running(commands: Iterable[Command]) -> Iterator[list[Worker]]:
    """Workers that are there for the length of a block."""
    workers: list[Worker] = []
    try:
        workers += [start(command) for command in commands]
        yield workers
    finally:
        end(workers)


def descendants(pid: int) -> set[int]:
    """This process and all processes it started, directly or not, that are still there."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (parent := _parent(int(entry))) is not None:
            children.setdefault(parent, []).append(int(entry))
    found, todo = {pid}, [pid]
    while todo:
        for child in children.get(todo.pop(), []):
            found.add(child)
            todo.append(child)
    return found


def _log() -> Path:
    return place.folder() / "workers.log"


def _parent(pid: int) -> int | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[1])
