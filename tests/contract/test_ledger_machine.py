"""Random walks: the ledger against a simple model and the table of transitions."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from billow.errors import Conflict
from billow.job import TRANSITIONS, Failure, Status
from billow.ports.ledger import Completed, Failed, Lease, Outcome, Publish, Released, Submission
from tests.contract.machine import Machine, walk

LEASE = 10
MAX_LOST = 2


@dataclass
class ModelJob:
    """What the ledger should know of a job."""

    seq: int
    function: str
    due: float
    status: Status = Status.PENDING
    failures: int = 0
    lost: int = 0
    worker: str | None = None
    #: The lease that counts. After `abandon` it may count or not until someone takes the job.
    lease: Lease | None = None
    stale: list[Lease] = field(default_factory=list)


class LedgerMachine(Machine):
    """Jobs go only along the table of transitions; nothing is lost, nothing counts twice."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, ModelJob] = {}
        self.keys: dict[str, str] = {}
        self.published = 0

    @rule(
        function=st.sampled_from("fg"),
        delays=st.lists(st.sampled_from([0, 0, 5, 20]), min_size=1, max_size=4),
    )
    def submit(self, function: str, delays: list[int]) -> None:
        accepted = self.home.ledger.submit([Submission(function, delay=d) for d in delays])
        for answer, delay in zip(accepted, delays, strict=True):
            assert answer.new
            assert answer.id not in self.jobs
            assert answer.seq > max((job.seq for job in self.jobs.values()), default=0)
            self.jobs[answer.id] = ModelJob(answer.seq, function, self.clock.now() + delay)

    @rule(key=st.sampled_from("ab"), digest=st.sampled_from(["1", "1", "2"]))
    def submit_with_key(self, key: str, digest: str) -> None:
        asked = Submission("f", key=key, digest=digest)
        known = self.home.ledger.find_key("local", key)
        if known and known[1] != digest:
            with pytest.raises(Conflict):
                self.home.ledger.submit([Submission("f"), asked])
            return
        [answer] = self.home.ledger.submit([asked])
        assert answer.new == (key not in self.keys)
        assert self.keys.setdefault(key, answer.id) == answer.id
        self.jobs.setdefault(answer.id, ModelJob(answer.seq, "f", self.clock.now()))

    @rule(
        data=st.data(),
        function=st.sampled_from("fg"),
        worker=st.sampled_from(["w1", "w2"]),
        want=st.integers(0, 4),
    )
    def exchange(self, data: st.DataObject, function: str, worker: str, want: int) -> None:
        candidates = [
            (job, lease)
            for job in self.jobs.values()
            if job.function == function
            for lease in [*job.stale, *([job.lease] if job.lease else [])]
        ]
        chosen = data.draw(st.lists(st.sampled_from(candidates), max_size=3)) if candidates else []
        outcomes: list[Outcome] = []
        wanted: list[bool] = []
        for job, lease in chosen:
            counts = job.lease is lease
            outcomes.append(self.draw_outcome(data, job, lease, worker, counts))
            wanted.append(counts)
        answer = self.home.ledger.exchange(function, worker, outcomes, want, LEASE, MAX_LOST)
        assert answer.recorded == wanted
        self.check_taken(function, worker, want, answer.leases)

    def draw_outcome(
        self, data: st.DataObject, job: ModelJob, lease: Lease, worker: str, counts: bool
    ) -> Outcome:
        """An outcome for a lease; the model follows it if it counts."""
        now = self.clock.now()
        kind = data.draw(st.sampled_from(["complete", "fail", "retry later", "release"]))
        delay = data.draw(st.sampled_from([0.0, 7.0])) if kind == "release" else 0.0
        effects = (Publish("out", "1"),)
        if counts:
            job.status = TRANSITIONS[job.status, kind]
            job.stale.append(lease)
            job.lease = None
            job.failures += kind in ("fail", "retry later")
            self.published += kind != "release"
        if kind == "complete":
            return Completed(lease.seq, lease.token, '"done"', now, now, effects)
        if kind == "release":
            job.due = now + delay if counts else job.due
            return Released(lease.seq, lease.token, delay)
        again = 5.0 if kind == "retry later" else None
        job.due = now + 5 if counts and again else job.due
        failure = Failure("raised", "no")
        return Failed(lease.seq, lease.token, failure, now, now, again, True, effects)

    def check_taken(self, function: str, worker: str, want: int, leases: list[Lease]) -> None:
        """The leases are for jobs that could be taken, those first that became due first."""
        now = self.clock.now()
        due = {
            id_: job
            for id_, job in self.jobs.items()
            if job.function == function and not job.status.final and job.due <= now
        }
        for id_, job in list(due.items()):
            if job.status is Status.RUNNING and job.lost + 1 >= MAX_LOST:
                self.see_given_up(id_, job)
                del due[id_]
        assert len(leases) == min(want, len(due))
        assert len({lease.id for lease in leases}) == len(leases)
        for lease in leases:
            job = due[lease.id]
            lost = job.lost + (job.status is Status.RUNNING)
            assert (lease.failures, lease.lost) == (job.failures, lost)
            assert all(lease.token != old.token for old in job.stale)
            if job.lease:
                assert lease.token != job.lease.token
                job.stale.append(job.lease)
            job.status = TRANSITIONS[job.status, "take"]
            job.lost, job.lease, job.worker = lost, lease, worker
            job.due = now + LEASE

    def see_given_up(self, id_: str, job: ModelJob) -> None:
        """A job lost too often fails when its turn comes, which may not be now."""
        seen = self.home.ledger.get(id_)
        assert seen is not None
        if seen.status is Status.FAILED:
            job.status = TRANSITIONS[job.status, "fail"]
            job.lost += 1
            job.stale += [job.lease] if job.lease else []
            job.lease = None

    @rule(data=st.data())
    @precondition(lambda self: self.jobs)
    def extend(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(list(self.jobs.values())))
        leases = [*job.stale, *([job.lease] if job.lease else [])]
        pairs = [(lease.seq, lease.token) for lease in leases]
        wanted = [lease is job.lease for lease in leases]
        assert self.home.ledger.held(pairs) == wanted
        assert self.home.ledger.extend(pairs, LEASE) == wanted
        if job.lease:
            job.due = self.clock.now() + LEASE

    @rule(worker=st.sampled_from(["w1", "w2"]))
    def abandon(self, worker: str) -> None:
        now = self.clock.now()
        ended = [
            job
            for job in self.jobs.values()
            if job.status is Status.RUNNING and job.worker == worker and job.due > now
        ]
        assert self.home.ledger.abandon(worker) == len(ended)
        for job in ended:
            # Its worker is dead and reports no more; the lease is not used again.
            job.due, job.lease = now, None

    @rule(data=st.data())
    @precondition(lambda self: self.jobs)
    def cancel(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(list(self.jobs)))
        job = self.jobs[id_]
        if job.status.final:
            with pytest.raises(Conflict):
                self.home.ledger.cancel(id_)
            return
        assert self.home.ledger.cancel(id_).status is Status.CANCELLED
        job.status = TRANSITIONS[job.status, "cancel"]
        job.stale += [job.lease] if job.lease else []
        job.lease = None

    @rule(data=st.data())
    @precondition(lambda self: self.jobs)
    def redrive(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(list(self.jobs)))
        job = self.jobs[id_]
        possible = (job.status, "redrive") in TRANSITIONS
        assert self.home.ledger.redrive([id_]) == [possible]
        if possible:
            job.status = TRANSITIONS[job.status, "redrive"]
            job.failures = job.lost = 0
            job.due = self.clock.now()

    @invariant()
    def every_job_is_where_the_model_has_it(self) -> None:
        for id_, job in self.jobs.items():
            seen = self.home.ledger.get(id_)
            assert seen is not None
            assert (seen.status, seen.failures) == (job.status, job.failures)
            assert (seen.result == "done") == (job.status is Status.COMPLETED)
            assert (seen.due is None) == (seen.finished is not None) == job.status.final
            if seen.due is not None and job.lease:
                assert seen.due == job.due
            if job.status is Status.RUNNING:
                assert seen.worker == job.worker

    @invariant()
    def counts_agree(self) -> None:
        now = self.clock.now()
        for function in "fg":
            open_jobs = [
                job
                for job in self.jobs.values()
                if job.function == function and not job.status.final
            ]
            counts = self.home.ledger.counts(function)
            later = [job for job in open_jobs if job.due > now]
            in_flight = sum(job.status is Status.RUNNING for job in later)
            assert counts.visible == len(open_jobs) - len(later)
            assert (counts.in_flight, counts.delayed) == (in_flight, len(later) - in_flight)
            assert self.home.ledger.next_due(function) == min(
                (job.due for job in later), default=None
            )

    @invariant()
    def totals_and_lists_agree(self) -> None:
        totals = self.home.ledger.totals()
        for function in "fg":
            for status in Status:
                wanted = {
                    id_
                    for id_, job in self.jobs.items()
                    if (job.function, job.status) == (function, status)
                }
                page = self.home.ledger.find(function=function, status=status, limit=1000)
                assert {job.id for job in page.jobs} == wanted
                assert totals.get((function, status), 0) == len(wanted)

    @invariant()
    def each_recorded_outcome_published_once(self) -> None:
        assert self.home.queues.counts("out").visible == self.published


def test_the_ledger_stays_with_the_model(driver: str) -> None:
    walk(LedgerMachine, driver)
