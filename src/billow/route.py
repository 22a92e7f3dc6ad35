"""A page of an app's own site: its address, who may use it, and the function that answers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from billow.errors import DeclarationError

#: Answers a request: called with it and, by name, with what the address says.
PageHandler: TypeAlias = Callable[..., Any]
Who: TypeAlias = Literal["anybody", "user", "admin"]
#: What an API token must be good for; "" lets only people at a browser in.
TokenScope: TypeAlias = Literal["", "read", "submit"]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

#: First parts of addresses that are Billow's own.
RESERVED = frozenset(
    [
        "account", "admin", "api", "assets", "console", "data", "dead", "docs", "docs.css", "email",
        "fleet", "forgot", "functions", "healthz", "inbox", "jobs", "login", "logout", "metrics",
        "openapi.json", "plan", "readyz", "reset", "signup", "static", "store", "verify",
    ]
)  # fmt: skip

_PARAMETER = re.compile(r"{(\w+)(?::(?:str|int|float|uuid|path))?}")


@dataclass(frozen=True, slots=True)
class Route:
    """What `@app.page(...)` declares.

    Raises:
        DeclarationError: it cannot work; the message says why.
    """

    path: str
    handler: PageHandler
    who: Who
    methods: tuple[str, ...] = ("GET",)
    scope: TokenScope = ""

    def __post_init__(self) -> None:
        told = f"app.page({self.path!r})"
        if not self.path.startswith("/") or "//" in self.path:
            raise DeclarationError(f"{told}: an address starts with one slash")
        if self.path.split("/")[1] in RESERVED or self.path.startswith("/{"):
            raise DeclarationError(f"{told}: that would be one of Billow's own; take another")
        unknown = sorted(set(self.methods) - set(METHODS))
        if unknown or not self.methods:
            raise DeclarationError(f"{told}: methods are some of {', '.join(METHODS)}")
        if self.who not in get_args(Who) or self.scope not in get_args(TokenScope):
            raise DeclarationError(
                f"{told}: who= is one of {', '.join(get_args(Who))}; scope= is '', read or submit"
            )
        self._check_handler(told)

    @property
    def keys(self) -> list[str]:
        """Method and address, once for each method."""
        return [f"{method} {self.path}" for method in self.methods]

    @property
    def waits(self) -> bool:
        """Whether the handler is a coroutine function, which runs in the event loop itself."""
        return inspect.iscoroutinefunction(self.handler)

    def _check_handler(self, told: str) -> None:
        given = _PARAMETER.findall(self.path)
        if self.path.count("{") != len(given) or len(set(given)) < len(given):
            raise DeclarationError(f"{told}: a part is written {{name}} or {{name:int}}, once each")
        try:
            inspect.signature(self.handler).bind(None, **dict.fromkeys(given))
        except TypeError as problem:
            raise DeclarationError(
                f"{told}: {self.handler.__name__} is called with the request and, by name, with "
                f"{', '.join(given) or 'nothing more'}: {problem}"
            ) from None


def taken(routes: Sequence[Route], new: Route) -> str:
    """Which method and address of `new` is declared already; "" if none is."""
    known = {key for route in routes for key in route.keys}
    return next((key for key in new.keys if key in known), "")
