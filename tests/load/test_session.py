"""A visitor at work: right and wrong answers, broken connections, cookies."""

from __future__ import annotations

import asyncio
import random
import socket

import pytest

from billow.drill.load.session import Door, NoStep, Outcome, Session, remember
from billow.drill.load.tally import Kind
from billow.visits import Browse, Visit, Visitor
from tests.load.site import Answering, Site, listening, reply, site

PATIENCE = 20.0


def fetch(visitor: Visitor) -> Visit:
    while True:
        yield visitor.get("/", contains="hell")


async def some(
    answering: Answering, steps: int = 1, browse: Browse = fetch, patience: float = PATIENCE
) -> tuple[list[Outcome], Site, Visitor]:
    """What comes of some steps of one visitor."""
    visitor = Visitor(0, random.Random(1))
    async with site(answering) as here:
        session = Session(visitor, browse, Door("127.0.0.1", here.port, "h", {}, None, patience))
        loop = asyncio.get_running_loop()
        outcomes = [await session.step(loop.time() + patience) for _ in range(steps)]
        session.close()
    return outcomes, here, visitor


def kind_of(answering: Answering, patience: float = PATIENCE) -> Kind:
    [outcome], _, _ = asyncio.run(some(answering, patience=patience))
    return outcome.kind


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(), Kind.OK),
        (reply("bye"), Kind.WRONG),
        (reply(status="404 Not Found"), Kind.WRONG),
        (reply(status="500 Oh"), Kind.ERROR),
        (reply(status="502 Oh"), Kind.ERROR),
        (reply(status="503 Busy"), Kind.SHED),
        (reply(status="429 Slow down"), Kind.LIMITED),
        (b"nonsense\r\n\r\n", Kind.WRONG),
    ],
)
def test_answers_are_told_apart(answer: bytes, kind: Kind) -> None:
    assert kind_of(lambda _: answer) is kind


def test_no_answer_in_time_is_a_timeout() -> None:
    assert kind_of(lambda _: b"", patience=0.05) is Kind.TIMEOUT


def test_nobody_there_is_a_failure_to_connect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    async def ask() -> Outcome:
        session = Session(Visitor(0, random.Random(1)), fetch, Door("127.0.0.1", port, "h"))
        return await session.step(asyncio.get_running_loop().time() + PATIENCE)

    assert asyncio.run(ask()).kind is Kind.CONNECT


def test_a_safe_request_is_sent_again_once_if_its_connection_breaks() -> None:
    answers = iter([reply(), None, reply(), None, None])
    outcomes, here, _ = asyncio.run(some(lambda _: next(answers), steps=3))
    assert [(each.kind, each.retried) for each in outcomes] == [
        (Kind.OK, False), (Kind.OK, True), (Kind.RESET, True),
    ]  # fmt: skip
    assert here.connections == 3


def test_an_unsafe_request_is_never_sent_again() -> None:
    def order(visitor: Visitor) -> Visit:
        yield visitor.post("/orders", document={})

    [outcome], here, _ = asyncio.run(some(lambda _: None, browse=order))
    assert (outcome.kind, outcome.retried, len(here.heads)) == (Kind.RESET, False, 1)


def test_a_connection_is_kept_and_cookies_come_back() -> None:
    answers = iter([reply("hello", "200 OK", "Set-Cookie: s=1; Path=/; HttpOnly"), reply()])
    _, here, visitor = asyncio.run(some(lambda _: next(answers), steps=2))
    assert here.connections == 1
    assert "Cookie" not in here.heads[0]
    assert "Cookie: s=1\r\n" in here.heads[1]
    assert visitor.cookies == {"s": "1"}


def test_the_connection_is_left_if_the_server_closes_it() -> None:
    answer = reply("hello", "200 OK", "Connection: close")
    outcomes, here, _ = asyncio.run(some(lambda _: answer, steps=2))
    assert [each.kind for each in outcomes] == [Kind.OK, Kind.OK]
    assert here.connections == 2


def test_a_visit_sees_answers_and_begins_anew_after_a_wrong_one() -> None:
    seen = []

    def browse(visitor: Visitor) -> Visit:
        seen.append("begun")
        page = yield visitor.get("/first", keep=True)
        seen.append(page.text)
        yield visitor.get("/second")

    answers = iter([reply("one"), reply("", "404 No"), reply("two")])
    asyncio.run(some(lambda _: next(answers), steps=3, browse=browse))
    assert seen == ["begun", "one", "begun"]


def test_visits_that_cannot_be_used_are_told() -> None:
    def empty(visitor: Visitor) -> Visit:
        yield from ()

    def broken(visitor: Visitor) -> Visit:
        yield visitor.get(visitor.seeded["page"])

    for browse, words in ((empty, "yields no step"), (broken, "TypeError")):
        with pytest.raises(NoStep, match=words):
            asyncio.run(some(lambda _: reply(), browse=browse))


def test_cookies_are_kept_and_forgotten() -> None:
    cookies: dict[str, str] = {}
    for told in ("a=1; Path=/", "b=x=y", "a=2", "c=3; Max-Age=0", "b=; Max-Age=0"):
        remember(cookies, told)
    assert cookies == {"a": "2"}


def test_an_answer_that_breaks_off_is_a_reset_and_not_asked_again() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel")
        await writer.drain()

    async def ask() -> Outcome:
        async with listening(serve) as port:
            session = Session(Visitor(0, random.Random(1)), fetch, Door("127.0.0.1", port, "h"))
            return await session.step(asyncio.get_running_loop().time() + PATIENCE)

    outcome = asyncio.run(ask())
    assert (outcome.kind, outcome.retried) == (Kind.RESET, False)
