"""A generator in the test's own process: everything that is due is sent and counted."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections import deque
from typing import Any

import pytest

from billow.drill.load.arrivals import Arrival, Stage
from billow.drill.load.browsing import fetching
from billow.drill.load.generator import Generator
from billow.drill.load.histogram import Histogram
from billow.drill.load.orders import Orders
from billow.drill.load.session import NoStep, Session
from billow.drill.load.tally import Slots, Tally, total
from billow.visits import Browse, Visit, Visitor
from tests.load.site import Answering, Site, listening, reply, site


class Heard:
    """All that generators have told."""

    def __init__(self) -> None:
        self.slots = Slots()
        self.lag = Histogram()
        self.lost: list[dict[str, Any]] = []

    def tell(self, told: dict[str, Any]) -> None:
        told = json.loads(json.dumps(told))
        self.slots.merge(Slots.read(told["slots"]))
        self.lag.merge(Histogram.read(told["lag"]))
        self.lost += told["lost"]

    @property
    def total(self) -> Tally:
        return total(tally for _, tally in self.slots)


def orders(port: int, *stages: Stage, visitors: int = 4, **more: Any) -> Orders:
    given = {"seed": 1, "poisson": False, "timeout": 20.0, "slow": 10.0, **more}
    return Orders("127.0.0.1", port, "h", False, False, list(stages), visitors, **given)


async def generate(
    answering: Answering, *stages: Stage, parts: int = 1, browse: Browse | None = None, **more: Any
) -> tuple[Heard, Site]:
    heard = Heard()
    async with site(answering) as here:
        asked = orders(here.port, *stages, **more)
        began = time.monotonic()
        what = browse or fetching(["/"])
        crew = [Generator(asked.for_part(part, parts), what, heard.tell) for part in range(parts)]
        await asyncio.gather(*(generator.run(began) for generator in crew))
    return heard, here


@pytest.mark.parametrize(("parts", "poisson"), [(1, False), (3, False), (1, True)])
def test_everything_due_is_sent_and_counted_once(parts: int, poisson: bool) -> None:
    stages = (Stage(0, 0.5, 200), Stage(0.2, 0.4, 500, crowd=True))
    heard, here = asyncio.run(
        generate(lambda _: reply(), *stages, parts=parts, poisson=poisson, visitors=100)
    )
    counted = heard.total
    assert counted.planned == counted.ok == len(here.heads)
    assert counted.times.count == heard.lag.count == counted.planned
    if not poisson:
        assert counted.planned == 200
        crowd = total(tally for (_, of), tally in heard.slots if of)
        assert crowd.planned == 100


def test_arrivals_do_not_wait_for_answers_and_latency_counts_from_when_they_were_due() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.5)
            writer.write(reply())

    async def run() -> Heard:
        heard = Heard()
        async with listening(slow) as port:
            asked = orders(port, Stage(0, 0.3, 100), visitors=2)
            await Generator(asked, fetching(["/"]), heard.tell).run(time.monotonic())
        return heard

    heard = asyncio.run(run())
    counted = heard.total
    assert counted.planned == counted.ok == 30  # two visitors in a closed loop would manage two
    assert (counted.times.quantile(0) or 0) >= 0.5


def test_a_generator_that_begins_late_says_so() -> None:
    async def run() -> Heard:
        heard = Heard()
        async with site(lambda _: reply()) as here:
            asked = orders(here.port, Stage(0, 1, 20))
            began = time.monotonic() - 10
            await Generator(asked, fetching(["/"]), heard.tell).run(began)
        return heard

    counted = asyncio.run(run()).total
    assert counted.late == counted.planned == 20
    assert (counted.times.quantile(0) or 0) > 8


def test_it_lasts_as_long_as_the_drill() -> None:
    began = time.monotonic()
    heard, _ = asyncio.run(generate(lambda _: reply(), Stage(0, 0.5, 2)))
    assert heard.total.planned == 1
    assert time.monotonic() - began >= 0.5


def test_no_more_are_under_way_than_allowed() -> None:
    heard = Heard()
    with socket.create_server(("127.0.0.1", 0), backlog=500) as silent:
        asked = orders(silent.getsockname()[1], Stage(0, 0.2, 1000), visitors=1, timeout=0.6)
        asyncio.run(Generator(asked, fetching(["/"]), heard.tell).run(time.monotonic()))
    kinds = heard.total.kinds
    assert kinds.total() == 200
    assert 64 <= kinds["timeout"] < 200
    assert kinds["unsent"] == 200 - kinds["timeout"]
    assert len(heard.lost) == 200


def test_failures_are_told_one_by_one() -> None:
    heard, _ = asyncio.run(generate(lambda _: reply(status="404 No"), Stage(0, 0.1, 50)))
    assert len(heard.lost) == 5
    assert heard.lost[0]["request"] == "GET /"
    assert heard.lost[0]["why"] == "status 404"
    assert 0 <= heard.lost[0]["sent"] <= heard.lost[0]["ended"]


def test_every_visitor_has_cookies_of_their_own() -> None:
    numbers = iter(range(100))

    def answering(head: str) -> bytes:
        known = "Cookie" in head
        return reply("", "200 OK", *([] if known else [f"Set-Cookie: n={next(numbers)}"]))

    _, here = asyncio.run(generate(answering, Stage(0, 0.5, 40), visitors=5))
    cookies = [line for head in here.heads for line in head.split("\r\n") if "Cookie:" in line]
    assert len(here.heads) == 20
    assert 1 <= len(set(cookies)) <= 5  # strangers, who come if all are busy, never return
    assert all(";" not in cookie for cookie in cookies)


def test_visitors_come_one_after_the_other() -> None:
    """Else all would ask for the first page of their visits at once, and for nothing else."""
    generator = Generator(orders(1, Stage(0, 400, 10), visitors=30), fetching(["/"]), print)
    ready: deque[Session] = deque()
    seen: set[int] = set()
    come = []
    for second in range(0, 80, 10):
        session = generator._next(ready, Arrival(float(second), crowd=False))
        for _ in range(40):  # as many requests as there is time for
            assert session is not None
            seen.add(id(session))
            ready.append(session)
            session = generator._next(ready, Arrival(float(second), crowd=False))
        assert session is not None
        ready.append(session)
        come.append(len(seen))
    assert come == [1, 5, 10, 15, 20, 25, 30, 30]


def test_visits_that_cannot_be_used_end_it() -> None:
    def broken(visitor: Visitor) -> Visit:
        yield visitor.get(str(1 // 0))

    with pytest.raises(NoStep, match="ZeroDivisionError"):
        asyncio.run(generate(lambda _: reply(), Stage(0, 600, 50), browse=broken))


def test_it_stops_when_it_is_told() -> None:
    async def run() -> Tally:
        heard = Heard()
        async with site(lambda _: reply()) as here:
            asked = orders(here.port, Stage(0, 600, 50))
            generator = Generator(asked, fetching(["/"]), heard.tell)
            running = asyncio.create_task(generator.run(time.monotonic()))
            while not here.heads:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            generator.stop()
            await running
        return heard.total

    counted = asyncio.run(run())
    assert 1 <= counted.planned == counted.ok


def test_the_same_seed_makes_the_same_choices() -> None:
    def browse(visitor: Visitor) -> Visit:
        yield visitor.get(f"/{visitor.number}/{visitor.chance.randrange(1000)}")

    def choices() -> dict[str, list[str]]:
        stage = Stage(0, 0.2, 100)
        _, here = asyncio.run(generate(lambda _: reply(), stage, visitors=3, browse=browse))
        made: dict[str, list[str]] = {}
        for head in here.heads:
            _, number, choice = head.split()[1].split("/")
            made.setdefault(number, []).append(choice)
        return made

    first, again = choices(), choices()
    for number in first.keys() & again.keys():  # who is free when differs, what they do does not
        both = min(len(first[number]), len(again[number]))
        assert first[number][:both] == again[number][:both]
    assert len({tuple(made[:2]) for made in first.values()}) == len(first)
