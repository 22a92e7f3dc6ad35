"""Renditions as they are asked for: who gets them, from where, and what the answer says."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

import billow
from billow.accounts.admin import OPERATOR
from billow.clock import SystemClock
from billow.errors import Error
from billow.home import Home, open_home
from billow.rendition import Asked, Wanted
from billow.renditions.errors import Broken, Busy, Unrenderable
from billow.renditions.files import CACHE, keep, path_of
from billow.testing import memory_home
from billow.web.renditions import MOST_WAITING, Gallery
from billow.web.server import make_app
from tests.web.people import BASE, HTML, Town

pytestmark = pytest.mark.anyio


asks: list[tuple[Asked, int, int]] = []


def allow(asked: Asked, id: int, size: int) -> Mapping[str, Any] | None:
    asks.append((asked, id, size))
    if id == 13:
        return None
    if id == 14:
        raise billow.NotFound("no such photo")
    if id == 15:
        raise ZeroDivisionError
    return {"steps": asked.cookies.get("steps", "")}


def site(*plans: billow.Plan) -> billow.App:
    app = billow.App("site")
    if plans:
        app.plans(*plans)
    photos = app.collection("photos")

    async def quick(asked: Asked, id: int) -> Mapping[str, Any]:
        return {"steps": asked.query.get("steps", "")}

    @photos.rendition("/img/{size:int}/{id:int}.jpg", values={"size": (240, 1440)}, allow=allow)
    def image(original: billow.Upload, size: int, steps: str) -> bytes:
        return b""

    @photos.rendition("/share/{id:int}.jpg", allow=quick, who="anybody")
    def shared(original: billow.Upload, steps: str) -> bytes:
        return b""

    def tags(asked: Asked, id: int) -> Mapping[str, Any]:
        return {"tags": list(asked.cookies)}

    @photos.rendition("/listed/{id:int}.jpg", allow=tags, who="anybody")
    def listed(original: billow.Upload, tags: list[str]) -> bytes:
        return b""

    @photos.rendition("/pic/{id:int}.jpg", who="anybody", formats=("webp", "jpeg"))
    def picture(original: billow.Upload, format: str) -> bytes:
        return b""

    return app


class Renderer:
    """Stands in for the pool: writes what it is asked for into the cache."""

    def __init__(self, home: Home) -> None:
        assert home.folder is not None
        self.root = home.folder / CACHE
        self.asked: list[Wanted] = []
        self.sent: list[Wanted] = []
        self.wrong: Error | None = None

    async def render(self, wanted: Wanted, within: float) -> None:
        self.asked.append(wanted)
        if self.wrong is not None:
            raise self.wrong
        said = f"{wanted.id} {dict(wanted.params)} {wanted.format}"
        keep(self.root, path_of(self.root, wanted), said.encode())

    def used(self, wanted: Wanted) -> None:
        self.sent.append(wanted)

    async def close(self) -> None:
        pass


class Site:
    """A site without accounts, or with them."""

    def __init__(self, folder: Path, *plans: billow.Plan) -> None:
        asks.clear()
        self.app = site(*plans)
        self.home = open_home(folder / "data", clock=SystemClock())
        self.web = make_app(self.home, self.app)
        self.gallery: Gallery = self.web.state.gallery
        self.renderer = Renderer(self.home)
        self.gallery._pool = self.renderer

    async def get(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(self.web, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers) as made:
            return await made.request(method, path)


@pytest.fixture
def plain(tmp_path: Path) -> Site:
    return Site(tmp_path)


async def test_it_is_made_the_first_time_and_sent_the_second(plain: Site) -> None:
    for _ in range(2):
        answer = await plain.get("/img/240/7.jpg", cookie="steps=x")
        assert (answer.status_code, answer.text) == (200, "7 {'size': 240, 'steps': 'x'} ")
        assert answer.headers["content-type"] == "image/jpeg"
    assert len(plain.renderer.asked) == 1
    assert len(plain.renderer.sent) == 2
    text = plain.web.state.metrics.text().decode()
    for outcome in ("hit", "miss"):
        assert (
            f'billow_renditions_total{{outcome="{outcome}",rendition="photos/image"}} 1.0' in text
        )


async def test_other_arguments_are_another_rendition(plain: Site) -> None:
    answers = [await plain.get("/img/240/7.jpg", cookie=f"steps={each}") for each in "abab"]
    assert [answer.text[-4] for answer in answers] == ["a", "b", "a", "b"]
    assert len(plain.renderer.asked) == 2


async def test_allow_is_asked_once_for_each_request(plain: Site) -> None:
    for count in (1, 2):
        await plain.get("/img/240/7.jpg?x=1", cookie="steps=x", **{"user-agent": "me"})
        assert len(asks) == count
    asked, id_, size = asks[0]
    assert (asked.owner, id_, size) == ("local", 7, 240)
    assert asked.cookies == {"steps": "x"}
    assert asked.headers["user-agent"] == "me"
    assert asked.query == {"x": "1"}


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/img/241/7.jpg", 404, "not offered; there are: 240, 1440"),
        ("/img/240/x.jpg", 404, "nothing at this address"),
        ("/img/0240/7.jpg", 404, "nothing at this address"),
        ("/img/240/13.jpg", 403, "may not"),
        ("/img/240/14.jpg", 404, "no such photo"),
        ("/img/240/15.jpg", 500, "something went wrong inside"),
    ],
)
async def test_what_is_refused_is_said_also_if_it_was_made(
    plain: Site, path: str, status: int, told: str
) -> None:
    image = plain.app.collections["photos"].renditions["image"]
    for id_ in (13, 14, 15):
        wanted = image.wanted(id_, {"size": 240, "steps": ""})
        keep(plain.renderer.root, path_of(plain.renderer.root, wanted), b"secret")
    for method in ("GET", "HEAD"):
        assert (await plain.get(path, method)).status_code == status
    answer = await plain.get(path)
    assert told in answer.json()["detail"]
    assert plain.renderer.asked == []


async def test_it_can_only_be_read(plain: Site) -> None:
    await plain.get("/img/240/7.jpg")
    for method in ("POST", "PUT", "DELETE"):
        assert (await plain.get("/img/240/7.jpg", method)).status_code == 405


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (Unrenderable("this is no picture"), 422),
        (Broken("it failed"), 500),
        (Busy("too much", retry_after=7), 503),
    ],
)
async def test_what_cannot_be_made_is_told(plain: Site, wrong: Error, status: int) -> None:
    plain.renderer.wrong = wrong
    answer = await plain.get("/img/240/7.jpg")
    assert (answer.status_code, answer.json()["detail"]) == (status, wrong.detail)
    assert answer.headers.get("retry-after") == ("7" if status == 503 else None)
    assert "no-store" in answer.headers["cache-control"]


async def test_lists_may_be_arguments_too(plain: Site) -> None:
    for _ in range(2):
        answer = await plain.get("/listed/7.jpg", cookie="a=1; b=2")
        assert answer.text == "7 {'tags': ['a', 'b']} "
    assert len(plain.renderer.asked) == 1


async def test_only_so_many_may_wait(plain: Site) -> None:
    plain.gallery._waiting = MOST_WAITING
    answer = await plain.get("/img/240/7.jpg")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    plain.gallery._waiting = 0
    await plain.get("/img/240/7.jpg")
    plain.gallery._waiting = MOST_WAITING
    assert (await plain.get("/img/240/7.jpg")).status_code == 200


async def test_browsers_keep_what_has_the_right_version(plain: Site) -> None:
    image = plain.app.collections["photos"].renditions["image"]
    right = image.url(7, size=240, steps="")
    for path, control in [
        (right, "private, max-age=31536000, immutable"),
        (right[:-1], "private, no-cache"),
        ("/img/240/7.jpg?v=00000000", "private, no-cache"),
        ("/img/240/7.jpg", "private, no-cache"),
    ]:
        for _ in range(2):
            assert (await plain.get(path)).headers["cache-control"] == control
    assert (await plain.get("/pic/7.jpg")).headers["cache-control"].startswith("public")


async def test_parts_and_what_has_not_changed(plain: Site) -> None:
    first = await plain.get("/img/240/7.jpg")
    again = await plain.get("/img/240/7.jpg", **{"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    part = await plain.get("/img/240/7.jpg", range="bytes=0-0")
    assert (part.status_code, part.text) == (206, "7")


async def test_the_browser_gets_a_format_it_takes(plain: Site) -> None:
    for accept, format_ in (("image/webp,*/*", "webp"), ("*/*", "jpeg")):
        answer = await plain.get("/pic/7.jpg", accept=accept)
        assert answer.headers["content-type"] == f"image/{format_}"
        assert answer.headers["vary"] == "Accept"
        assert answer.text.endswith(format_)
    right = plain.app.collections["photos"].renditions["picture"].url(7)
    for accept in ("image/webp,*/*", "*/*"):
        answer = await plain.get(right, accept=accept)
        assert "immutable" in answer.headers["cache-control"], accept


async def test_a_picture_has_the_headers_of_every_answer(plain: Site) -> None:
    page = await plain.get("/healthz")
    same = {name for name in page.headers if name.startswith(("x-", "content-sec", "cross", "ref"))}
    for _ in range(2):
        answer = await plain.get("/img/240/7.jpg")
        assert same <= set(answer.headers)
        assert {answer.headers[name] for name in same - {"x-request-id"}} == {
            page.headers[name] for name in same - {"x-request-id"}
        }


async def test_another_host_gets_nothing(plain: Site) -> None:
    await plain.get("/img/240/7.jpg")
    for host in ("evil.example", "127.0.0.1.evil.example"):
        assert (await plain.get("/img/240/7.jpg", host=host)).status_code == 421


async def test_where_there_are_accounts_only_people_who_are_known_may_ask(tmp_path: Path) -> None:
    made = Site(tmp_path, billow.Plan("free"))
    town = Town(made.home, made.app)
    town.web.state.gallery._pool = made.renderer
    owner = town.person("owner")
    reader, sender = (town.program(owner.account, scope) for scope in ("read", "submit"))
    path = "/img/240/7.jpg"
    for _ in range(2):  # by the long road, then by the fast one
        for person, status in ((None, 401), (sender, 403), (owner, 200), (reader, 200)):
            async with town.client(person) as client:
                assert (await client.get(path)).status_code == status
        async with town.client(None, **HTML) as client:
            answer = await client.get(path)
        assert answer.headers["location"].startswith("/login?next=")
    assert {asked.owner for asked, *_ in asks} == {owner.owner}
    assert len(made.renderer.asked) == 1
    for _ in range(2):
        assert (await made.get("/share/7.jpg?steps=x")).status_code == 200
    town.service.admin.disable(OPERATOR, owner.owner)
    async with town.client(owner) as client:
        assert (await client.get(path)).status_code == 401


async def test_an_ordinary_look_is_taken_in_a_thread(tmp_path: Path) -> None:
    app = billow.App("site")
    app.plans(billow.Plan("free"))
    db = app.sql()
    looks: list[tuple[str, bool]] = []

    def look(asked: Asked, id: int) -> Mapping[str, Any] | None:
        looks.append((asked.owner, threading.current_thread() is threading.main_thread()))
        with db.write() as connection:
            connection.run("create table if not exists looked (id integer)")
        return None if id == 13 else {}

    @app.collection("photos").rendition("/q/{id:int}.jpg", allow=look, who="anybody")
    def image(original: billow.Upload) -> bytes:
        return b""

    home = open_home(tmp_path / "data", clock=SystemClock())
    town = Town(home, app)
    town.web.state.gallery._pool = Renderer(home)
    owner = town.person("owner")
    for person, number, status in ((None, 7, 200), (owner, 7, 200), (None, 13, 403)):
        async with town.client(person) as client:
            assert (await client.get(f"/q/{number}.jpg")).status_code == status
    assert looks == [("", False), (owner.owner, False), ("", False)]


async def test_a_home_in_memory_says_that_it_has_no_renditions() -> None:
    made = site()
    transport = httpx.ASGITransport(make_app(memory_home(made), made))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        answer = await client.get("/pic/1.jpg")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
