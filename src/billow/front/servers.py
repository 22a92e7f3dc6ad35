"""The web servers as the front sees them: what each has to do, and its connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from billow.front.lane import Lane
from billow.front.limit import Limit
from billow.front.link import Link

if TYPE_CHECKING:
    from billow.front.exchange import Exchange

#: Requests of one server that only wait: event streams, long polls, large bodies.
MOST_PATIENT = 256

#: Connections without a request that are kept open to one server.
MOST_IDLE = 32


class Server:
    """One web server.

    Args:
        id: what the keeper calls it.
        address: its socket.
        pid: its process.
        in_flight: requests that it may have at most at the same time.
    """

    def __init__(self, id: str, address: str, pid: int, in_flight: int) -> None:
        self.id = id
        self.address = address
        self.pid = pid
        self.limit = Limit(in_flight)
        #: Whether it gets no more requests because it leaves.
        self.draining = False
        #: Whether it does not answer of late; whether it is known that it cannot.
        self.suspect = False
        self.stopped = False
        #: Requests that it works on, those that only wait there, and event streams among these.
        self.out = 0
        self.patient = 0
        self.streams = 0
        #: Requests that it has answered.
        self.answered = 0
        #: Counts the requests it was given, so that equals take turns.
        self.turn = 0
        self.exchanges: set[Exchange] = set()
        #: Where it is asked for files, None if it was not looked for; and the questions that are
        #: about to be asked there together.
        self.lane: Lane | None = None
        self.gathered = 0
        self._idle: list[Link] = []

    @property
    def usable(self) -> bool:
        """Whether it may get requests."""
        return not (self.draining or self.stopped)

    @property
    def done(self) -> bool:
        """Whether it has nothing left to do but streams, which it ends itself."""
        return self.out == 0 and self.patient <= self.streams

    def has_room(self, patient: bool, reserve: int) -> bool:
        """Whether one more request may be given to it."""
        if patient:
            return self.patient < MOST_PATIENT
        return self.out < self.limit.now + reserve

    def begin(self, exchange: Exchange) -> None:
        """It gets a request."""
        self.turn += 1
        self.exchanges.add(exchange)
        if exchange.patient:
            self.patient += 1
        else:
            self.out += 1

    def end(self, exchange: Exchange) -> None:
        """It is done with a request."""
        self.exchanges.discard(exchange)
        if exchange.patient:
            self.patient -= 1
            self.streams -= exchange.stream
        else:
            self.out -= 1

    def idle_link(self) -> Link | None:
        """A connection that is open and free."""
        while self._idle:
            link = self._idle.pop()
            if not link.closed:
                return link
        return None

    def keep(self, link: Link) -> None:
        """A connection is free again."""
        if self.draining or len(self._idle) >= MOST_IDLE:
            link.close()
        else:
            self._idle.append(link)

    def drop(self, link: Link) -> None:
        """A free connection has ended."""
        if link in self._idle:
            self._idle.remove(link)

    def close_idle(self) -> None:
        """Close all free connections."""
        idle, self._idle = self._idle, []
        for link in idle:
            link.close()

    async def dial(self) -> Link:
        """A new connection.

        Raises:
            OSError: it does not take any.
        """
        loop = asyncio.get_running_loop()
        _, link = await loop.create_unix_connection(lambda: Link(self), self.address)
        return link
