"""`python -m bench.front.service`: a pool flooded, and one of its servers killed, then one stopped.

Needs wrk. The page that is asked for takes 5 ms of CPU, so two cores are soon at their end.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from billow.usage import memory
from tests.front.load import Steady

APP = """
import time
import billow
from billow import site

app = billow.App("flooded")
app.web(billow.Web(min={size}, max={size}))


@app.page("/work", who="anybody")
def work(request: site.Request) -> site.Response:
    end = time.thread_time() + 0.005
    while time.thread_time() < end:
        pass
    return site.Response("done")
"""


class Service:
    """A running pool, and what its keeper tells."""

    def __init__(self, process: subprocess.Popen[str], told: list[dict[str, Any]]) -> None:
        self._process = process
        self.url: str = told[-1]["url"]
        self.port = int(self.url.rpartition(":")[2])
        self.events = told
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.events.append(json.loads(line))

    def of(self, kind: str, since: float = 0.0) -> list[dict[str, Any]]:
        """The events of a kind."""
        return [e for e in self.events if e.get("kind") == kind and e.get("at", 0.0) >= since]

    def pids(self) -> list[int]:
        """The servers."""
        asked = ["pgrep", "-P", str(self._process.pid), "-f", "billow.web "]
        found = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        return [int(pid) for pid in found.split()]

    def front(self) -> int:
        """The front's process."""
        asked = ["pgrep", "-P", str(self._process.pid), "-f", "billow.front"]
        return int(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)


@contextmanager
def service(size: int) -> Iterator[Service]:
    """A pool of `size` servers."""
    with tempfile.TemporaryDirectory(prefix="bench-front-") as folder:
        app = Path(folder) / "app.py"
        app.write_text(APP.format(size=size))
        billow = str(Path(sys.executable).parent / "billow")
        process = subprocess.Popen(
            [billow, "up", str(app), "--json", "--port", "0"], stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            told = [json.loads(process.stdout.readline())]
            while "url" not in told[-1]:
                told.append(json.loads(process.stdout.readline()))
            made = Service(process, told)
            while len(made.of("worker.ready")) < size:
                time.sleep(0.05)
            yield made
        finally:
            process.terminate()
            process.wait()


def ask(url: str) -> float:
    """Milliseconds until an answer; raises if it is none."""
    began = time.monotonic()
    with urllib.request.urlopen(url, timeout=10) as reply:
        reply.read()
    return (time.monotonic() - began) * 1000


def flood(made: Service, connections: int, seconds: int = 8) -> float:
    """Load with so many connections; prints what comes of it and returns good answers a second."""
    wrk = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", f"{made.url}/work"]
    load = subprocess.Popen(wrk, stdout=subprocess.PIPE, text=True)
    vital: dict[str, list[float]] = {"/healthz": [], "/fleet": []}
    while load.poll() is None:
        for path, taken in vital.items():
            taken.append(ask(made.url + path))
        time.sleep(0.1)
    said = load.communicate()[0]
    every = int(re.findall(r"(\d+) requests in", said)[0])
    refused = sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", said)))
    good = (every - refused) / seconds
    told = "; ".join(
        f"{path} p50 {sorted(taken)[len(taken) // 2]:.0f} ms, longest {max(taken):.0f} ms"
        for path, taken in vital.items()
    )
    rss = memory(made.front()) / 1e6
    print(
        f"{connections} connections, {every / seconds:.0f} requests/s: {good:.0f} good answers/s; "
        f"{told}; front {rss:.0f} MB",
        flush=True,
    )
    return good


def faults(made: Service, rate: float) -> None:
    """Kill a server, then stop one, under a steady rate; prints what was lost, and how long."""
    with Steady(made.port, "/healthz", rate) as load:
        for name, number in (("killed", signal.SIGKILL), ("stopped", signal.SIGSTOP)):
            time.sleep(3)
            victim = made.pids()[0]
            at = time.time()
            os.kill(victim, number)
            while not made.of("worker.ready", since=at):
                time.sleep(0.01)
            took = made.of("worker.ready", since=at)[0]["at"] - at
            print(f"one of three {name}: replaced, and in service, after {took:.1f} s", flush=True)
        time.sleep(3)
    slowest = sorted(one.seconds for one in load.seen)
    print(
        f"{len(load.seen)} requests at {rate:.0f}/s, {len(load.failed())} failed "
        f"(by status: {dict(Counter(one.status for one in load.failed()))}); "
        f"p99 {slowest[int(len(slowest) * 0.99)] * 1000:.0f} ms, longest {slowest[-1]:.2f} s"
    )


def main() -> None:
    """Measure both."""
    with service(2) as made:
        peak = max(flood(made, count) for count in (2, 4, 8))
        flooded = flood(made, 500)
        began = time.monotonic()
        while ask(f"{made.url}/work") > 100:
            pass
        print(
            f"goodput {flooded / peak:.0%} of the peak; back to normal after "
            f"{time.monotonic() - began:.1f} s"
        )
    with service(3) as made:
        faults(made, 167)


if __name__ == "__main__":
    main()
