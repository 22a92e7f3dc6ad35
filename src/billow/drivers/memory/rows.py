"""A job as the memory ledger keeps it, and what can happen to it."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from billow.errors import Conflict
from billow.job import Attempt, Failure, Job, Status, after
from billow.owner import Owner
from billow.ports.ledger import Completed, Counts, Failed, Lease, Load, Submission


@dataclass(slots=True)
class JobRow:
    """One job. Every change of its state goes through the table of transitions."""

    seq: int
    id: str
    asked: Submission
    created: float
    #: When it may be taken, or when its lease ends; infinite when it is final.
    due: float
    status: Status = Status.PENDING
    #: Counts the takings, so that only the latest can record an outcome.
    token: int = 0
    worker: str | None = None
    result: str | None = None
    failure: Failure | None = None
    progress: float | None = None
    failures: int = 0
    lost: int = 0
    started: float | None = None
    finished: float | None = None
    dead: bool = False
    attempts: list[Attempt] = field(default_factory=list)

    def is_leased(self, now: float) -> bool:
        """Whether a worker holds a lease that has not ended."""
        return self.status is Status.RUNNING and self.due > now

    def take(self, worker: str, now: float, lease: float) -> Lease:
        """Give it to `worker`."""
        self.status = after(self.status, "take")
        self.token += 1
        self.due = now + lease
        self.worker, self.started, self.progress = worker, now, None
        asked = self.asked
        return Lease(
            self.seq,
            self.token,
            self.id,
            asked.function,
            asked.args,
            asked.name,
            asked.upload,
            asked.owner,
            self.failures,
            self.lost,
            self.created,
            asked.origin,
        )

    def lose(self, now: float, max_lost: int) -> bool:
        """Note that a lease ran out, if it did; True if that was one too many."""
        if self.status is not Status.RUNNING:
            return False
        self.lost += 1
        failure = Failure("lost", f"its worker {self.worker} vanished")
        self._note(failure, self.started or now, now)
        if self.lost < max_lost:
            return False
        self.status = after(self.status, "fail")
        self._end(now)
        self.dead = True
        return True

    def complete(self, outcome: Completed) -> None:
        """Store the result."""
        self.status = after(self.status, "complete")
        self.result, self.failure = outcome.result, None
        self.started = outcome.started
        self._end(outcome.finished)

    def fail(self, outcome: Failed, now: float) -> None:
        """Store the failure; wait for the next try, or end."""
        again = outcome.retry_in is not None
        self.status = after(self.status, "retry later" if again else "fail")
        self.failures += 1
        self.started = outcome.started
        self._note(outcome.failure, outcome.started, outcome.finished)
        if outcome.retry_in is not None:
            self.due = now + outcome.retry_in
            self.worker = None
        else:
            self._end(outcome.finished)
            self.dead = outcome.dead

    def release(self, due: float) -> None:
        """Put it back, to be taken when it is due."""
        self.status = after(self.status, "release")
        self.due = due
        self.worker = self.started = None

    def cancel(self, now: float) -> None:
        """End it, which fences off whoever holds it."""
        self.status = after(self.status, "cancel")
        self._end(now)

    def redrive(self, now: float, args: str | None) -> None:
        """Begin again with fresh tries; the attempts made stay on record."""
        self.status = after(self.status, "redrive")
        self.failures = self.lost = 0
        self.dead = False
        self.due = now
        self.failure = self.worker = self.started = self.finished = self.progress = None
        if args is not None:
            self.asked = self.asked._replace(args=args)

    def job(self) -> Job:
        """The job as others see it."""
        return Job(
            id=self.id,
            function=self.asked.function,
            status=self.status,
            owner=Owner(self.asked.owner),
            name=self.asked.name,
            args=json.loads(self.asked.args),
            upload=self.asked.upload,
            result=_parsed(self.result),
            failure=self.failure,
            progress=self.progress,
            failures=self.failures,
            lost=self.lost,
            worker=self.worker,
            created=self.created,
            started=self.started,
            finished=self.finished,
            due=None if math.isinf(self.due) else self.due,
            seq=self.seq,
        )

    def _note(self, failure: Failure, started: float, ended: float) -> None:
        self.failure = failure
        self.attempts.append(Attempt(self.worker or "", started, ended, failure))

    def _end(self, finished: float) -> None:
        self.finished = finished
        self.due = math.inf


def _parsed(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def check_keys(submissions: Sequence[Submission], by_key: Mapping[tuple[str, str], JobRow]) -> None:
    """Raises Conflict if an idempotency key was used before with another digest."""
    known = {key: row.asked.digest for key, row in by_key.items()}
    for asked in submissions:
        if asked.key is None:
            continue
        digest = known.setdefault((asked.owner, asked.key), asked.digest)
        if digest != asked.digest:
            raise Conflict(f"the idempotency key {asked.key!r} was used before for another request")


def count_new(submissions: Sequence[Submission], by_key: Mapping[tuple[str, str], JobRow]) -> int:
    """How many of these would make a job."""
    keys = {(asked.owner, asked.key) for asked in submissions if asked.key is not None}
    return sum(asked.key is None for asked in submissions) + len(keys - by_key.keys())


def is_theirs(row: JobRow, owner: str) -> bool:
    """Whether a job is an owner's, and not one of the service itself."""
    return row.asked.owner == owner and not row.asked.function.startswith("billow.")


def is_forgettable(row: JobRow, owner: str) -> bool:
    """Whether a job is an owner's, and over."""
    return is_theirs(row, owner) and row.status.final


def is_spent(row: JobRow, before: float) -> bool:
    """Whether a job is the service's own, and ended before a time without being a dead letter."""
    own = row.asked.owner == "billow" and row.asked.function.startswith("billow.")
    return own and not row.dead and row.finished is not None and row.finished < before


def load_of(rows: Iterable[JobRow], owner: str, since: float) -> Load:
    """An owner's jobs among these, without those of the service itself."""
    theirs = [row for row in rows if is_theirs(row, owner)]
    recent = sum(row.created >= since for row in theirs)
    return Load(recent, sum(not row.status.final for row in theirs))


class Wanted(NamedTuple):
    """What jobs are looked for; None does not matter."""

    function: str | None
    status: Status | None
    owner: str | None
    dead: bool | None
    text: str | None
    before: int | None
    after: int | None

    def fits(self, row: JobRow) -> bool:
        """Whether it is one of them."""
        return (
            self.function in (None, row.asked.function)
            and self.status in (None, row.status)
            and self.owner in (None, row.asked.owner)
            and self.dead in (None, row.dead)
            and (self.text is None or self.text.casefold() in row.asked.name.casefold())
            and (self.before is None or row.seq < self.before)
            and (self.after is None or row.seq > self.after)
        )


def counts_of(rows: Collection[JobRow], now: float) -> Counts:
    """The messages of a function's queue, which are its jobs that are not over."""
    due = [row.due for row in rows if row.due <= now]
    leased = sum(1 for row in rows if row.is_leased(now))
    oldest = now - min(due, default=now)
    return Counts(len(due), leased, len(rows) - len(due) - leased, oldest)
