"""What visitors of a service do, for load drills: an app tells it by `@app.visitors`.

@app.visitors
def browse(visitor: Visitor) -> Visit:
    page = yield visitor.get("/stream", contains="</html>", keep=True)
    yield visitor.get(visitor.chance.choice(links_of(page.text)))
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias
from urllib.parse import urlencode

from billow.errors import DeclarationError

_SAFE_METHODS = ("GET", "HEAD")
_METHOD = re.compile(r"[A-Z]{1,16}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH = re.compile(r"/[!-~]*")


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a visitor, and what counts as its right answer.

    Raises:
        DeclarationError: it could not be sent as it is: a method, path or header is malformed.
    """

    method: str
    #: Path and query, percent-encoded.
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    #: Statuses that are right.
    expect: tuple[int, ...] = (200,)
    #: What a right body contains; empty if that does not matter.
    contains: bytes = b""
    #: Whether the visit wants to see the body.
    keep: bool = False

    def __post_init__(self) -> None:
        if not _METHOD.fullmatch(self.method) or not _PATH.fullmatch(self.path):
            raise DeclarationError(f"step {self.method} {self.path!r}: no request can be like that")
        for name, value in self.headers.items():
            if not _HEADER.fullmatch(name) or not value.isprintable():
                raise DeclarationError(f"header {name!r}: {value!r} cannot be sent")

    @property
    def safe(self) -> bool:
        """Whether it may be sent again if its connection breaks: it changes nothing."""
        return self.method in _SAFE_METHODS


@dataclass(frozen=True, slots=True)
class Reply:
    """A right answer. `body` is empty unless the step said `keep`."""

    status: int
    #: By names in lower case; of several with one name the last.
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")


class Visitor:
    """Somebody who visits the service again and again, with cookies of their own.

    Args:
        number: which of the visitors this is, from 0.
        chance: where its choices come from, so that a drill can be repeated.
        seeded: what the app's `setup` returned.
    """

    def __init__(self, number: int, chance: random.Random, seeded: Any = None) -> None:
        self.number = number
        self.chance = chance
        self.seeded = seeded
        #: Cookies by name: those the service has set.
        self.cookies: dict[str, str] = {}

    def get(
        self,
        path: str,
        *,
        expect: int | tuple[int, ...] = 200,
        contains: str = "",
        keep: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Step:
        """Fetch something.

        Args:
            path: path and query, percent-encoded.
            expect: the status, or statuses, that are right.
            contains: what a right body contains.
            keep: whether the visit wants to see the body.
            headers: further headers.
        """
        return Step(
            "GET", path, dict(headers or {}), b"", _statuses(expect), contains.encode(), keep
        )

    def post(
        self,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        document: Any = None,
        body: bytes = b"",
        expect: int | tuple[int, ...] = (200, 201, 202, 303),
        contains: str = "",
        keep: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Step:
        """Send something: a form, a JSON document, or bytes as they are.

        Args:
            path: path and query, percent-encoded.
            form: the fields of a form.
            document: what to send as JSON.
            body: bytes to send.
            expect: the status, or statuses, that are right.
            contains: what a right body contains.
            keep: whether the visit wants to see the body.
            headers: further headers.
        """
        sent = dict(headers or {})
        if form is not None:
            body = urlencode(form).encode()
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        elif document is not None:
            body = json.dumps(document).encode()
            sent.setdefault("Content-Type", "application/json")
        statuses = _statuses(expect)
        return Step("POST", path, sent, body, statuses, contains.encode(), keep)


#: A visit: yields steps, and gets the answer of each. It ends early if an answer was not right.
Visit: TypeAlias = Generator[Step, Reply, None]

#: Begins a visit.
Browse: TypeAlias = Callable[[Visitor], Visit]


class Person(NamedTuple):
    """Somebody with an account, who is logged in."""

    #: The owner of what is theirs.
    owner: str
    name: str
    #: What their browser holds.
    cookies: dict[str, str]


class Stage(Protocol):
    """What an app's `setup` gets: the service as it runs, before the first visit."""

    @property
    def url(self) -> str:
        """The service's address."""
        ...

    @property
    def client(self) -> Any:
        """A `billow.testing.Client` of the app."""
        ...

    def people(self, count: int) -> list[Person]:
        """Make so many accounts, each logged in; for an app with plans."""
        ...


#: Prepares the service, and returns JSON.
Setup: TypeAlias = Callable[[Stage], Any]


@dataclass(frozen=True, slots=True)
class Visitors:
    """What an app declares of its visitors."""

    browse: Browse
    #: Called once, before the first visit; what it returns is every visitor's `seeded`.
    setup: Setup | None = None


def _statuses(expect: int | tuple[int, ...]) -> tuple[int, ...]:
    return (expect,) if isinstance(expect, int) else expect
