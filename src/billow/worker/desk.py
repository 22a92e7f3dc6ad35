"""What a worker writes down and fetches: outcomes, leases, follow-ups."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections.abc import Sequence

from billow.errors import Unavailable
from billow.events import Event
from billow.flow import followup
from billow.flow.followup import FollowUp
from billow.flow.work import Performed, Stand, is_final, settle
from billow.home import Home
from billow.job import Failure
from billow.options import Limits, Retry
from billow.ports.ledger import (
    Completed,
    Failed,
    Keep,
    Lease,
    Outcome,
    Released,
    Submission,
    Submit,
)
from billow.worker import tracing
from billow.worker.gate import Gate
from billow.worker.held import Held
from billow.worker.measuring import Measuring
from billow.worker.messages import Hello
from billow.worker.telling import Telling
from billow.worker.tracing import origin_of

#: Seconds before the store is tried again when it could not take something; doubles up to the last.
_FIRST_REST, _LONGEST_REST = 0.25, 5.0
#: Seconds after which files that wait to be recorded are not relied on any more; they are swept
#: away after an hour.
_STALE = 1800.0
#: Failures for good that are put into the journal, a second; the ledger has them all.
_NOTES = 5
#: The ledger hands over every job, however often it was lost: giving up is the desk's business, so
#: that handlers are told.
_NEVER = sys.maxsize

_log = logging.getLogger("billow.worker")


class Desk:
    """The worker's dealings with its home."""

    def __init__(self, home: Home, function: str, worker: str, lease: float) -> None:
        self.home = home
        self._ledger = home.ledger
        self._function = function
        self._worker = worker
        self._lease = lease
        self._outcomes: list[tuple[Outcome, Held]] = []
        self._followup_outcomes: list[tuple[Outcome, Held]] = []
        self._to_submit: list[Submission] = []
        self._extended = 0.0
        self._rest = 0.0
        self._notes: list[tuple[Failure, Lease]] = []
        self._telling = Telling(function)
        self._measuring = Measuring(home.recorder, function)
        self.gate = Gate(home, worker)
        self.hello = Hello(Retry(), Limits(), {})
        #: Not before this time, on the monotonic clock, is the store tried again.
        self.closed_until = 0.0
        #: Jobs completed, and failed for good.
        self.done = 0
        self.failed = 0

    @property
    def hello(self) -> Hello:
        """What is known of the function."""
        return self._hello

    @hello.setter
    def hello(self, hello: Hello) -> None:
        self._hello = hello
        self.gate.calls, self.gate.limits = hello.calls, hello.limits

    @property
    def pending(self) -> bool:
        """Whether outcomes wait to be recorded."""
        return bool(self._outcomes or self._followup_outcomes)

    def settle(self, held: Held, performed: Performed) -> None:
        """Note how a try went."""
        lease = held.lease
        if performed.effects:
            self._measuring.asked(performed.effects)
            performed = _stamped(performed, origin_of(lease))
        stand = Stand(lease.seq, lease.token, lease.failures)
        if held.followup is not None:
            outcome = settle(stand, performed, followup.RETRY, _chance())
            self._followup_outcomes.append((outcome, held))
            return
        jitter = 0.0 if performed.failure is None else _chance()
        retry = self.gate.retry(lease, self.hello.retry)
        outcome = settle(stand, performed, retry, jitter)
        self._outcomes.append((outcome, held))
        if performed.undone and not isinstance(outcome, Released):
            event = Event.COMPLETED if isinstance(outcome, Completed) else Event.FAILED
            self._follow_up(lease, event, outcome.finished, performed.undone)

    def blame(self, held: Held, failure: Failure, started: float) -> None:
        """Note that a try ended without the child's being able to tell."""
        finished = time.time()
        performed = Performed(min(started, finished), finished, failure=failure)
        retry = self.gate.retry(held.lease, self.hello.retry)
        final = is_final(failure, held.lease.failures, retry)
        if held.followup is None and final:
            count = self.hello.handlers.get(Event.FAILED, 0)
            performed = performed._replace(undone=tuple(range(count)))
        self.settle(held, performed)

    def given_up(self, lease: Lease) -> Failure | None:
        """Why a job must not be tried again, if it was lost too often."""
        if lease.lost < self.hello.retry.lost:
            return None
        return Failure(
            "lost", f"lost {lease.lost} times with its worker; the job is taken for the cause"
        )

    def put_off(self, held: Held) -> None:
        """Note that a handler cannot run yet, because its job has not ended."""
        lease, now = held.lease, time.time()
        failure = Failure("raised", "its job has not ended yet")
        stand = Stand(lease.seq, lease.token, lease.failures)
        outcome = settle(stand, Performed(now, now, failure=failure), followup.RETRY, _chance())
        if isinstance(outcome, Failed):
            outcome = outcome._replace(dead=False)  # the outcome it belongs to never came to be
        self._followup_outcomes.append((outcome, held))

    def release(self, held: Held) -> None:
        """Note that a job goes back as if it had never been taken."""
        outcomes = self._outcomes if held.followup is None else self._followup_outcomes
        outcomes.append((Released(held.lease.seq, held.lease.token), held))

    def _follow_up(
        self, lease: Lease, event: Event, finished: float, handlers: Sequence[int]
    ) -> None:
        asked = followup.submissions(
            self._function, lease.id, lease.name, lease.owner, event, finished, handlers
        )
        self._to_submit += [each._replace(origin=origin_of(lease)) for each in asked]

    def exchange(self, want: int) -> list[Lease]:
        """Record what is noted and take up to `want` jobs; nothing while the store is closed."""
        if time.monotonic() < self.closed_until:
            return []
        try:
            if self._to_submit:
                self._ledger.submit(self._to_submit)
                self._to_submit = []
            if self._followup_outcomes:
                self._record(followup.name_of(self._function), self._followup_outcomes, 0)
                self._followup_outcomes = []
            leases = self._record(self._function, self._outcomes, want)
        except Unavailable as problem:
            self._close(problem)
            return []
        self._outcomes = []
        self._rest = 0.0
        return leases

    def _record(self, function: str, noted: list[tuple[Outcome, Held]], want: int) -> list[Lease]:
        noted = [(_unless_stale(outcome), held) for outcome, held in noted]
        outcomes = [outcome for outcome, _ in noted]
        began = time.time()
        answer = self._ledger.exchange(function, self._worker, outcomes, want, self._lease, _NEVER)
        times = began, time.time()
        if not all(answer.recorded):
            noted = [each for each, done in zip(noted, answer.recorded, strict=True) if done]
        if function == self._function and self.gate.calls:
            for outcome, _ in noted:
                self.gate.saw(outcome)
        self._ended(noted)
        tracing.ended(noted, function, times)
        return answer.leases

    def _ended(self, tries: list[tuple[Outcome, Held]]) -> None:
        """Outcomes were recorded."""
        completed = [(each, held) for each, held in tries if type(each) is Completed]
        failed = []
        if len(completed) < len(tries):
            failed = [(each, held) for each, held in tries if type(each) is Failed]
        lost = [(each.failure, held.lease) for each, held in failed if each.retry_in is None]
        self.done += len(completed)
        self.failed += len(lost)
        self._notes += lost[: max(0, _NOTES - len(self._notes))]
        self._measuring.completed(completed)
        self._measuring.failed(failed)
        self._telling.ended(tries)

    def _close(self, problem: Unavailable) -> None:
        self._rest = min(_LONGEST_REST, max(_FIRST_REST, 2 * self._rest))
        self.closed_until = time.monotonic() + self._rest
        _log.warning("%s; trying again in %g s", problem, self._rest)

    def take_followups(self, want: int) -> list[tuple[Lease, FollowUp]]:
        """Take up to `want` handlers that are to run again."""
        if not self.hello.handlers or time.monotonic() < self.closed_until:
            return []
        name = followup.name_of(self._function)
        try:
            answer = self._ledger.exchange(name, self._worker, (), want, self._lease)
        except Unavailable as problem:
            self._close(problem)
            return []
        return [(lease, followup.read(lease.args)) for lease in answer.leases]

    def lost(self, held: dict[int, Held], now: float) -> set[int]:
        """Which of these jobs are no longer this worker's; the leases of the others go on."""
        pairs = [(each.lease.seq, each.lease.token) for each in held.values()]
        try:
            if now - self._extended >= self._lease / 3:
                kept = self._ledger.extend(pairs, self._lease)
                self._extended = now
            else:
                kept = self._ledger.held(pairs)
        except Unavailable as problem:
            _log.warning("%s", problem)
            return set()
        return {serial for serial, mine in zip(held, kept, strict=True) if not mine}

    def report(self, held: Held, share: float) -> None:
        """Pass on how far a job is."""
        with contextlib.suppress(Unavailable):  # the next report comes in a second
            self._ledger.report(held.lease.seq, held.lease.token, share)

    def write_notes(self) -> None:
        """Put failures for good into the journal; to be called about once a second."""
        self.gate.tell()
        notes, self._notes = self._notes, []
        for failure, lease in notes:
            facts = {"job": lease.id, "kind": failure.kind, "worker": self._worker}
            with contextlib.suppress(Unavailable):  # the ledger has it
                self.home.journal.write("job.failed", self._function, failure.message, facts)


def _stamped(performed: Performed, origin: str) -> Performed:
    """What a try asks for goes back to what the job goes back to."""
    if not origin or not any(type(effect) is Submit for effect in performed.effects):
        return performed
    effects = tuple(
        Submit(effect.submission._replace(origin=origin)) if type(effect) is Submit else effect
        for effect in performed.effects
    )
    return performed._replace(effects=effects)


def _unless_stale(outcome: Outcome) -> Outcome:
    """An outcome whose files may have been swept away meanwhile is given up: the job runs again."""
    if type(outcome) is not Completed or time.time() - outcome.finished <= _STALE:
        return outcome
    with_files = any(type(effect) is Keep for effect in outcome.effects)
    return Released(outcome.seq, outcome.token) if with_files else outcome


def _chance() -> float:
    return int.from_bytes(os.urandom(3)) / (1 << 24)
