"""How things look as JSON. The keys stay the same from release to release."""

from __future__ import annotations

import json
from typing import Any

from billow.job import Attempt, Failure, Job
from billow.ports.ledger import Counts
from billow.ports.logs import Line, level_name


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


def line_shape(line: Line) -> dict[str, Any]:
    """A line of the log as JSON."""
    return {
        "seq": line.seq,
        "at": line.at,
        "level": level_name(line.level),
        "process": line.process,
        "source": line.source,
        "event": line.event,
        "job": line.job or None,
        "request": line.request or None,
        "trace": line.trace or None,
        "fields": json.loads(line.fields) if line.fields else {},
    }
