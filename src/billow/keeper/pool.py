"""An app's pool of web servers and its front: started, watched, replaced, scaled."""

from __future__ import annotations

import secrets
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

from billow.app import App
from billow.clock import Clock
from billow.drivers.embedded.processes import Processes
from billow.drivers.embedded.spawn import Child, Lifeline
from billow.fleet.control import Controller
from billow.fleet.crew import Crew
from billow.fleet.policy import Traffic
from billow.front.config import Bounds, Config
from billow.handover import TOKEN_FILE
from billow.home import Home
from billow.keeper.certificate import Tls
from billow.keeper.how import WEB, YIELDING, Settings
from billow.keeper.line import Line
from billow.keeper.servers import Servers
from billow.keeper.shedding import Shedding
from billow.keeper.supervised import Supervised
from billow.keeper.told_lines import keep_lines
from billow.ops.logs.start import make_cleaner
from billow.options import File, LaunchTemplate
from billow.pool import NAME, Web
from billow.ports.ledger import Counts
from billow.settings import in_force
from billow.units import MiB, human_size, human_time, seconds
from billow.usage import cpu_time, memory

#: Seconds between two looks at what the servers use.
LOOK = 1.0

#: Seconds that a server itself takes to leave, at most.
GRACE = 10.0

#: Beginnings of the console's addresses, which must answer when nothing else does.
VITAL = ("/metrics", "/fleet", "/jobs", "/job/", "/dead", "/static/")

#: Bytes of a body beyond the largest upload: what forms add to it.
MORE = 1 * MiB


class Pool:
    """The front, and the fleet of servers behind it.

    Args:
        web: what the app declares of it.
        app: the app.
        settings: how the service is run.
        home: where its work is kept.
        bound: the socket that visitors come to.
        lifeline: its end tells everybody that the keeper is gone.
        control_clock: the time that policies go by.
    """

    def __init__(
        self,
        web: Web,
        app: App,
        settings: Settings,
        *,
        home: Home,
        bound: socket.socket,
        lifeline: Lifeline,
        control_clock: Clock,
    ) -> None:
        self._web = web
        self._folder = folder = settings.folder
        self._home = home
        self._bound = bound
        self._plain = settings.plain
        self._sockets = folder / "web"
        self._config = _config(web, app, folder, settings.tls)
        self._report: dict[str, Any] = {}
        self._line: Line | None = None
        self._cleaner = make_cleaner()
        self._looked = 0.0
        self._cpu: dict[str, float] = {}
        self._traffic: Traffic | None = None
        self.shedding = Shedding(home)
        self._prepare()
        processes = Processes(
            (
                *("--app", settings.target, "--folder", str(folder)),
                *("--sockets", str(self._sockets)),
            ),
            logs=settings.logs,
            lifeline=lifeline,
            clock=home.clock,
        )
        drain = seconds(web.drain)
        self.servers = Servers(processes, self._sockets, home.clock, drain)
        crew = Crew(
            NAME,
            self.servers,
            home.journal,
            home.clock,
            template=lambda: LaunchTemplate(NAME, command=(*YIELDING, *(settings.web or WEB))),
            abandon=lambda _: 0,
            drain_limit=drain + GRACE,
            unit="request",
        )
        self.controller = Controller(NAME, web.fleet, crew, home.journal, control_clock)
        self.front = Supervised("front", self._start_front, home.journal, home.clock)

    @property
    def report(self) -> dict[str, Any]:
        """What the front said last; empty if it says nothing."""
        return self._report

    @property
    def traffic(self) -> Traffic | None:
        """What comes to the servers; None if the front does not say."""
        return self._traffic

    @property
    def served(self) -> bool:
        """Whether the front has a server that answers."""
        told = self._report.get("servers", {}).values()
        return any(not each["suspect"] and not each["draining"] for each in told)

    def tick(self) -> None:
        """Listen to the front, look after the servers, decide how many, tell the front."""
        self._hear()
        self._look()
        self.shedding.look()
        self.controller.tick(self._counts(), self._traffic)
        self._finish_tick()

    def bury(self) -> None:
        """Take note of what has ended, and start nothing."""
        self._hear()
        self.controller.look()
        self._finish_tick(at_once=not self.front.running)

    def drain(self) -> None:
        """Ask the servers to leave once the front has."""
        self.controller.crew.drain_all("the service stops")

    def kill(self) -> None:
        """End the servers at once."""
        self.controller.crew.kill_all("the service stops at once")

    @property
    def running(self) -> bool:
        """Whether any server has not left."""
        return bool(self.servers.present())

    def filenos(self) -> list[int]:
        """Descriptors that become readable when a server ends or the front says something."""
        line = [] if self._line is None else [self._line.fileno()]
        return [*self.servers.filenos(), *line]

    def close(self) -> None:
        """Let go of everything."""
        if self._line is not None:
            self._line.close()
            self._line = None
        shutil.rmtree(self._sockets, ignore_errors=True)

    def _prepare(self) -> None:
        """A folder that nobody else can look into, with nothing of an earlier run in it."""
        shutil.rmtree(self._sockets, ignore_errors=True)
        self._sockets.mkdir(mode=0o700, parents=True)
        token = self._sockets / TOKEN_FILE
        token.touch(0o600)
        token.write_text(self._config.token)

    def _start_front(self) -> Child:
        if self._line is not None:
            self._line.close()
        line = self._line = Line()
        self._report = {}
        self._traffic = None
        fds = [self._bound.fileno(), line.other.fileno()]
        command = [sys.executable, "-m", "billow.front"]
        command += ["--fd", str(fds[0]), "--control", str(fds[1])]
        if self._plain is not None:
            fds.append(self._plain.fileno())
            command += ["--plain", str(fds[2])]
        child = Child(
            command,
            log=self._folder / "logs" / "front.log",
            fds=fds,
        )
        line.hand_over()
        line.send({"config": self._config.encode(), "sockets": str(self._sockets)})
        return child

    def _hear(self) -> None:
        if self._line is None:
            return
        for told in self._line.receive():
            for name, why in told.get("hung", {}).items():
                self.controller.crew.condemn(name, why)
            if "lines" in told:
                keep_lines(told, "front", self._home.logs, self._cleaner)
            if "report" in told:
                self._report = told["report"]
                self.shedding.hear(self._report)
                self.servers.told = self._report["servers"]
        if not self.front.running:
            self._report, self.servers.told, self._traffic = {}, {}, None

    def _finish_tick(self, *, at_once: bool = False) -> None:
        if self._line is not None:
            self._line.send({"servers": self.servers.listed(), "shed": self.shedding.on})
        self.servers.let_go(at_once=at_once)

    def _counts(self) -> Counts | None:
        if not self._report:
            return None
        out = sum(told["out"] + told["patient"] for told in self._report["servers"].values())
        return Counts(visible=self._report["waiting"], in_flight=out)

    def _look(self) -> None:
        """See what the servers use; replace those that use too much or are too old."""
        now = self._home.clock.now()
        passed = now - self._looked
        if 0 <= passed < LOOK:
            return
        self._looked = now
        present = [machine for machine in self.servers.present() if machine.pid]
        used = {machine.id: cpu_time(machine.pid or 0) for machine in present}
        shares = [
            max(0.0, spent - self._cpu[name]) / passed
            for name, spent in used.items()
            if name in self._cpu
        ]
        self._cpu = used
        self.servers.used = {machine.id: memory(machine.pid or 0) for machine in present}
        if self._report:
            told = self._report["traffic"]
            cpu = sum(shares) / len(shares) if shares else None
            self._traffic = Traffic(told["requests"], told["p95"], cpu)
        for machine in present:
            if why := self._too_much(self.servers.used[machine.id], now - machine.launched):
                self.controller.crew.recycle(machine.id, why)

    def _too_much(self, used: int, age: float) -> str:
        web = self._web
        if web.memory is not None and used > web.memory:
            return f"uses {human_size(used)} of memory, more than {human_size(web.memory)}"
        if web.age is not None and age > seconds(web.age):
            return f"is {human_time(age)} old"
        return ""


def _config(web: Web, app: App, folder: Path, tls: Tls) -> Config:
    accepted: list[File | None] = [each.accepts for each in app.functions.values()]
    accepted += [each.accepts for each in app.collections.values()]
    most = max((file.max_size for file in accepted if file), default=0)
    trusted = [part for part in in_force("trusted_proxies").value.split(",") if part.strip()]
    if not trusted and in_force("url").value:
        trusted = ["127.0.0.0/8", "::1"]
    return Config(
        Bounds.of(web, max(most, 64 * MiB) + MORE),
        secrets.token_hex(16),
        files=(str(folder.resolve()),),
        trusted=tuple(part.strip() for part in trusted),
        accounts=bool(app.plan_by_name),
        vital=VITAL,
        log=str(folder / "logs" / "access.log"),
        log_format=in_force("access_log").value,
        log_size=in_force("access_log_size").value,
        cert=tls.cert,
        key=tls.key,
        hsts=tls.on and not tls.development,
    )
