"""The spans of a worker: each try of a job, and the recording of its outcome."""

from __future__ import annotations

from collections.abc import Sequence

from billow.flow.task import Task
from billow.ops import traces
from billow.origin import Origin
from billow.ports.ledger import Completed, Failed, Lease, Outcome
from billow.worker.held import Held

#: What the service's own functions do, for those who look at a trace.
_STEPS = {
    "billow.mail": "notify by mail",
    "billow.webhook": "notify by webhook",
    "billow.archive": "archive",
    "billow.thaw": "restore",
}


def origin_of(lease: Lease) -> str:
    """What a try's work goes back to: its own span, or the job's origin if nobody traces."""
    if not traces.on() or not lease.origin:
        return lease.origin
    return str(traces.try_of(Origin.parse(lease.origin), lease.id, lease.token))


def with_spans(jobs: list[tuple[Lease, Task]]) -> list[tuple[Lease, Task]]:
    """The tasks, whose work goes back to the spans of their tries."""
    if not traces.on():
        return jobs
    return [(lease, task._replace(origin=origin_of(lease))) for lease, task in jobs]


def ended(
    tries: Sequence[tuple[Outcome, Held]], function: str, recorded: tuple[float, float]
) -> None:
    """Note tries whose outcomes were recorded, and when that was."""
    if traces.on():
        for outcome, held in tries:
            _ended(outcome, held.lease, function, recorded)


def _ended(outcome: Outcome, lease: Lease, function: str, recorded: tuple[float, float]) -> None:
    if not isinstance(outcome, (Completed, Failed)):
        return
    parent = Origin.parse(lease.origin)
    if not parent.traceparent:
        return
    work = traces.try_of(parent, lease.id, lease.token)
    failure = outcome.failure if isinstance(outcome, Failed) else None
    about: dict[str, str | int | float] = {
        "billow.job": lease.id,
        "billow.function": function,
        "billow.request": parent.request,
        "billow.try": lease.failures + lease.lost + 1,
        "billow.wait": max(0.0, outcome.started - lease.created),
    }
    name = _STEPS.get(function, f"work {function}")
    times = (outcome.started, outcome.finished)
    error = f"{failure.kind}: {failure.message}" if failure else ""
    traces.note(name, traces.CONSUMER, work, parent, times, about, error)
    traces.note("record", traces.INTERNAL, traces.begin(work), work, recorded, {})
