"""A generator: a process that sends requests when they are due, and counts what came of them."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections import deque
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

from billow.drill.load.arrivals import Arrival, arrivals
from billow.drill.load.histogram import Histogram
from billow.drill.load.orders import Orders
from billow.drill.load.session import Door, Outcome, Session
from billow.drill.load.tally import MAX_FAILURES, Kind, Lost, Slots
from billow.visits import Browse, Visitor

#: Seconds after which a request was not sent when it was due.
LATE = 0.25
#: Seconds between two reports.
REPORT_EVERY = 0.5
#: Seconds in which the visitors come, or half of the drill if that is shorter. If all came at
#: once, all would ask for the first page of their visits at the same time.
GATHERING = 60.0
#: Requests that may be under way for each visitor; what is due beyond that is not sent.
CROWDING = 4
#: Loops may wake up half of their tick too early, and would then turn idly until the tick is over.
_TICK = 0.0005
#: Seconds in which it notices that it is told to stop.
_LOOK_UP = 0.2

#: Is told a report, twice a second.
Tell = Callable[[dict[str, Any]], None]


class Generator:
    """Sends what is due, until all of it is done or it is told to stop.

    Args:
        orders: what to do.
        browse: begins a visit.
        tell: is told what happened since the last time.
    """

    def __init__(self, orders: Orders, browse: Browse, tell: Tell) -> None:
        self._orders = orders
        self._browse = browse
        self._tell = tell
        self._door = _door(orders)
        share = range(orders.part, orders.visitors, orders.parts)
        self._visitors: deque[Session] = deque()
        self._newcomers = deque(self._session(number) for number in share)
        self._all = len(share)
        self._crowd = deque(self._session(orders.visitors + number) for number in share)
        self._strangers = orders.visitors * 2 + orders.part
        self._gathering = min(GATHERING, max(each.until for each in orders.stages) / 2)
        self._limit = max(64, CROWDING * len(share))
        self._under_way: set[asyncio.Task[None]] = set()
        self._slots = Slots()
        self._lag = Histogram()
        self._lost: list[dict[str, Any]] = []
        self._kept = 0
        self._problem: Exception | None = None
        self._stopped = False
        self._began = 0.0

    def stop(self) -> None:
        """Send no more; what is under way may end."""
        self._stopped = True

    async def run(self, began: float) -> None:
        """Do everything.

        Args:
            began: when the drill begins, on the monotonic clock; the same for all generators.

        Raises:
            NoStep: the app's visits cannot be used.
        """
        self._began = began
        reporter = asyncio.create_task(self._report())
        try:
            await self._send_all(self._due())
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=self._orders.timeout + 1)
        finally:
            reporter.cancel()
            self._flush()
            for session in (*self._visitors, *self._newcomers, *self._crowd):
                session.close()
        if self._problem is not None:
            raise self._problem

    def _due(self) -> Iterator[Arrival]:
        orders = self._orders
        chance = _chance(orders.seed, f"arrivals {orders.part}") if orders.poisson else None
        return arrivals(orders.stages, orders.part, orders.parts, chance)

    async def _send_all(self, due: Iterator[Arrival]) -> None:
        for arrival in due:
            await self._wait_until(arrival.at)
            if self._stopped:
                return
            self._send(arrival, monotonic() - self._began)
        # Who ends before the drill does has failed.
        await self._wait_until(max(stage.until for stage in self._orders.stages))

    async def _wait_until(self, at: float) -> None:
        while (ahead := self._began + at - monotonic()) > 0 and not self._stopped:  # noqa: ASYNC110 - dear
            await asyncio.sleep(min(ahead + _TICK, _LOOK_UP))

    def _send(self, arrival: Arrival, now: float) -> None:
        tally = self._slots.at(arrival.at, crowd=arrival.crowd)
        tally.planned += 1
        self._lag.add(now - arrival.at)
        if now - arrival.at > LATE:
            tally.late += 1
        if len(self._under_way) >= self._limit:
            self._count(arrival, now, Outcome(Kind.UNSENT))
            return
        ready = self._crowd if arrival.crowd else self._visitors
        session = self._next(ready, arrival)
        task = asyncio.create_task(self._visit(arrival, session, ready, now))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def _next(self, ready: deque[Session], arrival: Arrival) -> Session | None:
        """Who has rested longest; newcomers come one after the other, not all at the beginning."""
        newcomers = self._newcomers
        if not arrival.crowd and newcomers:
            here = self._all - len(newcomers)
            if not ready or here < self._all * arrival.at / self._gathering:
                return newcomers.popleft()
        return ready.popleft() if ready else None

    async def _visit(
        self, arrival: Arrival, session: Session | None, ready: deque[Session], sent: float
    ) -> None:
        """A step of a visitor; if all are waiting for answers, a stranger comes instead."""
        visiting = session or self._session(self._next_stranger())
        try:
            deadline = self._began + arrival.at + self._orders.timeout
            self._count(arrival, sent, await visiting.step(deadline))
        except Exception as problem:
            self._problem = problem
            self.stop()
        finally:
            if session is None:
                visiting.close()
            else:
                ready.append(session)

    def _count(self, arrival: Arrival, sent: float, outcome: Outcome) -> None:
        ended = monotonic() - self._began
        tally = self._slots.at(arrival.at, crowd=arrival.crowd)
        tally.kinds[outcome.kind] += 1
        tally.received += outcome.received
        tally.retried += outcome.retried
        if outcome.kind is Kind.OK:
            took = ended - arrival.at
            tally.times.add(took)
            tally.slow += took > self._orders.slow
        elif self._kept < MAX_FAILURES:
            self._kept += 1
            asked, why = outcome.request[:200], outcome.why[:200]
            lost = Lost(outcome.kind, sent, ended, asked, why, arrival.crowd)
            self._lost.append(lost.document())

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_EVERY)
            self._flush()

    def _flush(self) -> None:
        """Tell what happened since the last time, and forget it."""
        self._tell(
            {
                "slots": self._slots.document(),
                "lag": self._lag.document(),
                "lost": self._lost,
                "under_way": len(self._under_way),
            }
        )
        self._slots, self._lag, self._lost = Slots(), Histogram(), []

    def _session(self, number: int) -> Session:
        orders = self._orders
        visitor = Visitor(number, _chance(orders.seed, f"visitor {number}"), orders.seeded)
        visitor.cookies.update(orders.cookies)
        return Session(visitor, self._browse, self._door)

    def _next_stranger(self) -> int:
        self._strangers += self._orders.parts
        return self._strangers


def _chance(seed: int, what: str) -> random.Random:
    return random.Random(f"{seed} {what}")  # noqa: S311 - a drill must be repeatable


def _door(orders: Orders) -> Door:
    tls = None
    if orders.tls:
        tls = ssl.create_default_context()
        if not orders.verify:
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    place = (orders.address, orders.port, orders.host)
    return Door(*place, orders.headers, tls, orders.timeout, orders.again)
