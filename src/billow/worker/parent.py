"""The parent of a worker: leases jobs, hands them to its child, and records what comes of them.

One thread and one loop. It never imports the author's code, so nothing that code does can stop it
from keeping leases, enforcing limits and recording results.
"""

from __future__ import annotations

import logging
import time

from billow.flow.followup import is_due
from billow.flow.task import task_of
from billow.flow.work import Performed
from billow.home import Home
from billow.job import Failure
from billow.ports.ledger import Lease
from billow.worker.bench import Workbench
from billow.worker.desk import Desk
from billow.worker.held import Held
from billow.worker.room import WaitingRoom
from billow.worker.settings import Settings
from billow.worker.signals import Events
from billow.worker.status import Facts, StatusLine
from billow.worker.tracing import with_spans

#: How often leases and follow-ups are looked after, seconds.
_TICK = 1.0
#: A worker that leaves and cannot record its outcomes gives up after this; others run the jobs.
_RECORD_LIMIT = 10.0

_log = logging.getLogger("billow.worker")


class Worker:
    """Runs the jobs of one function until it is told to leave."""

    def __init__(self, settings: Settings, home: Home, bench: Workbench, desk: Desk) -> None:
        self._home = home
        self._id = settings.id
        self._bench = bench
        self._desk = desk
        self._gate = desk.gate
        self._events = Events(settings.lifeline)
        self._room = WaitingRoom(home, settings.function)
        self._status = StatusLine(settings.status)
        #: Whether there may be jobs to take.
        self._look = True
        self._pace = min(_TICK, settings.lease / 4)
        self._next_tick = self._next_followup = 0.0
        self._draining = False
        #: When it last had a job in hand.
        self._busy_at = 0.0
        self._hurried = False

    def run(self) -> int:
        """Work until told to leave; the exit status."""
        self._tell()
        while not self._done():
            self._bench.collect()
            self._obey()
            self._exchange()
            self._look_after()
            self._tell()
            self._wait()
        self._leave()
        if self._desk.pending:
            _log.error("left without recording what was done; others will run it again")
        return 1 if self._bench.faulty or self._desk.pending else 0

    def _obey(self) -> None:
        """Begin to leave if asked to, or if there is no child to work with."""
        bench = self._bench
        if not self._draining and (self._events.stop or bench.faulty):
            self._draining = True
            self._busy_at = time.monotonic()
            self._room.leave()
            if not bench.faulty:
                bench.take_back()
        if self._events.hurry and not self._hurried:
            self._hurried = True
            bench.stop()
        if bench.child_gone and not self._draining:
            bench.start()

    def _done(self) -> bool:
        if not self._draining or self._bench.held:
            return False
        late = time.monotonic() - self._busy_at > _RECORD_LIMIT
        return late or not self._desk.pending

    def _leave(self) -> None:
        bench = self._bench
        self._tell(at_once=True)
        bench.dismiss()
        while not bench.child_gone:
            self._events.wait(bench.child.outlets, [], bench.next_time(0.0) - time.monotonic())
            bench.collect()
            bench.enforce(time.monotonic())
        self._desk.write_notes()

    def _exchange(self) -> None:
        """Record outcomes and take jobs, as far as there is something to record or to take."""
        self._take_followups()
        if not self._bench.held and not self._desk.pending:
            self._gate.nothing_left()
        room = self._want_jobs()
        if not self._desk.pending and not (room and self._look):
            return
        want = self._gate.allow(room)
        if self._gate.closed:
            self._room.leave()
        leases = self._desk.exchange(want)
        self._gate.took(leases)
        if want:
            self._look = len(leases) == want
        if leases:
            self._hand_over(leases)
            self._room.leave()

    def _want(self) -> int:
        return 0 if self._draining else self._bench.room_for()

    def _want_jobs(self) -> int:
        """As many, unless a breaker keeps the jobs back."""
        return 0 if self._gate.closed else self._want()

    def _hand_over(self, leases: list[Lease]) -> None:
        jobs = []
        for lease in leases:
            task = self._desk.given_up(lease) or task_of(lease, self._home.objects, self._id)
            if isinstance(task, Failure):
                self._desk.blame(Held(lease, 0.0), task, time.time())
            else:
                jobs.append((lease, task))
        if jobs:
            self._bench.hand_over(with_spans(jobs))

    def _take_followups(self) -> None:
        """About once a second, see whether a handler that raised should run again."""
        now = time.monotonic()
        if now < self._next_followup or not self._want():
            return
        self._next_followup = now + _TICK
        for lease, asked in self._desk.take_followups(self._want()):
            job = self._home.ledger.get(asked.job)
            due = is_due(asked, job)
            if due and job is not None:
                self._bench.hand_over_handler(lease, asked, job)
            elif due is None:
                self._desk.put_off(Held(lease, now, asked))
            else:
                ended = Performed(time.time(), time.time(), "null")
                self._desk.settle(Held(lease, now, asked), ended)

    def _look_after(self) -> None:
        now = time.monotonic()
        self._bench.enforce(now)
        if self._bench.held:
            self._busy_at = now
        if now >= self._next_tick:
            self._next_tick = now + self._pace
            self._bench.tick(now, self._pace)
            self._desk.write_notes()

    def _wait(self) -> None:
        """Sleep until something happens or is due."""
        if self._busy_without_waiting():
            return
        bench, waiter = self._bench, self._room.waiter
        readable = bench.child.outlets
        if waiter is not None:
            readable.append(waiter.fileno())
        writable = [bench.child.inlet] if bench.child.unsent else []
        ready = self._events.wait(readable, writable, self._sleep_until() - time.monotonic())
        if writable:
            bench.child.flush()
        if waiter is not None and waiter.fileno() in ready:
            self._room.rung()
            self._look = True
        elif self._room.inside and time.monotonic() >= self._room.until:
            self._look = True

    def _busy_without_waiting(self) -> bool:
        """Whether there is something to do before sleeping."""
        bench, desk = self._bench, self._desk
        if self._done() or bench.child_gone:
            return True
        open_now = time.monotonic() >= desk.closed_until
        if open_now and (desk.pending or (self._look and self._want_jobs())):
            return True
        if not bench.idle or self._draining or not open_now or self._gate.closed:
            return False
        self._look = self._room.rest()
        return self._look

    def _sleep_until(self) -> float:
        now = time.monotonic()
        times = [self._bench.next_time(now)]
        if self._bench.held or self._draining:
            times.append(self._next_tick)
        if self._room.inside:
            times.append(self._room.until)
        times += [at for at in (self._desk.closed_until, self._gate.closed_until) if at > now]
        if (told := self._status.due(self._facts())) is not None:
            times.append(told)
        return min(times)

    def _facts(self) -> Facts:
        bench, desk = self._bench, self._desk
        running = bench.running
        lease = running.lease if running is not None else None
        return Facts(
            self._state(),
            None if bench.child_gone else bench.child.pid,
            lease and lease.id,
            lease and lease.name,
            len(bench.held),
            desk.done,
            desk.failed,
        )

    def _state(self) -> str:
        if self._draining:
            return "draining"
        if self._bench.held:
            return "busy"
        return "idle" if self._bench.ready else "starting"

    def _tell(self, *, at_once: bool = False) -> None:
        self._status.tell(self._facts(), time.monotonic(), at_once=at_once)
