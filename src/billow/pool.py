"""What an author says about the web servers: how many, what decides it, and what protects them."""

from __future__ import annotations

from dataclasses import dataclass, field

from billow.errors import DeclarationError
from billow.fleet.policy import Policy
from billow.fleet.tracking import TargetTracking
from billow.options import Fleet
from billow.units import Duration, KiB, MiB, Rate, per_second, seconds

#: What the pool is called among the fleets; no function of an app with a pool has this name.
NAME = "web"

#: Sizes that must at least be allowed: smaller ones would refuse honest browsers.
_LEAST_HEAD = 1 * KiB
_LEAST_MEMORY = 64 * MiB


@dataclass(frozen=True, slots=True)
class Web:
    """A pool of web servers behind one front, which shares out, tries again, and sheds load.

    Raises:
        DeclarationError: a value is impossible.
    """

    #: Servers at least and at most, and the policy that decides; see billow.TargetTracking.
    min: int = 1
    max: int = 4
    scale: Policy = field(default_factory=TargetTracking)
    #: A request that waited this long for a free server is refused with 503.
    shed_after: Duration = "250 ms"
    #: Requests that wait at most; further ones are refused at once.
    queue: int = 512
    #: Requests that one server has at the same time at most; adapted downwards to its latency.
    in_flight: int = 16
    #: A server that occupies more memory (bytes), or is older, is replaced in good order.
    memory: int | None = 512 * MiB
    age: Duration | None = None
    #: Requests of one address, and of one session or token. If `per_client` is not given, it is
    #: 100/s, and this machine's own programs are not limited.
    per_client: Rate | None = None
    per_account: Rate = "100/s"
    #: Connections, all together and of one address; the latter not for this machine's own.
    connections: int = 2048
    connections_per_client: int = 128
    #: Bytes of a request's line and headers; of its body (None: what the functions accept).
    head: int = 32 * KiB
    body: int | None = None
    #: How long a client may take to send line and headers, and to be idle between requests.
    head_time: Duration = "10 s"
    idle: Duration = "30 s"
    #: Bytes a second that a client must send or take on average, after the first 10 s.
    slowest: int = 1 * KiB
    #: How long a server may take to begin its answer.
    answer_time: Duration = "2 min"
    #: How long a server that leaves may take to finish what it has.
    drain: Duration = "30 s"

    def __post_init__(self) -> None:
        if self.min < 1:
            raise DeclarationError(f"Web(min={self.min}): at least 1 server")
        Fleet(min=self.min, max=self.max)
        for name in ("shed_after", "head_time", "idle", "answer_time", "drain"):
            if seconds(getattr(self, name)) <= 0:
                raise DeclarationError(f"Web({name}=...): must be longer than 0 s")
        for name in ("queue", "in_flight", "connections", "connections_per_client", "slowest"):
            if getattr(self, name) < 1:
                raise DeclarationError(f"Web({name}={getattr(self, name)}): at least 1")
        for rate in (self.per_account, 1 if self.per_client is None else self.per_client):
            per_second(rate)
        if self.age is not None and seconds(self.age) <= 0:
            raise DeclarationError("Web(age=...): must be longer than 0 s")
        if self.memory is not None and self.memory < _LEAST_MEMORY:
            raise DeclarationError("Web(memory=...): a server itself needs 64 MiB")
        if self.head < _LEAST_HEAD:
            raise DeclarationError("Web(head=...): at least 1 KiB")

    @property
    def fleet(self) -> Fleet:
        """Its bounds and its policy."""
        return Fleet(min=self.min, max=self.max, scale=self.scale)


class Pool:
    """An app's `web`: call it to declare the pool of its web servers."""

    def __init__(self) -> None:
        #: What was declared; None: one server and no front.
        self.options: Web | None = None

    def __call__(self, web: Web) -> None:
        """Declare the pool.

        Raises:
            DeclarationError: it was declared before.
        """
        if self.options is not None:
            raise DeclarationError("app.web(...): once")
        self.options = web
