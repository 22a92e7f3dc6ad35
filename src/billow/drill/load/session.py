"""A visitor at work: the requests of a visit, one after the other, on a connection of their own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from billow.drill.load.connection import Broken, Connection
from billow.drill.load.tally import Kind
from billow.drill.load.wire import Answer, Malformed, encode
from billow.visits import Browse, Reply, Step, Visit, Visitor

#: A visit that yields nothing is begun again so often before its author hears of it.
_EMPTY_VISITS = 3


class NoStep(Exception):
    """The app's `visitors` yields no step, or raises; the message says which."""


@dataclass(frozen=True, slots=True)
class Door:
    """How the service is reached."""

    #: The address that was resolved when the drill began, and the port.
    address: str
    port: int
    #: What the Host header says.
    host: str
    headers: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    #: Seconds that a request may take, from when it was due.
    timeout: float = 10.0
    #: Whether safe requests are sent again if their connection breaks.
    again: bool = True


class Outcome(NamedTuple):
    """What came of a request."""

    kind: Kind
    received: int = 0
    retried: bool = False
    why: str = ""
    request: str = ""


class Session:
    """Does what a visitor does, a step whenever one is due.

    Args:
        visitor: who visits.
        browse: begins a visit.
        door: how the service is reached.
    """

    def __init__(self, visitor: Visitor, browse: Browse, door: Door) -> None:
        self._visitor = visitor
        self._browse = browse
        self._door = door
        self._visit: Visit | None = None
        self._reply: Reply | None = None
        self._connection: Connection | None = None

    async def step(self, deadline: float) -> Outcome:
        """Do the next step of the visit, or the first of a new one.

        Args:
            deadline: when it counts as a timeout, on the loop's clock.

        Raises:
            NoStep: the app's visits cannot be used.
        """
        step = self._next()
        answer, kind, why, retried = await self._try(step, deadline)
        if kind is Kind.OK:
            kind, why = judge(step, answer)
        if kind is Kind.OK:
            for cookie in answer.cookies:
                remember(self._visitor.cookies, cookie)
            self._reply = Reply(answer.status, answer.headers, bytes(answer.body))
        else:
            self.end_visit()
        return Outcome(kind, answer.size, retried, why, f"{step.method} {step.path}")

    def end_visit(self) -> None:
        """The next step is the first of a new visit."""
        if self._visit is not None:
            self._visit.close()
            self._visit = None

    def close(self) -> None:
        """Leave."""
        self.end_visit()
        if self._connection is not None:
            self._connection.drop()

    def _next(self) -> Step:
        try:
            for _ in range(_EMPTY_VISITS):
                if self._visit is None:
                    self._visit, self._reply = self._browse(self._visitor), None
                try:
                    if self._reply is None:
                        return next(self._visit)
                    return self._visit.send(self._reply)
                except StopIteration:
                    self._visit = None
        except Exception as problem:
            raise NoStep(f"the visitors of the app: {type(problem).__name__}: {problem}") from None
        raise NoStep("the visitors of the app: a visit yields no step")

    async def _try(self, step: Step, deadline: float) -> tuple[Answer, Kind, str, bool]:
        """Send a step; a safe one once more if its connection breaks before any of the answer."""
        retried = False
        while True:
            answer = Answer(step.method, keep=step.keep or bool(step.contains))
            kind, why = await self._send(step, answer, deadline)
            broken = kind is Kind.RESET and step.safe and not answer.begun
            if not broken or retried or not self._door.again:
                return answer, kind, why, retried
            retried = True

    async def _send(self, step: Step, answer: Answer, deadline: float) -> tuple[Kind, str]:
        door = self._door
        try:
            async with asyncio.timeout_at(deadline):
                connection = await self._connected()
                request = encode(step, door.host, door.headers, self._visitor.cookies)
                await connection.ask(request, answer)
        except TimeoutError:
            return Kind.TIMEOUT, f"no answer within {door.timeout:g} s"
        except Broken as problem:
            return Kind.RESET, str(problem)
        except Malformed as problem:
            return Kind.WRONG, str(problem)
        except OSError as problem:
            return Kind.CONNECT, str(problem)
        return Kind.OK, ""

    async def _connected(self) -> Connection:
        if self._connection is None or not self._connection.open:
            loop, door = asyncio.get_running_loop(), self._door
            _, self._connection = await loop.create_connection(
                Connection,
                door.address,
                door.port,
                ssl=door.tls,
                server_hostname=door.host.partition(":")[0] if door.tls else None,
            )
        return self._connection


def judge(step: Step, answer: Answer) -> tuple[Kind, str]:
    """Whether a complete answer is the right one, and else what is wrong."""
    status = answer.status
    if status not in step.expect:
        if status == 503:
            return Kind.SHED, "503"
        if status == 429:
            return Kind.LIMITED, "429"
        return (Kind.ERROR if status >= 500 else Kind.WRONG), f"status {status}"
    if step.contains and step.contains not in answer.body:
        return Kind.WRONG, f"the body does not contain {step.contains[:80]!r}"
    return Kind.OK, ""


def remember(cookies: dict[str, str], told: str) -> None:
    """Do what a Set-Cookie header says: keep a cookie, or forget it."""
    pair, *attributes = told.split(";")
    name, _, value = (part.strip() for part in pair.partition("="))
    ended = {"max-age=0", 'max-age="0"'} & {each.strip().lower() for each in attributes}
    if ended or not value.strip('"'):
        cookies.pop(name, None)
    else:
        cookies[name] = value
