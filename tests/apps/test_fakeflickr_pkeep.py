"""pkeep's protocol, datagram by datagram, and where its files are."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "apps/fakeflickr"))

from pkeep import Keeper, Places, port_of, serve
from pkeep.counters import Counters
from pkeep.keeper import Late, Missing
from pkeep.places import KEEP
from pkeep.wording import PACKET, Request, read_request

pytestmark = pytest.mark.anyio


class Album:
    """Photos 1 to 99; 13 cannot be rendered, 60 takes too long."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.made: list[tuple[int, int, str]] = []

    def original(self, id: int) -> Path:
        if not 1 <= id <= 99:
            raise Missing
        path = self.folder / f"{id}.orig"
        path.write_bytes(b"original %d" % id)
        return path

    async def render(self, id: int, size: int, instructions: str, within: float) -> Path | None:
        self.original(id)
        if id == 60:
            raise Late
        if id == 13:
            return None
        assert within == 60
        self.made.append((id, size, instructions))
        path = self.folder / f"{id}.{size}.{len(self.made)}"
        path.write_bytes(f"{id} {size} {instructions}".encode())
        return path


class World:
    def __init__(self, folder: Path) -> None:
        self.album = Album(folder / "album")
        self.places = Places(folder / "pkeep")
        self.time = 1e9
        self.keeper = Keeper(self.album, self.places, Counters(), lambda: self.time)
        self.folder = folder
        self.port = free_port()

    @asynccontextmanager
    async def up(self) -> AsyncIterator[asyncio.Task[None]]:
        stopping, ready = asyncio.Event(), asyncio.Event()
        serving = asyncio.create_task(serve(self.keeper, stopping, self.port, ready))
        async with asyncio.timeout(20):
            await ready.wait()
            yield serving
            stopping.set()
            await serving

    async def ask(self, packet: bytes | str) -> str:
        """Send a datagram, and wait for the answer."""
        asker = await Asker.open(self.port)
        asker.send(packet)
        try:
            async with asyncio.timeout(10):
                return (await asker.answers.get()).decode()
        finally:
            asker.close()

    async def page(self, path: str) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        text = (await reader.read()).decode()
        writer.close()
        return text


class Asker(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()

    @classmethod
    async def open(cls, port: int) -> Asker:
        made = cls()
        loop = asyncio.get_running_loop()
        made.way, _ = await loop.create_datagram_endpoint(
            lambda: made, remote_addr=("127.0.0.1", port)
        )
        return made

    way: asyncio.DatagramTransport

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.answers.put_nowait(data)

    def send(self, packet: bytes | str) -> None:
        self.way.sendto(packet.encode() if isinstance(packet, str) else packet)

    def close(self) -> None:
        self.way.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def file_of(said: str) -> tuple[str, Path]:
    ticket, _, address = said.partition(",")
    assert address.startswith("file:///")
    return ticket, Path(address.removeprefix("file://"))


async def test_a_rendition_is_made_once_and_then_found(world: World) -> None:
    async with world.up():
        for ticket in ("4747", "1"):
            said, path = file_of(await world.ask(f"{ticket},42,1440,ROTATE 90\nTEXT_LEFT hi"))
            assert said == ticket
            assert path.read_text() == "42 1440 ROTATE 90\nTEXT_LEFT hi"
    stamp = hashlib.md5(b"1.0ROTATE 90\nTEXT_LEFT hi").hexdigest()[:6]
    assert path == world.folder / "pkeep" / "cache" / "42" / f"000042.1440.{stamp}.jpg"
    assert len(world.album.made) == 1


async def test_a_comma_in_a_caption_stays_in_it(world: World) -> None:
    async with world.up():
        _, path = file_of(await world.ask("1, 7 , 500 , TEXT_LEFT Rome, Italy, 1999 "))
    assert path.read_text() == "7 500 TEXT_LEFT Rome, Italy, 1999"


async def test_changed_instructions_are_another_file(world: World) -> None:
    async with world.up():
        paths = {file_of(await world.ask(f"1,7,500,{each}"))[1] for each in ("", "ROTATE h")}
    assert len(paths) == 2


async def test_size_zero_is_the_original(world: World) -> None:
    async with world.up():
        for _ in range(2):
            _, path = file_of(await world.ask("1,75,0,"))
            assert path == world.folder / "pkeep" / "originals" / "5" / "7" / "75.jpg"
            assert path.read_bytes() == b"original 75"
    assert world.album.made == []
    assert world.keeper.counters["origfile_cache_hits"] == 1


@pytest.mark.parametrize(
    ("packet", "said"),
    [
        ("5,13,500,", "5,None"),
        ("5,60,500,", "5,expired"),
        ("-5,60,500,", "-5,expired"),
    ],
)
async def test_what_cannot_be_had_is_told(world: World, packet: str, said: str) -> None:
    async with world.up():
        assert await world.ask(packet) == said


async def test_a_photo_that_is_not_there(world: World) -> None:
    async with world.up():
        for packet in ("5,100,500,", "5,0,0,", "5,-7,500,"):
            said = await world.ask(packet)
            assert said.startswith("5,OH NOES: can't open original image /")
            assert len(said) < PACKET
        assert "missing_files 3\n" in await world.page("/vars")


async def test_all_there_is_of_a_photo_is_forgotten(world: World) -> None:
    async with world.up():
        kept = [file_of(await world.ask(f"1,{id_},500,"))[1] for id_ in (42, 142 - 100, 41)]
        whole = file_of(await world.ask("1,42,0,"))[1]
        assert await world.ask("1,42,-1,") == "1,ok"
        assert [path.exists() for path in (*kept, whole)] == [False, False, True, False]
        assert await world.ask("1,42,-1,") == "1,ok"
        assert file_of(await world.ask("1,42,500,"))[1].exists()


@pytest.mark.parametrize(
    "packet",
    [
        b"hello",
        b"1,2,3",
        b"x,2,3,",
        b"1,2,3.5,",
        b"1,\xff,3,",
        b"1,2,3,\xff\xfe",
        b"1,\xd9\xa1,3,",
    ],
)
async def test_what_is_no_request_is_ignored(world: World, packet: bytes) -> None:
    async with world.up():
        asker = await Asker.open(world.port)
        asker.send(packet)
        asker.send("2,7,500,")
        assert (await asker.answers.get()).startswith(b"2,file:///")
        asker.close()
        assert "ignoring a request" in await world.page("/log")


async def test_of_a_long_packet_the_first_part_counts(world: World) -> None:
    async with world.up():
        _, path = file_of(await world.ask("1,7,500,TEXT_LEFT " + "x" * 5000))
    assert path.read_text() == "7 500 TEXT_LEFT " + "x" * (PACKET - len("1,7,500,TEXT_LEFT "))


async def test_several_ask_at_once_and_each_gets_its_answer(world: World) -> None:
    async with world.up():
        asker = await Asker.open(world.port)
        for id_ in range(1, 10):
            asker.send(f"{id_},{id_},500,")
        answers = {(await asker.answers.get()).split(b",")[0] for _ in range(9)}
        asker.close()
    assert answers == {b"%d" % id_ for id_ in range(1, 10)}


async def test_kthxbye_ends_it(world: World) -> None:
    async with world.up() as serving:
        asker = await Asker.open(world.port)
        asker.send("KTHXBYE")
        await serving
        asker.close()


async def test_the_counters(world: World) -> None:
    async with world.up():
        for _ in range(3):
            await world.ask("1,7,500,TEXT_LEFT a\nTEXT_RIGHT b")
        await world.ask("1,60,500,")
        page = await world.page("/")
        assert page.startswith("HTTP/1.0 200 OK")
        told = dict(line.split(" ", 1) for line in page.partition("\r\n\r\n")[2].splitlines())
        assert (told["requests"], told["fecache_hits"], told["requests_expired"]) == ("3", "2", "1")
        assert told["render_instructions"] == "TEXT_LEFT a TEXT_RIGHT b"
        assert list(told) == sorted(told)
        lines = (await world.page("/log")).partition("\r\n\r\n")[2].splitlines()
        assert sum("served 7/500" in line for line in lines) == 3
        assert all(line.startswith("pkeep I ") for line in lines)


async def test_the_page_outlasts_clients_that_say_nothing(world: World) -> None:
    async with world.up():
        _, writer = await asyncio.open_connection("127.0.0.1", world.port)
        writer.write(b"x" * 20_000)
        assert "requests 0" in await world.page("/")
        writer.close()


async def test_files_go_an_hour_after_they_were_last_asked_for(world: World) -> None:
    now = (world.folder / "album").stat().st_ctime
    world.time = now
    one = file_of("1," + await world.keeper.answer(Request(1, 7, 500, "")))[1]
    two = file_of("1," + await world.keeper.answer(Request(1, 8, 500, "")))[1]
    assert world.keeper.tidy() == 0
    world.time = now + KEEP + 60
    await world.keeper.answer(Request(1, 7, 500, ""))
    assert world.keeper.tidy() == 1
    assert (one.exists(), two.exists()) == (True, False)
    assert world.keeper.tidy() == 1


def test_the_port_is_the_environments() -> None:
    assert [port_of(each) for each in ({}, {"PKEEP_PORT": "0"}, {"PKEEP_PORT": "4771"})] == [
        4770,
        0,
        4771,
    ]
    with pytest.raises(ValueError, match="PKEEP_PORT='many'"):
        port_of({"PKEEP_PORT": "many"})


def test_other_code_begins_anew(tmp_path: Path) -> None:
    places = Places(tmp_path)
    source = tmp_path / "source"
    source.write_bytes(b"x")
    for code, stays in (("1", False), ("1", True), ("2", False)):
        places.begin(code)
        assert places.rendition(7, 500, "").exists() is stays
        places.link(places.rendition(7, 500, ""), source)
        places.link(places.rendition(7, 500, ""), source)
    assert len(list(tmp_path.rglob("*.jpg"))) == 1
    assert len(list(places.rendition(7, 500, "").parent.iterdir())) == 1


@given(st.binary(max_size=80))
def test_any_packet_is_a_request_or_none(packet: bytes) -> None:
    try:
        request = read_request(packet)
    except ValueError:
        return
    assert packet.count(b",") >= 3
    assert isinstance(request.ticket, int)
