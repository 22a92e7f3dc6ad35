"""The crash drill: a real service and its clients, struck at random, then judged."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import billow
from billow.drill.app import COUNT, READ
from billow.drill.checker import Bounds, Run, check
from billow.drill.final import read_final
from billow.drill.history import History, Sighting, read_histories
from billow.drill.nemesis import STALLS, TARGETS, Nemesis, survivors
from billow.drill.processes import Kind, send
from billow.drill.report import Report, accepting, redone
from billow.drill.transports import Http
from billow.errors import Unavailable
from billow.flow.followup import name_of
from billow.home import open_home
from billow.ports.ledger import Ledger

#: The drill's clients, and whether they speak HTTP.
CLIENTS = {"direct-1": False, "direct-2": False, "http-1": True, "http-2": True}
#: Seconds of quiet before the first fault.
WARM_UP = 3.0
#: Seconds that processes may take to start again after the last fault, before the drain counts.
START_LIMIT = 30.0
_LOOK_EVERY = 0.02

#: The file that declares the drill's app.
APP = """\
from billow.drill.app import make_app

app = make_app({runs!r}, lease={lease!r}, workers={workers!r}, work={work!r})
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a crash drill is to do."""

    #: Where it keeps everything; must be empty or new.
    folder: Path
    #: Decides what is struck and when, and what clients ask for.
    seed: int = 1
    #: Strikes that kill; one at everything counts once.
    kills: int = 200
    #: Seconds that a job stays reserved without a sign of life.
    lease: float = 2.0
    #: Workers of each of the two functions.
    workers: int = 2
    #: Seconds that a job takes at least; over 25 ms, workers take jobs one by one.
    work: float = 0.04
    #: Share of the strikes that stall a process instead of killing it.
    stalls: float = STALLS
    #: How often each target is struck, beside the others.
    targets: Mapping[Kind | None, int] = field(default_factory=lambda: TARGETS)

    @property
    def replay(self) -> str:
        """The command that does the same again."""
        options = f"--seed {self.seed} --kills {self.kills}"
        return f"billow drill crash {options} --lease {self.lease:g} --workers {self.workers}"

    @property
    def deadline(self) -> float:
        """Seconds in which everything must be done after the last fault."""
        return 5 * self.lease + self.work + 5


class CrashDrill:
    """One crash drill. `run` does all of it.

    Args:
        plan: what to do.
        tell: is told, about once a second, how far it is: a phase, and kills so far.
    """

    def __init__(self, plan: Plan, tell: Callable[[str, int], None] | None = None) -> None:
        self._plan = plan
        self._tell = tell or (lambda *_: None)
        self._told = 0.0
        place = plan.folder.absolute()
        place.mkdir(parents=True, exist_ok=True)
        self._place = place
        self._home = place / "home"
        self._runs = place / "runs.log"
        self._app = place / "app.py"
        self._port = _free_port()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._nemesis = Nemesis(str(place), plan.seed, plan.lease, plan.stalls, plan.targets)

    def run(self) -> Report:
        """Do the drill and judge it.

        Raises:
            Unavailable: the service does not even start, or does not end.
        """
        self._prepare()
        try:
            self._wait_for_service()
            self._watch(WARM_UP, "warming up")
            began = time.monotonic()
            self._fight()
            lasted = time.monotonic() - began
            drained = self._heal()
            listed = self._list()
            self._stop()
        finally:
            self._clean_up()
        return self._judge(lasted, drained, listed)

    # Processes

    def _prepare(self) -> None:
        plan = self._plan
        self._runs.touch()
        self._app.write_text(
            APP.format(runs=str(self._runs), lease=plan.lease, workers=plan.workers, work=plan.work)
        )
        (self._place / "histories").mkdir(exist_ok=True)
        (self._place / "logs").mkdir(exist_ok=True)
        self._tend()

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _commands(self) -> dict[str, list[str]]:
        """The keeper's and the clients' commands by name."""
        app, home = str(self._app), str(self._home)
        keeper = ["billow.cli.main", "up", app, "--folder", home, "--port", str(self._port)]
        commands = {"keeper": [*keeper, "--plain", "--grace", "20"]}
        for name, http in CLIENTS.items():
            history = str(self._place / "histories" / name)
            common = ["--app", app, "--folder", home, "--history", history, "--name", name]
            url = ["--url", self._url] if http else []
            seed = ["--seed", str(self._plan.seed)]
            commands[name] = ["billow.drill.client", *common, *seed, *url]
        return commands

    def _tend(self) -> None:
        """Start what does not run: the keeper as an operator would, clients as users do."""
        for name, command in self._commands().items():
            running = self._running.get(name)
            if running is None or running.poll() is not None:
                self._running[name] = self._start(name, command)

    def _start(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        source = str(Path(billow.__file__).parents[1])
        paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
        with (self._place / "logs" / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                start_new_session=True,
            )

    def _wait_for_service(self) -> None:
        deadline = time.monotonic() + START_LIMIT
        while not self._answers():
            if time.monotonic() > deadline:
                raise Unavailable(f"the service does not start; see {self._place / 'logs'}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            Http(self._url).pages()
        except (OSError, ValueError, KeyError):
            return False
        return True

    # Phases

    def _watch(self, length: float, phase: str) -> None:
        """Keep everything running for a while."""
        until = time.monotonic() + length
        while (left := until - time.monotonic()) > 0:
            self._nemesis.thaw()
            self._tend()
            self._say(phase)
            time.sleep(min(left, _LOOK_EVERY))

    def _say(self, phase: str) -> None:
        if time.monotonic() - self._told >= 1:
            self._told = time.monotonic()
            self._tell(phase, self._nemesis.kills)

    def _fight(self) -> None:
        while self._nemesis.kills < self._plan.kills:
            self._nemesis.strike()
            self._watch(self._nemesis.rest(), "striking")

    def _heal(self) -> float:
        """End all faults, let the clients finish, and wait until all work is done; seconds."""
        began = time.monotonic()
        self._nemesis.thaw(all_=True)
        self._tend()
        self._wait_for_service()
        clients = {name: self._running[name] for name in CLIENTS}
        for process in clients.values():
            send(process.pid, signal.SIGTERM)
        for name, process in clients.items():
            self._tell("finishing", self._nemesis.kills)
            if process.wait(timeout=120) != 0:
                raise Unavailable(f"client {name} did not finish; see {self._place / 'logs'}")
        ledger = open_home(self._home).ledger
        while _open_jobs(ledger) and time.monotonic() - began < 3 * self._plan.deadline:
            self._say("draining")
            time.sleep(_LOOK_EVERY)
        return time.monotonic() - began

    def _list(self) -> list[Sighting]:
        """All jobs as the public list shows them."""
        asked = time.time()
        return [
            Sighting(
                asked,
                time.time(),
                job["id"],
                job["status"],
                job["finished"],
                "",
            )
            for job in Http(self._url).pages()
        ]

    def _stop(self) -> None:
        keeper = self._running["keeper"]
        send(keeper.pid, signal.SIGTERM)
        keeper.wait(timeout=60)

    def _clean_up(self) -> None:
        for process in survivors(self._place):
            send(process.pid, signal.SIGKILL)
        for started in self._running.values():
            started.wait()

    # Verdict

    def _judge(self, lasted: float, drained: float, listed: list[Sighting]) -> Report:
        plan, nemesis = self._plan, self._nemesis
        history = self._history()
        history.sightings += listed
        runs = self._read_runs()
        keys = {call.asked.key for call in history.calls}
        final = read_final(open_home(self._home), keys)
        explained = nemesis.repeats_explained(2 * plan.workers)
        bounds = Bounds(explained, drained, plan.deadline)
        report = Report(
            seed=plan.seed,
            version=billow.__version__,
            kills=nemesis.kills,
            killed=nemesis.killed,
            schedule=nemesis.strikes,
            strikes=nemesis.counted(),
            verdict=check(history, final, runs, bounds),
            lasted=lasted,
            drained=drained,
            deadline=plan.deadline,
            repeats_explained=explained,
            redone=redone(nemesis.strikes, runs, final),
            accepting=accepting(
                nemesis.strikes, history, {name for name, http in CLIENTS.items() if http}
            ),
            replay=plan.replay,
        )
        self._write(report)
        return report

    def _history(self) -> History:
        return read_histories((self._place / "histories").iterdir())

    def _read_runs(self) -> list[Run]:
        lines = (line.split() for line in self._runs.read_text().splitlines())
        return [Run(key, int(pid), float(began)) for key, pid, began in lines]

    def _write(self, report: Report) -> None:
        told: dict[str, Any] = report.document()
        (self._place / "report.json").write_text(json.dumps(told, indent=2) + "\n")
        (self._place / "report.txt").write_text("\n".join(report.lines()) + "\n")


def _open_jobs(ledger: Ledger) -> int:
    functions = (COUNT, READ, name_of(COUNT), name_of(READ))
    queues = [ledger.counts(function) for function in functions]
    return sum(queue.visible + queue.in_flight + queue.delayed for queue in queues)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
