"""A home with a past: a burst of files, a fleet that grew, failures, dead letters.

Run it to look at the console by hand: `python -m tests.browser.seed FOLDER`, then
`python -m billow.web --app tests/browser/demo_app.py --folder FOLDER --port 8080`.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

from billow.clock import VirtualClock
from billow.fleet.policy import AlarmView
from billow.flow.arrivals import arrival_rule
from billow.flow.client import Client
from billow.home import Home, open_home
from billow.job import Failure
from billow.ports.ledger import Completed, Failed, Lease, Outcome, Publish, Put
from billow.ports.logs import Line
from tests.browser.demo_app import app

FLEET = {"function": "top_words"}
NAMES = ["Moby-Dick", "Emma", "Dracula", "Middlemarch", "Ulysses", "Walden", "Faust", "Candide"]
WORDS = ["whale", "ship", "captain", "sea", "ahab", "white", "water", "boat", "harpoon", "deck"]
TRACE = """Traceback (most recent call last):
  File "app.py", line 24, in top_words
    words = Counter(text.read_text().lower().split())
UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte
"""


class Past:
    """Plays a service's last minutes, second by second."""

    def __init__(self, folder: Path, *, files: int = 120, length: int = 280) -> None:
        self.dice = random.Random(7)
        self.clock = VirtualClock(time.time() - length)
        self.home: Home = open_home(folder, arrivals=arrival_rule(app), clock=self.clock)
        self.client = Client(self.home, app)
        self.files, self.length = files, length
        self.crew: dict[str, tuple[Lease, float] | None] = {"top_words-7f3a": None}
        self.since: dict[str, float] = {}
        self.done = dict.fromkeys(self.crew, 0)

    def play(self) -> None:
        self._begin()
        for second in range(self.length):
            self._act(second)
            self._work()
            self._sample()
            self._say(second)
            self.clock.advance(1.0)
        self._show()

    def _say(self, second: int) -> None:
        """What the processes log in a second, some of it about the newest job."""
        now, jobs = self.clock.now(), self.home.ledger.find(limit=1).jobs
        request = f"01kreq{second // 10:020d}"
        lines = [Line(now + 0.2, 20, "web", "billow.web.access", "GET /jobs 200", request=request)]
        if jobs and second % 3 == 0:
            worker, job = "top_words-7f3a", jobs[0].id
            lines += [
                Line(now + 0.3, 20, worker, "stdout", f"read {jobs[0].name}", job, request),
                Line(now + 0.4, 30, worker, "wordfreq", "a <b>very</b> long word", job, request),
            ]
        if second % 40 == 0:
            error = json.dumps({"error": TRACE, "status": 500})
            lines.append(
                Line(now + 0.5, 40, "web", "billow.web", "it broke", "", request, "", error)
            )
        self.home.logs.write(lines)

    def _begin(self) -> None:
        journal = self.home.journal
        journal.write("service.started", "wordfreq", "by hand")
        journal.write("worker.ready", "top_words-7f3a", "in service 0.4 s after its launch", FLEET)
        for name, value in (("Emma", 2), ("Faust", 3)):
            self.client.submit("square", {"number": value}, name=name)

    def _act(self, second: int) -> None:
        if second == 60:
            self.client.send_file(
                "top_words", [b"\xff\xfe"], name="ledger-2019.txt", args={"top": 5}
            )
            self.client.send_file(
                "top_words", [b"\xff\xfe"], name="ledger-2020.txt", args={"top": 5}
            )
            for place in range(self.files):
                name = f"{NAMES[place % len(NAMES)]} {place // len(NAMES) + 1}.txt"
                self.client.send_file("top_words", [f"text {place} of {name}".encode()], name=name)
        if second == 95:
            self._grow("top_words-c41e", 1, 2, "42.3 visible on average over 1 min >= 15")
        if second == 165:
            self._grow("top_words-09bd", 2, 3, "71.0 visible on average over 1 min >= 15")
        if second == 230:
            self.home.journal.write(
                "scale.bound", "top_words",
                "38.5 visible on average over 1 min >= 15: +1; 4 wanted, but max is 3",
            )  # fmt: skip

    def _grow(self, worker: str, before: int, after: int, why: str) -> None:
        journal = self.home.journal
        reason = f"{why} (1 of 1 datapoints): +1"
        journal.write("alarm.alarm", "top_words", f"scale out: OK -> ALARM, {why}")
        journal.write("scale.out", "top_words", reason, {"from": before, "to": after})
        journal.write("worker.launched", worker, "from template default version 1", FLEET)
        self.crew[worker] = None
        self.done[worker] = 0

    def _work(self) -> None:
        for worker, held in self.crew.items():
            outcomes: list[Outcome] = []
            if held is not None:
                lease, until = held
                if self.clock.now() < until:
                    self.home.ledger.report(lease.seq, lease.token, self.dice.random())
                    continue
                outcomes.append(self._outcome(lease))
                self.done[worker] += 1
            taken = self.home.ledger.exchange("top_words", worker, outcomes, 1, 30.0).leases
            self.since[worker] = self.clock.now()
            span = self.dice.lognormvariate(1.5, 0.35)
            self.crew[worker] = (taken[0], self.clock.now() + span) if taken else None

    def _outcome(self, lease: Lease) -> Outcome:
        began = self.clock.now() - self.dice.lognormvariate(1.5, 0.35)
        if lease.name.startswith("ledger"):
            failure = Failure("raised", TRACE.splitlines()[-1], TRACE)
            last = lease.failures >= 2
            return Failed(
                lease.seq, lease.token, failure, began, self.clock.now(), None if last else 1.0
            )
        if self.dice.random() < 0.03:
            failure = Failure("timed out", f"it ran longer than {self.dice.randint(10, 30)} s")
            return Failed(lease.seq, lease.token, failure, began, self.clock.now())
        counts = sorted((self.dice.randint(20, 1700) for _ in WORDS), reverse=True)
        result = json.dumps(
            {
                "file": lease.name,
                "words": [list(pair) for pair in zip(WORDS, counts, strict=True)],
                "total": 212030,
                "distinct": 17_227,
                "rule": "words",
            }
        )
        effects = (
            Publish("wordfreq-results", json.dumps({"Job": lease.name, "Status": "success"})),
            Put("wordfreq", lease.name, result),
        )
        return Completed(lease.seq, lease.token, result, began, self.clock.now(), effects)

    def _sample(self) -> None:
        counts = self.home.ledger.counts("top_words")
        busy = sum(held is not None for held in self.crew.values())
        finished = sum(self.done.values())
        rate = finished - getattr(self, "_before", 0)
        self._before = finished
        self.home.journal.sample(
            {
                "queue.wordfreq-jobs.visible": counts.visible,
                "queue.wordfreq-jobs.in_flight": counts.in_flight,
                "queue.wordfreq-jobs.delayed": counts.delayed,
                "queue.wordfreq-jobs.oldest": counts.oldest,
                "fleet.top_words.starting": 0,
                "fleet.top_words.idle": len(self.crew) - busy,
                "fleet.top_words.busy": busy,
                "fleet.top_words.draining": 0,
                "fleet.top_words.wanted": len(self.crew),
                "jobs.top_words.completed": rate,
                "jobs.top_words.failed": 0,
            }
        )

    def _show(self) -> None:
        journal, now = self.home.journal, self.clock.now()
        journal.show("service", {
            "app": "wordfreq", "started": now - self.length, "speed": 5, "version": "0.1.0",
            "url": "http://127.0.0.1:8080", "pid": 4200,
        })  # fmt: skip
        out = AlarmView("scale out", "ALARM", 38.5, 15, ">=")
        in_ = AlarmView("scale in", "OK", 38.5, 2, "<=")
        journal.show("fleet.top_words", {
            "policy": "StepScaling", "min": 1, "max": 3, "wanted": 3, "trouble": "",
            "reason": "38.5 visible on average over 1 min >= 15 (1 of 1); rests for 12 s",
            "alarms": [out._asdict(), in_._asdict()],
            "workers": [self._worker(i, worker) for i, worker in enumerate(self.crew)],
        })  # fmt: skip
        journal.show("fleet.square", {
            "policy": "Queue", "min": 1, "max": 2, "wanted": 1, "trouble": "", "alarms": [],
            "reason": "2 visible + 0 in flight, 1 a worker: 2 wanted", "workers": [],
        })  # fmt: skip
        for name in ("keeper", "web"):
            state = {"pid": 4200 + len(name), "state": "running", "since": now - self.length}
            journal.show(f"process.{name}", {**state, "restarts": 0})

    def _worker(self, place: int, worker: str) -> dict[str, object]:
        held = self.crew[worker]
        return {
            "id": worker, "pid": 4301 + 2 * place, "child_pid": 4302 + 2 * place,
            "state": "busy" if held else "idle", "since": self.since.get(worker, 0.0),
            "launched": self.clock.now() - 200, "jobs": 1 if held else 0,
            "job": held[0].id if held else None, "name": held[0].name if held else "",
            "done": self.done[worker], "failed": 0, "rss": (41 + 3 * place) << 20,
            "template": "default", "version": 1,
        }  # fmt: skip


def seed(folder: Path) -> None:
    """Fill the home in `folder`."""
    Past(folder).play()


if __name__ == "__main__":
    seed(Path(sys.argv[1]))
