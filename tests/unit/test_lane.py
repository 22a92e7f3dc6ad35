"""Messages of the lane between the front and a web server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.lane import Named, Party, Question, decode_hello, encode_hello, pack, unpack

_WORD = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
_PLAIN = st.binary(min_size=1, max_size=60).filter(lambda data: not set(data) & set(b"\r\n "))
_LINE = st.binary(max_size=60).filter(lambda data: not set(data) & set(b"\r\n"))
_NUMBER = st.integers(0, 2**32 - 1)


@given(_NUMBER, _WORD, _PLAIN, st.binary(max_size=60))
def test_a_question_arrives_as_it_was_sent(
    number: int, id_: str, target: bytes, party: bytes
) -> None:
    question = Question(number, id_, target, party)
    assert Question.decode(question.encode()) == question


@given(_WORD, _WORD, st.sampled_from("?-"), st.lists(_LINE, min_size=1))
def test_a_party_arrives_as_it_was_sent(
    scheme: str, client: str, ask: str, lines: list[bytes]
) -> None:
    party = Party(scheme, client, ask, b"\r\n".join(lines))
    assert Party.decode(party.encode()) == party


@given(
    _NUMBER,
    st.integers(0, 999),
    st.integers(0, 2**63),
    st.integers(0, 2**63),
    st.integers(0, 2**63),
    st.text(max_size=300),
    st.none() | st.text(st.characters(max_codepoint=255), max_size=60),
    st.binary(max_size=300),
)
def test_an_answer_arrives_as_it_was_sent(
    number: int,
    status: int,
    start: int,
    length: int,
    changed: int,
    path: str,
    known: str | None,
    head: bytes,
) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        return
    named = Named(number, status, start, length, changed, path, known, head)
    assert Named.decode(named.encode()) == named


def test_paths_of_any_bytes_arrive() -> None:
    path = b"/\xff\xfe".decode("utf-8", "surrogateescape")
    assert Named.decode(Named(1, 200, 0, 1, 0, path).encode()).path == path


@given(st.binary(max_size=200))
def test_nonsense_is_told_from_a_question(message: bytes) -> None:
    try:
        question = Question.decode(message)
    except ValueError:
        return
    assert Question.decode(question.encode())[1:] == question[1:]


@pytest.mark.parametrize("message", [b"", b"\0\0\0\1", b"\0" * 20])
def test_what_is_too_short_is_no_answer(message: bytes) -> None:
    with pytest.raises(ValueError, match="no answer"):
        Named.decode(message)


@given(st.lists(st.binary(max_size=300)))
def test_parts_of_a_message_arrive_as_they_were_sent(parts: list[bytes]) -> None:
    assert unpack(pack(parts)) == parts


@given(st.binary(max_size=40))
def test_a_message_that_is_cut_off_is_none(message: bytes) -> None:
    try:
        parts = unpack(message)
    except ValueError:
        return
    assert pack(parts) == message


def test_the_first_message_says_where_addresses_begin() -> None:
    assert decode_hello(encode_hello(("/img/", "/pic/"))) == (b"/img/", b"/pic/")
