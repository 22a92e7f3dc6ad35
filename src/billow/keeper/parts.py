"""What a running service consists of: its fleets of workers, and its other processes."""

from __future__ import annotations

import math
import socket
from functools import partial

from billow.app import App
from billow.chores import chore, is_chore
from billow.clock import Clock
from billow.drivers.embedded.processes import Processes
from billow.drivers.embedded.spawn import Child, Lifeline
from billow.fleet.control import Controller
from billow.fleet.crew import Crew
from billow.fleet.templates import Templates
from billow.flow.surroundings import remove_scratch
from billow.function import Function
from billow.home import Home
from billow.keeper.health import Health
from billow.keeper.how import OWN, PAGER, RENDERER, WEB, YIELDING, Settings
from billow.keeper.pool import Pool
from billow.keeper.supervised import Supervised
from billow.pool import Web
from billow.units import seconds


class Parts:
    """Everything that the keeper starts, each with what looks after it.

    Args:
        settings: how the service is run.
        app: what it consists of.
        home: where its work is kept.
        bound: the listening socket of the web servers.
        control_clock: the time that policies go by.
    """

    def __init__(
        self, settings: Settings, app: App, home: Home, bound: socket.socket, control_clock: Clock
    ) -> None:
        self._settings = settings
        self._app = app
        self._home = home
        self._bound = bound
        self._control_clock = control_clock
        self._lifeline = Lifeline()
        self._machines: list[Processes] = []
        self.fleets = [(each, self._make_fleet(each)) for each in app.functions.values()]
        self.processes: list[Supervised] = []
        self._paged = False
        #: The web servers of an app that declares a pool of them; others have one, and no front.
        self.pool: Pool | None = None
        self.health: Health | None = None
        if settings.web is not None and app.web.options is not None:
            self.pool = self._make_pool(app.web.options)
            self.processes.append(self.pool.front)
        elif settings.web is not None:
            web = Supervised("web", self._start_web, home.journal, home.clock)
            self.processes.append(web)
            self.health = Health(web, bound.getsockname()[:2])
        if any(collection.renditions for collection in app.collections.values()):
            pool = Supervised("renderer", self._start_renderer, home.journal, home.clock)
            self.processes.append(pool)
        for name in app.processes:
            start = partial(self._start_own, name)
            self.processes.append(Supervised(name, start, home.journal, home.clock))

    def call_in_pager(self) -> None:
        """Have a pager, from when the app declares whom to page or something is to be told."""
        wanted = self._app.policies or self._app.promise
        if self._paged or not (wanted or self._has_news()):
            return
        self._paged = True
        pager = Supervised("pager", self._start_pager, self._home.journal, self._home.clock)
        self.processes.append(pager)

    def _has_news(self) -> bool:
        """Whether anything waits for a pager."""
        return self._home.incidents.look(
            lambda books: bool(
                books.timers.until("due", math.inf, 1)
                or books.notices.find(state="waiting", limit=1)
            )
        )

    def call_in_chores(self) -> None:
        """Look after the fleets of chores as well, from when the first job for one came."""
        looked_after = {function.name for function, _ in self.fleets}
        asked_for = {function for function, _ in self._home.ledger.totals()}
        for name in sorted(asked_for - looked_after):
            if is_chore(name):
                function = chore(name, lambda: self._home, self._app)
                self.fleets.append((function, self._make_fleet(function)))

    @property
    def web_running(self) -> bool:
        """Whether a web server was running when last looked at."""
        running = any(process.running for process in self.processes)
        return running or (self.pool is not None and self.pool.running)

    @property
    def served(self) -> bool:
        """Whether a web server answers; so it is if there is to be none."""
        watched = self.pool or self.health
        return watched is None or watched.served

    @property
    def restless(self) -> bool:
        """Whether a worker or server is about to come into service, so look again soon."""
        controllers = [controller for _, controller in self.fleets]
        if self.pool is not None:
            controllers.append(self.pool.controller)
        return any(controller.restless for controller in controllers)

    @property
    def workers_present(self) -> bool:
        """Whether any worker has not left."""
        return any(machines.present() for machines in self._machines)

    def filenos(self) -> list[int]:
        """Descriptors that become readable when a process ends."""
        workers = [fd for machines in self._machines for fd in machines.filenos()]
        servers = [] if self.pool is None else self.pool.filenos()
        return workers + servers + [fd for each in self.processes for fd in each.filenos()]

    def drain(self) -> None:
        """Ask everything to finish what it has, and to leave."""
        for process in self.processes:
            process.stop()
        if self.pool is not None:
            self.pool.drain()
        for _, controller in self.fleets:
            controller.crew.drain_all("the service stops")

    def kill_web(self) -> None:
        """End the web servers at once."""
        for process in self.processes:
            process.kill()
        if self.pool is not None:
            self.pool.kill()

    def renew(self, why: str) -> None:
        """Replace whatever has loaded the app in good order, so that new code is loaded."""
        if self.pool is not None:
            self.pool.controller.crew.renew(why)
        for process in self.processes:
            if process.name in {"web", "renderer", "pager", *self._app.processes}:
                process.renew(why)
        for _, controller in self.fleets:
            controller.crew.renew(why)

    def kill_workers(self) -> None:
        """End the workers at once; what they had is done again by others."""
        for _, controller in self.fleets:
            controller.crew.kill_all("the service stops at once")

    def bury(self) -> None:
        """Take note of what has ended, and start nothing."""
        for process in self.processes:
            process.tick()
        if self.pool is not None:
            self.pool.bury()
        for _, controller in self.fleets:
            controller.look()

    def close(self) -> None:
        """Let go of the lifeline: whatever still runs leaves by itself."""
        self._lifeline.close()
        if self.health is not None:
            self.health.close()
        if self.pool is not None:
            self.pool.close()

    def _make_pool(self, web: Web) -> Pool:
        return Pool(
            web,
            self._app,
            self._settings,
            home=self._home,
            bound=self._bound,
            lifeline=self._lifeline,
            control_clock=self._control_clock,
        )

    def _make_fleet(self, function: Function) -> Controller:
        home, settings = self._home, self._settings
        templates = Templates(home.tables, function.name)
        templates.declare(function.fleet.template)
        arguments = ("--app", settings.target, "--function", function.name)
        place = ("--folder", str(settings.folder), "--speed", str(settings.speed))
        machines = Processes(
            (*arguments, *place),
            logs=settings.logs,
            lifeline=self._lifeline,
            clock=home.clock,
        )
        self._machines.append(machines)
        crew = Crew(
            function.name,
            machines,
            home.journal,
            home.clock,
            template=templates.default,
            abandon=self._abandon,
            drain_limit=seconds(function.limits.time) + settings.grace,
        )
        return Controller(function.name, function.fleet, crew, home.journal, self._control_clock)

    def _abandon(self, worker: str) -> int:
        """Free the jobs of a worker that is dead, and remove what its tries left."""
        remove_scratch(self._settings.folder, worker)
        return self._home.ledger.abandon(worker)

    def _start_pager(self) -> Child:
        settings, lifeline = self._settings, self._lifeline.reader
        where = ("--app", settings.target, "--folder", str(settings.folder))
        return Child(
            (*PAGER, *where, "--lifeline", str(lifeline)),
            log=settings.logs / "pager.log",
            fds=(lifeline,),
        )

    def _start_web(self) -> Child:
        settings = self._settings
        host, port = self._bound.getsockname()[:2]
        lifeline, listening = self._lifeline.reader, self._bound.fileno()
        where = ("--app", settings.target, "--folder", str(settings.folder))
        address = ("--host", host, "--port", str(port), "--fd", str(listening))
        return Child(
            (*(settings.web or WEB), *where, *address, "--lifeline", str(lifeline)),
            log=settings.logs / "web.log",
            fds=(lifeline, listening),
        )

    def _start_own(self, name: str) -> Child:
        """Start a process of the app's own."""
        settings, lifeline = self._settings, self._lifeline.reader
        where = ("--app", settings.target, "--folder", str(settings.folder), "--name", name)
        return Child(
            (*OWN, *where, "--lifeline", str(lifeline)),
            log=settings.logs / f"{name}.log",
            fds=(lifeline,),
        )

    def _start_renderer(self) -> Child:
        settings, lifeline = self._settings, self._lifeline.reader
        where = ("--app", settings.target, "--folder", str(settings.folder))
        behind = YIELDING if self.pool is not None else ()
        return Child(
            (*behind, *RENDERER, *where, "--lifeline", str(lifeline)),
            log=settings.logs / "renderer.log",
            fds=(lifeline,),
        )
