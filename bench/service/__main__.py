"""Measure a service on this machine: `python -m bench.service [--rounds 3] [--json]`.

- up: from `billow up` to the first accepted job (202), s
- idle: CPU of all its processes over 20 s, in percent of a core, and their memory (PSS), MiB
- burst: 120 jobs of one second sent at once to a fleet of 1 to 10 workers, one job each: s until
  the first worker was busy, until 10 were, until all results were there, and until the fleet was
  back at its minimum; and how many jobs ran more than once
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from billow.flow.client import connect
from billow.home import open_home
from billow.job import Status
from billow.loading import load_app
from billow.ports.journal import Journal
from billow.ports.ledger import Ledger

APP = Path(__file__).with_name("app.py")
JOBS = 120
WORKERS = 10
IDLE_SECONDS = 20.0
_TICK = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure as often as asked and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rounds = [measure() for _ in range(options.rounds)]
    medians = {key: round(statistics.median(r[key] for r in rounds), 3) for key in rounds[0]}
    if options.json:
        print(json.dumps({"rounds": rounds, "median": medians}))
        return
    print(f"{'median of ' + str(options.rounds):32} {'value':>10}")
    for key, value in medians.items():
        print(f"{key:32} {value:10.2f}")


def measure() -> dict[str, float]:
    """One round on a fresh folder."""
    folder = Path(tempfile.mkdtemp(prefix="billow-bench-"))
    try:
        with _service(folder) as (pid, url, began):
            found = {"up s": _until_accepted(url, began)}
            journal = open_home(folder).journal
            _wait_until(lambda: _fleet_is(journal, 1), 30)
            time.sleep(12)  # the first worker's own start and the first job are over
            found |= _idle(pid)
            found |= _burst(folder)
            return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _service(folder: Path) -> Iterator[tuple[int, str, float]]:
    port = _free_port()
    command = [sys.executable, "-m", "billow.cli.main", "up", str(APP), "--plain"]
    command += ["--folder", str(folder), "--port", str(port)]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process.pid, f"http://127.0.0.1:{port}", began
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _until_accepted(url: str, began: float) -> float:
    request = urllib.request.Request(
        f"{url}/api/v1/functions/nap/jobs",
        data=b'{"args": {"number": -1}}',
        headers={"Content-Type": "application/json"},
    )
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert answer.status == 202
                return time.perf_counter() - began
        except urllib.error.URLError:
            time.sleep(0.01)


def _idle(root: int) -> dict[str, float]:
    before = _cpu(root)
    time.sleep(IDLE_SECONDS)
    used = _cpu(root) - before
    found = {"idle CPU % of a core": 100 * used / IDLE_SECONDS}
    found["idle processes"] = len(_tree(root))
    found["idle memory MiB"] = sum(_memory(pid) for pid in _tree(root)) / 1024
    return found


def _burst(folder: Path) -> dict[str, float]:
    client = connect(load_app(APP), folder)
    journal = client.home.journal
    mark = max((entry.seq for entry in journal.read(newest=True, limit=1)), default=0)
    began, began_at = time.perf_counter(), time.time()
    accepted = client.submit_many("nap", [{"number": n} for n in range(JOBS)])
    first = _wait_until(lambda: client.home.ledger.counts("nap").in_flight >= 1, 60, began)
    all_busy = _wait_until(lambda: _running(client.home.ledger) >= WORKERS, 60, began)
    jobs = client.wait_all([one.id for one in accepted], timeout=300)
    drained = time.perf_counter() - began
    back = _wait_until(lambda: _fleet_is(journal, 1), 120, began)
    twice = sum(1 for job in jobs if job.failures or job.lost or job.result is None)
    stops = _busy_stops(journal, mark)
    assert all(job.created >= began_at - 1 for job in jobs)
    return {
        "burst: first busy s": first,
        "burst: 10 busy s": all_busy,
        "burst: all results s": drained,
        "burst: back to minimum s": back,
        "burst: jobs run twice or lost": twice,
        "burst: workers killed": stops,
    }


def _running(ledger: Ledger) -> int:
    workers = {job.worker for job in ledger.find(status=Status.RUNNING, limit=100).jobs}
    return len(workers)


def _fleet_is(journal: Journal, size: int) -> bool:
    shown = journal.shown("fleet.nap")
    if shown is None:
        return False
    workers = shown[0].get("workers", [])
    return len(workers) == size and all(worker["state"] == "idle" for worker in workers)


def _busy_stops(journal: Journal, after: int) -> int:
    return len(journal.read(after, kinds=["worker.killed", "worker.crashed"], limit=1000))


def _wait_until(reached: Callable[[], bool], limit: float, began: float | None = None) -> float:
    start = time.perf_counter() if began is None else began
    while not reached():
        if time.perf_counter() - start > limit:
            raise TimeoutError("the service did not get there in time")
        time.sleep(0.01)
    return time.perf_counter() - start


def _tree(root: int) -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _cpu(root: int) -> float:
    """CPU seconds that a tree's living processes, and the children they waited for, have used."""
    total = 0
    for pid in _tree(root):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(field) for field in fields[11:15])
    return total / _TICK


def _memory(pid: int) -> float:
    """Proportional set size in KiB: shared pages are shared out among those who share them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return float(line.split()[1])
    return 0.0


def _free_port() -> int:
    import socket  # noqa: PLC0415 - needed here only

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
