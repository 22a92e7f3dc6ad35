"""What authors may react to: `@function.on(Event.COMPLETED)`, `@app.on(Event.PLAN_CHANGED)`."""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """A step in the life of a job, or of an account, that an author may react to."""

    #: The job is being accepted: what the handler publishes and puts is part of that step.
    ACCEPTED = "accepted"
    #: The function returned and its result is about to be recorded, with what the handler asks for.
    COMPLETED = "completed"
    #: The job failed for good: its retries are used up, or it was rejected.
    FAILED = "failed"
    #: The job is being cancelled: what the handler publishes and puts is part of that step.
    CANCELLED = "cancelled"
    #: An account was put on another plan.
    PLAN_CHANGED = "plan changed"


#: Those that happen to a job.
JOB_EVENTS = (Event.ACCEPTED, Event.COMPLETED, Event.FAILED, Event.CANCELLED)
