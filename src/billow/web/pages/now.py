"""The first screen: whether it is well, and what it did about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from billow.errors import NotFound
from billow.flow.breakers import Breakers
from billow.flow.receivers import is_receiver
from billow.function import Function
from billow.home import Home
from billow.job import Job, Status
from billow.ops.controls import alarms, shedding
from billow.ports.journal import Entry
from billow.ports.ledger import Counts
from billow.web.pages import charts, duty, wording
from billow.web.pages.asked import Asked

#: The keeper writes to the board at least every ten seconds; after so many it surely is gone.
KEEPER_SILENCE = 25.0
#: Completions are averaged over so many seconds to guess how long the rest will take.
_RATE_OVER = 30.0
#: Events of all fleets that are looked through for those of one.
_LOOKED_AT = 400
#: Jobs shown.
_RECENT = 6
#: Alarms that are named.
_NAMED = 5
#: Dead letters are counted up to here.
DEAD_COUNTED = 99

_DECISIONS = (
    "scale.",
    "worker.crashed",
    "worker.killed",
    "alarm.",
    "process.restarted",
    "breaker.",
    "shed.",
    "disk.",
)
_MARKS = ("scale.out", "scale.in", "scale.bound", "worker.crashed")


@dataclass(frozen=True, slots=True)
class FunctionNow:
    """A function's queue and fleet at this moment."""

    function: Function
    counts: Counts
    #: What the keeper put on the board; empty if it never did.
    fleet: dict[str, Any]
    #: Completions per second, lately.
    rate: float

    @property
    def waiting(self) -> int:
        """Jobs that wait, those that wait for their next try included."""
        return self.counts.visible + self.counts.delayed

    @property
    def workers(self) -> list[dict[str, Any]]:
        """Its workers as they last reported."""
        workers: list[dict[str, Any]] = self.fleet.get("workers", [])
        return workers

    @property
    def busy(self) -> int:
        """Workers that run a job."""
        return sum(worker["state"] == "busy" for worker in self.workers)

    @property
    def to_go(self) -> float | None:
        """Seconds until everything accepted is done, at the present pace."""
        left = self.waiting + self.counts.in_flight
        return left / self.rate if left and self.rate > 0 else None


@dataclass(frozen=True, slots=True)
class State:
    """How the service is: a level, one sentence, and what a person should look at."""

    #: `well`, `attention` or `trouble`.
    level: str
    sentence: str
    #: (what is wrong, address of the page that tells more).
    troubles: list[tuple[str, str]]


def build(asked: Asked) -> dict[str, Any]:
    """Everything the first screen shows.

    Raises:
        NotFound: the app declares no function.
    """
    if not asked.app.functions:
        raise NotFound("this app declares no function, so there is nothing to show")
    home, now = asked.home, asked.home.clock.now()
    every = [look(home, function, now) for function in asked.app.functions.values()]
    chosen = next((i for i in every if i.function.name == asked.query.get("function")), every[0])
    length, grid = choose_range(home, asked.query, now)
    name, queue = chosen.function.name, chosen.function.queue
    marks = events_of(home, name, _MARKS, grid.since)
    totals = home.ledger.totals()
    return {
        "state": judge(home, every, now),
        "functions": every,
        "chosen": chosen,
        "ranges": list(charts.RANGES),
        "range": length,
        "charts": [
            charts.depth(home.journal, queue, grid),
            charts.flow(home.journal, name, queue, grid),
            charts.workers(home.journal, name, grid, charts.marks_of(reversed(marks))),
        ],
        "totals": {status.value: totals.get((name, status), 0) for status in Status},
        "decisions": home.journal.read(kinds=_DECISIONS, limit=8, newest=True),
        "recent": _recent(home, name),
        "on_duty": duty.on_duty(asked),
    }


def events_of(
    home: Home, function: str, kinds: tuple[str, ...], since: float | None = None
) -> list[Entry]:
    """What happened to a function's fleet and to its workers, newest first."""
    entries = home.journal.read(since=since, kinds=kinds, limit=_LOOKED_AT, newest=True)
    return [e for e in entries if function in (e.subject, e.data.get("function"))]


def look(home: Home, function: Function, now: float) -> FunctionNow:
    """A function's queue and fleet as they are."""
    board = home.journal.shown(f"fleet.{function.name}")
    lately = charts.Grid.ending(now, _RATE_OVER)
    rates = charts.read(home.journal, f"jobs.{function.name}.completed", lately)
    rate = sum(value or 0.0 for value in rates) / lately.size
    return FunctionNow(function, home.ledger.counts(function.name), board[0] if board else {}, rate)


def choose_range(home: Home, query: Mapping[str, str], now: float) -> tuple[str, charts.Grid]:
    """The range asked for; otherwise a short one for a service that has just begun."""
    asked = query.get("range", "")
    if asked in charts.RANGES:
        return asked, charts.Grid.ending(now, charts.RANGES[asked])
    service = home.journal.shown("service")
    age = now - (service[0].get("started", 0.0) if service else 0.0)
    if age > 900:
        return "30m", charts.Grid.ending(now, charts.RANGES["30m"])
    # Right after the start most of the range would be empty; it grows in steps instead.
    return "5m", charts.Grid.ending(now, min(charts.RANGES["5m"], 30 * (age // 30 + 2)))


def judge(home: Home, every: list[FunctionNow], now: float) -> State:
    """What to say about the whole service."""
    troubles = _troubles(home, every)
    if silence := keeper_silence(home, now):
        return State("trouble", silence, troubles)
    if any(i.fleet.get("trouble") for i in every):
        return State("trouble", f"Needs you: {_facts(every)}", troubles)
    if troubles:
        return State("attention", f"Something needs a look; {_facts(every)}", troubles)
    return State("well", f"All is well: {_facts(every)}", [])


def keeper_silence(home: Home, now: float) -> str:
    """What to say if nobody runs the service; empty if somebody does."""
    service = home.journal.shown("service")
    if service is None:
        return "Nobody works here yet: jobs are accepted and kept, but no keeper has been started."
    if service[0].get("stopped"):
        return "The service is stopped: jobs are accepted and kept, and wait for its next start."
    keeper = home.journal.shown("process.keeper")
    silent = now - max(service[1], keeper[1] if keeper else 0.0)
    if silent < KEEPER_SILENCE:
        return ""
    return (
        f"The keeper has been silent for {wording.roughly(silent)}: "
        "jobs are accepted and kept, but nobody looks after the workers."
    )


def count_dead(home: Home) -> str:
    """How many dead letters there are; '99+' if there are many, empty if there are none."""
    found = len(home.ledger.find(dead=True, limit=DEAD_COUNTED + 1, results=False).jobs)
    return f"{DEAD_COUNTED}+" if found > DEAD_COUNTED else str(found or "")


def _recent(home: Home, function: str) -> list[Job]:
    """A few jobs at work, and then the newest others."""
    find = partial(home.ledger.find, function=function, results=False)
    running = find(status=Status.RUNNING, limit=_RECENT // 2).jobs
    newest = find(limit=_RECENT).jobs
    return [*running, *(job for job in newest if job not in running)][:_RECENT]


def _troubles(home: Home, every: list[FunctionNow]) -> list[tuple[str, str]]:
    troubles = [
        (f"{i.function.name}: {i.fleet['trouble']}", "/fleet")
        for i in every
        if i.fleet.get("trouble")
    ]
    troubles += duty.troubles(home)
    firing = [name for name, state in alarms(home.journal).items() if state["state"] == "ALARM"]
    if firing := sorted(set(firing) - {"dead letters"}):
        told = ", ".join(firing[:_NAMED]) + (" and more" if len(firing) > _NAMED else "")
        troubles.append((f"in ALARM: {told}", "/alarms"))
    if cut := [one.name for one in Breakers(home).all() if not is_receiver(one.name)]:
        troubles.append((f"jobs that call {', '.join(cut)} wait: it does not work", "/alarms"))
    if shed := shedding(home.journal, home.clock.now()):
        troubles.append((f"load is shed: {shed[1]}", "/alarms"))
    if dead := count_dead(home):
        noun = "job is" if dead == "1" else "jobs are"
        troubles.append((f"{dead} {noun} among the dead letters", "/dead"))
    return troubles


def _facts(every: list[FunctionNow]) -> str:
    """The numbers in a sentence, such as '3 workers busy, 42 jobs waiting, about 35 s to go.'."""
    waiting = sum(i.waiting for i in every)
    running = sum(i.counts.in_flight for i in every)
    busy, size = sum(i.busy for i in every), sum(len(i.workers) for i in every)
    if not waiting and not running:
        return f"{wording.count(size, 'worker')} ready, nothing to do."
    parts = [f"{busy} of {wording.count(size, 'worker')} busy"]
    parts.append(f"{wording.count(waiting, 'job')} waiting")
    to_go = [i.to_go for i in every if i.waiting + i.counts.in_flight]
    known = [seconds for seconds in to_go if seconds is not None]
    if known and len(known) == len(to_go):
        parts.append(
            f"about {wording.span(max(1.0, round(max(known))))} to go".replace(".0 s", " s")
        )
    return ", ".join(parts) + "."
