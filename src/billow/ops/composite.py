"""Alarms made of alarms: `ALARM("a") AND NOT (OK("b") OR INSUFFICIENT_DATA("c"))`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from billow.errors import DeclarationError
from billow.ops.judging import AlarmState

#: Alarms that one composite may name, and how deep its parentheses may go.
MOST = 100
DEEPEST = 50

_TOKEN = re.compile(
    r"\s*(?:(?P<word>ALARM|OK|INSUFFICIENT_DATA|TRUE|FALSE|AND|OR|NOT)\b|(?P<sign>[()])"
    r"|\"(?P<name>[^\"]*)\")"
)


@dataclass(frozen=True, slots=True)
class Is:
    """An alarm is in a state."""

    state: AlarmState
    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """TRUE or FALSE."""

    value: bool


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    term: Term


@dataclass(frozen=True, slots=True)
class Both:
    """One and the other."""

    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Either:
    """One or the other, or both."""

    left: Term
    right: Term


Term: TypeAlias = Is | Constant | Not | Both | Either


def holds(term: Term, states: Mapping[str, AlarmState]) -> bool:
    """Whether a term is true; an alarm that has no state lacks data."""
    match term:
        case Is(state, name):
            return states.get(name, AlarmState.INSUFFICIENT_DATA) is state
        case Constant(value):
            return value
        case Not(inner):
            return not holds(inner, states)
        case Both(left, right):
            return holds(left, states) and holds(right, states)
        case Either(left, right):
            return holds(left, states) or holds(right, states)


def names_in(term: Term) -> set[str]:
    """The alarms that a term names."""
    match term:
        case Is(_, name):
            return {name}
        case Constant():
            return set()
        case Not(inner):
            return names_in(inner)
        case Both(left, right) | Either(left, right):
            return names_in(left) | names_in(right)


def write(term: Term) -> str:
    """A term as text that reads as the same term."""
    match term:
        case Is(state, name):
            return f'{state}("{name}")'
        case Constant(value):
            return "TRUE" if value else "FALSE"
        case Not(inner):
            return f"NOT ({write(inner)})"
        case Both(left, right):
            return f"({write(left)}) AND ({write(right)})"
        case Either(left, right):
            return f"({write(left)}) OR ({write(right)})"


def read(text: str) -> Term:
    """The term that a text says; NOT binds closest, then AND, then OR.

    Raises:
        DeclarationError: it says none; the message shows where.
    """
    reader = _Reader(text)
    term = reader.either(0)
    reader.end()
    if len(names_in(term)) > MOST:
        raise DeclarationError(f"a composite alarm may name {MOST} alarms at most")
    return term


def is_composite(text: str) -> bool:
    """Whether a text begins as composite alarms do."""
    return bool(re.match(r"\s*(\(|NOT\b|TRUE\b|FALSE\b|(ALARM|OK|INSUFFICIENT_DATA)\s*\()", text))


class _Reader:
    """Reads a term from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0

    def either(self, depth: int) -> Term:
        if depth > DEEPEST:
            raise DeclarationError(f"parentheses go {DEEPEST} deep at most")
        term = self._both(depth)
        while self._take("OR"):
            term = Either(term, self._both(depth))
        return term

    def end(self) -> None:
        if self._text[self._place :].strip():
            raise self._wrong("AND, OR or the end")

    def _both(self, depth: int) -> Term:
        term = self._one(depth)
        while self._take("AND"):
            term = Both(term, self._one(depth))
        return term

    def _one(self, depth: int) -> Term:
        if depth > DEEPEST:
            raise DeclarationError(f"NOT and parentheses go {DEEPEST} deep at most")
        if self._take("NOT"):
            return Not(self._one(depth + 1))
        if self._take("("):
            term = self.either(depth + 1)
            self._need(")")
            return term
        for word in ("TRUE", "FALSE"):
            if self._take(word):
                return Constant(word == "TRUE")
        return self._state()

    def _state(self) -> Term:
        for state in AlarmState:
            if self._take(state.value):
                self._need("(")
                match = _TOKEN.match(self._text, self._place)
                if match is None or match["name"] is None:
                    raise self._wrong('an alarm\'s name in quotes, such as "slow pages"')
                self._place = match.end()
                self._need(")")
                return Is(state, match["name"])
        raise self._wrong('ALARM("…"), OK("…"), INSUFFICIENT_DATA("…"), TRUE, FALSE, NOT or (')

    def _take(self, wanted: str) -> bool:
        match = _TOKEN.match(self._text, self._place)
        if match is None or wanted not in (match["word"], match["sign"]):
            return False
        self._place = match.end()
        return True

    def _need(self, wanted: str) -> None:
        if not self._take(wanted):
            raise self._wrong(wanted)

    def _wrong(self, wanted: str) -> DeclarationError:
        rest = self._text[self._place :].strip()
        found = f"{rest[:30]!r}" if rest else "the end"
        return DeclarationError(f"expected {wanted}, found {found}")


def check_circles(terms: Mapping[str, Term], known: Iterable[str]) -> None:
    """Refuse composites that name no alarm, or each other in a circle.

    Raises:
        DeclarationError: the message says which.
    """
    every = set(known)
    for name, term in terms.items():
        if unknown := sorted(names_in(term) - every):
            raise DeclarationError(f"alarm {name!r}: there is no alarm {unknown[0]!r}")
    done: set[str] = set()
    for name in terms:
        _walk(name, terms, (), done)


def _walk(name: str, terms: Mapping[str, Term], path: tuple[str, ...], done: set[str]) -> None:
    if name in path:
        way = " -> ".join([*path[path.index(name) :], name])
        raise DeclarationError(f"alarms lead in a circle: {way}")
    if name in done or name not in terms:
        return
    for below in sorted(names_in(terms[name])):
        _walk(below, terms, (*path, name), done)
    done.add(name)
