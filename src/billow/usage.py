"""What processes use of the machine, as the kernel tells."""

from __future__ import annotations

import os
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> int:
    """Bytes of memory that a process occupies; 0 if it is gone or the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0


def cpu_time(pid: int) -> float:
    """Seconds of CPU that a process has used; 0 if it is gone or the system does not tell."""
    try:
        # The name in parentheses may hold spaces; the numbers begin after it.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK
    except (OSError, IndexError, ValueError):
        return 0.0


def machine_times() -> tuple[float, float] | None:
    """Busy and all time of all processors, in ticks; None if the system does not tell."""
    try:
        fields = [float(f) for f in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        idle = sum(fields[3:5])
    except (OSError, ValueError, IndexError):
        return None
    return sum(fields) - idle, sum(fields)


def cpu_share(
    before: tuple[float, float] | None, after: tuple[float, float] | None
) -> float | None:
    """The busy share of the time between; None if that cannot be known."""
    if before is None or after is None or after[1] <= before[1]:
        return None
    return (after[0] - before[0]) / (after[1] - before[1])


def machine_memory() -> float | None:
    """The share of the memory that cannot be had; None if the system does not tell."""
    try:
        lines = [line.split() for line in Path("/proc/meminfo").read_text().splitlines()]
        sizes = {line[0]: float(line[1]) for line in lines}
        return 1 - sizes["MemAvailable:"] / sizes["MemTotal:"]
    except (OSError, ValueError, KeyError, IndexError, ZeroDivisionError):
        return None
