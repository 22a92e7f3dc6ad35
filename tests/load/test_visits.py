"""What an app says of its visitors."""

from __future__ import annotations

import random

import pytest

import billow
from billow.drill.load.browsing import PAGES, PUBLIC_PAGES, browsing
from billow.errors import DeclarationError
from billow.visits import Person, Reply, Step, Visit, Visitor


class OnStage:
    """A stage in front of nothing."""

    url = "http://x"
    client = None

    def people(self, count: int) -> list[Person]:
        return [Person(str(number), "", {}) for number in range(count)]


def visitor() -> Visitor:
    return Visitor(0, random.Random(1), {"pages": 3})


def test_an_app_declares_its_visitors() -> None:
    app = billow.App("shop")

    @app.visitors
    def browse(visitor: Visitor) -> Visit:
        reply = yield visitor.get("/", keep=True)
        yield visitor.get(f"/{reply.text}")

    visit = browsing(app, ())(visitor())
    assert next(visit).path == "/"
    assert visit.send(Reply(200, {}, b"next")).path == "/next"
    assert app.visiting is not None
    assert app.visiting.browse is browse


def test_an_app_may_say_how_it_is_set_up() -> None:
    app = billow.App("shop")

    @app.visitors(setup=lambda stage: {"url": stage.url})
    def browse(visitor: Visitor) -> Visit:
        yield visitor.get("/")

    assert app.visiting is not None
    assert app.visiting.setup is not None
    assert app.visiting.setup(OnStage()) == {"url": "http://x"}


def test_visitors_are_declared_once_and_yield() -> None:
    app = billow.App("shop")
    with pytest.raises(DeclarationError, match="yields steps"):
        app.visitors(lambda visitor: iter([visitor.get("/")]))  # type: ignore[arg-type,return-value]

    def browse(visitor: Visitor) -> Visit:
        yield visitor.get("/")

    app.visitors(browse)
    with pytest.raises(DeclarationError, match="one function"):
        app.visitors(browse)


def test_without_a_word_of_the_app_pages_are_fetched() -> None:
    app = billow.App("plain")
    assert next(browsing(app, ())(visitor())).path in PAGES
    app.plans(billow.Plan("free"))
    assert next(browsing(app, ())(visitor())).path in PUBLIC_PAGES
    assert next(browsing(app, ("/x",))(visitor())).path == "/x"
    assert next(browsing(None, ())(visitor())).path == "/"


def test_a_form_and_a_document() -> None:
    step = visitor().post("/login", form={"name": "a b", "next": "/?x=1"}, expect=303)
    assert (step.body, step.expect) == (b"name=a+b&next=%2F%3Fx%3D1", (303,))
    assert step.headers == {"Content-Type": "application/x-www-form-urlencoded"}
    step = visitor().post("/api", document={"a": [1]}, headers={"Idempotency-Key": "k"})
    assert (step.body, step.safe) == (b'{"a": [1]}', False)
    assert step.headers == {"Idempotency-Key": "k", "Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["", "x", "/a b", "/a\r\nX: y", "http://h/", "/ü"])
def test_a_path_that_cannot_be_sent_is_refused(path: str) -> None:
    with pytest.raises(DeclarationError):
        visitor().get(path)


def test_a_header_cannot_smuggle_another() -> None:
    with pytest.raises(DeclarationError):
        Step("GET", "/", {"X": "1\r\nY: 2"})
    with pytest.raises(DeclarationError):
        Step("GET", "/", {"X: 1\r\nY": "2"})
