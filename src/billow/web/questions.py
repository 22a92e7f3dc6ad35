"""What somebody asks for by the address of a rendition, and what the app says to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from starlette.requests import cookie_parser
from starlette.types import Scope

from billow.errors import NotFound
from billow.rendition import Asked, Rendition
from billow.web.visitor import Visitor


class Question(NamedTuple):
    """What somebody asks for."""

    rendition: Rendition
    asked: Asked
    id: int
    #: What else the address says.
    said: Mapping[str, Any]


def question_in(rendition: Rendition, scope: Scope, visitor: Visitor) -> Question:
    """What `visitor` asks for.

    Raises:
        NotFound: nothing at this address, or by a value that is not offered.
    """
    said = rendition.read(scope["path"])
    if said is None:
        raise NotFound("there is nothing at this address")
    return Question(rendition, _asked(scope, visitor), said.pop("id"), said)


def answer_of(question: Question) -> partial[Any]:
    """What calls the app's `allow`."""
    allow = question.rendition.allow
    assert allow is not None
    return partial(allow, question.asked, question.id, **question.said)


def _asked(scope: Scope, visitor: Visitor) -> Asked:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query: Iterable[tuple[str, str]] = ()
    if scope["query_string"]:
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    cookies = cookie_parser(headers["cookie"]) if "cookie" in headers else {}
    return Asked(visitor.owner, cookies, headers, dict(query))
