"""Homes with one planted fault each, which a checker worth its name must catch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, BinaryIO

from billow.home import Home
from billow.ids import new_id
from billow.job import Job, Status
from billow.ports.ledger import (
    Accepted,
    Completed,
    Exchange,
    Ledger,
    Outcome,
    Publish,
    Released,
    Submission,
)
from billow.ports.objects import Objects, Stored


class Passing:
    """Passes everything on to the right driver; a mutant changes one thing."""

    def __init__(self, home: Home, driver: Any) -> None:
        self.home = home
        self.right = driver

    def __getattr__(self, name: str) -> Any:
        return getattr(self.right, name)


class LedgerMutant(Passing):
    right: Ledger

    def exchange(
        self,
        function: str,
        worker: str,
        outcomes: Sequence[Outcome],
        want: int,
        lease: float,
        max_lost: int = 10,
    ) -> Exchange:
        changed = [self.change(outcome) for outcome in outcomes]
        return self.right.exchange(function, worker, changed, want, lease, max_lost)

    def change(self, outcome: Outcome) -> Outcome:
        return outcome


class AckBeforeCommit(LedgerMutant):
    """Answers at once and writes later; what a power cut finds unwritten is gone."""

    def __init__(self, home: Home, driver: Any) -> None:
        super().__init__(home, driver)
        self.unwritten: list[Submission] = []

    def submit(self, submissions: Sequence[Submission]) -> list[Accepted]:
        if any(asked.key == "last" for asked in submissions):
            self.unwritten += submissions
            return [Accepted(new_id(), 0, True) for _ in submissions]
        return self.right.submit(submissions)

    def power_cut(self) -> None:
        self.unwritten.clear()


class NoFencing(LedgerMutant):
    """Records an outcome whoever sends it, also of a job that has ended."""

    def change(self, outcome: Outcome) -> Outcome:
        row = self.right._rows[outcome.seq]  # type: ignore[attr-defined]
        if row.status is not Status.RUNNING:
            row.status, row.due = Status.RUNNING, 0.0
            self.right._reopen(row)  # type: ignore[attr-defined]
        return outcome._replace(token=row.token)


class DroppedRow(LedgerMutant):
    """Forgets a job in the power cut."""

    def power_cut(self) -> None:
        row = self.right._rows.popitem()[1]  # type: ignore[attr-defined]
        del self.right._by_id[row.id]  # type: ignore[attr-defined]
        self.right._close(row)  # type: ignore[attr-defined]


class DoubledRow(LedgerMutant):
    """Writes a job twice."""

    def submit(self, submissions: Sequence[Submission]) -> list[Accepted]:
        twice = [asked._replace(key=None) for asked in submissions if asked.key == "quiet-1"]
        return self.right.submit([*submissions, *twice])[: len(submissions)]


class KeysForgotten(LedgerMutant):
    """Does not look up idempotency keys."""

    def submit(self, submissions: Sequence[Submission]) -> list[Accepted]:
        return self.right.submit([asked._replace(key=None) for asked in submissions])

    def find_key(self, owner: str, key: str) -> None:
        return None


class EffectsFirst(LedgerMutant):
    """Sends messages before it knows whether the outcome counts."""

    def change(self, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Released):
            return outcome
        for effect in outcome.effects:
            if isinstance(effect, Publish):
                self.home.queues.send(effect.queue, [effect.body])
        rest = tuple(e for e in outcome.effects if not isinstance(e, Publish))
        return outcome._replace(effects=rest)


class EffectsLater(LedgerMutant):
    """Applies effects in a step of its own, which the power cut comes before."""

    def __init__(self, home: Home, driver: Any) -> None:
        super().__init__(home, driver)
        self.cut = False

    def change(self, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Released) or self.cut:
            return outcome
        self.cut = True
        return outcome._replace(effects=())


class WrongResult(LedgerMutant):
    """Stores a result with one character changed."""

    def change(self, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Completed):
            return outcome._replace(result=outcome.result.replace('"sha256":"', '"sha256":"x', 1))
        return outcome


class ResultAfterState(LedgerMutant):
    """Shows a job as completed before its result is there."""

    def get(self, id: str) -> Job | None:
        job = self.right.get(id)
        return dataclasses.replace(job, result=None) if job else None


class StuckRunning(LedgerMutant):
    """Never lets go of the lease of a worker that died."""

    def exchange(self, function: str, worker: str, *rest: Any) -> Exchange:
        done = super().exchange(function, worker, *rest)
        if worker == "killed":
            for lease in done.leases:
                self.right.extend([(lease.seq, lease.token)], 1e9)
        return done


class LeavesFinal(LedgerMutant):
    """Runs a completed job again after the power cut."""

    def power_cut(self) -> None:
        row = next(
            row
            for row in self.right._rows.values()  # type: ignore[attr-defined]
            if row.status is Status.COMPLETED
        )
        row.status, row.due = Status.PENDING, 0.0
        self.right._reopen(row)  # type: ignore[attr-defined]


class GivesUp(LedgerMutant):
    """Takes a job for failed when its worker died."""

    def exchange(self, *given: Any) -> Exchange:
        function, worker, outcomes, want, lease, *_ = given
        return self.right.exchange(function, worker, outcomes, want, lease, 1)


class Invents(LedgerMutant):
    """Makes a job that nobody asked for."""

    def power_cut(self) -> None:
        self.right.submit([Submission("count", '{"seed": 1}', name="nobody's")])


class TakesWhatItRefused(LedgerMutant):
    """Accepts a request after refusing it."""

    def power_cut(self) -> None:
        self.right.submit([Submission("count", '{"seed": 1}', name="bad", key="bad")])


class Miscounts(LedgerMutant):
    """Counts a job too many."""

    def totals(self) -> dict[tuple[str, Status], int]:
        return {which: count + 1 for which, count in self.right.totals().items()}


class ObjectsMutant(Passing):
    right: Objects

    def put(self, store: str, data: Iterable[bytes] | BinaryIO, **options: Any) -> Stored:
        return self.right.put(store, data, **options)


class AlteredBytes(ObjectsMutant):
    """Flips a bit of a stored file."""

    def read(self, store: str, key: str, start: int = 0, end: int | None = None) -> list[bytes]:
        data = bytearray(b"".join(self.right.read(store, key, start, end)))
        data[len(data) // 2] ^= 1
        return [bytes(data)]


class LostUpload(ObjectsMutant):
    """Forgets a file after its job is done."""

    def stores(self) -> list[str]:
        for store in self.right.stores():
            for info in self.right.list(store)[:1]:
                self.right.delete(store, info.key)
        return self.right.stores()


class UploadTwice(ObjectsMutant):
    """Stores a file once more, under another key, without a job."""

    def stores(self) -> list[str]:
        info = self.right.list("drill-texts")[0]
        self.right.put("elsewhere", [b"twice"], key=f"{new_id()}/{info.name}")
        return self.right.stores()


def on_ledger(kind: type[LedgerMutant]) -> Callable[[Home], Home]:
    def mutate(home: Home) -> Home:
        mutant: Any = kind(home, home.ledger)
        home.objects._ledger = mutant  # type: ignore[attr-defined]
        return dataclasses.replace(home, ledger=mutant)

    return mutate


def on_objects(kind: type[ObjectsMutant]) -> Callable[[Home], Home]:
    def mutate(home: Home) -> Home:
        mutant: Any = kind(home, home.objects)
        return dataclasses.replace(home, objects=mutant)

    return mutate


#: Each mutant with the fault that the checker must name.
MUTANTS: Mapping[str, tuple[Callable[[Home], Home], str]] = {
    "ack before commit": (on_ledger(AckBeforeCommit), "lost"),
    "no fencing": (on_ledger(NoFencing), "double results"),
    "dropped row": (on_ledger(DroppedRow), "lost"),
    "doubled row": (on_ledger(DoubledRow), "duplicated"),
    "keys forgotten": (on_ledger(KeysForgotten), "key changed"),
    "effects before the fence": (on_ledger(EffectsFirst), "double results"),
    "effects outside of the transaction": (on_ledger(EffectsLater), "missing effects"),
    "wrong result": (on_ledger(WrongResult), "wrong"),
    "state before result": (on_ledger(ResultAfterState), "partial"),
    "stuck running": (on_ledger(StuckRunning), "unfinished"),
    "final state left again": (on_ledger(LeavesFinal), "reopened"),
    "gives up": (on_ledger(GivesUp), "gave up"),
    "invents a job": (on_ledger(Invents), "unexpected"),
    "takes what it refused": (on_ledger(TakesWhatItRefused), "accepted though refused"),
    "miscounts": (on_ledger(Miscounts), "miscounted"),
    "bytes altered": (on_objects(AlteredBytes), "upload altered"),
    "upload lost": (on_objects(LostUpload), "upload lost"),
    "upload twice": (on_objects(UploadTwice), "upload astray"),
}
