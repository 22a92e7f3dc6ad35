"""The language of composite alarms, against an oracle."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.errors import DeclarationError
from billow.ops.composite import (
    Both,
    Constant,
    Either,
    Is,
    Not,
    Term,
    check_circles,
    holds,
    names_in,
    read,
    write,
)
from billow.ops.judging import AlarmState

NAMES = st.text(st.characters(blacklist_characters='"', blacklist_categories=["Cs"]), max_size=8)
LEAVES = st.one_of(
    st.builds(Is, st.sampled_from(AlarmState), NAMES), st.builds(Constant, st.booleans())
)
TERMS: st.SearchStrategy[Term] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner), st.builds(Both, inner, inner), st.builds(Either, inner, inner)
    ),
    max_leaves=12,
)


@given(TERMS)
def test_what_is_written_reads_the_same(term: Term) -> None:
    assert read(write(term)) == term


@given(TERMS, st.dictionaries(NAMES, st.sampled_from(AlarmState)))
def test_a_term_means_what_python_means(term: Term, states: dict[str, AlarmState]) -> None:
    assert holds(term, states) is bool(eval(_python(term, states), {}))


def _python(term: Term, states: dict[str, AlarmState]) -> str:
    match term:
        case Is(state, name):
            return str(states.get(name, AlarmState.INSUFFICIENT_DATA) == state)
        case Constant(value):
            return str(value)
        case Not(inner):
            return f"(not {_python(inner, states)})"
        case Both(left, right):
            return f"({_python(left, states)} and {_python(right, states)})"
        case Either(left, right):
            return f"({_python(left, states)} or {_python(right, states)})"


@given(st.text(max_size=40) | st.from_regex(r'(ALARM\("a"\)|AND|OR|NOT|\(|\)| ){1,12}'))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    with contextlib.suppress(DeclarationError):
        read(text)


def test_not_binds_closest_then_and_then_or() -> None:
    a, b, c = (Is(AlarmState.ALARM, name) for name in "abc")
    assert read('ALARM("a") OR ALARM("b") AND NOT ALARM("c")') == Either(a, Both(b, Not(c)))
    assert read('(ALARM("a") OR ALARM("b")) AND ALARM("c")') == Both(Either(a, b), c)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ALARM(a)", "in quotes"),
        ('ALARM("a"', r"expected \)"),
        ('ALARM("a") ALARM("b")', "AND, OR or the end"),
        ("", "found the end"),
        ("(" * 60 + "TRUE" + ")" * 60, "deep"),
        ("NOT " * 60 + "TRUE", "deep"),
        (" OR ".join(f'OK("{n}")' for n in range(101)), "100 alarms"),
    ],
)
def test_mistakes_are_named(text: str, told: str) -> None:
    with pytest.raises(DeclarationError, match=told):
        read(text)


def test_circles_and_unknown_alarms_are_refused() -> None:
    circle = {"a": read('OK("b")'), "b": read('ALARM("c")'), "c": read('NOT ALARM("a")')}
    with pytest.raises(DeclarationError, match="a -> b -> c -> a"):
        check_circles(circle, circle)
    with pytest.raises(DeclarationError, match="no alarm 'x'"):
        check_circles({"a": read('OK("x")')}, ["a"])
    check_circles({"a": read('OK("b") AND OK("c")'), "b": read('OK("c")')}, ["a", "b", "c"])


def test_names() -> None:
    assert names_in(read('ALARM("a") AND (OK("b") OR NOT TRUE)')) == {"a", "b"}
