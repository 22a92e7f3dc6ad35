"""The front as a whole: who comes in, which servers there are, what is counted and logged."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine
from typing import Any, Protocol

from billow.front.address import Trusted, is_here
from billow.front.config import Config
from billow.front.counts import Counts
from billow.front.desk import KNOWN, VITAL, Desk
from billow.front.exchange import Exchange
from billow.front.files import Files
from billow.front.head import NONE, Request
from billow.front.ids import RequestIds
from billow.front.log import AccessLog, wall_clock
from billow.front.pages import page
from billow.front.rates import Known, Rate, credential_of
from billow.front.servers import Server
from billow.front.sink import Sink
from billow.handover import Introduction

#: Requests a second of one address from elsewhere, if the app does not say.
PER_CLIENT = 100.0

_HEALTH = (b"/healthz", b"/readyz")
_HSTS = b"strict-transport-security: max-age=31536000\r\n"


class Guest(Protocol):
    """A visitor's connection."""

    address: str

    def check(self, now: float) -> None:
        """Leave if idle or slow."""

    def close_if_idle(self) -> None:
        """Leave, at once or after the answer."""


class House:
    """What the parts of the front share.

    Args:
        config: how it works.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.bounds = config.bounds
        self.servers: dict[str, Server] = {}
        self.counts = Counts(self.now())
        self.log = AccessLog(config.log, config.log_format, config.log_size)
        self.desk = Desk(
            self.servers.values,
            config.bounds.queue,
            config.bounds.shed_after,
            self.now,
            self.counts.refuse,
        )
        self.files = Files(config.token, config.files)
        #: Whether the front is about to leave.
        self.closing = False
        self.guests: set[Guest] = set()
        #: What the targets begin with that servers may have files at hand for.
        self.at_hand: tuple[bytes, ...] = ()
        self._at: Counter[str] = Counter()
        self._trusted = Trusted(config.trusted)
        self._known = Known()
        self._clients = Rate(config.bounds.per_client or PER_CLIENT)
        self._accounts = Rate(config.bounds.per_account)
        self._vital = tuple(prefix.encode() for prefix in config.vital)
        self._ids = RequestIds()
        self._tasks: set[asyncio.Task[None]] = set()

    now = staticmethod(time.monotonic)

    def enter(self, guest: Guest) -> str | None:
        """Somebody comes; returns why they must go again, if they must."""
        self.guests.add(guest)
        self._at[guest.address] += 1
        if len(self.guests) > self.bounds.connections:
            self.counts.refuse("connections")
            return "too many connections; try again in a moment"
        near = is_here(guest.address) or self._trusted.trusts(guest.address)
        if not near and self._at[guest.address] > self.bounds.connections_per_client:
            self.counts.refuse("connections")
            return "too many connections from one address"
        return None

    def leave(self, guest: Guest) -> None:
        """Somebody has left."""
        if guest in self.guests:
            self.guests.remove(guest)
            self._at[guest.address] -= 1
            if not self._at[guest.address]:
                del self._at[guest.address]

    def exchange(self, sink: Sink, request: Request, peer: str, scheme: str) -> Exchange:
        """A request that has come from `peer`."""
        fields = request.fields
        client = self._trusted.visitor(peer, fields.get(b"x-forwarded-for"))
        scheme = self._trusted.scheme(peer, scheme, fields.get(b"x-forwarded-proto"))
        return Exchange(self, sink, request, self._ids.make(), client, scheme)

    def receive(self, exchange: Exchange) -> None:
        """Find out how important a request is, and serve it, have it wait or refuse it."""
        now = exchange.arrived
        self.counts.came(now)
        owner = self._recognise(exchange, now)
        wait = self._wait(exchange, owner, now)
        if wait:
            self.counts.refuse("rate")
            exchange.refuse(429, "too many requests; go slower", max(1, round(wait)))
            return
        if self._is_vital(exchange.request.target, owner):
            exchange.rank = VITAL
        elif owner:
            exchange.rank = KNOWN
        self.desk.submit(exchange)

    def introduce(self, exchange: Exchange) -> bytes:
        """What a server is told about a request."""
        unknown = "?" if exchange.credential else "-"
        told = Introduction(
            self.config.token, exchange.id, exchange.scheme, exchange.client or "-", unknown
        )
        return told.encode().encode("latin-1")

    def learn(self, credential: bytes, owner: bytes) -> None:
        """A server says whose a session or token is."""
        self._known.learn(credential, owner.decode("latin-1"), self.now())

    def retried(self, exchange: Exchange) -> None:
        """A request's server was lost; another gets it."""
        self.counts.retried += 1
        self.desk.again(exchange)

    def freed(self) -> None:
        """A server has become free."""
        if self.desk.waiting:
            self.desk.give_out()

    def over(self, exchange: Exchange) -> None:
        """A request is over."""
        self.counts.answered(exchange.status)
        if exchange.taken is not None and not exchange.patient:
            self.counts.took(exchange.taken)
        self.log.add(exchange, wall_clock(), self.now() - exchange.arrived)

    def page(
        self, exchange: Exchange, status: int, why: str, retry_after: int
    ) -> tuple[dict[str, str], bytes]:
        """An answer of the front's own."""
        accept = exchange.request.fields.get(b"accept", b"")
        return page(status, why, exchange.id, accept, retry_after)

    def fail(self, address: str, status: int, why: str) -> tuple[dict[str, str], bytes]:
        """The answer to something that is no request."""
        self.counts.answered(status)
        exchange = Exchange(self, _NOBODY, NONE, self._ids.make(), address, "http")
        exchange.status = status
        self.log.add(exchange, wall_clock(), 0.0)
        return page(status, why, exchange.id, b"", 1)

    def more_headers(self, scheme: str) -> bytes:
        """Lines for every answer."""
        return _HSTS if self.config.hsts and scheme == "https" else b""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside, and hold on to it until it is done."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def check(self) -> None:
        """Look after everybody; called about once a second."""
        now = self.now()
        self.files.sweep()
        for guest in list(self.guests):
            guest.check(now)
        limit = self.bounds.answer_time
        for server in list(self.servers.values()):
            for exchange in list(server.exchanges):
                if not exchange.answered and now - exchange.started > limit:
                    exchange.leave_server(504, "the server took too long")

    def note_at_hand(self, prefixes: tuple[bytes, ...]) -> None:
        """A server says what its lane may be asked for."""
        self.at_hand = tuple({*self.at_hand, *prefixes})

    def look_at_lanes(self, now: float) -> None:
        """See to it that nobody waits long for the answer of a lane."""
        for server in self.servers.values():
            if server.lane is not None:
                server.lane.look(now)

    def _is_vital(self, target: bytes, owner: str) -> bool:
        """Whether it must be answered when nothing else is: health, the console's own people."""
        if target.startswith(_HEALTH):
            return True
        return target.startswith(self._vital) and bool(owner or not self.config.accounts)

    def _recognise(self, exchange: Exchange, now: float) -> str:
        """Whose request it is; what is not known is asked of the server."""
        if not self.config.accounts:
            return ""
        credential = credential_of(exchange.request.fields)
        owner = self._known.owner(credential, now) if credential else ""
        if not owner:
            exchange.credential = credential
        return owner

    def _wait(self, exchange: Exchange, owner: str, now: float) -> float:
        """Seconds that whoever asks must wait first."""
        if owner:
            return self._accounts.take(owner, now)
        if self.bounds.per_client is None and is_here(exchange.client):
            return 0.0
        return self._clients.take(exchange.client, now)


class _Nobody:
    """The sink of what is no request."""

    def _nothing(self, *_: Any, **__: Any) -> None:
        pass

    interim = begin = more = own = file = abort = done = hold_back = go_on = _nothing


_NOBODY: Any = _Nobody()
