"""A job's life as a list of steps that only grows, reconstructed from what the ledger keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from billow.job import Attempt, Job, Status
from billow.shapes import failure_shape


class Step(NamedTuple):
    """Something that happened to a job."""

    #: `accepted`, `started`, `failed try`, `lost`, `completed`, `failed`, `cancelled`.
    name: str
    #: UNIX seconds.
    at: float
    #: Which worker, or why.
    data: dict[str, Any]


def steps_of(job: Job, attempts: Sequence[Attempt]) -> list[Step]:
    """The steps so far, in the order they happened; a step keeps its place in the list."""
    steps = [Step("accepted", job.created, {"upload": job.upload})]
    for attempt in attempts:
        name = "lost" if attempt.failure.kind == "lost" else "failed try"
        steps.append(Step("started", attempt.started, {"worker": attempt.worker}))
        steps.append(Step(name, attempt.ended, {"failure": failure_shape(attempt.failure)}))
    if _has_open_try(job, attempts):
        assert job.started is not None
        steps.append(Step("started", job.started, {"worker": job.worker}))
    if job.status.final:
        why = failure_shape(job.failure) if job.status is Status.FAILED else None
        steps.append(Step(job.status.value, job.finished or job.created, {"failure": why}))
    return steps


def _has_open_try(job: Job, attempts: Sequence[Attempt]) -> bool:
    """Whether its latest try is not among those that did not succeed."""
    if job.started is None or job.status in (Status.PENDING, Status.FAILED):
        return False
    if job.status is Status.CANCELLED:
        return not attempts or job.started > attempts[-1].started
    return True
