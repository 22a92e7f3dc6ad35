"""What can happen to a job; handlers are declared with `@function.on(Event.COMPLETED)`."""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """A step in a job's life that an author may react to."""

    #: The function returned and its result is about to be recorded, with what the handler asks for.
    COMPLETED = "completed"
    #: The job failed for good: its retries are used up, or it was rejected.
    FAILED = "failed"
