"""An endpoint: its address, what it takes, what it answers, and the function that does it.

The description documents the endpoint and also checks requests, so the two cannot disagree.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from billow.errors import BadInput

Schema: TypeAlias = Mapping[str, Any]
#: Query parameters by name, checked and converted; those not given have their default.
Query: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[[Request, Query], Awaitable[Response]]

TEXT: Schema = {"type": "string"}

#: Where the API's addresses begin.
PREFIX = "/api/v1"

#: Numbers without bounds of their own stay below what the store can hold.
_BOUNDLESS = 2**63


class Parameter(NamedTuple):
    """A parameter in the query, or a header."""

    name: str
    meaning: str
    schema: Schema = TEXT
    default: Any = None
    where: str = "query"
    #: May be given several times; the value is a list.
    many: bool = False


class Answer(NamedTuple):
    """What comes back: a schema by media type; none means an empty body."""

    meaning: str
    content: Mapping[str, Schema] = MappingProxyType({})
    #: Headers and what they mean.
    headers: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one address. The handler's docstring is what the documentation says."""

    method: str
    path: str
    handler: Handler
    answers: Mapping[int, Answer]
    parameters: Sequence[Parameter] = ()
    #: What the body may be: schema by media type.
    body: Mapping[str, Schema] = field(default_factory=dict)
    #: Problem statuses beyond those any request can meet.
    problems: Sequence[int] = ()

    @property
    def name(self) -> str:
        """A name that no other endpoint has."""
        return self.handler.__name__

    async def call(self, request: Request) -> Response:
        """Check the query and do it."""
        return await self.handler(request, self.read_query(request))

    def read_query(self, request: Request) -> Query:
        """The query's parameters.

        Raises:
            BadInput: one is unknown, given twice, or has an impossible value.
        """
        known = {p.name: p for p in self.parameters if p.where == "query"}
        given: dict[str, list[str]] = {}
        for name, text in request.query_params.multi_items():
            if name not in known:
                allowed = ", ".join(sorted(known)) or "none"
                raise BadInput(f"there is no parameter {name[:80]!r} here; there are: {allowed}")
            given.setdefault(name, []).append(text)
        return {name: _value(known[name], given.get(name)) for name in known}


def routes_of(endpoints: Iterable[Endpoint]) -> list[Route]:
    """Routes, one for each address, in the order of the endpoints."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return [_route(path, methods) for path, methods in by_path.items()]


def _route(path: str, methods: Mapping[str, Endpoint]) -> Route:
    async def dispatch(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await methods[method].call(request)

    dispatch.__name__ = path  # what log and metrics call it
    return Route(path, dispatch, methods=list(methods), name=path)


def _value(parameter: Parameter, texts: list[str] | None) -> Any:
    if texts is None:
        return [] if parameter.many and parameter.default is None else parameter.default
    values = [_convert(parameter, text) for text in texts]
    if parameter.many:
        return values
    if len(values) > 1:
        raise BadInput(f"{parameter.name} can be given only once")
    return values[0]


def _convert(parameter: Parameter, text: str) -> Any:
    schema = parameter.schema
    kind = schema.get("type")
    if kind in ("integer", "number"):
        return _number(parameter, text)
    if kind == "boolean":
        if text.lower() not in ("true", "false", "1", "0"):
            raise BadInput(f"{parameter.name} must be true or false")
        return text.lower() in ("true", "1")
    if len(text) > schema.get("maxLength", 1024):
        raise BadInput(f"{parameter.name} may have {schema.get('maxLength', 1024)} characters")
    if "enum" in schema and text not in schema["enum"]:
        raise BadInput(
            f"{parameter.name} must be one of: {', '.join(schema['enum'])}",
            allowed=list(schema["enum"]),
        )
    return text


def _number(parameter: Parameter, text: str) -> float:
    schema = parameter.schema
    whole = schema["type"] == "integer"
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        value = math.nan
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    if not (abs(value) < _BOUNDLESS and low <= value <= high):
        kind = "a whole number" if whole else "a number"
        bounds = f" from {low} to {high}" if math.isfinite(low) and math.isfinite(high) else ""
        raise BadInput(f"{parameter.name} must be {kind}{bounds}")
    return value
