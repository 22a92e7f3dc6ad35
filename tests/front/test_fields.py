"""Header lines are read once for all requests that bring the same."""

from __future__ import annotations

import pytest

from billow.front.fields import REMEMBERED, SHORT, read_fields
from billow.front.head import read_request
from billow.front.malformed import Malformed

LINES = b"\r\nHost: h\r\nCookie: a=b\r\n"


def test_the_same_lines_are_read_once() -> None:
    assert read_fields(LINES, 1) is read_fields(bytes(bytearray(LINES)), 1)
    assert read_fields(LINES, 0) is not read_fields(LINES, 1)
    assert read_fields(LINES, 0).close
    assert not read_fields(LINES, 1).close


def test_what_becomes_of_one_request_is_not_seen_by_another_with_the_same_lines() -> None:
    head = b"GET /a HTTP/1.1" + LINES + b"\r\n"
    one, other = read_request(head), read_request(head.replace(b"/a", b"/b"))
    one.close, one.length = True, None
    assert (other.close, other.length, other.target) == (False, 0, b"/b")
    assert one.fields is other.fields


def test_lines_that_are_refused_are_refused_again() -> None:
    for _ in range(2):
        with pytest.raises(Malformed, match="Host is missing"):
            read_fields(b"\r\nCookie: a=b\r\n", 1)


def test_long_lines_and_many_are_not_kept() -> None:
    long = LINES + b"x: " + b"y" * SHORT + b"\r\n"
    assert read_fields(long, 1) is not read_fields(long, 1)
    first = read_fields(LINES, 1)
    for number in range(REMEMBERED):
        read_fields(b"\r\nHost: %d\r\n" % number, 1)
    assert read_fields(LINES, 1) is not first
