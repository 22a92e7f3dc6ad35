"""Recording outcomes and taking jobs: the work of one exchange inside its transaction."""

from __future__ import annotations

import sqlite3
from typing import Any

from billow.drivers.embedded.accepting import insert_jobs
from billow.drivers.embedded.effects import apply_publish, apply_put
from billow.drivers.embedded.records import record_object
from billow.drivers.embedded.rows import (
    COMPLETED,
    FAILED,
    PENDING,
    RUNNING,
    Tally,
    failure_text,
)
from billow.job import Failure
from billow.ports.ledger import (
    Completed,
    Effect,
    Failed,
    Keep,
    Lease,
    Outcome,
    Publish,
    Put,
    Released,
    Submission,
    Submit,
)
from billow.ports.objects import ObjectInfo

_COMPLETE = (
    "update jobs set state = 2, due = null, result = ?, failure = null, progress = null, "
    "worker = ?, started = ?, finished = ? where seq = ? and token = ? and state = 1"
)
_FAIL = (
    "update jobs set state = ?, due = ?, failure = ?, failures = failures + 1, dead = ?, "
    "progress = null, started = ?, finished = ? where seq = ? and token = ? and state = 1"
)
_RELEASE = (
    "update jobs set state = 0, due = ?, worker = null, started = null "
    "where seq = ? and token = ? and state = 1"
)
_DUE = (
    "select seq, token, id, args, name, upload, owner, failures, lost, created, state, worker, "
    "started, origin from jobs where function = ? and due <= ? order by due, seq limit ?"
)
_TAKE = (
    "update jobs set state = 1, due = ?, token = token + 1, lost = ?, worker = ?, started = ? "
    "where seq = ?"
)
_ATTEMPT = (
    "insert into attempts select ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5 "
    "from attempts where job = ?1"
)


class Work:
    """One exchange. `finish` must be called before the transaction is committed."""

    def __init__(
        self, connection: sqlite3.Connection, function: str, worker: str, now: float
    ) -> None:
        self._execute = connection.execute
        self._connection = connection
        self._function = function
        self._worker = worker
        self._now = now
        self._tally = Tally()
        #: Messages sent by effects, by queue; jobs given back to be taken at once; jobs given up as
        #: lost too often.
        self.queues: dict[str, int] = {}
        #: Jobs accepted by effects that may be taken now, by function.
        self.accepted: dict[str, int] = {}
        self.released = 0
        self.gave_up = 0

    def finish(self) -> None:
        """Write down what is kept once for the whole exchange."""
        self._tally.write(self._connection)

    def record(self, outcome: Outcome) -> bool:
        """Record one outcome; False if its token is not the job's latest any more."""
        if type(outcome) is Completed:
            return self._complete(outcome)
        if type(outcome) is Failed:
            return self._fail(outcome)
        assert type(outcome) is Released
        seq, token, delay = outcome
        if self._execute(_RELEASE, (self._now + delay, seq, token)).rowcount != 1:
            return False
        self._tally.move(self._function, RUNNING, PENDING)
        self.released += delay <= 0
        return True

    def _complete(self, outcome: Completed) -> bool:
        seq, token, result, started, finished, effects = outcome
        row = (result, self._worker, started, finished, seq, token)
        if self._execute(_COMPLETE, row).rowcount != 1:
            return False
        self._tally.move(self._function, RUNNING, COMPLETED)
        for effect in effects:
            self._apply(effect)
        return True

    def _fail(self, outcome: Failed) -> bool:
        seq, token, failure, started, finished, retry_in, dead, effects = outcome
        again = retry_in is not None
        state = PENDING if again else FAILED
        due = None if retry_in is None else self._now + retry_in
        text = failure_text(failure)
        ended = None if again else finished
        row = (state, due, text, dead and not again, started, ended, seq, token)
        if self._execute(_FAIL, row).rowcount != 1:
            return False
        self._execute(_ATTEMPT, (seq, self._worker, started, finished, text))
        self._tally.move(self._function, RUNNING, state)
        for effect in effects:
            self._apply(effect)
        return True

    def _apply(self, effect: Effect) -> None:
        if type(effect) is Publish:
            apply_publish(self._connection, effect, self._now, self.queues)
            return
        if type(effect) is Put:
            apply_put(self._connection, effect)
        elif type(effect) is Keep:
            self._keep(effect)
        else:
            assert type(effect) is Submit
            self._submit(effect.submission)

    def _keep(self, effect: Keep) -> None:
        store, key, blob, size, sha256, type_, name, owner = effect
        info = ObjectInfo(store, key, size, sha256, type_, name, owner, {}, self._now)
        # What it replaces, if anything, is left to the sweep.
        record_object(self._connection, info, blob)

    def _submit(self, asked: Submission) -> None:
        known = (
            asked.key is not None
            and self._execute(
                "select 1 from idempotency where owner = ? and key = ?", (asked.owner, asked.key)
            ).fetchone()
        )
        if not known:
            insert_jobs(self._connection, [asked], self._now, self._tally)
            if asked.delay <= 0:
                self.accepted[asked.function] = self.accepted.get(asked.function, 0) + 1

    def take(self, want: int, lease: float, max_lost: int) -> list[Lease]:
        """Take up to `want` jobs that are due."""
        leases: list[Lease] = []
        while (room := want - len(leases)) > 0:
            rows = self._execute(_DUE, (self._function, self._now, room)).fetchall()
            leases += self._take_rows(rows, lease, max_lost)
            if len(rows) < room:
                break
            # Jobs that were given up on the way leave room for those behind them.
        return leases

    def _take_rows(self, rows: list[Any], lease: float, max_lost: int) -> list[Lease]:
        now, function, worker = self._now, self._function, self._worker
        leases = []
        updates = []
        for row in rows:
            seq, token, id_, args, name, upload, owner, failures, lost, created, state = row[:11]
            if state == RUNNING:
                lost += 1
                if not self._take_over(seq, lost, max_lost, row[11], row[12]):
                    continue
            updates.append((now + lease, lost, worker, now, seq))
            leases.append(
                Lease(
                    seq,
                    token + 1,
                    id_,
                    function,
                    args,
                    name,
                    upload,
                    owner,
                    failures,
                    lost,
                    created,
                    row[13],
                )
            )
            if state == PENDING:
                self._tally.move(function, PENDING, RUNNING)
        self._connection.executemany(_TAKE, updates)
        return leases

    def _take_over(
        self, seq: int, lost: int, max_lost: int, worker: str | None, started: float | None
    ) -> bool:
        """Note a try that was lost with its worker; False if that was one too many."""
        failure = Failure("lost", f"worker {worker} stopped before it was done")
        began = self._now if started is None else started
        text = failure_text(failure)
        self._execute(_ATTEMPT, (seq, worker or "?", began, self._now, text))
        if lost < max_lost:
            return True
        final = Failure(
            "lost", f"lost {lost} times with its worker; the job is taken for the cause"
        )
        self._execute(
            "update jobs set state = 3, due = null, lost = ?, dead = 1, failure = ?, "
            "token = token + 1, finished = ? where seq = ?",
            (lost, failure_text(final), self._now, seq),
        )
        self._tally.move(self._function, RUNNING, FAILED)
        self.gave_up += 1
        return False
