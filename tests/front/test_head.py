"""What the front reads, and what it refuses to pass on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.front.chunks import LAST, Chunks, chunk
from billow.front.head import Answer, Request, is_hopeless, read_request
from billow.front.malformed import Malformed


def head(*lines: str, first: str = "GET /a?b=1 HTTP/1.1", host: str = "h") -> bytes:
    hosts = [f"Host: {host}"] if host else []
    return "\r\n".join([first, *hosts, *lines, "", ""]).encode("latin-1")


def told(request: Request) -> bytes:
    return request.encode(b"t id http 1.2.3.4")


def test_a_plain_request() -> None:
    request = read_request(head("Accept: text/html", "Cookie: a=b"))
    assert (request.method, request.target, request.path) == (b"GET", b"/a?b=1", b"/a")
    assert request.repeatable
    assert not request.close
    assert told(request) == (
        b"GET /a?b=1 HTTP/1.1\r\nHost: h\r\nAccept: text/html\r\nCookie: a=b\r\n"
        b"x-billow-front: t id http 1.2.3.4\r\n\r\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        "Connection: close",
        "Keep-Alive: timeout=5",
        "Upgrade: h2c",
        "TE: trailers",
        "X-Forwarded-For: 6.6.6.6",
        "X-Forwarded-Proto: https",
        "Forwarded: for=6.6.6.6",
        "X-Request-Id: forged",
        "X-Billow-Front: t id http 6.6.6.6",
        "X-BILLOW-FILE: t 0 5 /etc/passwd",
        "x-billow-known: root",
    ],
)
def test_what_is_not_for_the_server_ends_here(line: str) -> None:
    passed = told(read_request(head(line, "Accept: */*")))
    name = line.partition(":")[0].lower().encode()
    assert passed.lower().count(name + b":") == (name == b"x-billow-front")
    assert b"6.6.6.6" not in passed
    assert b"Accept: */*" in passed


def test_headers_that_connection_names_end_here() -> None:
    assert b"X-Odd" not in told(read_request(head("X-Odd: 1", "Connection: close, x-odd")))


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Content-Length: 3", "Content-Length: 3"], 400),
        (["Content-Length: 3", "Content-Length: 4"], 400),
        (["Content-Length: 3", "Transfer-Encoding: chunked"], 400),
        (["Transfer-Encoding: chunked", "Content-Length: 3"], 400),
        (["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], 400),
        (["Transfer-Encoding: chunked, identity"], 501),
        (["Transfer-Encoding: xchunked"], 501),
        (["Transfer-Encoding : chunked"], 400),
        (["Transfer-Encoding:\x0bchunked"], 400),
        (["Content-Length: +3"], 400),
        (["Content-Length: 3, 3"], 400),
        (["Content-Length: 0x3"], 400),
        (["Content-Length: "], 400),
        (["Content-Length: -1"], 400),
        (["Content-Length: 9999999999999999999"], 400),
        (["Host: other"], 400),
        (["A: b\r\n folded"], 400),
        (["A: b\nContent-Length: 3"], 400),
        (["A: b\rContent-Length: 3"], 400),
        (["A: b\0"], 400),
        (["A b: c"], 400),
        ([": c"], 400),
        (["no colon"], 400),
        (["Expect: 200-ok"], 417),
        (["Authorization: Bearer a", "Authorization: Bearer b"], 400),
    ],
)
def test_what_could_be_understood_in_two_ways_is_refused(lines: list[str], status: int) -> None:
    with pytest.raises(Malformed) as caught:
        read_request(head(*lines))
    assert caught.value.status == status


@pytest.mark.parametrize(
    "first",
    [
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET / HTTP/2.0",
        "GET /\x7f HTTP/1.1",
        "GET / http/1.1",
        "GET /",
        "G(T / HTTP/1.1",
        "CONNECT h:80 HTTP/1.1",
        "GET http://other/ HTTP/1.1",
        "GET a HTTP/1.1",
    ],
)
def test_first_lines_that_are_none(first: str) -> None:
    with pytest.raises(Malformed):
        read_request(head(first=first))


def test_a_host_there_must_be() -> None:
    with pytest.raises(Malformed):
        read_request(head(host=""))
    assert read_request(head(first="GET / HTTP/1.0", host="")).close


def test_the_full_form_of_an_address() -> None:
    request = read_request(head(first="GET http://H/x?y HTTP/1.1"))
    assert request.target == b"/x?y"


def test_bare_line_ends_are_seen_before_the_head_is_complete() -> None:
    assert is_hopeless(b"GET / HTTP/1.1\nHost: h\n\n")
    assert not is_hopeless(b"GET / HTTP/1.1\r\nHost: h\r")


def test_bodies() -> None:
    assert read_request(head("Content-Length: 3", first="POST / HTTP/1.1")).length == 3
    request = read_request(head("Transfer-Encoding: Chunked", first="POST / HTTP/1.1"))
    assert (request.chunked, request.length, request.repeatable) == (True, None, False)
    assert b"\r\ntransfer-encoding: chunked\r\n" in told(request)


@given(st.binary(max_size=200))
def test_whatever_comes_is_read_or_refused(noise: bytes) -> None:
    for part in (noise, b"GET / HTTP/1.1\r\nHost: h\r\n" + noise):
        try:
            passed = told(read_request(part + b"\r\n\r\n"))
        except Malformed:
            continue
        again = read_request(passed.partition(b"x-billow-front")[0] + b"\r\n")
        assert passed.count(b"\r\n\r\n") == 1
        assert b"\n" not in passed.replace(b"\r\n", b"")
        assert again.length == read_request(part + b"\r\n\r\n").length


@given(st.lists(st.binary(max_size=40)), st.binary(max_size=10), st.data())
def test_chunks_cut_anywhere_give_the_body(
    parts: list[bytes], rest: bytes, data: st.DataObject
) -> None:
    body = b"".join(parts)
    coded = b"".join(chunk(part) for part in parts if part) + LAST + rest
    cuts = sorted(data.draw(st.sets(st.integers(0, len(coded)), max_size=6)))
    chunks, got, after = Chunks(), b"", b""
    for begin, end in zip([0, *cuts], [*cuts, len(coded)], strict=True):
        if chunks.over:
            after += coded[begin:end]
            continue
        pieces, left = chunks.feed(coded[begin:end])
        got += b"".join(pieces)
        after += left
    assert (chunks.over, got, after) == (True, body, rest)


@pytest.mark.parametrize(
    "coded",
    [
        b"3\nabc\r\n0\r\n\r\n",
        b"3\r\nabcd\r\n",
        b"-3\r\nabc",
        b"0x3\r\nabc",
        b" 3\r\nabc",
        b"\r\n",
        b"3 \r\nabc",
        b"1" * 20 + b"\r\n",
        b"3;" + b"x" * 600,
        b"3;\x00\r\nabc",
        b"0\r\nA: b\r\n folded\r\n\r\n",
    ],
)
def test_chunks_that_are_none(coded: bytes) -> None:
    with pytest.raises(Malformed):
        Chunks().feed(coded)


def test_an_answer() -> None:
    answer = Answer(
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nX-Billow-File: t 3 7 /a b\r\n"
        b"x-billow-known: u1\r\netag: x\r\nconnection: close\r\n\r\n",
        b"GET",
    )
    assert (answer.status, answer.length, answer.close) == (200, 0, True)
    assert (answer.file, answer.known) == (b"t 3 7 /a b", b"u1")
    answer.set_length(7)
    assert answer.head == b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\netag: x\r\n"


@pytest.mark.parametrize(
    ("status", "method", "length"), [(304, b"GET", 0), (204, b"GET", 0), (200, b"HEAD", 0)]
)
def test_answers_without_a_body(status: int, method: bytes, length: int) -> None:
    answer = Answer(b"HTTP/1.1 %d X\r\ncontent-length: 5\r\n\r\n" % status, method)
    assert answer.length == length
    assert b"content-length: 5" in answer.head


@pytest.mark.parametrize(
    "lines",
    [
        b"content-length: 1\r\ncontent-length: 2",
        b"content-length: 1\r\ntransfer-encoding: chunked",
        b"content-length: x",
        b"a: b\nc: d",
    ],
)
def test_answers_that_cannot_be_framed(lines: bytes) -> None:
    with pytest.raises(Malformed):
        Answer(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n\r\n", b"GET")
