"""The server's end of the lane: what it names, what it declines, and whom it lets in."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

import billow
from billow.clock import SystemClock
from billow.home import open_home
from billow.lane import LONGEST, Named, Party, Question, decode_hello, make_socket, pack, unpack
from billow.rendition import Asked
from billow.renditions.files import CACHE, keep, path_of
from billow.web.lane import SLOW, TRIED, Lanes, Pace, Window
from billow.web.server import make_app
from tests.web.people import BASE, Town

pytestmark = pytest.mark.anyio

TOKEN = "secret"


def allow(asked: Asked, id: int) -> dict[str, str] | None:
    if id == 14:
        raise billow.NotFound("no such photo")
    if id == 15:
        raise ZeroDivisionError
    if id == 16:
        time.sleep(2 * SLOW)  # what `allow` may do: it waits
    return None if asked.cookies.get("who") == "stranger" else {}


def site(*plans: billow.Plan) -> billow.App:
    app = billow.App("site")
    if plans:
        app.plans(*plans)
    photos = app.collection("photos")

    @photos.rendition("/img/{id:int}.jpg", allow=allow, who="anybody")
    def image(original: billow.Upload) -> bytes:
        return b""

    @photos.rendition("/slow/{id:int}.jpg", allow=allow, who="anybody")
    def slow(original: billow.Upload) -> bytes:
        return b""

    async def never(asked: Asked, id: int) -> dict[str, str]:
        raise AssertionError

    @photos.rendition("/later/{id:int}.jpg", allow=never, who="anybody")
    def later(original: billow.Upload) -> bytes:
        return b""

    @photos.rendition("/own/{id:int}.jpg", who="user")
    def own(original: billow.Upload) -> bytes:
        return b""

    return app


class Site:
    """A site with pictures at hand, and what its lane answers."""

    def __init__(self, folder: Path, *plans: billow.Plan) -> None:
        self.home = open_home(folder / "data", clock=SystemClock())
        self.app = site(*plans)
        self.web = make_app(self.home, self.app)
        self.window: Window = self.web.state.window

    def keep(self, address: str, content: bytes = b"a picture") -> Path:
        rendition = self.web.state.gallery.find(address)
        assert rendition is not None
        assert self.home.folder is not None
        said = rendition.read(address)
        root = self.home.folder / CACHE
        path = Path(path_of(root, rendition.wanted(said.pop("id"), said)))
        keep(root, path, content)
        return path

    async def ask(self, target: str, *lines: str, ask: str = "-", host: str = "localhost") -> Named:
        told = [f"Host: {host}", *lines]
        party = Party("http", "10.0.0.9", ask, "\r\n".join(told).encode())
        question = Question(7, "req", target.encode(), party.encode())
        self.window.open()
        named = await asyncio.to_thread(self.window.answer, question)
        assert named.number == 7
        return named

    async def get(self, target: str, **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(self.web, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers) as made:
            return await made.get(target)


@pytest.fixture
def plain(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.mark.parametrize("address", ["/img/7.jpg", "/slow/7.jpg"])
async def test_what_is_at_hand_is_named_with_the_head_that_http_sends(
    plain: Site, address: str
) -> None:
    path = plain.keep(address)
    named = await plain.ask(address)
    assert (named.status, named.start, named.length, named.path) == (200, 0, 9, str(path))
    assert named.known is None
    first, *lines = named.head.decode().removesuffix("\r\n").split("\r\n")
    assert first == "HTTP/1.1 200 OK"
    told = dict(line.split(": ", 1) for line in lines)
    assert told.pop("x-request-id") == "req"
    assert told.pop("date").endswith("GMT")
    answer = await plain.get(address)
    assert answer.content == b"a picture"
    assert told == {k: v for k, v in answer.headers.items() if k not in ("x-request-id", "date")}
    text = plain.web.state.metrics.text().decode()
    assert 'billow_renditions_total{outcome="hit",rendition="photos/' in text


async def test_conditions_and_ranges_are_heeded(plain: Site) -> None:
    plain.keep("/img/7.jpg")
    answer = await plain.get("/img/7.jpg")
    same = await plain.ask("/img/7.jpg", f"If-None-Match: {answer.headers['etag']}")
    assert (same.status, same.length) == (304, 0)
    part = await plain.ask("/img/7.jpg", "Range: bytes=2-4")
    assert (part.status, part.start, part.length) == (206, 2, 3)
    assert b"content-range: bytes 2-4/9\r\ncontent-length: 3\r\n" in part.head
    none = await plain.ask("/img/7.jpg", "Range: bytes=20-")
    assert (none.status, none.length) == (416, 0)


@pytest.mark.parametrize(
    "target",
    [
        "/img/8.jpg",  # not made yet
        "/img/14.jpg",
        "/img/15.jpg",
        "/slow/14.jpg",
        "/later/7.jpg",  # waits in the event loop
        "/img/x.jpg",
        "/img/%37.jpg",
        "/img/../img/7.jpg",
        "/img/7.jpg/",
        "/healthz",
        "*",
    ],
)
async def test_what_is_not_plain_is_declined(plain: Site, target: str) -> None:
    for address in ("/img/7.jpg", "/img/14.jpg", "/img/15.jpg", "/slow/14.jpg", "/later/7.jpg"):
        plain.keep(address)
    assert await plain.ask(target) == Named(7, 0)


async def test_who_may_not_is_declined(plain: Site) -> None:
    for address in ("/img/7.jpg", "/slow/7.jpg"):
        plain.keep(address)
        assert (await plain.ask(address, "Cookie: who=stranger")).status == 0
        assert (await plain.ask(address, "Cookie: who=friend")).status == 200


async def test_other_hosts_and_long_heads_are_declined(plain: Site) -> None:
    plain.keep("/img/7.jpg")
    assert (await plain.ask("/img/7.jpg", host="evil.example")).status == 0
    assert (await plain.ask("/img/7.jpg", "Host: localhost")).status == 0
    assert (await plain.ask("/img/7.jpg", "X: " + "y" * 40_000)).status == 0
    assert (await plain.ask("/img/7.jpg?" + "y" * 9_000)).status == 0


async def test_sessions_are_looked_up_and_told(tmp_path: Path) -> None:
    site = Site(tmp_path, billow.Plan("free"))
    site.keep("/own/7.jpg")
    site.keep("/img/7.jpg")
    town = Town(site.home, site.app)
    ann = town.person("ann")
    cookie = f"Cookie: {ann.headers['cookie']}"
    known = await site.ask("/own/7.jpg", cookie, ask="?")
    assert (known.status, known.known) == (200, ann.account.id)
    assert (await site.ask("/own/7.jpg", cookie)).known is None
    assert (await site.ask("/own/7.jpg")).status == 0
    assert (await site.ask("/own/7.jpg", "Cookie: billow=forged", ask="?")).status == 0
    nobody = await site.ask("/img/7.jpg", "Cookie: billow=forged", ask="?")
    assert (nobody.status, nobody.known) == (200, "")


@asynccontextmanager
async def line(site: Site) -> AsyncIterator[socket.socket]:
    """The front's end of a lane."""
    with make_socket() as bound, make_socket() as ours:
        assert site.home.folder is not None
        address = str(site.home.folder / f"{len(list(site.home.folder.iterdir()))}.lane")
        bound.bind(address)
        bound.listen()
        served = Lanes(bound, site.window, TOKEN)
        try:
            ours.connect(address)
            yield ours
        finally:
            served.close()
        assert await hear(ours) == b""
        async with asyncio.timeout(20):
            while served._lines or bound.fileno() >= 0:  # noqa: ASYNC110
                await asyncio.sleep(0.001)


@asynccontextmanager
async def admitted(site: Site) -> AsyncIterator[socket.socket]:
    """The same, after the token was shown and the server has said what may be asked for."""
    async with line(site) as sock:
        sock.send(TOKEN.encode())
        await hear(sock)
        yield sock


async def hear(sock: socket.socket) -> bytes:
    async with asyncio.timeout(20):
        return await asyncio.get_running_loop().sock_recv(sock, LONGEST)


def question(number: int, target: bytes = b"/img/7.jpg") -> bytes:
    lines = b"Host: localhost\r\nAccept: " + b"x" * 500
    party = Party("http", "-", "-", lines).encode()
    return pack([Question(number, "req", target, party).encode()])


def named_in(message: bytes) -> Named:
    [part] = unpack(message)
    return Named.decode(part)


async def test_who_does_not_show_the_token_is_told_nothing(plain: Site) -> None:
    plain.keep("/img/7.jpg")
    for first in (b"guess", question(1), b"x" * 100):
        async with line(plain) as sock:
            sock.send(first)
            assert await hear(sock) == b""


async def test_nonsense_ends_the_lane(plain: Site) -> None:
    async with line(plain) as sock:
        sock.send(TOKEN.encode())
        assert decode_hello(await hear(sock)) == (b"/img/", b"/slow/", b"/later/", b"/own/")
        sock.send(b"nonsense")
        assert await hear(sock) == b""


async def test_many_questions_are_under_way_at_once(
    plain: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billow.web.lane.SLOW", 60.0)  # however busy the machine is
    plain.keep("/img/7.jpg")
    async with admitted(plain) as sock:
        sent, heard = 0, []
        while sent < 500:
            try:
                sock.send(question(sent))
                sent += 1
            except BlockingIOError:  # as many as there is room for
                heard.append(named_in(await hear(sock)))
        while len(heard) < sent:
            heard.append(named_in(await hear(sock)))
        assert sorted(named.number for named in heard) == list(range(500))
        assert {named.status for named in heard} == {200}


async def test_where_allow_takes_long_most_is_declined(plain: Site) -> None:
    plain.keep("/img/7.jpg")
    plain.keep("/slow/16.jpg")
    async with admitted(plain) as sock:
        asked = [question(number, b"/slow/16.jpg") for number in range(100)]
        said = []
        for each in asked:
            sock.send(each)
            said.append(named_in(await hear(sock)).status)
        assert said.index(0) < 20
        assert said[-50:].count(0) == 47  # one of 16 is still tried
        sock.send(question(1))
        assert named_in(await hear(sock)).number == 1


async def test_what_is_answered_does_not_wait_for_what_takes_long(plain: Site) -> None:
    plain.keep("/img/7.jpg")
    plain.keep("/slow/16.jpg")
    async with admitted(plain) as sock:
        targets = (b"/slow/16.jpg", b"/img/7.jpg", b"/img/7.jpg")
        asked = [part for n, each in enumerate(targets) for part in unpack(question(n, each))]
        sock.send(pack(asked))
        said: list[list[int]] = []
        while sum(map(len, said)) < 3:
            said.append([Named.decode(part).number for part in unpack(await hear(sock))])
        assert said[0] == [0]
        assert [number for message in said for number in message] == [0, 1, 2]


def test_the_pace_follows_what_is_usual() -> None:
    pace = Pace()
    for _ in range(10):
        pace.note(SLOW * 5)  # a few are no rule
    assert not pace.declines()
    for _ in range(90):
        pace.note(SLOW * 5)
    assert [pace.declines() for _ in range(2 * TRIED)].count(False) == 2
    for _ in range(30):
        pace.note(SLOW / 5)
    assert not pace.declines()
