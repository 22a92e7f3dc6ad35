"""The machines of the embedded home: each worker is a process on this machine."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from billow.clock import Clock
from billow.drivers.embedded.spawn import Child, Lifeline
from billow.options import LaunchTemplate
from billow.ports.machines import Ended, Machine, WorkerState

#: What a status line may tell of a machine, and the type it must have.
_TOLD: dict[str, type | tuple[type, ...]] = {
    "child_pid": (int, type(None)),
    "job": (str, type(None)),
    "name": str,
    "jobs": int,
    "done": int,
    "failed": int,
    "rss": int,
}

#: Longest piece of a status line that is kept while its end has not come.
_MAX_LINE = 64 * 1024


@dataclass(slots=True)
class _Worker:
    """A worker process, what it told last, and the reading end of its status pipe."""

    machine: Machine
    child: Child
    status: int
    rest: bytes = b""
    asked: bool = False


class Processes:
    """Worker processes of one function.

    Args:
        arguments: what follows the template's command: which app, function and folder.
        logs: the folder of their logs, one `<id>.log` each.
        lifeline: its end tells them that the keeper is gone.
        clock: real time.
    """

    def __init__(
        self,
        arguments: tuple[str, ...],
        *,
        logs: Path,
        lifeline: Lifeline,
        clock: Clock,
    ) -> None:
        self._arguments = arguments
        self._logs = logs
        self._lifeline = lifeline
        self._clock = clock
        self._workers: dict[str, _Worker] = {}

    def launch(self, id: str, template: LaunchTemplate) -> None:
        """Start a worker process."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        # A worker whose keeper is slow must not wait for it.
        os.set_blocking(writer, False)
        own = ("--id", id, "--lifeline", str(self._lifeline.reader), "--status", str(writer))
        try:
            child = Child(
                (*template.command, *self._arguments, *own),
                log=self._logs / f"{id}.log",
                environment=template.environment,
                fds=(self._lifeline.reader, writer),
            )
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        now = self._clock.now()
        state = WorkerState.STARTING
        machine = Machine(
            id, state, now, now, template.name, template.version, pid=child.pid, heard=now
        )
        self._workers[id] = _Worker(machine, child, reader)

    def drain(self, id: str) -> None:
        """Ask a worker to finish what it has and to leave."""
        if worker := self._workers.get(id):
            worker.asked = True
            worker.child.terminate()

    def kill(self, id: str) -> None:
        """End a worker at once."""
        if worker := self._workers.get(id):
            worker.asked = True
            worker.child.kill()

    def present(self) -> list[Machine]:
        """The workers as they last reported."""
        for worker in self._workers.values():
            self._read(worker)
        return [worker.machine for worker in self._workers.values()]

    def ended(self) -> list[Ended]:
        """The workers that ended since the last call."""
        over = []
        for name, worker in list(self._workers.items()):
            status = worker.child.poll()
            if status is not None:
                self._read(worker)
                os.close(worker.status)
                del self._workers[name]
                words = worker.child.last_words()
                over.append(Ended(worker.machine, status, worker.asked, words))
        return over

    def filenos(self) -> list[int]:
        """Descriptors that become readable when a worker ends."""
        found = (worker.child.fileno() for worker in self._workers.values())
        return [fd for fd in found if fd is not None]

    def _read(self, worker: _Worker) -> None:
        """Take in the status lines that have come."""
        with contextlib.suppress(BlockingIOError):
            while block := os.read(worker.status, 65536):
                *lines, worker.rest = (worker.rest + block).split(b"\n")
                worker.rest = worker.rest[-_MAX_LINE:]
                for line in lines:
                    self._take_in(worker, line)

    def _take_in(self, worker: _Worker, line: bytes) -> None:
        try:
            told = json.loads(line)
            state = WorkerState(told.get("state", worker.machine.state))
        except (ValueError, AttributeError):
            return  # not a status line; the next one will tell
        facts: dict[str, Any] = {
            key: told[key] for key, kind in _TOLD.items() if isinstance(told.get(key, ...), kind)
        }
        if "name" in told and told["name"] is None:
            facts["name"] = ""
        now = self._clock.now()
        since = worker.machine.since if state is worker.machine.state else now
        worker.machine = replace(worker.machine, state=state, since=since, heard=now, **facts)
