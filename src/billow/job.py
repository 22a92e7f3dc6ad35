"""A job: what was asked, how far it is, and how it may go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from billow.errors import Conflict
from billow.outputs import ResultFile, files_of
from billow.owner import LOCAL, Messages, Owner


class Status(StrEnum):
    """Where a job stands."""

    #: Accepted and durable; waits for a worker (also while it waits for its next try).
    PENDING = "pending"
    #: A worker holds its lease.
    RUNNING = "running"
    #: The function returned; the result is stored. Final.
    COMPLETED = "completed"
    #: Its tries are used up, or it was rejected. Final, unless a person redrives it.
    FAILED = "failed"
    #: Someone cancelled it before it finished. Final.
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether a job in this state is finished."""
        return self in _FINAL


_FINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})

#: The only ways a job may go: (state, what happens) -> state. Every driver is tested against it.
TRANSITIONS: Mapping[tuple[Status, str], Status] = {
    (Status.PENDING, "take"): Status.RUNNING,
    (Status.PENDING, "cancel"): Status.CANCELLED,
    (Status.RUNNING, "take"): Status.RUNNING,  # its lease ran out and another worker takes it
    (Status.RUNNING, "complete"): Status.COMPLETED,
    (Status.RUNNING, "fail"): Status.FAILED,
    (Status.RUNNING, "retry later"): Status.PENDING,
    (Status.RUNNING, "release"): Status.PENDING,
    (Status.RUNNING, "cancel"): Status.CANCELLED,
    (Status.FAILED, "redrive"): Status.PENDING,
}


def after(status: Status, happening: str) -> Status:
    """The state that `happening` leads to.

    Raises:
        Conflict: a job in this state cannot do that.
    """
    try:
        return TRANSITIONS[status, happening]
    except KeyError:
        raise Conflict(f"a job that is {status} cannot {happening}") from None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a try did not succeed, in words for the job's owner."""

    #: `raised`, `rejected`, `timed out`, `out of memory`, `crashed`, `exited`, `lost` or
    #: `bad result`.
    kind: str
    #: One line: what went wrong.
    message: str
    #: The author's traceback, or what else helps to find the cause.
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that did not succeed."""

    #: The worker that made it.
    worker: str
    #: When it was taken and when it ended, UNIX seconds.
    started: float
    ended: float
    failure: Failure


class Sink(Messages, Protocol):
    """Where a handler's wishes go; they take effect with the outcome, all or none."""

    def publish(self, queue: str, body: Any) -> None:
        """Send `body` to `queue`."""
        ...

    def put(self, table: str, key: str, item: Mapping[str, Any]) -> None:
        """Write `item` under `key` in `table`."""
        ...

    def progress(self, done: float, total: float | None) -> None:
        """Tell how far the function is."""
        ...

    def folder(self) -> Path:
        """A folder for this try alone."""
        ...

    def metric(self, name: str, value: float, unit: str) -> None:
        """Measure something."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """One call of a function. Frozen: fetch it again to see how it went on."""

    #: Sortable id; the handle of the job everywhere.
    id: str
    #: Name of the function.
    function: str
    status: Status
    #: Whose it is; "local" where there are no accounts.
    owner: Owner = LOCAL
    #: What people call it, such as the uploaded file's name.
    name: str = ""
    #: Arguments by name, as sent.
    args: Mapping[str, Any] = field(default_factory=dict)
    #: Where the uploaded file is ("store/key"), if there is one.
    upload: str | None = None
    #: What the function returned; None until completed.
    result: Any = None
    #: Why it failed; after a failed try also while it waits for the next.
    failure: Failure | None = None
    #: Share of the work done, 0 to 1, if the function tells.
    progress: float | None = None
    #: How many tries failed, and how many were lost with their worker.
    failures: int = 0
    lost: int = 0
    #: The worker that holds it, or finished it.
    worker: str | None = None
    #: UNIX seconds: accepted; its latest try began; it became final.
    created: float = 0.0
    started: float | None = None
    finished: float | None = None
    #: UNIX seconds: when it may be taken next, or when its lease ends; None when final.
    due: float | None = None
    #: Position in the order of acceptance; pages of jobs are cut by it.
    seq: int = 0
    _sink: Sink | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self._sink is not None:
            at = self.finished or self.started or self.created
            object.__setattr__(self, "owner", Owner(self.owner).bound(self._sink, self.id, at))

    @property
    def url(self) -> str:
        """The address of its page, below that of the service."""
        return f"/jobs/{self.id}"

    @property
    def wait(self) -> float | None:
        """Seconds between acceptance and the start of its latest try."""
        return None if self.started is None else max(0.0, self.started - self.created)

    @property
    def duration(self) -> float | None:
        """Seconds that its latest try took."""
        if self.started is None or self.finished is None:
            return None
        return max(0.0, self.finished - self.started)

    @property
    def files(self) -> dict[str, ResultFile]:
        """The files of its result by ending, if it returned `billow.Outputs`."""
        return files_of(self.result, self.owner, self.id)

    @property
    def folder(self) -> Path:
        """A private folder for this try, empty at first and removed with all in it afterwards.

        Raises:
            Conflict: asked for outside of a function or handler that is given the job.
        """
        return self._need_sink().folder()

    def publish(self, queue: str, body: Any) -> None:
        """Send `body` (anything JSON can say) to `queue`, together with the job's outcome.

        Raises:
            Conflict: called outside of a function or handler that is given the job.
        """
        self._need_sink().publish(queue, body)

    def put(self, table: str, key: str, item: Mapping[str, Any]) -> None:
        """Write `item` under `key` in `table`, together with the job's outcome.

        Raises:
            Conflict: called outside of a function or handler that is given the job.
        """
        self._need_sink().put(table, key, item)

    def metric(self, name: str, value: float, unit: str = "") -> None:
        """Measure something, such as how long a download took. Charts know it as `app.NAME`.

        It counts even if the try fails. What varies, such as an id, is no part of the name.

        Args:
            name: 1 to 63 of a-z 0-9 _.
            value: a number.
            unit: such as "s" or "bytes".

        Raises:
            BadInput: the name, the value or the unit cannot be.
            Conflict: called outside of a function or handler that is given the job.
        """
        self._need_sink().metric(name, value, unit)

    def report(self, done: float, total: float | None = None) -> None:
        """Tell how far the work is: `done` of `total`, or a share between 0 and 1."""
        self._need_sink().progress(done, total)

    def tracker(self, total: float) -> Callable[[float], None]:
        """A function to be called with the amount done so far, out of `total`."""
        sink = self._need_sink()
        return lambda done: sink.progress(done, total)

    def _need_sink(self) -> Sink:
        if self._sink is None:
            raise Conflict(
                "this is possible only inside a function or handler that is given the job"
            )
        return self._sink
