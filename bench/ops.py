"""What measuring costs: jobs and requests a CPU second, with metrics and without.

`python -m bench.ops [--rounds 5]`. Rounds alternate, and what is compared is the median of the
ratios of neighbours, in CPU time, since other programs disturb the clock on the wall.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import billow
from billow.home import Home, open_home
from billow.keeper.usage import cpu_time
from billow.ops.recorder import Recorder
from billow.ports.ledger import Submission
from billow.web.server import make_app

APP = '''
import billow

app = billow.App("ops")


@app.function()
def nothing() -> None:
    """Nothing."""
'''

#: Starts a worker; without metrics, all that measures does nothing.
START = """
import sys
from billow.ops.recorder import Recorder

if sys.argv.pop(1) == "bare":
    Recorder.count = Recorder.gauge = Recorder.observe = lambda *_: None
from billow.worker.__main__ import main

sys.exit(main(sys.argv[1:]))
"""

JOBS = 10_000
REQUESTS = 100


def jobs(how: str) -> float:
    """Jobs a CPU second of one real worker, its parent and its child together."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "app.py").write_text(APP)
        home = open_home(folder)
        for _ in range(JOBS // 1000):
            home.ledger.submit([Submission("nothing")] * 1000)
        command = ["--app", str(folder / "app.py"), "--function", "nothing"]
        command += ["--folder", str(folder), "--id", "w"]
        worker = subprocess.Popen([sys.executable, "-c", START, how, *command])
        try:
            return JOBS / _time_of(home, worker)
        finally:
            worker.kill()
            worker.wait()


def _time_of(home: Home, worker: subprocess.Popen[bytes]) -> float:
    """CPU seconds from the first job taken to the last one done."""
    while home.ledger.counts("nothing").visible == JOBS:
        time.sleep(0.002)
    family = [worker.pid, *_children(worker.pid)]
    began = sum(map(cpu_time, family))
    while (counts := home.ledger.counts("nothing")).visible or counts.in_flight:
        time.sleep(0.01)
    return sum(map(cpu_time, family)) - began


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def requests(batches: int) -> float:
    """CPU time of a request without metrics, as a share of that with them.

    Both in one process, in small batches by turns, so that whatever else happens meets both.
    """
    with tempfile.TemporaryDirectory() as place:
        home = open_home(Path(place))
        served = make_app(home, billow.App("ops"))
        quiet: Any = lambda *_: None  # noqa: E731
        real = {name: getattr(home.recorder, name) for name in ("count", "gauge", "observe")}
        spent = {"bare": 0.0, "measured": 0.0}
        for number in range(batches):
            how = ("bare", "measured")[number % 2]
            for name, call in real.items():
                setattr(home.recorder, name, quiet if how == "bare" else call)
            spent[how] += asyncio.run(_ask(served))
        return spent["bare"] / spent["measured"]


async def _ask(served: Any) -> float:
    """CPU seconds of some requests to the application itself, without a socket."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "path": "/healthz", "raw_path": b"/healthz", "query_string": b"", "root_path": "",
        "scheme": "http", "headers": [(b"host", b"127.0.0.1:8420")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8420),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Any) -> None:
        return None

    began = time.process_time()
    for _ in range(REQUESTS):
        await served(dict(scope), receive, send)
    return time.process_time() - began


def calls() -> dict[str, float]:
    """Microseconds of a call to the recorder."""
    recorder, many = Recorder(), 200_000
    made: dict[str, Callable[[], object]] = {
        "count": lambda: recorder.count("web.requests"),
        "observe": lambda: recorder.observe("web.latency", 0.0123),
    }
    found = {}
    for name, call in made.items():
        began = time.process_time()
        for _ in range(many):
            call()
        found[name] = 1e6 * (time.process_time() - began) / many
    return found


def compare(what: str, measure: Callable[[str], float], rounds: int) -> None:
    """Measure both in turn, and print the medians and the median of the ratios."""
    pairs = []
    for number in range(rounds):
        order = ("bare", "measured") if number % 2 else ("measured", "bare")
        pairs.append({how: measure(how) for how in order})
    medians = {how: statistics.median(p[how] for p in pairs) for how in ("bare", "measured")}
    ratio = statistics.median(p["measured"] / p["bare"] for p in pairs)
    print(
        f"{what} a CPU second: {medians['bare']:,.0f} without, {medians['measured']:,.0f} with "
        f"metrics; median of {rounds} ratios {ratio:.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(", ".join(f"{name} {cost:.2f} µs" for name, cost in calls().items()))
    ratio = statistics.median(requests(100) for _ in range(rounds))
    print(
        f"requests a CPU second, with metrics beside without: median of {rounds} ratios {ratio:.3f}"
    )
    compare("jobs", jobs, rounds)


if __name__ == "__main__":
    main()
