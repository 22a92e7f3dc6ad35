"""For an author's own tests: a home in memory, a clock that is moved by hand, and a worker.

def test_counts_words() -> None:
    home = memory_home(app)
    accepted = Client(home, app).send_file("top_words", "book.txt")
    run_jobs(home, app)
    assert home.ledger.get(accepted.id).result[0] == ["to", 2]
"""

from __future__ import annotations

from billow.app import App
from billow.chores import chore, names
from billow.clock import Clock, VirtualClock
from billow.drivers.memory.home import open_memory
from billow.events import Event
from billow.flow import followup
from billow.flow.arrivals import arrival_rule
from billow.flow.client import Client
from billow.flow.following import step_rules
from billow.flow.originals import attach
from billow.flow.perform import perform, run_handler
from billow.flow.retention import consequences
from billow.flow.surroundings import Surroundings
from billow.flow.task import task_of
from billow.flow.work import Performed, Stand, settle
from billow.function import Function
from billow.home import Home
from billow.job import Failure, Job
from billow.options import Retry
from billow.ports.ledger import Lease

__all__ = ["Client", "Failure", "VirtualClock", "memory_home", "run_jobs"]

_WORKER = "test"
#: Seconds that a job may run here before another `run_jobs` could take it.
_LEASE = 3600.0


def memory_home(app: App | None = None, clock: Clock | None = None) -> Home:
    """Make a home in memory, empty and gone with the process.

    Args:
        app: whose uploads set off copies and jobs, and whose collections are kept in it.
        clock: where all times come from; a `VirtualClock` if not given.
    """
    if app is None:
        return open_memory(None, clock)
    home = open_memory(arrival_rule(app), clock, step_rules(app))
    attach(app, lambda: home)
    return home


def run_jobs(home: Home, app: App) -> list[Job]:
    """Run all jobs that are due, here and one after the other, handlers and chores included.

    A job that is to be tried again later stays for a later call: move the clock on
    (`clock.advance(60)`) and call again. Limits of time and memory do not apply.

    Returns:
        The jobs that were tried, in the order of their last try, as they are now.
    """
    tried: dict[str, None] = {}
    chores = [chore(name, lambda: home, app) for name in names()]
    functions = [*app.functions.values(), *chores]
    while leases := [lease for function in functions for lease in _run_one(home, app, function)]:
        for lease in leases:
            tried.pop(lease.id, None)
            tried[lease.id] = None
    return [job for job in map(home.ledger.get, tried) if job is not None]


def _run_one(home: Home, app: App, function: Function) -> list[Lease]:
    """Run the next job of `function`, and the next of its handlers that is to run again."""
    lost = function.retry.lost
    jobs = home.ledger.exchange(function.name, _WORKER, [], 1, _LEASE, lost).leases
    for lease in jobs:
        _run_job(home, app, function, lease)
    again = home.ledger.exchange(followup.name_of(function.name), _WORKER, [], 1, _LEASE).leases
    for lease in again:
        performed = _follow_up(home, function, lease)
        _record(home, lease, performed, followup.RETRY, home.clock.now())
    return jobs + again


def _run_job(home: Home, app: App, function: Function, lease: Lease) -> None:
    task = task_of(lease, home.objects, _WORKER)
    if isinstance(task, Failure):
        handlers = range(len(function.handlers.get(Event.FAILED, ())))
        performed = Performed(0, 0, failure=task, undone=tuple(handlers))
    else:
        performed = perform(
            function,
            task,
            lambda share: home.ledger.report(lease.seq, lease.token, share),
            home.clock.now,
            around=Surroundings(home.objects.stage, None, consequences(lambda: home, app)),
        )
    now = home.clock.now()
    event = Event.COMPLETED if performed.failure is None else Event.FAILED
    home.ledger.submit(
        followup.submissions(
            function.name, lease.id, lease.name, lease.owner, event, now, performed.undone
        )
    )
    _record(home, lease, performed, function.retry, now)


def _follow_up(home: Home, function: Function, lease: Lease) -> Performed:
    asked = followup.read(lease.args)
    job = home.ledger.get(asked.job)
    if job is None or not followup.is_due(asked, job):
        return Performed(0, 0, "null")
    effects = run_handler(function, asked.event, asked.handler, job)
    if isinstance(effects, Failure):
        return Performed(0, 0, failure=effects)
    return Performed(0, 0, "null", effects=effects)


def _record(home: Home, lease: Lease, performed: Performed, retry: Retry, now: float) -> None:
    """Record a try as if it had taken no time on the home's clock."""
    stand = Stand(lease.seq, lease.token, lease.failures)
    outcome = settle(stand, performed._replace(started=now, finished=now), retry, jitter=0.5)
    home.ledger.exchange(lease.function, _WORKER, [outcome], 0, _LEASE)
