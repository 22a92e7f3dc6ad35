"""What remedies can do to a service: its fleets here, all else by means of its own."""

from __future__ import annotations

import queue
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from typing import TypeVar, cast

from billow.errors import NotFound, Unavailable
from billow.fleet.control import Controller
from billow.home import Home
from billow.job import Status
from billow.keeper.means import Means
from billow.ops.action import Action
from billow.ops.remedies.guard import Evidence, Member, Pool
from billow.ports.machines import Machine, WorkerState
from billow.units import human_size, human_time

#: A worker that was silent for so long is sick; it speaks at least every ten seconds.
SILENT = 25.0
#: Seconds that a sick worker has to drain before it is killed.
MERCY = 10.0
#: Seconds that the keeper's own thread may take to get to a request.
PATIENCE = 10.0

T = TypeVar("T")


class Hands:
    """Looks and acts through the keeper's own thread: only that one touches fleets.

    Args:
        home: the stores.
        fleets: the controllers by the name that actions know them by.
        means: what other kinds of actions are taken by.
    """

    def __init__(
        self,
        home: Home,
        fleets: Callable[[], Mapping[str, Controller]],
        means: Mapping[str, Means],
    ) -> None:
        self._home = home
        self._fleets = fleets
        self._means = means
        self._asked: queue.SimpleQueue[tuple[Callable[[], object], Future[object]]] = (
            queue.SimpleQueue()
        )

    def serve(self) -> None:
        """Do what was asked for; to be called by the keeper's own thread, often."""
        while True:
            try:
                work, answer = self._asked.get_nowait()
            except queue.Empty:
                return
            if answer.set_running_or_notify_cancel():
                try:
                    answer.set_result(work())
                except Exception as problem:  # handed to whoever asked
                    answer.set_exception(problem)

    def look(self, action: Action) -> Evidence:
        """What speaks for an action beside its alarm."""
        now = self._home.clock.now()
        if action.kind in self._means:
            return Evidence(now, self._means[action.kind].look(action))
        match action.kind:
            case "requeue":
                held = self._in_the_thread(lambda: self._lost(action.target))
                count = sum(held.values())
                return Evidence(now, f"{count} jobs are held by workers that left" if held else "")
            case "scale out":
                return Evidence(now, self._in_the_thread(lambda: self._waiting(action.target)))
            case _:
                return self._in_the_thread(lambda: self._member(action, now))

    def act(self, action: Action, evidence: Evidence, alarm: str, reason: str) -> str:
        """Take an action; what was done.

        Args:
            action: what is done.
            evidence: what `look` said.
            alarm: the alarm that asks for it.
            reason: why, in words.

        Raises:
            NotFound: there is no such fleet or member any more.
            Unavailable: the keeper is too busy, or a store cannot be written.
        """
        if action.kind in self._means:
            return self._means[action.kind].act(action, alarm, reason)
        told = f"{alarm}: {reason}"
        return self._in_the_thread(lambda: self._change(action, evidence, told))

    def lift(self, action: Action, alarm: str) -> bool:
        """End what an action has going on because of an alarm; False if nothing does."""
        means = self._means.get(action.kind)
        return means is not None and means.lift(action, alarm)

    def _in_the_thread(self, work: Callable[[], T]) -> T:
        answer: Future[object] = Future()
        self._asked.put((work, answer))
        try:
            return cast("T", answer.result(PATIENCE))
        except TookTooLong:
            answer.cancel()
            raise Unavailable("the keeper is too busy for this") from None

    def _controller(self, name: str) -> Controller:
        fleets = self._fleets()
        if name not in fleets:
            known = ", ".join(fleets) or "none"
            raise NotFound(f"there is no fleet {name!r}; there are: {known}")
        return fleets[name]

    def _lost(self, function: str) -> dict[str, int]:
        """The jobs held by workers that the ledger knows and that are no more, by worker."""
        present = {machine.id for machine in self._controller(function).crew.present()}
        running = self._home.ledger.find(
            function=function, status=Status.RUNNING, limit=1000, results=False
        )
        return Counter(
            job.worker for job in running.jobs if job.worker and job.worker not in present
        )

    def _waiting(self, name: str) -> str:
        controller = self._controller(name)
        counts = controller.counts
        if counts is None or not counts.visible or controller.wanted >= controller.fleet.max:
            return ""
        return f"{counts.visible} jobs wait for {controller.wanted} workers"

    def _member(self, action: Action, now: float) -> Evidence:
        """The member that an action would be taken on, by its own signs."""
        controller = self._controller(action.target)
        machines = [m for m in controller.crew.present() if m.state is not WorkerState.DRAINING]
        members = tuple(Member(machine.id, _sick(machine, now)) for machine in machines)
        # A recycled one leaves when another is in service, so that there are never fewer.
        least = controller.fleet.min if action.kind == "restart" else 0
        pool = Pool(members, least)
        if action.kind == "restart":
            sick = next((one for one in members if one.sick), None)
            if sick is None:
                return Evidence(now, "", "", pool)
            return Evidence(now, f"{sick.id} {sick.sick}", sick.id, pool)
        heard = [machine for machine in machines if machine.heard is not None and machine.rss]
        if not heard:
            return Evidence(now, "", "", pool)
        largest = max(heard, key=lambda machine: (machine.rss, -machine.launched))
        told = f"{largest.id} says that it holds {human_size(largest.rss)}"
        return Evidence(largest.heard or now, told, largest.id, pool)

    def _change(self, action: Action, evidence: Evidence, reason: str) -> str:
        controller = self._controller(action.target)
        if action.kind == "scale out":
            return f"{controller.ask_for(controller.wanted + 1, reason)} workers are wanted"
        if action.kind == "requeue":
            back = sum(map(self._home.ledger.abandon, sorted(self._lost(action.target))))
            return f"{back} jobs were given back"
        crew, id_ = controller.crew, evidence.member
        if all(machine.id != id_ for machine in crew.present()):
            raise NotFound(f"{id_} has left already")
        if action.kind == "recycle":
            crew.recycle(id_, reason)
            return f"{id_} leaves once another is in service"
        crew.replace(id_, reason, MERCY)
        return f"{id_} is drained and replaced"


def _sick(machine: Machine, now: float) -> str:
    """What is wrong with a worker by its own signs; empty if nothing is."""
    if machine.state is WorkerState.STARTING or machine.heard is None:
        return ""
    silent = now - machine.heard
    return f"has been silent for {human_time(silent)}" if silent > SILENT else ""
