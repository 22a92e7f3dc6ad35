"""What somebody asks for by the address of a rendition, and what the app says to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import parse_qsl

from starlette.requests import cookie_parser
from starlette.types import Scope

from billow.errors import NotFound
from billow.rendition import Asked, Rendition
from billow.web.visitor import Visitor

#: Headers as they came.
Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

#: Where a request may already have its `Sent`.
SENT = "billow.sent"


class Question(NamedTuple):
    """What somebody asks for."""

    rendition: Rendition
    asked: Asked
    id: int
    #: What else the address says.
    said: Mapping[str, Any]


class _Lazily(Mapping[str, str]):
    """Made when it is first looked into, as most requests look into little."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], dict[str, str]]) -> None:
        self._make = make
        self._made: dict[str, str] | None = None

    def _all(self) -> dict[str, str]:
        if self._made is None:
            self._made = self._make()
        return self._made

    def __getitem__(self, name: str) -> str:
        return self._all()[name]

    def get(self, name: str, otherwise: Any = None) -> Any:
        return self._all().get(name, otherwise)

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return repr(self._all())


class Sent:
    """What a request brought, as `allow` sees it. Requests that bring the same may share it."""

    __slots__ = ("cookies", "headers")

    def __init__(self, headers: Headers) -> None:
        self.cookies: Mapping[str, str] = _Lazily(partial(_cookies, headers))
        self.headers: Mapping[str, str] = _Lazily(partial(_headers, headers))


def question_in(rendition: Rendition, scope: Scope, visitor: Visitor) -> Question:
    """What `visitor` asks for.

    Raises:
        NotFound: nothing at this address, or by a value that is not offered.
    """
    parsed = _parse(rendition, scope["path"])
    if parsed is None:
        raise NotFound("there is nothing at this address")
    number, said = parsed
    return Question(rendition, _asked(scope, visitor), number, said)


@lru_cache(4096)
def _parse(rendition: Rendition, path: str) -> tuple[int, Mapping[str, Any]] | None:
    said = rendition.parse(path)
    if said is None:
        return None
    number = said.pop("id")
    rendition.check_values(said)
    return number, said


def answer_of(question: Question) -> partial[Any]:
    """What calls the app's `allow`."""
    allow = question.rendition.allow
    assert allow is not None
    return partial(allow, question.asked, question.id, **question.said)


def _asked(scope: Scope, visitor: Visitor) -> Asked:
    sent: Sent = scope.get(SENT) or Sent(scope["headers"])
    return Asked(visitor.owner, sent.cookies, sent.headers, _query(scope["query_string"]))


def _headers(sent: Headers) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in sent}


def _cookies(sent: Headers) -> dict[str, str]:
    told = [value.decode("latin-1") for name, value in sent if name == b"cookie"]
    return cookie_parser(told[-1]) if told else {}


def _query(text: bytes) -> dict[str, str]:
    return dict(parse_qsl(text.decode("latin-1"), keep_blank_values=True)) if text else {}
