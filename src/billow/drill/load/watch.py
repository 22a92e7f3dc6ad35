"""What the processes of a service use while it is under load, as the kernel tells."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")

#: What a command line must hold to be of a kind; the first that fits counts.
_SIGNS = {
    "billow.front": "front",
    "billow.renderer.child": "render",
    "billow.renderer": "render",
    "billow.worker.child": "child",
    "billow.worker": "worker",
    "billow.web": "web",
    "billow.cli.main": "keeper",
}
#: The kind of the processes that answer requests.
SERVER = "web"


class Usage(NamedTuple):
    """What a process used at one moment."""

    pid: int
    kind: str
    #: Seconds of CPU since it began, bytes of memory, open descriptors, sockets among them.
    cpu: float
    memory: int
    descriptors: int
    sockets: int


@dataclass(frozen=True, slots=True)
class Look:
    """All processes of a service at one moment, seconds since the drill began."""

    at: float
    processes: list[Usage]

    def of(self, kind: str) -> list[Usage]:
        """The processes of a kind."""
        return [each for each in self.processes if each.kind == kind]

    @property
    def memory(self) -> int:
        """Bytes of memory of all together."""
        return sum(each.memory for each in self.processes)


def look(keeper: int, at: float) -> Look:
    """The keeper and everything that descends from it."""
    parents = _parents()
    family = {keeper}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return Look(at, [used for pid in sorted(family) if (used := _read(pid)) is not None])


def _parents() -> dict[int, int]:
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            fields = _stat(int(entry))
            if fields:
                found[int(entry)] = int(fields[1])
    return found


def _read(pid: int) -> Usage | None:
    fields = _stat(pid)
    if not fields or fields[0] == "Z":
        return None
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        opened = [_link(f"/proc/{pid}/fd/{each}") for each in os.listdir(f"/proc/{pid}/fd")]
    except OSError:
        return None  # it ended meanwhile
    kind = next((kind for sign, kind in _SIGNS.items() if sign in words), "other")
    sockets = sum(each.startswith("socket:") for each in opened)
    cpu = (int(fields[11]) + int(fields[12])) / _TICK
    return Usage(pid, kind, cpu, int(fields[21]) * _PAGE, len(opened), sockets)


def _stat(pid: int) -> list[str]:
    """The fields after the name: state, parent, …; empty if the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""
