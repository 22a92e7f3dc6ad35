"""The workbench: the jobs in hand, and the child that works on them, within their limits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from billow.flow.followup import FollowUp
from billow.flow.surroundings import remove_scratch
from billow.flow.task import Task
from billow.flow.work import BatchSize
from billow.job import Failure, Job
from billow.ports.ledger import Lease
from billow.units import seconds
from billow.worker import system
from billow.worker.cause import Circumstances, Ending, why
from billow.worker.desk import Desk
from billow.worker.held import Held
from billow.worker.messages import Hello, decode_performed, encode_follow_up, encode_task
from billow.worker.process import ChildProcess
from billow.worker.protocol import FAULT, HELLO, PROGRESS, WORN, Frame
from billow.worker.settings import Settings

#: A job that runs longer than this does not keep others waiting behind it, seconds.
SLOW = 0.25
#: While several jobs are with the child, results are fetched at least this often.
_FETCH = 0.02
#: The child must have imported the app by then, and have left so long after it was asked to.
_LOAD_LIMIT = 120.0
_LEAVE_LIMIT = 2.0
#: Children that may end one after the other without having done anything.
_FRUITLESS = 3

_log = logging.getLogger("billow.worker")


class Workbench:
    """Hands jobs to a child process and notes at the desk what comes of them."""

    def __init__(
        self,
        settings: Settings,
        desk: Desk,
        child: ChildProcess,
        watch: Callable[[int], None] | None = None,
    ) -> None:
        self._settings = settings
        self._watch = watch
        self._desk = desk
        self.batch = BatchSize()
        #: Jobs with the child, by serial number, in the order in which it runs them.
        self.held: dict[int, Held] = {}
        #: The app cannot be loaded.
        self.faulty = False
        self._fruitless = 0
        self._serial = 0
        self._came = 0
        #: Since when the child has been busy without a result, on the monotonic clock.
        self._busy_from = 0.0
        self._oom_kills = system.oom_kills()
        self._welcome(child)

    def start(self) -> None:
        """Start another child after one that is gone."""
        self._welcome(ChildProcess(self._settings, watch=self._watch))

    def _welcome(self, child: ChildProcess) -> None:
        self.child = child
        self.child_gone = False
        #: Whether the child takes jobs.
        self.ready = False
        self._loaded = False
        self._leave_by = time.monotonic() + _LOAD_LIMIT
        self._resident = 0
        self._timed_out = self._blameless = self._garbled = False

    @property
    def idle(self) -> bool:
        """Whether nothing is in hand and something could be."""
        return self.ready and not self.held

    @property
    def running(self) -> Held | None:
        """The job that runs now, or is the next to."""
        return next(iter(self.held.values()), None)

    def room_for(self) -> int:
        """How many more jobs to take."""
        if not self.ready:
            return 0
        depth = min(self.batch.depth, self._desk.hello.limits.jobs_per_child or self.batch.depth)
        return max(0, depth - len(self.held))

    def hand_over(self, jobs: Sequence[tuple[Lease, Task]]) -> None:
        """Give jobs to the child."""
        first = self._serial + 1
        last = self._serial = self._serial + len(jobs)
        now = self._now_busy()
        frames = []
        for serial, (lease, task) in enumerate(jobs, first):
            self.held[serial] = Held(lease, now)
            frames.append(encode_task(task, serial, serial == last))
        self.child.hand_over(range(first, last + 1), frames)

    def hand_over_handler(self, lease: Lease, asked: FollowUp, job: Job) -> None:
        """Have the child run a handler again."""
        self._serial += 1
        self.held[self._serial] = Held(lease, self._now_busy(), asked)
        self.child.hand_over([self._serial], [encode_follow_up(asked, job, self._serial)])

    def _now_busy(self) -> float:
        now = time.monotonic()
        if not self.held:
            self._busy_from = now
        return now

    def collect(self) -> None:
        """Take in what the child has sent, and its end."""
        if self.child_gone:
            return
        self._came = 0
        self._listen()
        if self._came:
            self._fruitless = 0
            now = time.monotonic()
            self.batch.saw(self._came, now - self._busy_from)
            self._busy_from = now
        ending = self.child.ending()
        if ending is not None:
            self._child_ended(ending)

    def _listen(self) -> None:
        """Take in what the child has sent; if the author's code wrote into its pipe, stop it."""
        try:
            for frame in self.child.collect():
                self._hear(frame)
        except (ValueError, LookupError, TypeError):
            self._garbled = True
        self._garbled = self._garbled or self.child.garbled
        if self._garbled:
            self.child.kill()

    def _hear(self, frame: Frame) -> None:
        if frame.kind == HELLO:
            self._desk.hello = Hello.decode(frame.body)
            self.ready = self._loaded = True
            self._fruitless += 1  # until it proves otherwise
        elif frame.kind == FAULT:
            _log.error("%s", frame.body.decode())
        elif frame.kind == WORN:
            self.take_back()
            self.dismiss()
        elif frame.kind == PROGRESS:
            if held := self.held.get(frame.serial):
                self._desk.report(held, frame.started)
        elif held := self.held.get(frame.serial):
            self._desk.settle(held, decode_performed(frame))
            del self.held[frame.serial]
            self._came += 1

    def take_back(self, lost: set[int] | frozenset[int] = frozenset()) -> int:
        """Release the jobs that were not begun, save those that are `lost` anyway; how many."""
        if self.child_gone:
            return 0
        back = [serial for serial in self.child.take_back() if serial in self.held]
        for serial in back:
            held = self.held.pop(serial)
            if serial not in lost:
                self._desk.release(held)
        return len(back)

    def dismiss(self) -> None:
        """Ask the child to leave when it is done."""
        self.ready = False
        self._leave_by = time.monotonic() + _LEAVE_LIMIT
        if not self.child_gone:
            self.child.hang_up()

    def stop(self) -> None:
        """Stop the child now; nobody is to blame."""
        self._blameless = True
        if not self.child_gone:
            self.child.kill()

    def _child_ended(self, ending: Ending) -> None:
        self._listen()
        self.take_back()
        if self.held:
            self._fruitless = 0
        for place, held in enumerate(self.held.values()):
            if self._blameless or place > 0:
                self._desk.release(held)
            else:
                self._blame(held, ending)
        self.held.clear()
        self.child.close()
        remove_scratch(Path(self._settings.folder), self._settings.id)
        self.child_gone = True
        self.ready = False
        self._judge(ending)

    def _judge(self, ending: Ending) -> None:
        """Give up on an app that cannot be loaded, or whose process never comes to do anything."""
        if self._loaded and self._fruitless >= _FRUITLESS:
            cause = why(ending, Circumstances(self._desk.hello.limits)).message
            _log.error("%d times in a row, before any job was done: %s", _FRUITLESS, cause)
        self.faulty = not self._loaded or self._fruitless >= _FRUITLESS

    def _blame(self, held: Held, ending: Ending) -> None:
        ran = time.monotonic() - self._running_since(held)
        self._desk.blame(held, self._cause(ending), time.time() - ran)

    def _cause(self, ending: Ending) -> Failure:
        if self._garbled:
            return Failure("crashed", "its process sent the worker what could not be understood")
        limits, kills = self._desk.hello.limits, system.oom_kills()
        known = Circumstances(limits, self._timed_out, self._resident, kills != self._oom_kills)
        return why(ending, known)

    def _running_since(self, held: Held) -> float:
        """A job begins when it is handed over, or when the one before it ends."""
        return max(held.since, self._busy_from)

    def tick(self, now: float, pace: float) -> None:
        """Look after leases and memory; to be called every `pace` seconds."""
        if self.child_gone:
            return
        self._oom_kills = system.oom_kills()
        self._resident = system.resident(self.child.pid)
        young = pace / 2  # most jobs are done before it is worth asking whether they were cancelled
        old = {serial: held for serial, held in self.held.items() if now - held.since >= young}
        lost = self._desk.lost(old, now) if old else set()
        if lost:
            self.collect()
            self.take_back(lost)
            if any(serial in self.held for serial in lost):
                self.stop()

    def enforce(self, now: float) -> None:
        """Act on what takes too long."""
        if self.child_gone:
            return
        if not self.ready and now >= self._leave_by:
            self.child.kill()
        held = self.running
        if held is None or self._timed_out:
            return
        ran = now - self._running_since(held)
        if len(self.held) > 1 and ran >= SLOW:
            self.batch.slow()
            self.take_back()
        if ran >= seconds(self._desk.hello.limits.time):
            self._timed_out = True
            self.child.kill()

    def next_time(self, now: float) -> float:
        """When something is to be looked after even if nothing happens."""
        if not self.ready:
            return self._leave_by
        held = self.running
        if held is None:
            return now + 3600
        if len(self.held) > 1:
            return now + _FETCH
        return self._running_since(held) + seconds(self._desk.hello.limits.time)
