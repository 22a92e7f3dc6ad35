"""The processes of a service under drill: which there are, and striking them."""

from __future__ import annotations

import contextlib
import os
import signal
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple


class Kind(StrEnum):
    """What a process is for."""

    KEEPER = "keeper"
    WEB = "web"
    WORKER = "worker"
    CHILD = "child"
    CLIENT = "client"


#: What a command line must hold to be of a kind; the first that fits counts.
_SIGNS = {
    "billow.worker.child": Kind.CHILD,
    "billow.worker": Kind.WORKER,
    "billow.web": Kind.WEB,
    "billow.drill.client": Kind.CLIENT,
    "billow.cli.main": Kind.KEEPER,
}


class Process(NamedTuple):
    """A process, and the one that started it."""

    pid: int
    kind: Kind
    parent: int


def find(mark: str) -> list[Process]:
    """The living processes whose command line names `mark`, the drill's own folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            process = _read(entry, mark)
            if process is not None:
                found.append(process)
    return sorted(found)


def _read(entry: Path, mark: str) -> Process | None:
    try:
        words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return None  # it ended meanwhile
    kind = next((kind for sign, kind in _SIGNS.items() if sign in words), None)
    if kind is None or state == "Z" or not any(mark in word for word in words):
        return None
    return Process(int(entry.name), kind, int(parent))


def send(pid: int, number: signal.Signals) -> bool:
    """Send a signal; False if the process is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False
