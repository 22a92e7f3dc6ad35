"""The ledger in memory."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from billow.clock import Clock
from billow.drivers.memory.rows import (
    JobRow,
    Wanted,
    check_keys,
    count_new,
    counts_of,
    is_forgettable,
    is_spent,
    load_of,
)
from billow.drivers.memory.wake import MemoryWake
from billow.errors import Conflict, NotFound
from billow.ids import new_ids
from billow.job import Attempt, Job, Status
from billow.origin import current
from billow.ports.checks import Checks
from billow.ports.ledger import (
    Accepted,
    Check,
    Completed,
    Counts,
    Effect,
    Exchange,
    Lease,
    Load,
    Outcome,
    Page,
    Released,
    Submission,
)
from billow.ports.steps import StepRules
from billow.ports.wake import DONE, KEEPER, jobs_channel


class MemoryLedger:
    """Every job of a service that lives in one process.

    `apply` carries out what a recorded outcome asks for, under the same lock.
    """

    def __init__(
        self,
        lock: threading.RLock,
        clock: Clock,
        wake: MemoryWake,
        apply: Callable[[Effect], None],
        follow: StepRules | None = None,
    ) -> None:
        self._lock = lock
        self._clock = clock
        self._wake = wake
        self._apply = apply
        accepted, cancelled = follow or StepRules()
        self._follow = accepted or (lambda *_: ())
        self._cancelled = cancelled or (lambda _: ())
        self._rows: dict[int, JobRow] = {}
        self._by_id: dict[str, JobRow] = {}
        self._by_key: dict[tuple[str, str], JobRow] = {}
        #: The jobs of each function that are not final.
        self._open: dict[str, dict[int, JobRow]] = {}
        self._next_seq = itertools.count(1)
        self._checks = Checks()

    def checking(self, check: Check) -> AbstractContextManager[None]:
        """Let `check` look at the steps of this thread."""
        return self._checks.during(check)

    def count(self, owner: str, since: float) -> Load:
        """An owner's jobs, without those of the service itself."""
        with self._lock:
            return load_of(self._rows.values(), owner, since)

    def _look(self, coming: Load, owners: Iterable[str]) -> None:
        """Have the check look at what is about to be."""
        check, whose = self._checks.current, set(owners)
        if check is not None:
            more = dict.fromkeys(whose, coming)
            check(lambda owner, since: self.count(owner, since).plus(more.get(owner)))

    def submit(self, submissions: Sequence[Submission]) -> list[Accepted]:
        """Accept jobs, all or none. Workers that wait are woken."""
        with self._lock:
            check_keys(submissions, self._by_key)
            coming = count_new(submissions, self._by_key)
            self._look(Load(coming, coming), [asked.owner for asked in submissions])
            ids = new_ids(len(submissions))
            # What follows is asked for first: if that raises, nothing has happened.
            now = self._clock.now()
            follows = [self._follow(*each, now) for each in zip(ids, submissions, strict=True)]
            accepted = list(map(self._accept, ids, submissions))
            for answer, effects in zip(accepted, follows, strict=True):
                for effect in effects if answer.new else ():
                    self._apply(effect)
            new = zip(submissions, accepted, strict=True)
            self._ring(Counter(asked.function for asked, answer in new if answer.new))
            return accepted

    def find_key(self, owner: str, key: str) -> tuple[str, str] | None:
        """The (job id, digest) accepted under an idempotency key, if there is one."""
        with self._lock:
            row = self._by_key.get((owner, key))
            return (row.id, row.asked.digest) if row else None

    def exchange(
        self,
        function: str,
        worker: str,
        outcomes: Sequence[Outcome],
        want: int,
        lease: float,
        max_lost: int = 10,
    ) -> Exchange:
        """Record outcomes and take up to `want` jobs of `function` for `lease` seconds."""
        with self._lock:
            recorded = [self._record(outcome) for outcome in outcomes]
            leases = self._take(function, worker, want, lease, max_lost)
            return Exchange(recorded, leases)

    def extend(self, leases: Sequence[tuple[int, int]], lease: float) -> list[bool]:
        """Let (seq, token) leases end `lease` seconds from now; False where it was lost."""
        with self._lock:
            until = self._clock.now() + lease
            rows = [self._holding(*pair) for pair in leases]
            for row in rows:
                if row is not None:
                    row.due = until
            return [row is not None for row in rows]

    def held(self, leases: Sequence[tuple[int, int]]) -> list[bool]:
        """Whether each (seq, token) lease is still the job's latest."""
        with self._lock:
            return [self._holding(*pair) is not None for pair in leases]

    def report(self, seq: int, token: int, progress: float) -> None:
        """Note how far a running job is, 0 to 1."""
        with self._lock:
            if row := self._holding(seq, token):
                row.progress = min(1.0, max(0.0, progress))
                self._wake.notify(DONE)

    def abandon(self, worker: str) -> int:
        """End the leases of a worker that is known to be dead; returns how many."""
        with self._lock:
            now = self._clock.now()
            rows = [row for row in self._all_open() if row.is_leased(now) and row.worker == worker]
            for row in rows:
                row.due = now
            self._ring(Counter(row.asked.function for row in rows))
            return len(rows)

    def get(self, id: str) -> Job | None:
        """A job by id."""
        with self._lock:
            row = self._by_id.get(id)
            return row.job() if row else None

    def find(
        self,
        *,
        function: str | None = None,
        status: Status | None = None,
        owner: str | None = None,
        dead: bool | None = None,
        text: str | None = None,
        before: int | None = None,
        after: int | None = None,
        limit: int = 50,
        results: bool = True,
    ) -> Page:
        """Jobs newest first; with `after` alone, the first ones that came since."""
        fits = Wanted(function, status, owner, dead, text, before, after).fits
        forward = after is not None and before is None
        with self._lock:
            rows = list(self._rows.values()) if forward else reversed(self._rows.values())
            jobs = list(itertools.islice((row.job() for row in rows if fits(row)), limit + 1))
        page = [job if results else replace(job, result=None) for job in jobs[:limit]]
        rest = page[-1].seq if len(jobs) > limit else None
        return Page(page[::-1] if forward else page, rest)

    def attempts(self, id: str) -> list[Attempt]:
        """A job's tries that did not succeed, oldest first."""
        with self._lock:
            row = self._by_id.get(id)
            return list(row.attempts) if row else []

    def counts(self, function: str) -> Counts:
        """The messages of a function's queue."""
        with self._lock:
            return counts_of(self._open.get(function, {}).values(), self._clock.now())

    def totals(self) -> dict[tuple[str, Status], int]:
        """Number of jobs by function and status."""
        with self._lock:
            return dict(Counter((row.asked.function, row.status) for row in self._rows.values()))

    def next_due(self, function: str) -> float | None:
        """When the next job that cannot be taken yet becomes takeable, UNIX seconds."""
        with self._lock:
            now = self._clock.now()
            rows = self._open.get(function, {}).values()
            return min((row.due for row in rows if row.due > now), default=None)

    def cancel(self, id: str) -> Job:
        """Cancel a job that is not final; a worker that holds it is fenced off."""
        with self._lock:
            row = self._by_id.get(id)
            if row is None:
                raise NotFound(f"there is no job {id!r}")
            if row.status.final:
                raise Conflict(f"job {id} is {row.status} already")
            now = self._clock.now()
            # What follows is asked for first: if that raises, nothing has happened.
            ended = replace(row.job(), status=Status.CANCELLED, finished=now, due=None)
            effects = self._cancelled(ended)
            row.cancel(now)
            self._close(row)
            for effect in effects:
                self._apply(effect)
            self._wake.notify(DONE)
            return row.job()

    def redrive(self, ids: Sequence[str], args: str | None = None) -> list[bool]:
        """Send failed jobs round again, with fresh tries and, if given, other arguments."""
        with self._lock:
            rows = [self._by_id.get(each) for each in ids]
            failed = {row.seq: row for row in rows if row and row.status is Status.FAILED}
            self._look(Load(0, len(failed)), [row.asked.owner for row in failed.values()])
            answers = [self._redrive(row, args) for row in rows]
            redriven = [row for row, answer in zip(rows, answers, strict=True) if row and answer]
            self._ring(Counter(row.asked.function for row in redriven))
            self._wake.notify(DONE)
            return answers

    def forget(self, owner: str, limit: int = 500) -> int:
        """Remove final jobs of an owner."""
        with self._lock:
            over = [row for row in self._rows.values() if is_forgettable(row, owner)]
            return self._remove(over[:limit])

    def forget_own(self, before: float) -> int:
        """Remove jobs of the service itself that ended before a time."""
        with self._lock:
            return self._remove([row for row in self._rows.values() if is_spent(row, before)])

    def _remove(self, rows: Sequence[JobRow]) -> int:
        for row in rows:
            del self._rows[row.seq], self._by_id[row.id]
            self._by_key.pop((row.asked.owner, row.asked.key or ""), None)
        return len(rows)

    def _accept(self, id: str, asked: Submission) -> Accepted:
        key = None if asked.key is None else (asked.owner, asked.key)
        if key is not None and key in self._by_key:
            known = self._by_key[key]
            return Accepted(known.id, known.seq, False)
        now = self._clock.now()
        asked = asked._replace(origin=asked.origin or str(current()))
        row = JobRow(next(self._next_seq), id, asked, created=now, due=now + asked.delay)
        self._rows[row.seq] = self._by_id[id] = row
        self._reopen(row)
        if key is not None:
            self._by_key[key] = row
        return Accepted(id, row.seq, True)

    def _take(
        self, function: str, worker: str, want: int, lease: float, max_lost: int
    ) -> list[Lease]:
        now = self._clock.now()
        rows = self._open.get(function, {}).values()
        due = sorted((row for row in rows if row.due <= now), key=lambda row: (row.due, row.seq))
        leases: list[Lease] = []
        for row in due:
            if len(leases) == want:
                break
            if row.lose(now, max_lost):
                self._close(row)
                self._wake.notify(DONE)
            else:
                leases.append(row.take(worker, now, lease))
        return leases

    def _record(self, outcome: Outcome) -> bool:
        row = self._holding(outcome.seq, outcome.token)
        if row is None:
            return False
        if isinstance(outcome, Released):
            row.release(self._clock.now() + outcome.delay)
            if outcome.delay <= 0:
                self._ring({row.asked.function: 1})
            return True
        if isinstance(outcome, Completed):
            row.complete(outcome)
        else:
            row.fail(outcome, self._clock.now())
        if row.status.final:
            self._close(row)
        for effect in outcome.effects:
            self._apply(effect)
        self._wake.notify(DONE)
        return True

    def _redrive(self, row: JobRow | None, args: str | None) -> bool:
        if row is None or row.status is not Status.FAILED:
            return False
        row.redrive(self._clock.now(), args)
        self._reopen(row)
        return True

    def _holding(self, seq: int, token: int) -> JobRow | None:
        row = self._rows.get(seq)
        held = row is not None and row.status is Status.RUNNING and row.token == token
        return row if held else None

    def _all_open(self) -> Iterable[JobRow]:
        return itertools.chain.from_iterable(rows.values() for rows in self._open.values())

    def _reopen(self, row: JobRow) -> None:
        self._open.setdefault(row.asked.function, {})[row.seq] = row

    def _close(self, row: JobRow) -> None:
        del self._open[row.asked.function][row.seq]

    def _ring(self, functions: dict[str, int]) -> None:
        """Wake workers for so many jobs of each function; the keeper, if there are too few."""
        for function, count in functions.items():
            if self._wake.notify(jobs_channel(function), count) < count:
                self._wake.notify(KEEPER)
