"""Servers that die, hang, or are too few."""

from __future__ import annotations

import asyncio
from typing import Any

from billow.front import probes
from billow.front.probes import Probes
from tests.front.stage import answer, play, say_name, stage, until


async def dies(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def dies_midway(
    head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.close()


async def hangs(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


def test_a_request_that_does_no_harm_goes_to_another_server() -> None:
    async def scene() -> None:
        async with stage() as on:
            await on.add("one", dies)
            await on.add("two", dies)
            await on.add("three")
            for _ in range(6):
                assert (await on.get())[0] == 200
            assert on.house.counts.retried >= 6

    play(scene)


def test_a_request_that_may_do_harm_is_sent_once() -> None:
    async def scene() -> None:
        async with stage() as on:
            await on.add("one", dies)
            came = await on.ask(
                b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab"
            )
            assert came.startswith(b"HTTP/1.1 502 ")
            assert len(on.heads) == 1
            assert await on.get("/", method="DELETE") != (200, b"")
            assert len(on.heads) == 2

    play(scene)


def test_an_answer_that_breaks_off_breaks_off_for_the_visitor() -> None:
    async def scene() -> None:
        async with stage() as on:
            await on.add("one", dies_midway)
            reader, writer = await on.connect()
            writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"content-length: 100" in head
            try:
                rest = await reader.read()
            except ConnectionResetError:
                rest = b""
            assert len(rest) < 100
            assert len(on.heads) == 1
            writer.close()

    play(scene)


def test_a_stopped_server_is_reported_and_its_requests_go_elsewhere(monkeypatch: Any) -> None:
    monkeypatch.setattr(probes, "process", lambda pid: ("T", 0))

    async def scene() -> None:
        async with stage() as on:
            hung = await on.add("one", hangs)
            watch = Probes(on.house)
            asked = asyncio.create_task(on.get("/a"))
            await until(lambda: hung.out == 1)
            await on.add("two")
            hopeless: dict[str, str] = {}
            for _ in range(12):
                hopeless |= watch.look(seldom=False)
                await asyncio.sleep(0.02)
            assert await asked == (200, b"GET /a HTTP/1.1")
            assert list(hopeless) == ["one"]
            assert not hung.usable
            assert on.house.servers["two"].usable
            assert (await on.get())[0] == 200

    play(scene)


def test_a_slow_server_is_left_alone_while_it_works(monkeypatch: Any) -> None:
    ticks = iter(range(1000))
    monkeypatch.setattr(probes, "process", lambda pid: ("S", next(ticks)))

    async def scene() -> None:
        async with stage() as on:
            slow = await on.add("one", hangs)
            watch = Probes(on.house)
            for _ in range(100):
                assert watch.look(seldom=False) == {}
                await asyncio.sleep(0)
            assert slow.suspect
            assert slow.usable

    play(scene)


def test_a_server_that_answers_again_is_well_again(monkeypatch: Any) -> None:
    monkeypatch.setattr(probes, "process", lambda pid: ("T", 0))
    go = asyncio.Event()

    async def wakes(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await go.wait()
        writer.write(answer(b""))

    async def scene() -> None:
        async with stage() as on:
            server = await on.add("one", wakes)
            watch = Probes(on.house)
            while not server.stopped:
                watch.look(seldom=False)
                await asyncio.sleep(0.01)
            go.set()
            await until(lambda: server.usable)

    play(scene)


def test_without_a_server_requests_wait_for_one() -> None:
    async def scene() -> None:
        async with stage() as on:
            asked = asyncio.create_task(on.get())
            await until(lambda: on.house.desk.waiting == 1)
            on.house.desk.sweep()
            await on.add("one")
            assert (await asked)[0] == 200

    play(scene)


def test_what_waits_too_long_is_refused() -> None:
    async def scene() -> None:
        async with stage(in_flight=1, shed_after="50 ms") as on:
            await on.add("one", hangs)
            _, writer = await on.connect()
            writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            await until(lambda: on.heads)
            second = asyncio.create_task(
                on.ask(
                    b"GET / HTTP/1.1\r\nHost: h\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
                )
            )
            await until(lambda: on.house.desk.waiting == 1)
            await asyncio.sleep(0.06)
            on.house.desk.sweep()
            came = await second
            assert came.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 1" in came
            assert b"text/html" in came
            assert len(came) < 2000
            writer.close()

    play(scene)


def test_a_server_that_drains_gets_nothing_more_and_is_done() -> None:
    async def scene() -> None:
        async with stage() as on:
            one = await on.add("one")
            assert (await on.get())[0] == 200
            one.draining = True
            one.close_idle()
            await on.add("two", say_name)
            for _ in range(3):
                await on.get()
            assert [name for name, _ in on.heads] == ["one", "two", "two", "two"]
            assert one.done

    play(scene)


def test_a_server_that_never_answers_costs_the_visitor_a_504() -> None:
    async def scene() -> None:
        async with stage(answer_time="10 s") as on:
            server = await on.add("one", hangs)
            asked = asyncio.create_task(on.get())
            await until(lambda: on.heads)
            later = on.house.now() + 11
            on.house.now = lambda: later
            on.house.check()
            assert (await asked)[0] == 504
            assert server.out == 0

    play(scene)
