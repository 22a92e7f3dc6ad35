"""Requests and answers pass the front whole, and each goes where it should."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from billow.handover import FilePart, Introduction
from tests.front.stage import TOKEN, answer, play, stage, until

LARGE = bytes(range(256)) * 8192


def test_a_request_goes_through_with_an_introduction() -> None:
    async def scene() -> None:
        async with stage() as on:
            await on.add("one")
            assert await on.get("/a?b") == (200, b"GET /a?b HTTP/1.1")
            (_, head), *_ = on.heads
            line = next(part for part in head.split(b"\r\n") if b"x-billow-front" in part)
            told = Introduction.decode(line.partition(b": ")[2].decode())
            assert told is not None
            assert (told.token, told.scheme, told.client) == (TOKEN, "http", "127.0.0.1")

    play(scene)


def test_many_requests_on_one_connection_come_back_in_order() -> None:
    async def scene() -> None:
        async with stage() as on:
            await on.add("one")
            await on.add("two")
            reader, writer = await on.connect()
            asked = b"".join(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % n for n in range(30))
            writer.write(asked + b"GET /end HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            came = await reader.read()
            writer.close()
            places = [came.index(b"GET /%d " % n) for n in range(30)]
            assert places == sorted(places)
            assert came.endswith(b"GET /end HTTP/1.1")

    play(scene)


def test_equals_share_the_work() -> None:
    async def scene() -> None:
        async with stage() as on:
            for name in ("one", "two", "three"):
                await on.add(name)
            for _ in range(30):
                assert (await on.get())[0] == 200
            assert Counter(name for name, _ in on.heads) == {"one": 10, "two": 10, "three": 10}

    play(scene)


def test_bodies_stream_both_ways_in_either_framing() -> None:
    async def echo(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        chunked = b"transfer-encoding: chunked" in head
        if chunked:
            body = b""
            while size := int(await reader.readline(), 16):
                body += await reader.readexactly(size)
                await reader.readline()
            await reader.readline()
        else:
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            body = await reader.readexactly(length)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for at in range(0, len(body), 100_000):
            piece = body[at : at + 100_000]
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    async def scene() -> None:
        async with stage() as on:
            await on.add("one", echo)
            first = b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
            plain = await on.ask(first + b"Content-Length: %d\r\n\r\n" % len(LARGE) + LARGE)
            pieces = b"".join(
                b"%x\r\n%b\r\n" % (len(piece), piece)
                for piece in (LARGE[at : at + 70_000] for at in range(0, len(LARGE), 70_000))
            )
            coded = await on.ask(
                first + b"Transfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n"
            )
            for came in (plain, coded):
                head, _, body = came.partition(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200 OK")
                assert dechunk(body) == LARGE
            old = await on.ask(
                b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(LARGE) + LARGE
            )
            head, _, body = old.partition(b"\r\n\r\n")
            assert b"chunked" not in head
            assert body == LARGE

    play(scene)


def dechunk(coded: bytes) -> bytes:
    body = b""
    while True:
        size, _, coded = coded.partition(b"\r\n")
        if not int(size, 16):
            return body
        body += coded[: int(size, 16)]
        coded = coded[int(size, 16) + 2 :]


def test_events_come_as_they_are_made() -> None:
    go = asyncio.Event()

    async def events(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\n\r\n7\r\ndata: 1\r\n"
        )
        await writer.drain()
        await go.wait()
        writer.write(b"7\r\ndata: 2\r\n0\r\n\r\n")

    async def scene() -> None:
        async with stage() as on:
            server = await on.add("one", events)
            reader, writer = await on.connect()
            writer.write(b"GET / HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n")
            assert b"data: 1" in await reader.readuntil(b"data: 1")
            assert (server.out, server.patient, server.streams) == (0, 1, 1)
            go.set()
            assert b"data: 2" in await reader.readuntil(b"data: 2")
            await reader.readuntil(b"0\r\n\r\n")
            await until(lambda: (server.out, server.patient, server.streams) == (0, 0, 0))
            writer.close()

    play(scene)


def test_answers_without_a_body_keep_their_headers() -> None:
    async def bare(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if head.startswith(b"HEAD"):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")
        else:
            writer.write(b'HTTP/1.1 304 Not Modified\r\netag: "x"\r\n\r\n')

    async def scene() -> None:
        async with stage() as on:
            await on.add("one", bare)
            reader, writer = await on.connect()
            for method in (b"HEAD", b"GET", b"HEAD"):
                writer.write(b"%b / HTTP/1.1\r\nHost: h\r\n\r\n" % method)
                head = await reader.readuntil(b"\r\n\r\n")
                assert (b"content-length: 5" in head) == (method == b"HEAD")
            writer.close()

    play(scene)


def test_a_client_is_told_to_go_on_by_the_server() -> None:
    async def wants(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        assert b"Expect: 100-continue" in head
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        writer.write(answer(await reader.readexactly(3)))

    async def scene() -> None:
        async with stage() as on:
            await on.add("one", wants)
            reader, writer = await on.connect()
            writer.write(
                b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
            )
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"abc")
            assert (await reader.readuntil(b"abc")).startswith(b"HTTP/1.1 200 OK")
            writer.close()

    play(scene)


def test_a_file_is_sent_by_the_front(tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"0123456789")
    large.write_bytes(LARGE)

    def told(path: Path, start: int, length: int, token: str = TOKEN) -> bytes:
        part = FilePart(token, start, length, str(path))
        return answer(b"", f"x-billow-file: {part.encode()}", "etag: x")

    async def files(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        path = head.split(b" ")[1].decode()
        writer.write(
            {
                "/small": told(small, 2, 5),
                "/large": told(large, 0, len(LARGE)),
                "/forged": told(small, 0, 5, token="guess"),
                "/elsewhere": told(Path("/etc/passwd"), 0, 5),
                "/up": told(tmp_path / ".." / ".." / "etc" / "passwd", 0, 5),
                "/gone": told(tmp_path / "gone", 0, 5),
            }[path]
        )

    folder = str(tmp_path.resolve())

    async def scene() -> None:
        async with stage(config={"files": (folder,)}) as on:
            await on.add("one", files)
            came = await on.ask(b"GET /small HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            head, _, body = came.partition(b"\r\n\r\n")
            assert body == b"23456"
            assert b"content-length: 5" in head
            assert b"x-billow" not in head
            assert await on.get("/large") == (200, LARGE)
            for path in ("/forged", "/elsewhere", "/up", "/gone"):
                status, body = await on.get(path)
                assert status == 502, path
                assert b"root:" not in body
            assert (await on.get("/small"))[0] == 200

    play(scene)


def test_what_a_visitor_says_of_others_is_taken_from_trusted_proxies_only() -> None:
    async def scene(trusted: tuple[str, ...], client: bytes, scheme: bytes) -> None:
        async with stage(config={"trusted": trusted}) as on:
            await on.add("one")
            lines = ("X-Forwarded-For: 6.6.6.6, 9.9.9.9, 127.0.0.7", "X-Forwarded-Proto: https")
            await on.get("/", *lines)
            assert b" %b %b -\r\n" % (scheme, client) in on.heads[0][1]

    play(lambda: scene((), b"127.0.0.1", b"http"))
    play(lambda: scene(("127.0.0.0/8",), b"9.9.9.9", b"https"))


def test_a_server_that_sends_too_much_poisons_nothing() -> None:
    async def too_much(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(answer(b"good") + answer(b"evil"))

    async def scene() -> None:
        async with stage() as on:
            await on.add("one", too_much)
            came = await asyncio.gather(
                *(on.get(f"/{n}") for n in range(5)), return_exceptions=True
            )
            assert b"evil" not in b"".join(one[1] for one in came if isinstance(one, tuple))

    play(scene)


def test_visitors_that_leave_free_their_server() -> None:
    started = asyncio.Event()

    async def never(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        started.set()
        assert await reader.read() == b""

    async def scene() -> None:
        async with stage() as on:
            server = await on.add("one", never)
            _, writer = await on.connect()
            writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            await started.wait()
            assert server.out == 1
            writer.close()
            await until(lambda: server.out == 0)

    play(scene)
