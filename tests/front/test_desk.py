"""Who is served next: ranks, the newest first under overload, limits that follow latency."""

from __future__ import annotations

import asyncio
import json
import socket

from hypothesis import given
from hypothesis import strategies as st

from billow.front.config import Bounds, Config
from billow.front.counts import Counts
from billow.front.desk import ANYBODY, KNOWN, VITAL, Desk
from billow.front.house import House
from billow.front.limit import Limit
from billow.front.pages import STARTING
from billow.front.rates import Known, Rate, credential_of
from billow.front.servers import Server
from billow.front.service import Service
from billow.pool import Web


class Asked:
    """A request that only notes what becomes of it."""

    def __init__(self, name: str, arrived: float, rank: int = ANYBODY) -> None:
        self.name = name
        self.arrived = arrived
        self.rank = rank
        self.patient = False
        self.short = False
        self.tried: set[str] = set()
        self.server: Server | None = None
        self.refused = 0
        self.why = ""

    def start(self, server: Server) -> None:
        self.server = server
        server.out += 1

    def refuse(self, status: int, why: str) -> None:
        self.refused = status
        self.why = why


class Room:
    """A desk on a clock that stands still unless it is moved."""

    def __init__(self, most: int = 100, servers: int = 1, in_flight: int = 1) -> None:
        self.now = 100.0
        self.servers = [Server(f"s{n}", "", 1, in_flight) for n in range(servers)]
        self.shed: list[str] = []
        self.desk = Desk(lambda: self.servers, most, 0.25, lambda: self.now, self.shed.append)
        self.started: list[str] = []

    def ask(self, name: str, rank: int = ANYBODY) -> Asked:
        asked = Asked(name, self.now, rank)
        self.desk.submit(asked)
        return asked

    def free(self) -> None:
        self.servers[0].out -= 1
        self.desk.give_out()


def test_the_oldest_comes_first_while_all_is_well() -> None:
    room = Room()
    room.ask("running")
    first, second = room.ask("first"), room.ask("second")
    room.free()
    assert (first.server is not None, second.server is not None) == (True, False)


def test_the_newest_comes_first_when_the_queue_does_not_empty() -> None:
    room = Room()
    room.ask("running")
    first = room.ask("first")
    room.now += 0.15
    second = room.ask("second")
    room.free()
    assert (first.server is not None, second.server is not None) == (False, True)


def test_a_short_queue_that_never_empties_keeps_its_order() -> None:
    room = Room()
    room.ask("running")
    waiting = [room.ask(f"{number}") for number in range(4)]
    for number in range(200):
        room.now += 0.005
        room.free()
        assert waiting.pop(0).server is not None, f"turn {number} passed the oldest by"
        waiting.append(room.ask("next"))


def test_a_long_queue_that_moves_turns_round() -> None:
    room = Room()
    room.ask("running")
    waiting = [room.ask(f"{number}") for number in range(50)]
    for _ in range(10):
        room.now += 0.01
        room.free()
    assert waiting[0].server is not None
    assert waiting[-1].server is not None


def test_while_load_is_shed_the_least_important_never_wait_and_have_half_the_room() -> None:
    room = Room(in_flight=4)
    room.desk.shedding = True
    first, second, third = (room.ask(name) for name in ("first", "second", "third"))
    assert (first.refused, second.refused, third.refused) == (0, 0, 503)
    assert room.shed == ["shed"]
    known = [room.ask(f"k{n}", KNOWN) for n in range(3)]
    assert [one.server is not None for one in known] == [True, True, False]
    assert known[2].refused == 0
    room.desk.shedding = False
    assert room.ask("fourth").refused == 0


def test_the_keeper_says_whether_load_is_shed() -> None:
    async def scene() -> None:
        house = House(Config(Bounds.of(Web(), 1024), "token"))
        with socket.socket() as listening, socket.socket() as control:
            service = Service(listening, control)
            for told, shed in (({"shed": True}, True), ({"shed": False}, False), ({}, False)):
                reader = asyncio.StreamReader()
                reader.feed_data(json.dumps({"servers": {}, **told}).encode() + b"\n")
                reader.feed_eof()
                await service._hear(reader, house)
                assert house.desk.shedding is shed

    asyncio.run(scene())


def test_ranks_come_before_age() -> None:
    room = Room()
    room.ask("running")
    anybody, known = room.ask("anybody"), room.ask("known", KNOWN)
    room.free()
    assert known.server is not None
    assert anybody.server is None


def test_the_vital_have_a_reserve() -> None:
    room = Room()
    room.ask("running")
    assert room.ask("anybody").server is None
    assert room.ask("health", VITAL).server is not None


def test_a_full_queue_refuses_the_least_important_first() -> None:
    room = Room(most=2)
    room.ask("running")
    old, new = room.ask("old"), room.ask("new")
    third = room.ask("third")
    known = room.ask("known", KNOWN)
    assert [one.refused for one in (old, new, third, known)] == [503, 503, 0, 0]
    assert room.shed == ["full", "full"]


def test_what_is_too_old_is_refused() -> None:
    room = Room()
    room.ask("running")
    old = room.ask("old")
    room.now += 0.2
    young = room.ask("young")
    room.now += 0.1
    room.desk.sweep()
    assert (old.refused, young.refused) == (503, 0)


def test_without_servers_there_is_more_patience() -> None:
    room = Room(servers=0)
    asked = room.ask("one")
    room.now += 2
    room.desk.sweep()
    assert asked.refused == 0
    room.now += 2
    room.desk.sweep()
    assert (asked.refused, asked.why) == (503, STARTING)
    assert room.shed == ["starting"]


def test_who_is_well_is_chosen_before_a_suspect() -> None:
    room = Room(servers=2, in_flight=5)
    room.servers[0].suspect = True
    assert {room.ask(str(n)).server for n in range(3)} == {room.servers[1]}
    room.servers[1].suspect = True
    assert room.ask("any").server is room.servers[0]


@given(
    st.lists(
        st.tuples(st.sampled_from("afst"), st.sampled_from([VITAL, KNOWN, ANYBODY])), max_size=60
    )
)
def test_nothing_is_lost_and_no_limit_is_broken(steps: list[tuple[str, int]]) -> None:
    room = Room(most=5, in_flight=3)
    asked: list[Asked] = []
    for step, rank in steps:
        if step == "a":
            asked.append(room.ask(str(len(asked)), rank))
        elif step == "f" and room.servers[0].out:
            room.free()
        elif step == "s":
            room.desk.sweep()
        else:
            room.now += 0.07
        waiting = [one for one in asked if one.server is None and not one.refused]
        assert room.desk.waiting == len(waiting) <= 5
        assert room.servers[0].out <= 3 + 2
        if waiting and all(one.rank != VITAL for one in waiting):
            assert room.servers[0].out >= 3, "nobody waits beside a free server"


def test_a_limit_falls_when_latency_rises_and_rises_when_it_does_not() -> None:
    limit, now = Limit(16), 0.0

    def work(taken: float, seconds: float) -> None:
        nonlocal now
        for _ in range(int(seconds / 0.02)):
            now += 0.02
            limit.note(taken, limit.now, now)

    work(0.01, 20)
    assert limit.now == 16
    work(0.05, 20)
    assert limit.now == 4
    work(0.01, 20)
    assert limit.now == 16


def test_a_limit_is_not_bothered_by_trifles() -> None:
    limit = Limit(8)
    for n in range(1000):
        limit.note(0.0001 if n < 500 else 0.004, limit.now, n * 0.02)
    assert limit.now == 8


def test_a_rate_fills_again() -> None:
    rate = Rate(10)
    assert [rate.take("a", 0.0) > 0 for _ in range(22)] == [False] * 20 + [True] * 2
    assert rate.take("b", 0.0) == 0
    assert rate.take("a", 0.1) == 0
    assert 0 < rate.take("a", 0.1) <= 0.1


def test_a_servers_word_is_taken_for_a_minute() -> None:
    known = Known()
    known.learn(b"c1", "anna", 0.0)
    assert known.owner(b"c1", 59.0) == "anna"
    assert known.owner(b"c1", 61.0) == ""
    known.learn(b"c1", "anna", 70.0)
    known.learn(b"c1", "", 71.0)
    assert known.owner(b"c1", 72.0) == ""


def test_credentials() -> None:
    assert credential_of({b"authorization": b"Bearer x", b"cookie": b"billow=y"}) == b"aBearer x"
    assert credential_of({b"cookie": b"a=b; __Host-billow=y; c=d"}) == b"cy"
    assert credential_of({b"cookie": b"notbillow=y"}) == b""
    assert credential_of({}) == b""


def test_traffic_is_told_over_whole_seconds() -> None:
    counts = Counts(100.0)
    for n in range(50):
        counts.came(100.0 + n / 50)
        counts.took(0.01 if n < 40 else 0.1)
    told = counts.traffic(101.0)
    assert told["requests"] == 50
    assert 0.1 <= told["p95"] <= 0.125
    assert counts.traffic(111.0) == {"requests": 0.0, "p95": None}
