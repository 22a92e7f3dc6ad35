"""The keeper's loop: watch the processes, control the fleets, write down how things stand."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import billow
from billow.app import App
from billow.clock import Clock, ScaledClock
from billow.drivers.embedded.disk import Disk
from billow.fleet.control import Controller
from billow.home import Home, disk_room
from billow.keeper.breaking import Breaking
from billow.keeper.how import Settings
from billow.keeper.listen import url
from billow.keeper.operations import Operations
from billow.keeper.orphans import abandon_dead_workers
from billow.keeper.parts import Parts
from billow.keeper.report import Report
from billow.keeper.upkeep import Upkeep, housework
from billow.keeper.view import View
from billow.ops.dependencies import dependencies
from billow.ops.logs.start import NEWS
from billow.ops.pager.opening import open_desk
from billow.ports.journal import Entry
from billow.ports.wake import KEEPER, Waiter
from billow.service_file import SERVICE_FILE
from billow.units import human_size, human_time

#: Seconds between two looks; while workers start; and at least, however often work arrives.
TICK = 0.5
RESTLESS = 0.1
BREATH = 0.05

#: Looks that a minute on a sped-up clock should have, for its averages to mean something.
LOOKS_PER_MINUTE = 2

#: A look at a very long queue takes its time; the pause after it is at least so many times longer.
CALM = 10

#: Seconds that web servers may take to leave (they end requests after 5 s themselves), and
#: killed processes to vanish.
WEB_GRACE = 8.0
LAST_WAIT = 5.0

#: Kinds of entries that somebody may want to look at.
_TROUBLE = frozenset({"worker.crashed", "worker.killed", "process.restarted"})

_log = logging.getLogger("billow.keeper")
_news = logging.getLogger(NEWS)
_T = TypeVar("_T")


class Keeper:
    """Runs one service until it is told to stop.

    Args:
        settings: how.
        app: what.
        home: where its work is kept.
        bound: the listening socket of the web servers.
        view: is told what happens.
    """

    def __init__(
        self, settings: Settings, app: App, home: Home, bound: socket.socket, view: View
    ) -> None:
        self._settings = settings
        self._app = app
        self._home = home
        self._view = view
        self._url = url(bound, tls=settings.tls.on)
        self._bell_reader, self._bell = os.pipe()
        os.set_blocking(self._bell_reader, False)
        self._stops = 0
        self._renew = False
        self._complaints: dict[str, str] = {}
        control_clock: Clock = home.clock
        if settings.speed != 1:
            control_clock = ScaledClock(settings.speed, home.clock.now())
        self._parts = Parts(settings, app, home, bound, control_clock)
        self._report = Report(home, self._parts.fleets, self._parts.processes, self._parts.pool)
        self._upkeep = Upkeep(home, settings.logs, housework(app, home))
        self._operations = Operations(
            home, app, open_desk(home, app), self._fleets_by_name, settings.logs, self._strain
        )
        self._breaking = Breaking(home, dependencies(app.functions.values()))
        self._disk = Disk(settings.folder, *disk_room())
        self._seen_seq = 0
        self._started = home.clock.now()
        #: Whether a web server has answered since.
        self._up = False

    def stop(self) -> None:
        """Ask the keeper to stop; asked again, to stop at once. For any thread or signal."""
        self._stops += 1
        with contextlib.suppress(OSError):
            os.write(self._bell, b"!")

    def renew(self) -> None:
        """Ask the keeper to replace all web servers and workers. For any thread or signal."""
        self._renew = True
        with contextlib.suppress(OSError):
            os.write(self._bell, b"r")

    def run(self) -> None:
        """Start everything, keep it running until `stop`, let everything leave."""
        try:
            with self._home.wake.waiter(KEEPER) as waiter:
                self._start()
                while not self._stops:
                    began = time.monotonic()
                    self._tick()
                    self._rest(waiter, began)
            self._leave()
        finally:
            self._close()

    def _start(self) -> None:
        latest = self._home.journal.read(newest=True, limit=1)
        self._seen_seq = latest[0].seq if latest else 0
        self._guard("chores", self._parts.call_in_chores)
        self._guard("pager", self._parts.call_in_pager)
        for function, _ in self._parts.fleets:
            self._guard("orphans", partial(abandon_dead_workers, self._home, function.name))
        service = self._service()
        for process in self._parts.processes:
            process.tick()
        self._home.journal.write("service.started", self._app.name, f"at {self._url}", service)
        self._show(service)
        self._upkeep.start()
        self._operations.start()
        self._guard("view", partial(self._view.starting, service))
        self._greet()

    def _greet(self) -> None:
        """Say that the service is up, as soon as somebody who comes is served."""
        if self._up or not self._parts.served:
            return
        self._up = True
        service = self._service()
        self._guard("service", partial(self._show, service))
        self._guard("view", partial(self._view.started, service))

    def _show(self, service: dict[str, Any]) -> None:
        self._home.journal.show("service", service)
        _write_whole(self._service_file, json.dumps(service, indent=2) + "\n")

    @property
    def _service_file(self) -> Path:
        return self._settings.folder / SERVICE_FILE

    def _service(self) -> dict[str, Any]:
        return {
            "app": self._app.name,
            "target": self._settings.target,
            "folder": str(self._settings.folder),
            "url": self._url,
            "speed": self._settings.speed,
            "version": billow.__version__,
            "pid": os.getpid(),
            "started": self._started,
            "up": self._up,
        }

    def _tick(self) -> None:
        """Look after everything once; what fails is told and tried again at the next tick."""
        for process in self._parts.processes:
            self._guard(process.name, process.tick)
        self._guard("remedies", self._operations.hands.serve)
        self._guard("disk", self._look_at_disk)
        if self._renew:
            self._renew = False
            self._guard("reload", partial(self._parts.renew, "the app is loaded anew"))
        if self._parts.pool is not None:
            self._guard("web", self._parts.pool.tick)
        if self._parts.health is not None:
            self._guard("web", self._parts.health.tick)
        self._greet()
        self._guard("chores", self._parts.call_in_chores)
        self._guard("pager", self._parts.call_in_pager)
        self._guard("breakers", self._breaking.look)
        for function, controller in self._parts.fleets:
            look = partial(self._home.ledger.counts, function.name)
            counts = self._guard(f"counts of {function.name}", look)
            counts = self._breaking.seen(function, counts)
            self._guard(f"fleet of {function.name}", partial(controller.tick, counts))
        self._tell()

    def _fleets_by_name(self) -> dict[str, Controller]:
        fleets = {function.name: controller for function, controller in self._parts.fleets}
        pool = self._parts.pool
        return fleets if pool is None else {**fleets, pool.controller.function: pool.controller}

    def _look_at_disk(self) -> None:
        if did := self._disk.look():
            told = f"the room that is held back was {did}; {human_size(self._disk.free())} are left"
            self._home.journal.write(f"disk.{did.replace(' ', '-')}", "disk", told)

    def _strain(self) -> str:
        return "" if self._parts.pool is None else self._parts.pool.shedding.strain()

    def _tell(self, *, at_once: bool = False) -> None:
        now = self._home.clock.now()
        if at_once or self._report.due(now):
            fleets = self._guard("report", partial(self._report.look, now))
            self._guard("view", partial(self._view.progressed, fleets or {}))
        for entry in self._guard("news", self._news) or []:
            self._seen_seq = entry.seq
            _log_entry(entry)
            # That an alarm has data now is written down, and no news.
            if not entry.kind.startswith("watch."):
                self._guard("view", partial(self._view.happened, entry))

    def _news(self) -> list[Entry]:
        return self._home.journal.read(after=self._seen_seq)

    def _rest(self, waiter: Waiter, began: float) -> None:
        """Wait until something happens or it is time to look again; at least a breath."""
        now = time.monotonic()
        pause = min(TICK, 60 / LOOKS_PER_MINUTE / self._settings.speed)
        breath = BREATH
        if self._parts.restless or not self._up:
            pause = min(pause, RESTLESS)
        else:
            breath = max(BREATH, min(TICK, (now - began) * CALM))
        self._wait([waiter.fileno()], max(pause, breath))
        early = now + breath - time.monotonic()
        if early > 0 and not self._stops:
            time.sleep(early)
        waiter.clear()

    def _wait(self, fds: list[int], pause: float) -> None:
        poller = select.poll()
        for fd in (self._bell_reader, *fds, *self._parts.filenos()):
            poller.register(fd, select.POLLIN)
        poller.poll(pause * 1000)
        with contextlib.suppress(BlockingIOError):
            os.read(self._bell_reader, 512)

    def _leave(self) -> None:
        """Let everything finish what it has; end what takes too long."""
        grace = self._settings.grace
        told = (
            f"stopping: workers have {human_time(grace)} to finish what they do "
            "(Ctrl-C again stops at once)"
        )
        self._guard("view", partial(self._view.stopping, told))
        self._guard("leaving", self._parts.drain)
        began = time.monotonic()
        while self._parts.web_running or self._parts.workers_present:
            waited = time.monotonic() - began
            hurry = self._stops > 1
            if hurry or waited > WEB_GRACE:
                self._parts.kill_web()
            if hurry or waited > grace:
                self._guard("leaving", self._parts.kill_workers)
            if waited > max(grace, WEB_GRACE) + LAST_WAIT:
                break
            self._wait([], RESTLESS)
            self._guard("leaving", self._parts.bury)
            self._tell()

    def _close(self) -> None:
        """Let go of everything; what still runs leaves by its lifeline."""
        self._parts.close()
        self._upkeep.stop()
        self._operations.stop()
        self._service_file.unlink(missing_ok=True)
        self._guard("leaving", self._sign_off)
        self._tell(at_once=True)
        self._guard("view", self._view.stopped)
        os.close(self._bell_reader)
        os.close(self._bell)

    def _sign_off(self) -> None:
        self._home.journal.write("service.stopped", self._app.name, "stopped")
        stopped = {**self._service(), "stopped": self._home.clock.now(), "pid": None}
        self._home.journal.show("service", stopped)

    def _guard(self, what: str, action: Callable[[], _T]) -> _T | None:
        """Run `action`; a keeper must outlast a full disk, so what it raises is only logged."""
        try:
            result = action()
        except Exception as problem:
            told = f"{type(problem).__name__}: {problem}"
            if self._complaints.get(what) != told:
                self._complaints[what] = told
                _log.exception("%s failed; the keeper goes on", what)
            return None
        self._complaints.pop(what, None)
        return result


def _log_entry(entry: Entry) -> None:
    """Log what the journal has; about jobs the workers know more to tell."""
    if entry.kind.startswith("job."):
        return
    level = logging.WARNING if entry.kind in _TROUBLE else logging.INFO
    told = f"{entry.kind} {entry.subject}: {entry.reason}"
    _news.log(level, "%s", told, extra={"fields": entry.data | {"entry": entry.seq}})


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that readers see the old or the new one, never a part."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(text)
    draft.replace(path)
