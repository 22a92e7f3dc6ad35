"""The front as an attacker meets it: smuggling, slowness, sizes, lies."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.front.stage import Stage, answer, play, stage, until

POST = b"POST / HTTP/1.1\r\nHost: h\r\n"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX", 400),
        (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\nGET /", 400),
        (POST + b"Content-Length: 3\r\nContent-Length: 30\r\n\r\nabcGET /evil", 400),
        (POST + b"Transfer-Encoding:\tchunked, identity\r\n\r\n0\r\n\r\n", 501),
        (POST + b"X: y\r\n Transfer-Encoding: chunked\r\n\r\n", 400),
        (POST + b"X: y\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: h\n\n", 400),
        (b"GET /evil\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nHost: other\r\n\r\n", 400),
        (b"GET /\r\nX: evil HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 40_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"a: b\r\n" * 9_000, 431),
        (POST + b"Content-Length: 99999999999\r\n\r\n", 413),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ],
)
def test_what_must_not_pass_is_answered_and_cut_off(request_: bytes, status: int) -> None:
    async def scene() -> None:
        async with stage() as on:
            await on.add("one")
            came = await on.ask(request_ + b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n")
            assert came.startswith(b"HTTP/1.1 %d " % status), came
            assert came.count(b"HTTP/1.1 ") == 1
            assert b"connection: close" in came
            assert on.heads == []

    play(scene)


def test_a_broken_chunk_ends_the_matter() -> None:
    async def reads(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read()

    async def scene() -> None:
        async with stage() as on:
            server = await on.add("one", reads)
            bad = b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcEVIL\r\n0\r\n\r\n"
            came = await on.ask(POST + bad)
            assert came.startswith(b"HTTP/1.1 400 ")
            await until(lambda: server.patient == 0)

    play(scene)


def test_who_is_slow_with_the_head_is_sent_away() -> None:
    async def scene() -> None:
        async with stage(head_time="0.2 s") as on:
            _, writer = await on.connect()
            reader, slow = await on.connect()
            slow.write(b"GET / HTTP/1.1\r\nX: ")
            await until(lambda: any(guest._buffer for guest in on.house.guests))  # type: ignore[attr-defined]
            later = on.house.now() + 0.5
            on.house.now = lambda: later
            on.house.check()
            assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
            await until(lambda: len(on.house.guests) == 1)
            writer.close()
            slow.close()

    play(scene)


@pytest.mark.parametrize(("sent", "cut"), [(100, True), (200_000, False)])
def test_who_is_slow_with_the_body_is_cut_off(sent: int, cut: bool) -> None:
    async def takes(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read()

    async def scene() -> None:
        async with stage() as on:
            server = await on.add("one", takes)
            reader, writer = await on.connect()
            writer.write(POST + b"Content-Length: 1000000\r\n\r\n" + b"a" * sent)
            await until(lambda: on.heads)
            await asyncio.sleep(0.1)  # what was sent has come; more does not come
            later = on.house.now() + 60
            on.house.now = lambda: later
            on.house.check()
            if cut:
                assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
                await until(lambda: server.patient == 0)
            else:
                assert server.patient == 1
            writer.close()

    play(scene)


def test_who_takes_nothing_of_an_answer_is_cut_off() -> None:
    async def floods(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"a" * 100_000)
            await writer.drain()

    async def scene() -> None:
        async with stage() as on:
            server = await on.add("one", floods)
            _, writer = await on.connect()
            writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            await until(lambda: any(guest._paused_at for guest in on.house.guests))  # type: ignore[attr-defined]
            later = on.house.now() + 60
            on.house.now = lambda: later
            on.house.check()
            await until(lambda: not on.house.guests and server.out == 0)
            writer.close()

    play(scene)


def test_idle_connections_are_closed() -> None:
    async def scene() -> None:
        async with stage() as on:
            reader, writer = await on.connect()
            await until(lambda: on.house.guests)
            later = on.house.now() + 31
            on.house.now = lambda: later
            on.house.check()
            assert await reader.read() == b""
            writer.close()

    play(scene)


def test_connections_are_bounded() -> None:
    async def scene() -> None:
        async with stage(connections=3) as on:
            await on.add("one")
            others = [await on.connect() for _ in range(3)]
            await until(lambda: len(on.house.guests) == 3)
            assert (await on.ask(b"")).startswith(b"HTTP/1.1 503 ")
            others[0][1].close()
            await until(lambda: len(on.house.guests) == 2)
            assert (await on.get())[0] == 200
            for _, writer in others[1:]:
                writer.close()

    play(scene)


async def statuses(on: Stage, count: int, *lines: str) -> list[int]:
    return [(await on.get("/", *lines))[0] for _ in range(count)]


def test_each_address_has_its_own_rate() -> None:
    async def scene() -> None:
        trusted = {"trusted": ("127.0.0.1",)}
        async with stage(per_client=2, config=trusted) as on:
            await on.add("one")
            still = on.house.now()
            on.house.now = lambda: still
            first = await statuses(on, 6, "X-Forwarded-For: 1.1.1.1")
            other = await statuses(on, 3, "X-Forwarded-For: 6.6.6.6, 2.2.2.2")
            assert first == [200] * 4 + [429] * 2
            assert other == [200] * 3
            came = await on.ask(
                b"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.1.1.1\r\n"
                b"Connection: close\r\n\r\n"
            )
            assert b"retry-after: 1" in came
            problem = json.loads(came.partition(b"\r\n\r\n")[2])
            assert (problem["status"], problem["title"]) == (429, "Too Many Requests")

    play(scene)


def test_a_lie_about_the_address_changes_nothing() -> None:
    async def scene() -> None:
        async with stage(per_client=1) as on:
            await on.add("one")
            still = on.house.now()
            on.house.now = lambda: still
            seen = [(await on.get("/", f"X-Forwarded-For: 9.9.9.{n}"))[0] for n in range(4)]
            assert seen == [200, 200, 429, 429]

    play(scene)


def test_an_account_has_a_rate_whichever_server_answers() -> None:
    async def knows(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        asked = head.rstrip().endswith(b"?")
        known = ["x-billow-known: " + ("anna" if b"billow=good" in head else "")] if asked else []
        writer.write(answer(b"ok", *known))

    async def scene() -> None:
        async with stage(per_account=2, per_client=100, config={"accounts": True}) as on:
            await on.add("one", knows)
            await on.add("two", knows)
            still = on.house.now()
            on.house.now = lambda: still
            good = "Cookie: a=b; billow=good"
            assert await statuses(on, 7, good) == [200] * 5 + [429] * 2
            assert await statuses(on, 7, "Cookie: billow=made-up") == [200] * 7
            assert [head.rstrip()[-1:] for _, head in on.heads[:3]] == [b"?", b"-", b"-"]

    play(scene)
