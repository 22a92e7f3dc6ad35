"""The ledger in SQLite: accepting jobs, and reading them. Leases are in `leases.py`."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from billow.clock import Clock
from billow.drivers.embedded import leases
from billow.drivers.embedded.accepting import follow_up, insert_jobs, look_at, queues_of
from billow.drivers.embedded.database import Database
from billow.drivers.embedded.disk import Disk
from billow.drivers.embedded.effects import apply_all
from billow.drivers.embedded.group import GroupCommit
from billow.drivers.embedded.listing import find_page
from billow.drivers.embedded.mending import cancel_job, forget_jobs, forget_own, redrive_job
from billow.drivers.embedded.rows import (
    JOB_COLUMNS,
    PENDING,
    RUNNING,
    STATUSES,
    Tally,
    to_failure,
    to_job,
)
from billow.errors import NotFound
from billow.job import Attempt, Failure, Job, Status
from billow.ports.checks import Checks
from billow.ports.ledger import (
    Accepted,
    Check,
    Counts,
    Exchange,
    Outcome,
    Page,
    Released,
    Submission,
)
from billow.ports.steps import StepRules
from billow.ports.wake import DONE, KEEPER, Wake, jobs_channel, queue_channel


class SqliteLedger:
    """Every job of a service, in one table."""

    def __init__(
        self,
        database: Database,
        group: GroupCommit,
        wake: Wake,
        clock: Clock,
        follow: StepRules | None = None,
        disk: Disk | None = None,
    ) -> None:
        self._disk = disk
        self._database = database
        self._group = group
        self._wake = wake
        self._clock = clock
        self.checks = Checks()
        self._follow, self._cancelled = follow or StepRules()

    def checking(self, check: Check) -> AbstractContextManager[None]:
        """Let `check` look at the steps of this thread."""
        return self.checks.during(check)

    def submit(self, submissions: Sequence[Submission]) -> list[Accepted]:
        """Accept jobs, all or none, and wake their workers."""
        if not submissions:
            return []
        if self._disk is not None:
            self._disk.check()
        check = self.checks.current
        accepted = self._group.run(lambda connection: self.insert(connection, submissions, check))
        self.ring(submissions, accepted)
        return accepted

    def insert(
        self,
        connection: sqlite3.Connection,
        submissions: Sequence[Submission],
        check: Check | None = None,
    ) -> list[Accepted]:
        """Accept jobs as part of a transaction; `ring` is to follow when it is durable."""
        tally = Tally()
        now = self._clock.now()
        accepted = insert_jobs(connection, submissions, now, tally)
        tally.write(connection)
        if self._follow is not None:
            follow_up(connection, submissions, accepted, self._follow, now)
        look_at(connection, check)
        return accepted

    def ring(self, submissions: Sequence[Submission], accepted: Sequence[Accepted]) -> None:
        """Wake workers for jobs that were accepted and may be taken now."""
        new: dict[str, int] = {}
        for asked, answer in zip(submissions, accepted, strict=True):
            if answer.new and asked.delay <= 0:
                new[asked.function] = new.get(asked.function, 0) + 1
        self._ring_workers(new)
        if self._follow is not None:
            self._ring_readers(queues_of(submissions, accepted, self._follow))

    def _ring_readers(self, messages: Mapping[str, int]) -> None:
        for queue, count in messages.items():
            self._wake.notify(queue_channel(queue), count)

    def _ring_workers(self, jobs: dict[str, int]) -> None:
        short = [
            f for f, count in jobs.items() if self._wake.notify(jobs_channel(f), count) < count
        ]
        if short:
            self._wake.notify(KEEPER)

    def find_key(self, owner: str, key: str) -> tuple[str, str] | None:
        """The (job id, digest) accepted under an idempotency key."""
        row = self._database.reader.execute(
            "select job, digest from idempotency where owner = ? and key = ?", (owner, key)
        ).fetchone()
        return None if row is None else (row[0], row[1])

    def exchange(
        self,
        function: str,
        worker: str,
        outcomes: Sequence[Outcome],
        want: int,
        lease: float,
        max_lost: int = 10,
    ) -> Exchange:
        """Record outcomes and take jobs, in one transaction."""
        now = self._clock.now()
        if not outcomes and not self._any_due(function, now):
            return Exchange([], [])
        durable = any(type(outcome) is not Released for outcome in outcomes)
        with self._database.write(durable=durable) as connection:
            work = leases.Work(connection, function, worker, now)
            recorded = [work.record(outcome) for outcome in outcomes]
            taken = work.take(want, lease, max_lost) if want > 0 else []
            work.finish()
        self._ring_readers(work.queues)
        if work.released:
            self._ring_workers({function: work.released})
        if work.accepted:
            self._ring_workers(work.accepted)
        if durable or work.gave_up:
            self._wake.notify(DONE)
        return Exchange(recorded, taken)

    def _any_due(self, function: str, now: float) -> bool:
        row = self._database.reader.execute(
            "select 1 from jobs where function = ? and due <= ? limit 1", (function, now)
        ).fetchone()
        return row is not None

    def extend(self, leases_: Sequence[tuple[int, int]], lease: float) -> list[bool]:
        """Let leases end `lease` seconds from now."""
        due = self._clock.now() + lease
        with self._database.write(durable=False) as connection:
            return [
                connection.execute(
                    "update jobs set due = ? where seq = ? and token = ? and state = 1",
                    (due, seq, token),
                ).rowcount
                == 1
                for seq, token in leases_
            ]

    def held(self, leases_: Sequence[tuple[int, int]]) -> list[bool]:
        """Whether each lease is still the job's latest."""
        execute = self._database.reader.execute
        query = "select 1 from jobs where seq = ? and token = ? and state = 1"
        return [execute(query, lease).fetchone() is not None for lease in leases_]

    def report(self, seq: int, token: int, progress: float) -> None:
        """Note how far a running job is."""
        with self._database.write(durable=False) as connection:
            connection.execute(
                "update jobs set progress = ? where seq = ? and token = ? and state = 1",
                (min(1.0, max(0.0, progress)), seq, token),
            )
        self._wake.notify(DONE)

    def abandon(self, worker: str) -> int:
        """End the leases of a dead worker."""
        now = self._clock.now()
        with self._database.write(durable=False) as connection:
            rows = connection.execute(
                "update jobs set due = ? where state = 1 and worker = ? and due > ? "
                "returning function",
                (now, worker, now),
            ).fetchall()
        freed: dict[str, int] = {}
        for (function,) in rows:
            freed[function] = freed.get(function, 0) + 1
        self._ring_workers(freed)
        return len(rows)

    def get(self, id: str) -> Job | None:
        """A job by id."""
        row = self._database.reader.execute(
            f"select {JOB_COLUMNS} from jobs where id = ?",  # noqa: S608 - a constant
            (id,),
        ).fetchone()
        return None if row is None else to_job(row)

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
        """Jobs newest first."""
        return find_page(
            self._database.reader,
            function=function,
            status=status,
            owner=owner,
            dead=dead,
            text=text,
            before=before,
            after=after,
            limit=limit,
            results=results,
        )

    def attempts(self, id: str) -> list[Attempt]:
        """A job's tries that did not succeed, oldest first."""
        rows = self._database.reader.execute(
            "select worker, started, ended, failure from attempts "
            "where job = (select seq from jobs where id = ?) order by number",
            (id,),
        ).fetchall()
        return [
            Attempt(worker, started, ended, to_failure(text) or Failure("", ""))
            for worker, started, ended, text in rows
        ]

    def counts(self, function: str) -> Counts:
        """The messages of a function's queue."""
        now = self._clock.now()
        execute = self._database.reader.execute
        visible, oldest = execute(
            "select count(*), min(due) from jobs where function = ? and due <= ?", (function, now)
        ).fetchone()
        later = dict(
            execute(
                "select state, count(*) from jobs where function = ? and due > ? group by state",
                (function, now),
            ).fetchall()
        )
        return Counts(
            visible=visible,
            in_flight=later.get(RUNNING, 0),
            delayed=later.get(PENDING, 0),
            oldest=0.0 if oldest is None else max(0.0, now - oldest),
        )

    def totals(self) -> dict[tuple[str, Status], int]:
        """Number of jobs by function and status."""
        rows = self._database.reader.execute("select function, state, count from tallies")
        return {(function, STATUSES[state]): count for function, state, count in rows}

    def next_due(self, function: str) -> float | None:
        """When the next job that cannot be taken yet becomes takeable."""
        row = self._database.reader.execute(
            "select min(due) from jobs where function = ? and due > ?",
            (function, self._clock.now()),
        ).fetchone()
        due: float | None = row[0]
        return due

    def cancel(self, id: str) -> Job:
        """Cancel a job that is not final."""

        def work(connection: sqlite3.Connection) -> dict[str, int]:
            job, now = self.get_in(connection, id), self._clock.now()
            cancel_job(connection, job, now)
            sent: dict[str, int] = {}
            if self._cancelled is not None:
                effects = self._cancelled(self.get_in(connection, id))
                apply_all(connection, effects, now, sent)
            return sent

        self._ring_readers(self._group.run(work))
        self._wake.notify(DONE)
        return self.get_in(self._database.reader, id)

    def get_in(self, connection: sqlite3.Connection, id_: str) -> Job:
        """A job by id, read on `connection`; raises NotFound."""
        row = connection.execute(
            f"select {JOB_COLUMNS} from jobs where id = ?",  # noqa: S608 - a constant
            (id_,),
        ).fetchone()
        if row is None:
            raise NotFound(f"there is no job {id_!r}")
        return to_job(row)

    def redrive(self, ids: Sequence[str], args: str | None = None) -> list[bool]:
        """Send failed jobs round again."""
        check, now = self.checks.current, self._clock.now()

        def work(connection: sqlite3.Connection) -> list[str | None]:
            sent = [redrive_job(connection, id_, args, now) for id_ in ids]
            look_at(connection, check)
            return sent

        functions = self._group.run(work)
        sent: dict[str, int] = {}
        for function in functions:
            if function is not None:
                sent[function] = sent.get(function, 0) + 1
        self._ring_workers(sent)
        self._wake.notify(DONE)
        return [function is not None for function in functions]

    def forget(self, owner: str, limit: int = 500) -> int:
        """Remove final jobs of an owner."""
        return self._group.run(lambda connection: forget_jobs(connection, owner, limit))

    def forget_own(self, before: float) -> int:
        """Remove jobs of the service itself that ended before a time."""
        return forget_own(self._database, before)
