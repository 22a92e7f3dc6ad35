"""What machine the figures come from, and how much of it was ours when they were taken."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.jobs.measure import quantile
from bench.jobs.servers import redis_version

_SPIN = """
import time
end, used, turns = time.perf_counter() + 0.3, time.process_time(), 0
while time.perf_counter() < end: turns += 1
print(time.process_time() - used, turns)
"""


def describe(folder: Path) -> dict[str, Any]:
    """Hardware, system and versions."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release()}",
        "filesystem": _filesystem(folder),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "redis": redis_version(),
    }


def calibrate(folder: Path) -> dict[str, float]:
    """A moment's work on every core and a few syncs: is the machine ours, and how fast is it?

    `cpu_share` is the part of all cores we got, `mloops` what a core did in a second, and
    `fdatasync_ms` the median time that 4 KiB need to be on the disk.
    """
    cores = os.cpu_count() or 1
    spins = [
        subprocess.Popen([sys.executable, "-c", _SPIN], stdout=subprocess.PIPE, text=True)
        for _ in range(cores)
    ]
    said = [[float(part) for part in spin.communicate()[0].split()] for spin in spins]
    return {
        "cpu_share": round(sum(used for used, _ in said) / 0.3 / cores, 2),
        "mloops": round(sum(turns for _, turns in said) / 0.3 / cores / 1e6, 2),
        "fdatasync_ms": round(quantile(_sync_times(folder, 40), 0.5) * 1000, 3),
    }


def _sync_times(folder: Path, count: int) -> list[float]:
    path = folder / "probe"
    file = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        return [_sync_time(file) for _ in range(count)]
    finally:
        os.close(file)
        path.unlink()


def _sync_time(file: int) -> float:
    began = time.perf_counter()
    os.write(file, bytes(4096))
    os.fdatasync(file)
    return time.perf_counter() - began


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _filesystem(folder: Path) -> str:
    command = ["stat", "--file-system", "--format", "%T", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
