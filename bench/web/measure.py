"""The measurements, each of one contender, once."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.jobs.processes import descendants
from bench.web.contenders import ROOT, Contender, Place
from bench.web.fixtures import cold_paths, hot_paths, make_photos
from bench.web.load import Load, children_cpu, flat_out, planned, together
from bench.web.running import busy, running, used
from bench.web.stock import stock
from billow.drill.load.tally import Kind, Tally

#: A second of warm-up, then so many of measurement.
FLAT_SECONDS = 5.0
#: 10,000 requests a minute.
RATE = 167.0
STRUCK_SECONDS, STRUCK_AT = 12.0, 3.0
#: What one core can do of 5 ms each, about; ten times that; how long; and how long a client waits.
CAPACITY, FACTOR, FLOOD_SECONDS, PATIENCE = 190.0, 10.0, 8.0, 1.0

MISSING_SECONDS = 12.0

_SERVERS = ("billow.web",)
_CORES = os.sched_getaffinity(0)


@contextmanager
def serving(contender: Contender, fixtures: Path) -> Iterator[tuple[Place, list[int]]]:
    """A contender that runs, with pictures if it is Billow's album; its place and processes."""
    folder = Path(tempfile.mkdtemp(prefix="billow-bench-web-"))
    folder.chmod(0o755)  # nginx works as another user
    place = Place.new(folder, fixtures)
    try:
        surroundings = contender.surroundings(place)
        commands = contender.commands(place)
        with running(commands, place.port, folder, surroundings, ROOT) as pids:
            stock(place, surroundings)
            yield place, pids
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def whole(contender: Contender, fixtures: Path, rate: float = RATE) -> dict[str, Any]:
    """The whole authorised request: as fast as it goes, then at 10,000 a minute."""
    with serving(contender, fixtures) as (place, pids):
        flat_out(place.port, 1)
        began, cpu, others, ours = time.monotonic(), used(pids), busy(), children_cpu()
        flat = flat_out(place.port, FLAT_SECONDS)
        spent, lasted = used(pids) - cpu, time.monotonic() - began
        elsewhere = busy() - others - spent - (children_cpu() - ours)
        load = Load(rate, FLAT_SECONDS, poisson=True)
        steady = planned(place.port, load, place.folder)
    return {
        "requests_s": round(flat.rate),
        "cpu_us": round(spent / max(1, flat.requests) * 1e6),
        "p50_ms": round(flat.p50 * 1000, 2),
        "p99_ms": round(flat.p99 * 1000, 2),
        "errors": flat.errors,
        "steady_p50_ms": _milli(steady, 0.5),
        "steady_p99_ms": _milli(steady, 0.99),
        "steady_failed": steady.failed,
        "others_cores": round(elsewhere / lasted, 2),
    }


def struck(contender: Contender, fixtures: Path, fault: signal.Signals) -> dict[str, Any]:
    """One of three servers is killed or stopped at 167 requests a second."""
    with serving(contender, fixtures) as (place, pids):
        victim = random.Random(1).choice(_servers(pids))
        before = len(_servers(pids))
        done: dict[str, float] = {}

        def during(now: float) -> None:
            if now >= STRUCK_AT and "struck" not in done:
                done["struck"] = now
                os.kill(victim, fault)
            elif "struck" in done and "replaced" not in done:
                there = _servers(pids)
                if victim not in there and len(there) >= before:
                    done["replaced"] = now

        tally = planned(place.port, Load(RATE, STRUCK_SECONDS), place.folder, during)
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGCONT)
    replaced = done.get("replaced")
    return {
        "fault": fault.name,
        "due": tally.planned,
        "failed": tally.failed,
        "kinds": {str(kind): n for kind, n in sorted(tally.kinds.items()) if kind != Kind.OK},
        "p99_ms": _milli(tally, 0.99),
        "replaced_s": None if replaced is None else round(replaced - done["struck"], 2),
    }


def flooded(contender: Contender, fixtures: Path) -> dict[str, Any]:
    """Ten times the capacity of a server whose requests take 5 ms of CPU; then half of it.

    All of the contender is on one core, and those who ask are on another.
    """
    with _cores({0}), serving(contender, fixtures) as (place, _), _cores({1}):
        planned(place.port, Load(20, 1, timeout=PATIENCE), place.folder)
        peak = planned(place.port, _flood(1.5, 4), place.folder)
        tally = planned(place.port, _flood(FACTOR, FLOOD_SECONDS), place.folder)
        after = planned(place.port, _flood(0.5, 2), place.folder)
    goodput = tally.ok / FLOOD_SECONDS
    return {
        "offered_s": round(tally.planned / FLOOD_SECONDS),
        "goodput_s": round(goodput, 1),
        "peak_s": round(max(goodput, peak.ok / 4), 1),
        "p99_ms": _milli(tally, 0.99),
        "refused": tally.refused,
        "kinds": {str(kind): n for kind, n in sorted(tally.kinds.items())},
        "after_ok": round(after.ok / max(1, after.planned), 3),
    }


def missing(contender: Contender, fixtures: Path) -> dict[str, Any]:
    """10,000 requests a minute, of which a tenth asks for pictures that are not made yet."""
    make_photos(fixtures)
    with serving(contender, fixtures) as (place, pids):
        cpu = used(pids)
        load = Load(RATE * 0.9, MISSING_SECONDS, timeout=5.0, poisson=True)
        hits = replace(load, paths=tuple(hot_paths()))
        misses = replace(load, rate=RATE * 0.1, paths=tuple(cold_paths()))
        hit, miss = together(place.port, [hits, misses], place.folder)
        spent = used(pids) - cpu
    return {
        "hit_p50_ms": _milli(hit, 0.5),
        "hit_p99_ms": _milli(hit, 0.99),
        "miss_p50_ms": _milli(miss, 0.5),
        "miss_p99_ms": _milli(miss, 0.99),
        "failed": hit.failed + miss.failed,
        "cores": round(spent / MISSING_SECONDS, 2),
    }


@contextmanager
def _cores(wanted: set[int]) -> Iterator[None]:
    """What is started in the block stays on these cores, where there are any."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, wanted & _CORES or _CORES)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _flood(factor: float, seconds: float) -> Load:
    return Load(CAPACITY * factor, seconds, visitors=400, timeout=PATIENCE, poisson=True)


def _servers(pids: Sequence[int]) -> list[int]:
    """The processes that answer: below whatever was started, those that do the work."""
    family = sorted(each for pid in pids for each in descendants(pid))
    ours = [pid for pid in family if any(sign in _words(pid) for sign in _SERVERS)]
    if ours:
        return ours
    names = {pid: Path(f"/proc/{pid}/comm") for pid in family}
    workers = [pid for pid in family if _works(pid, pids, names)]
    return workers or family


def _works(pid: int, roots: Sequence[int], names: dict[int, Path]) -> bool:
    """Whether a process serves: a child of a supervisor, or a server behind a proxy."""
    try:
        name = names[pid].read_text().strip()
    except OSError:
        return False
    words = " ".join(_words(pid))
    if name.startswith(("haproxy", "nginx")) or "resource_tracker" in words:
        return False
    return pid not in roots or (len(roots) > 1 and "--workers" not in words)


def _words(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def _milli(tally: Tally, share: float) -> float | None:
    value = tally.times.quantile(share)
    return None if value is None else round(value * 1000, 2)
