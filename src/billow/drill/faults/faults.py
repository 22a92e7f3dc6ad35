"""The six faults: how each is done, and how it is seen that the service has dealt with it."""

from __future__ import annotations

import os
import signal
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path

from billow.drill.faults.app import (
    ASK,
    BOUND,
    DISK,
    EACH,
    HOARD,
    LEAK,
    MAIL,
    MOST,
    ORACLE,
    SERVERS,
    SILENCE,
    TOIL,
)
from billow.drill.faults.scene import Course, Scene
from billow.errors import DiskFull
from billow.job import Status
from billow.mail.intent import mail_job
from billow.units import KiB, MiB, human_size

#: Letters that wait while the mail server is dead; jobs of a surge; MiB that a leak loses a job;
#: jobs that call a dead service before that is noticed, and after.
LETTERS, SURGE, LOSS, EARLY, LATE = 5, 40, 50, 2, 10
#: Seconds between two jobs for the worker that leaks.
_PAUSE = 0.5
#: Seconds without a try that show that jobs are kept back, and for which others are watched then.
_QUIET, _WATCHED = 4.0, 1.5
#: Seconds in which the service does something about what it sees at once; between two looks.
_AT_ONCE, _LOOK = 30.0, 0.1


class Fault(ABC):
    """One fault; `begin` does it, `look` is called until its course says that all is well."""

    course: Course

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    @abstractmethod
    def begin(self) -> None:
        """Do it."""

    @abstractmethod
    def look(self) -> None:
        """Note in the course what has happened since."""


class HungServer(Fault):
    """A web server is stopped: it keeps its connections and does not answer."""

    def begin(self) -> None:
        """Stop one of the servers."""
        serving = [one for one in self.scene.members("web") if one["state"] in ("idle", "busy")]
        self._id, self._pid = serving[0]["id"], int(serving[0]["pid"])
        self.course = Course("hung server", f"SIGSTOP of web server {self._id}")
        os.kill(self._pid, signal.SIGSTOP)

    def look(self) -> None:
        """It is killed, and as many as before serve."""
        entry = self.scene.entry("worker.killed", self._id)
        if not self.course.notice(entry):
            return
        serving = [one for one in self.scene.members("web") if one["state"] in ("idle", "busy")]
        if len(serving) == SERVERS and all(one["id"] != self._id for one in serving):
            self.course.did = f"{self._id} was killed and replaced"
            self.course.well = time.time()


class Leak(Fault):
    """A worker's memory grows with each job; others wait for it all the while."""

    def begin(self) -> None:
        """Ask for jobs that leak."""
        [worker] = self.scene.members(HOARD)
        self._id = worker["id"]
        count = BOUND // LOSS
        self.course = Course(
            "leaking worker", f"{count} jobs keep {count * LOSS} MiB in {self._id}", alarm=LEAK
        )
        self._jobs = [self.scene.submit(HOARD, mib=LOSS) for _ in range(count)]
        self._next = time.monotonic()

    def look(self) -> None:
        """It is recycled, in good order, and the alarm is over."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _PAUSE
            with suppress(DiskFull):  # while the disk is
                self._jobs.append(self.scene.submit(HOARD, mib=0))
        self.course.notice(self.scene.entry("alarm.alarm", LEAK))
        done = self.scene.entry("remedy.done", LEAK)
        left = self.scene.entry("worker.stopped", self._id)
        over = self.scene.entry("alarm.ok", LEAK)
        if done and left and over and all(map(self.scene.done, self._jobs)):
            self.course.did = f"{done.reason}; {left.reason}"
            self.course.well = max(left.at, over.at)


class FullDisk(Fault):
    """The disk fills up with logs of an earlier run, to its last byte."""

    def begin(self) -> None:
        """Fill it up; nothing new is taken then."""
        self._wait_for_the_others()
        log = self.scene.folder / "logs" / "earlier.log.old"
        fill(log)
        told = f"logs of an earlier run, {human_size(log.stat().st_size)}, fill it to the last byte"
        self.course = Course("full disk", told, alarm=DISK)
        self._refused = ""
        try:
            self.scene.submit(TOIL)
        except DiskFull as problem:
            self._refused = problem.detail

    def look(self) -> None:
        """Work is taken again, and the alarm is over."""
        self.course.notice(self.scene.entry("alarm.alarm", DISK))
        done, over = self.scene.entry("remedy.done", DISK), self.scene.entry("alarm.ok", DISK)
        if done and over and self._refused and self._accepts():
            self.course.did = f"refused new work ({self._refused}); {done.reason}"
            self.course.well = over.at

    def _wait_for_the_others(self) -> None:
        """Until it is written down what the service did about them at once.

        Until what is held back is released, a moment later, nothing can be.
        """
        deadline = time.monotonic() + _AT_ONCE
        signs = (("worker.killed", ""), ("scale.out", TOIL))
        while time.monotonic() < deadline:
            if all(self.scene.entry(*sign) for sign in signs):
                return
            time.sleep(_LOOK)

    def _accepts(self) -> bool:
        try:
            self.scene.submit(TOIL)
        except DiskFull:
            return False
        return True


def fill(path: Path) -> None:
    """Write to a file until its disk has not a byte left."""
    with path.open("ab", buffering=0) as file:
        for size in (MiB, 4 * KiB, 1):
            with suppress(OSError):
                while file.write(b"x" * size):
                    pass


class DeadMailer(Fault):
    """Nothing listens where the mail server should be; only a person can change that."""

    def begin(self) -> None:
        """Ask for letters."""
        what = f"the mail server refuses connections; {LETTERS} letters are due"
        self.course = Course("dead mailer", what, alarm=MAIL, must_page=1)
        now = time.time()
        letters = [
            mail_job("message", about=f"letter {n}", at=now, to="ben@example.org", subject=f"{n}")
            for n in range(LETTERS)
        ]
        self._jobs = [each.id for each in self.scene.client.home.ledger.submit(letters)]
        self._mended = False

    def look(self) -> None:
        """Whoever is paged sets the server right; all letters must arrive."""
        self.course.notice(self.scene.entry("alarm.alarm", MAIL))
        if self.scene.phone.pages and not self._mended:
            self._mended = True
            after = time.time() - self.course.began
            self.course.did = (
                f"kept the letters; called somebody, whom that reached after {after:.1f} s"
            )
            self.scene.mail.revive()
        ledger = self.scene.client.home.ledger
        jobs = [ledger.get(id_) for id_ in self._jobs]
        sent = all(job is not None and job.status is Status.COMPLETED for job in jobs)
        if self._mended and sent and len(set(self.scene.mail.letters)) == LETTERS:
            self.course.did += f"; sent all {LETTERS} once the server was set right"
            self.course.well = time.time()


class DeadService(Fault):
    """Nothing answers where a function calls another service; after a while it is back."""

    def begin(self) -> None:
        """Ask for jobs that call it."""
        what = f"what {ASK} calls refuses connections; {EARLY} jobs call it, later {LATE} more"
        self.course = Course("dead service", what, alarm=SILENCE)
        self._early: list[str] = []
        self._late: list[str] = []
        self._ask(self._early, EARLY)
        self._tries = 0
        self._since = time.monotonic()
        self._revived = False

    def look(self) -> None:
        """Its breaker opens, what comes then waits untried, and all is done once it is back."""
        if not self.course.notice(self.scene.entry("breaker.opened", ORACLE)):
            return
        if len(self._late) < LATE:
            self._ask_for_more()
        elif not self._revived:
            self._revive()
        closed = self.scene.entry("breaker.closed", ORACLE)
        over = self.scene.entry("alarm.ok", SILENCE)
        jobs = [*self._early, *self._late]
        if self._revived and closed and over and all(map(self.scene.done, jobs)):
            if not self._spared():
                self.course.did = "jobs that were to wait used up tries"
                return
            self.course.did = f"kept {LATE} jobs back, which used up no tries; {closed.reason}"
            self.course.well = max(closed.at, over.at)

    def _ask(self, jobs: list[str], most: int) -> None:
        """Ask for more jobs, until there are `most`."""
        with suppress(DiskFull):  # while the disk is
            while len(jobs) < most:
                jobs.append(self.scene.submit(ASK))
                self.scene.may_fail.add(jobs[-1])

    def _ask_for_more(self) -> None:
        """Once no job has been tried for a while."""
        tries, now = self._used(self._early), time.monotonic()
        if tries != self._tries:
            self._tries, self._since = tries, now
        elif now - self._since >= _QUIET:
            self._ask(self._late, LATE)
            self._since = now

    def _revive(self) -> None:
        """Once those that came since have been seen to wait."""
        if time.monotonic() - self._since >= _WATCHED and self._spared():
            self._revived = True
            self.scene.oracle.revive()

    def _used(self, jobs: list[str]) -> int:
        return sum(self.scene.client.job(id_).failures for id_ in jobs)

    def _spared(self) -> bool:
        """Whether of the later jobs none was tried but to see whether the service is back."""
        return self._used(self._late) <= self.scene.count("breaker.tried", ORACLE)


class Surge(Fault):
    """Many times the usual work comes at once."""

    def begin(self) -> None:
        """Ask for it."""
        what = f"{SURGE} jobs at once, for one worker that should have {EACH}"
        self.course = Course("surge", what)
        self._jobs = [self.scene.submit(TOIL) for _ in range(SURGE)]
        self._most = 1

    def look(self) -> None:
        """More workers come, all is done, and they leave."""
        self.course.notice(self.scene.entry("scale.out", TOIL))
        members = [one for one in self.scene.members(TOIL) if one["state"] != "draining"]
        self._most = max(self._most, len(members))
        done = len(members) == 1 and self._most == MOST and all(map(self.scene.done, self._jobs))
        if done and self.course.noticed is not None:
            self.course.did = f"{self._most} workers did it, of which one stayed"
            self.course.well = time.time()


EVERY: tuple[type[Fault], ...] = (DeadMailer, DeadService, HungServer, Leak, Surge, FullDisk)
