"""Requests that go by a server's lane: the file it names, or the ordinary way."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from billow.front.lane import LONG, TOGETHER, Lane
from billow.front.servers import Server
from billow.front.visitor import Visitor
from billow.lane import Named, Party, Question, encode_hello, pack, unpack
from tests.front.stage import TOKEN, Stage, play, stage, until

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\netag: x\r\n"


class Desk:
    """A made-up server's end of its lane: answers by `reply`, or only notes what is asked."""

    def __init__(self, sock: socket.socket, reply: Callable[[Question], Named] | None) -> None:
        self.sock = sock
        self.reply = reply
        self.token = b""
        self.asked: list[Question] = []
        #: Told how many questions each message brings.
        self.heard: Callable[[int], None] = lambda _: None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock.fileno(), self._read)

    def _read(self) -> None:
        message = self.sock.recv(1 << 17)
        if not message:
            self.leave()
        elif not self.token:
            self.token = message
            self.sock.send(encode_hello(("/img/",)))
        else:
            questions = [Question.decode(part) for part in unpack(message)]
            self.asked += questions
            self.heard(len(questions))
            if self.reply is not None:
                self.say(*map(self.reply, questions))

    def say(self, *named: Named) -> None:
        self.sock.send(pack([each.encode() for each in named]))

    def leave(self) -> None:
        if self.sock.fileno() >= 0:
            self._loop.remove_reader(self.sock.fileno())
            self.sock.close()


@asynccontextmanager
async def lane(
    on: Stage, server: Server, reply: Callable[[Question], Named] | None = None
) -> AsyncIterator[Desk]:
    """A lane to `server`, ready to be asked."""
    path = f"{on.folder}/{server.id}.lane"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as bound:
        bound.bind(path)
        bound.listen()
        server.lane = Lane(server, path, TOKEN, on.house.note_at_hand)
        server.lane.open()
        desk = Desk(bound.accept()[0], reply)
    await until(lambda: server.lane is not None and server.lane._prefixes)
    try:
        yield desk
    finally:
        desk.leave()
        server.lane.close()


def _file(folder: Path) -> Path:
    path = folder / "picture"
    path.write_bytes(b"a picture")
    return path


def _all_of(path: Path, number: int) -> Named:
    """The file's first five bytes as an answer."""
    return Named(number, 200, 0, 5, path.stat().st_mtime_ns, str(path), None, HEAD)


def test_a_file_that_the_server_names_is_sent(tmp_path: Path) -> None:
    path = _file(tmp_path)

    def reply(question: Question) -> Named:
        return _all_of(path, question.number)._replace(start=2)

    async def scene() -> None:
        async with stage(config={"files": (str(tmp_path),)}) as on:
            server = await on.add("one")
            async with lane(on, server, reply) as desk:
                came = await on.ask(
                    b"GET /img/7.jpg?v=1 HTTP/1.1\r\nHost: h\r\nCookie: a=b\r\n"
                    b"Connection: close\r\n\r\n"
                )
                assert came == HEAD + b"connection: close\r\n\r\npictu"
                assert desk.token == TOKEN.encode()
                [question] = desk.asked
                assert question.target == b"/img/7.jpg?v=1"
                party = Party("http", "127.0.0.1", "-", b"Host: h\r\nCookie: a=b")
                assert Party.decode(question.party) == party
            assert on.heads == []
            assert (server.out, server.answered) == (0, 1)
            assert on.house.counts.answers == {200: 1}

    play(scene)


def test_what_has_no_body_is_passed_on(tmp_path: Path) -> None:
    head = b"HTTP/1.1 304 Not Modified\r\netag: x\r\n"

    async def scene() -> None:
        async with stage() as on:
            server = await on.add("one")
            async with lane(on, server, lambda q: Named(q.number, 304, head=head)):
                came = await on.ask(
                    b"GET /img/1 HTTP/1.1\r\nHost: h\r\n\r\n"
                    b"GET /img/2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
                )
                assert came == head + b"\r\n" + head + b"connection: close\r\n\r\n"

    play(scene)


def test_what_is_declined_goes_the_ordinary_way() -> None:
    async def scene() -> None:
        async with stage() as on:
            server = await on.add("one")
            async with lane(on, server, lambda q: Named(q.number, 0)) as desk:
                assert await on.get("/img/7.jpg") == (200, b"GET /img/7.jpg HTTP/1.1")
                assert len(desk.asked) == len(on.heads) == 1
            assert server.out == 0

    play(scene)


def test_only_plain_questions_for_files_go_by_it() -> None:
    async def scene() -> None:
        async with stage() as on:
            server = await on.add("one")
            async with lane(on, server) as desk:
                assert (await on.get("/page"))[0] == 200
                await on.get("/img/7.jpg", method="HEAD")
                post = b"POST /img/7.jpg HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
                assert b" 200 " in await on.ask(post + b"Connection: close\r\n\r\nx")
                assert desk.asked == []

    play(scene)


def test_who_waits_for_a_server_that_dies_is_served_by_another() -> None:
    async def scene() -> None:
        async with stage() as on:
            dying = await on.add("one")
            async with lane(on, dying) as desk:
                asking = asyncio.create_task(on.get("/img/7.jpg"))
                await until(lambda: desk.asked)
                await on.add("two")
                desk.leave()
                assert (await asking)[0] == 200
                assert [name for name, _ in on.heads] == ["two"]
            assert (on.house.counts.retried, dying.out) == (1, 0)

    play(scene)


def test_who_waits_for_a_server_that_hangs_is_served_by_another(tmp_path: Path) -> None:
    path = _file(tmp_path)

    async def scene() -> None:
        async with stage(config={"files": (str(tmp_path),)}) as on:
            hung = await on.add("one")
            async with lane(on, hung) as desk:
                asking = asyncio.create_task(on.get("/img/7.jpg"))
                await until(lambda: desk.asked)
                await on.add("two")
                hung.stopped = True
                for exchange in list(hung.exchanges):
                    exchange.leave_server()
                assert (await asking)[0] == 200
                # Its answer, once it wakes up, is nobody's.
                desk.say(_all_of(path, desk.asked[0].number))
                hung.stopped = False
                assert (await on.get("/page"))[0] == 200
            assert hung.out == 0

    play(scene)


def test_an_answer_that_is_none_closes_the_lane() -> None:
    async def scene() -> None:
        async with stage() as on:
            server = await on.add("one")
            async with lane(on, server) as desk:
                asking = asyncio.create_task(on.get("/img/7.jpg"))
                await until(lambda: desk.asked)
                desk.sock.send(b"nonsense")
                assert await asking == (200, b"GET /img/7.jpg HTTP/1.1")
                assert (await on.get("/img/8.jpg"))[0] == 200
                assert len(desk.asked) == 1

    play(scene)


def test_a_lane_that_is_full_is_passed_by() -> None:
    async def scene() -> None:
        async with stage(in_flight=200) as on:
            server = await on.add("one")
            server.limit.now = 200
            async with lane(on, server) as desk:
                asyncio.get_running_loop().remove_reader(desk.sock.fileno())  # it hangs
                long = "x: " + "y" * 20_000
                asking = [asyncio.create_task(on.get("/img/7.jpg", long)) for _ in range(40)]
                await until(lambda: on.heads)
                desk.leave()
                assert {status for status, _ in await asyncio.gather(*asking)} == {200}
            assert server.out == 0

    play(scene)


def test_nothing_is_sent_from_elsewhere(tmp_path: Path) -> None:
    def reply(question: Question) -> Named:
        return _all_of(Path("/etc/passwd"), question.number)

    async def scene() -> None:
        config = {"files": (str(tmp_path),)}
        async with stage(config=config) as on, lane(on, await on.add("one"), reply):
            assert await on.get("/img/7.jpg") == (200, b"GET /img/7.jpg HTTP/1.1")

    play(scene)


@pytest.mark.parametrize("become", ["another", "gone"])
def test_a_file_that_is_not_the_one_the_server_means_is_not_sent(
    tmp_path: Path, become: str
) -> None:
    path = _file(tmp_path)
    named = _all_of(path, 0)
    if become == "another":
        os.utime(path, ns=(0, named.changed + 1))
    else:
        path.unlink()

    async def scene() -> None:
        config = {"files": (str(tmp_path),)}
        async with stage(config=config) as on:
            server = await on.add("one")
            async with lane(on, server, lambda q: named._replace(number=q.number)):
                assert await on.get("/img/7.jpg") == (200, b"GET /img/7.jpg HTTP/1.1")
            assert (server.out, server.answered) == (0, 1)

    play(scene)


def test_who_waits_long_for_a_lane_goes_the_ordinary_way_and_so_do_others(tmp_path: Path) -> None:
    path = _file(tmp_path)

    async def scene() -> None:
        async with stage(config={"files": (str(tmp_path),)}) as on:
            server = await on.add("one")
            async with lane(on, server) as desk:
                asking = asyncio.create_task(on.get("/img/7.jpg"))
                await until(lambda: desk.asked)
                on.house.look_at_lanes(on.house.now())
                assert on.heads == []
                on.house.look_at_lanes(on.house.now() + 10 * LONG)
                assert await asking == (200, b"GET /img/7.jpg HTTP/1.1")
                assert (await on.get("/img/8.jpg"))[1] == b"GET /img/8.jpg HTTP/1.1"
                assert len(desk.asked) == 1
                desk.say(_all_of(path, desk.asked[0].number))
                desk.reply = lambda question: _all_of(path, question.number)
                await until(lambda: server.lane is not None and not server.lane._stuck)
                assert await on.get("/img/9.jpg") == (200, b"a pic")
            assert server.out == 0

    play(scene)


def test_what_comes_in_one_turn_is_asked_together_and_of_one_server() -> None:
    async def scene() -> None:
        async with stage() as on:
            one, two = await on.add("one"), await on.add("two")
            async with lane(on, one) as desk, lane(on, two) as other:
                messages: list[int] = []
                for each in (desk, other):
                    each.heard = messages.append
                asking = b"GET /img/7.jpg HTTP/1.1\r\nHost: h\r\n\r\n"
                visitors = [Visitor(on.house) for _ in range(6)]
                for visitor in visitors:
                    visitor.data_received(asking)
                await until(lambda: sum(messages) == 6)
                assert sorted(messages) == [2, TOGETHER]
                assert (one.gathered, two.gathered) == (0, 0)
                for visitor in visitors:
                    visitor.connection_lost(None)
            assert (one.out, two.out) == (0, 0)

    play(scene)


def test_a_visitor_who_leaves_is_forgotten(tmp_path: Path) -> None:
    path = _file(tmp_path)

    async def scene() -> None:
        async with stage(config={"files": (str(tmp_path),)}) as on:
            server = await on.add("one")
            async with lane(on, server) as desk:
                _, writer = await on.connect()
                writer.write(b"GET /img/7.jpg HTTP/1.1\r\nHost: h\r\n\r\n")
                await until(lambda: desk.asked)
                writer.transport.abort()
                await until(lambda: not server.out)
                desk.say(_all_of(path, desk.asked[0].number))
                assert (await on.get("/page"))[0] == 200
            assert len(os.listdir("/proc/self/fd")) < 100

    play(scene)


def test_a_server_without_a_lane_is_done_without(tmp_path: Path) -> None:
    async def scene() -> None:
        async with stage() as on:
            server = await on.add("one")
            server.lane = Lane(server, f"{on.folder}/none.lane", TOKEN, on.house.note_at_hand)
            server.lane.open()
            assert (await on.get("/img/7.jpg"))[0] == 200

    play(scene)
