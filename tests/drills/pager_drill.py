"""Kills the pager again and again while incidents fire, are acknowledged and climb.

By itself, `python -m tests.drills.pager_drill --kills 1000` prints what came of it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import quantiles
from typing import Any

from billow.home import Home, open_home
from billow.loading import load_app
from billow.ops.incidents.desk import Desk
from billow.ops.pager.opening import open_desk
from billow.ops.pager.roster import Roster
from tests.drills.pager_check import Arrival, Drill, check

#: Services, each with people of its own, so that no throttle slows the drill down.
TEAMS = 6
APP = f"""
import billow

app = billow.App("shop")
for team in range({TEAMS}):
    people = [f"{{name}}{{team}}" for name in ("ana", "ben")]
    rota = billow.Rota(f"team{{team}}", people=people)
    levels = [(people[0], "300 ms"), (people[1], "300 ms"), (people[0], "1 h")]
    app.oncall(billow.Page(rota, levels=levels, repeat=0), service=f"service{{team}}")
"""
#: Seconds that the drill waits for the last messages.
PATIENCE = 60.0


class Sink(ThreadingHTTPServer):
    """Takes messages and writes down each before it says so."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.arrivals: list[Arrival] = []

    def handle_error(self, *_: object) -> None:
        """A sender that died before the answer is what the drill is about."""


class _Handler(BaseHTTPRequestHandler):
    server: Sink

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:  # whoever sent it is dead
            return
        said = json.loads(body)
        numbers = [each["number"] for each in said["incidents"]]
        for key in said["pages"]:
            kind = said["type"].partition(".")[2]
            arrival = Arrival(
                time.time(), self.headers["webhook-id"], key, numbers[0], said["person"], kind
            )
            self.server.arrivals.append(arrival)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class Nursery:
    """Starts pagers fast: a process that has imported everything forks one at a word."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.drills.pager_nursery", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "BILLOW_WEBHOOKS_LOCAL": "1"},
        )

    def start(self) -> int:
        """Start a pager; returns its process."""
        return int(self._say("start"))

    def kill(self, pid: int) -> float:
        """Kill a pager; returns when it was dead."""
        os.kill(pid, signal.SIGKILL)
        self._say("reap")
        return time.time()

    def close(self) -> None:
        """End it."""
        self._process.communicate("", timeout=30)

    def _say(self, word: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


class Scene:
    """A service with people, a sink for what reaches them, and incidents."""

    def __init__(self, folder: Path, sink: Sink, seed: int) -> None:
        (folder / "app.py").write_text(APP)
        self.home: Home = open_home(folder / "data")
        self.desk: Desk = open_desk(self.home, load_app(folder / "app.py"))
        self.sink = sink
        self.random = random.Random(seed)
        self.expected: dict[int, frozenset[str]] = {}
        self.acked: dict[int, float] = {}
        self.triggered: dict[int, float] = {}
        roster = Roster(self.home)
        url = f"http://127.0.0.1:{sink.server_address[1]}/"
        for team in range(TEAMS):
            for name in ("ana", "ben"):
                roster.add_contact(f"{name}{team}", "webhook", url, vouched=True, local=True)

    def fire(self) -> None:
        """Open an incident; some are answered at once or soon."""
        team = self.random.randrange(TEAMS)
        at = time.time()
        made = self.desk.trigger(
            f"service{team}", f"key {len(self.triggered)}", "slow", "critical", "drill", {}
        )
        self.triggered[made.number] = at
        self.expected[made.number] = frozenset([f"ana{team}", f"ben{team}"])

    def answer(self) -> None:
        """Acknowledge some incident that somebody was paged for."""
        paged = {each.incident for each in list(self.sink.arrivals)} - set(self.acked)
        if paged:
            number = self.random.choice(sorted(paged))
            self.desk.acknowledge(number, "drill")
            self.acked[number] = time.time()
            first = frozenset(each.person for each in self.sink.arrivals if each.incident == number)
            self.expected[number] = self.expected[number] & first

    def settle(self) -> None:
        """Wait until nothing waits to be sent, and every level was reached."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            waiting = self.desk.look(
                lambda room: any(
                    room.books.notices.find(state=state, limit=1)
                    for state in ("waiting", "sending")
                )
            )
            due = self.desk.look(lambda room: room.books.timers.until("due", room.now + 60, 1))
            if not waiting and not due:
                return
            time.sleep(0.05)

    def drill(self, kills: list[float]) -> Drill:
        """What was done, and what came of it."""
        sent = self.desk.look(lambda room: room.books.notices.find(state="sent", limit=100_000))
        keys = frozenset(each.key for each in sent)
        return Drill(self.expected, self.acked, kills, keys, list(self.sink.arrivals))


def run(folder: Path, kills: int, seed: int = 1, every: int = 5) -> Drill:
    """A drill: so many kills, and an incident at every fifth of them."""
    with Sink() as sink:
        thread = threading.Thread(target=sink.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        scene = Scene(folder, sink, seed)
        nursery = Nursery(folder)
        dead: list[float] = []
        try:
            for number in range(kills):
                pid = nursery.start()
                if number % every == 0:
                    scene.fire()
                time.sleep(scene.random.uniform(0.0, 0.25))
                if scene.random.random() < 0.1:
                    scene.answer()
                dead.append(nursery.kill(pid))
            pid = nursery.start()
            scene.settle()
            nursery.kill(pid)
        finally:
            nursery.close()
            sink.shutdown()
            thread.join()
    return scene.drill(dead)


def latency(folder: Path, count: int = 200) -> list[float]:
    """Seconds from opening an incident to the first message that reached somebody."""
    with Sink() as sink:
        thread = threading.Thread(target=sink.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        scene = Scene(folder, sink, 1)
        nursery = Nursery(folder)
        pid = nursery.start()
        for _ in range(count):
            scene.fire()
            time.sleep(scene.random.uniform(0.0, 0.3))
        scene.settle()
        nursery.kill(pid)
        nursery.close()
        sink.shutdown()
        thread.join()
    first: dict[int, float] = {}
    for each in sorted(sink.arrivals):
        first.setdefault(each.incident, each.at)
    return [first[number] - at for number, at in scene.triggered.items()]


def main() -> None:
    """Run the drill and print its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        began = time.monotonic()
        drill = run(Path(folder), asked.kills, asked.seed)
        verdict = check(drill)
        took = time.monotonic() - began
        waits = latency(Path(other))
    figures: dict[str, Any] = {
        "kills": asked.kills,
        "seed": asked.seed,
        "incidents": len(drill.expected),
        "acknowledged": len(drill.acked),
        "messages": len({each.key for each in drill.arrivals}),
        "wrong": verdict.wrong,
        "came twice, in the send window": verdict.twice,
        "seconds": round(took),
        "sign to first message, ms": {
            "median": round(quantiles(waits, n=100)[49] * 1000),
            "p99": round(quantiles(waits, n=100)[98] * 1000),
        },
    }
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    sys.exit(1 if verdict.wrong else 0)


if __name__ == "__main__":
    main()
