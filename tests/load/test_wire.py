"""Requests and answers as bytes, however the network cuts them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.drill.load.wire import MAX_HEAD, MAX_KEPT, Answer, Malformed, encode
from billow.visits import Step

SIZED = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: 1\r\n"
    b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nhello"
)
CHUNKED = (
    b"HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: t\r\n\r\n"
)
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + SIZED


def read(data: bytes, cuts: list[int], method: str = "GET") -> Answer:
    answer = Answer(method, keep=True)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in pairwise(places):
        assert answer.feed(data[start:end]) == (end == len(data))
    return answer


@pytest.mark.parametrize(("data", "status"), [(SIZED, 200), (CHUNKED, 201), (INTERIM, 200)])
@given(cuts=st.lists(st.integers(0, 1000), max_size=20))
def test_an_answer_is_the_same_however_it_is_cut(data: bytes, status: int, cuts: list[int]) -> None:
    answer = read(data, cuts)
    assert (answer.status, bytes(answer.body), answer.size) == (status, b"hello", 5)
    assert not answer.close


def test_all_cookies_are_seen() -> None:
    assert read(SIZED, []).cookies == ["a=1", "b=2"]


def test_answers_without_a_body() -> None:
    assert read(b"HTTP/1.1 204 No Content\r\n\r\n", []).size == 0
    assert read(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", []).size == 0
    assert read(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", [], "HEAD").size == 0


def test_a_body_that_ends_with_the_connection() -> None:
    answer = Answer("GET", keep=True)
    assert not answer.feed(b"HTTP/1.1 200 OK\r\n\r\nhel")
    assert not answer.feed(b"lo")
    assert answer.closed()
    assert (bytes(answer.body), answer.close) == (b"hello", True)


@pytest.mark.parametrize("cut", range(1, len(SIZED)))
def test_an_answer_that_was_cut_off_is_not_complete(cut: int) -> None:
    answer = Answer("GET", keep=False)
    answer.feed(SIZED[:cut])
    assert answer.begun
    assert not answer.closed()


@pytest.mark.parametrize(
    ("data", "close"),
    [
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", False),
    ],
)
def test_whether_the_connection_may_be_used_again(data: bytes, close: bool) -> None:
    assert read(data, []).close is close


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * MAX_HEAD + b"\r\n\r\n",
        b"a" * (MAX_HEAD + 1),
        SIZED + b"HTTP/1.1 200 OK\r\n",
    ],
)
def test_what_is_no_answer_is_noticed(data: bytes) -> None:
    with pytest.raises(Malformed):
        Answer("GET", keep=False).feed(data)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_rubbish_never_breaks_the_reader(data: bytes, cuts: list[int]) -> None:
    answer = Answer("GET", keep=True)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    try:
        for start, end in pairwise(places):
            answer.feed(data[start:end])
    except Malformed:
        pass
    assert len(answer.body) <= len(data)


def test_no_more_of_a_body_is_kept_than_allowed() -> None:
    answer = Answer("GET", keep=True)
    answer.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n")
    for _ in range(8):
        answer.feed(b"x" * 500_000)
    assert answer.done
    assert answer.size == 4_000_000
    assert len(answer.body) <= MAX_KEPT + 500_000


def test_a_request_carries_headers_cookies_and_its_length() -> None:
    step = Step("POST", "/a?b=c", {"X": "2"}, b"body")
    sent = encode(step, "h:1", {"X": "1", "Y": "3"}, {"s": "v", "t": "w"})
    head, _, body = sent.partition(b"\r\n\r\n")
    assert body == b"body"
    assert head.split(b"\r\n") == [
        b"POST /a?b=c HTTP/1.1", b"Host: h:1", b"X: 2", b"Y: 3", b"Cookie: s=v; t=w",
        b"Content-Length: 4",
    ]  # fmt: skip


def test_an_empty_post_says_so_and_a_get_says_nothing() -> None:
    assert b"Content-Length: 0" in encode(Step("POST", "/"), "h", {}, {})
    assert b"Content-Length" not in encode(Step("GET", "/"), "h", {}, {})
