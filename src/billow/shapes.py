"""How things look as JSON. The keys stay the same from release to release."""

from __future__ import annotations

from typing import Any

from billow.job import Attempt, Failure, Job
from billow.ports.ledger import Counts


def job_shape(job: Job) -> dict[str, Any]:
    """A job, without its result."""
    return {
        "id": job.id,
        "seq": job.seq,
        "function": job.function,
        "name": job.name,
        "status": job.status.value,
        "owner": job.owner,
        "args": dict(job.args),
        "upload": job.upload,
        "progress": job.progress,
        "failure": failure_shape(job.failure),
        "failures": job.failures,
        "lost": job.lost,
        "worker": job.worker,
        "created": job.created,
        "started": job.started,
        "finished": job.finished,
        "wait": job.wait,
        "duration": job.duration,
        "due": job.due,
    }


def result_shape(job: Job) -> dict[str, Any]:
    """A finished job and what it returned."""
    return {
        "id": job.id,
        "seq": job.seq,
        "function": job.function,
        "name": job.name,
        "finished": job.finished,
        "result": job.result,
    }


def failure_shape(failure: Failure | None) -> dict[str, str] | None:
    """Why a try failed."""
    if failure is None:
        return None
    return {"kind": failure.kind, "message": failure.message, "detail": failure.detail}


def attempt_shape(attempt: Attempt) -> dict[str, Any]:
    """A try that did not succeed."""
    return {
        "worker": attempt.worker,
        "started": attempt.started,
        "ended": attempt.ended,
        "failure": failure_shape(attempt.failure),
    }


def counts_shape(counts: Counts) -> dict[str, float]:
    """A queue's messages."""
    return {
        "visible": counts.visible,
        "in_flight": counts.in_flight,
        "delayed": counts.delayed,
        "oldest": counts.oldest,
    }
