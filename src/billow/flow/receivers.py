"""Breakers on the servers that webhooks go to: one for each endpoint, so that none delays another.

A worker cannot know beforehand whom a message is for, so the job itself looks at these. What its
tries show opens them and closes them again.
"""

from __future__ import annotations

import zlib
from contextlib import suppress

from billow.errors import NotFound
from billow.flow.breakers import Breaker, Breakers
from billow.home import Home

#: What their names begin with.
PREFIX = "webhook:"
#: How many may be open; beyond that, messages for others go on using up their tries.
MOST = 500
#: Seconds after the time to try again after which one is forgotten, because nothing is sent there.
IDLE = 86400.0
#: Seconds for which one keeps messages back without their using up tries.
PATIENCE = 86400.0
#: Seconds until it is looked at again while another message tries.
_SOON = 5.0


class Receivers:
    """The breakers of those that webhooks go to.

    Args:
        home: where they are.
        limit: seconds that a try may take.
    """

    def __init__(self, home: Home, limit: float = 60.0) -> None:
        self._home = home
        self._breakers = Breakers(home)
        self._limit = limit

    def all(self) -> list[Breaker]:
        """Those that are open, by name."""
        return [each for each in self._breakers.all() if is_receiver(each.name)]

    def by_endpoint(self) -> dict[str, Breaker]:
        """Those that are open, by the id of the endpoint."""
        return {each.name.rpartition("/")[2]: each for each in self.all()}

    def forget_idle(self) -> None:
        """Close those that nothing was sent to for a long time."""
        oldest = self._home.clock.now() - IDLE
        for breaker in self.all():
            if max(breaker.until, breaker.probe_until) < oldest:
                self._close(breaker.name, "nothing was sent there any more")

    def keeps_back(self, name: str, message: str) -> Breaker | None:
        """The open breaker that keeps a message back; None if it may be sent now.

        While it is open one message may at a time; `worked` or `failed` must be called then.
        """
        breaker = self._breakers.get(name)
        if breaker is None or self._breakers.claim(breaker, message, self._limit):
            return None
        return breaker

    def rest(self, breaker: Breaker, message: str) -> float:
        """Seconds after which a message looks again; they differ, so that not all come at once."""
        ahead = max(_SOON, breaker.until - self._home.clock.now())
        return ahead * (1 + zlib.crc32(message.encode()) / 2**32)

    def is_lost(self, breaker: Breaker) -> bool:
        """Whether messages have been kept back for so long that they use up tries again."""
        return self._home.clock.now() - breaker.opened >= PATIENCE

    def worked(self, name: str, message: str) -> None:
        """The server took a message: let all others go there."""
        breaker = self._breakers.get(name)
        if breaker is None:
            return
        if breaker.probe == message:
            self._breakers.settle(name, message, works=True)
            return
        self._close(name, "a message was taken")

    def failed(self, name: str, message: str, why: str, *, row: bool) -> None:
        """The server did not take a message; `row` if it has taken none of several in a row."""
        if self._breakers.get(name) is not None:
            self._breakers.settle(name, message, works=False, why=why)
        elif row and len(self.all()) < MOST:
            self._breakers.open(name, why)

    def _close(self, name: str, reason: str) -> None:
        with suppress(NotFound):  # somebody else was faster
            self._breakers.close(name, reason)


def name_of(label: str, endpoint: str) -> str:
    """The name of an endpoint's breaker, with the server's own in it for people."""
    return f"{PREFIX}{label}/{endpoint}"


def is_receiver(name: str) -> bool:
    """Whether a breaker is of one that webhooks go to."""
    return name.startswith(PREFIX)
