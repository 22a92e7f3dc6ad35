"""Who is served next, who waits, and who is refused: the queue before the servers.

Requests of the more important ranks come first. Within a rank the oldest comes first, unless who
comes last in such a line would wait too long: then the newest does, since its sender still waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from billow.front.pages import STARTING
from billow.front.servers import Server

#: Ranks: health and console; people who are logged in; everybody else.
VITAL, KNOWN, ANYBODY = 0, 1, 2

#: Seconds that the last in line may have to wait; beyond that the newest comes first.
LATE = 0.1

#: How much the latest of the times between two turns says about the next.
WEIGHT = 0.1

#: Requests above its limit that a server takes for the most important.
RESERVE = 2

#: Seconds that requests wait at most while there is no server at all.
RESTART = 3.0

_CROWDED = "more comes in than can be served; try again in a moment"


class Waiting(Protocol):
    """A request as the desk sees it."""

    rank: int
    arrived: float
    #: Whether it mostly waits in the server, so that it takes no turn of those that work.
    patient: bool
    #: Whether it asks for a file that a server has at hand, as far as its address tells.
    short: bool
    tried: set[str]

    def start(self, server: Server) -> None:
        """Go to a server."""

    def refuse(self, status: int, why: str) -> None:
        """Be answered at once."""


class Desk:
    """Gives requests to servers.

    Args:
        servers: those there are; the desk looks at them as they are at each moment.
        most: requests that wait at most.
        shed_after: seconds that one waits at most.
        now: the time, in seconds of any clock.
        shed: told why each refused request is refused, in a word.
    """

    def __init__(
        self,
        servers: Callable[[], Iterable[Server]],
        most: int,
        shed_after: float,
        now: Callable[[], float],
        shed: Callable[[str], None],
    ) -> None:
        self._servers = servers
        self._most = most
        self._shed_after = shed_after
        self._now = now
        self._shed = shed
        self._queues: tuple[deque[Waiting], ...] = (deque(), deque(), deque())
        #: When somebody who waited was served last, or began to wait; seconds between such turns.
        self._turn_at = now()
        self._pace = 0.0
        #: Requests that wait.
        self.waiting = 0
        #: Whether the least important never wait, and have half of each server at most.
        self.shedding = False

    def submit(self, request: Waiting) -> None:
        """Start a request, have it wait, or refuse it."""
        server = self._free(request)
        if server is not None and not self._before(request.rank):
            request.start(server)
            return
        if self.shedding and request.rank == ANYBODY:
            self._refuse(request, "shed")
            return
        if not self.waiting:
            self._turn_at = self._now()
        if self.waiting >= self._most and not self._make_room(request.rank):
            self._refuse(request, "full")
            return
        self._queues[request.rank].append(request)
        self.waiting += 1

    def again(self, request: Waiting) -> None:
        """Have a request whose server was lost be served elsewhere, before those that wait."""
        server = self._free(request)
        if server is not None:
            request.start(server)
            return
        if not self.waiting:
            self._turn_at = self._now()
        self._queues[request.rank].appendleft(request)
        self.waiting += 1

    def give_out(self) -> None:
        """Start what can be started; call it when a server has become free."""
        while self.waiting:
            queue = next(queue for queue in self._queues if queue)
            server = self._free(queue[0])
            if server is None:
                return
            self._take(queue).start(server)

    def forget(self, request: Waiting) -> None:
        """Its sender has gone."""
        queue = self._queues[request.rank]
        if request in queue:
            queue.remove(request)
            self.waiting -= 1

    def sweep(self) -> None:
        """Refuse those that have waited too long; call it a few times in that time."""
        now = self._now()
        limit, why = self._shed_after, "late"
        if not any(server.usable for server in self._servers()):
            limit, why = max(limit, RESTART), "starting"
        for queue in self._queues:
            while queue and now - queue[0].arrived > limit:  # the oldest stands first
                self.waiting -= 1
                self._refuse(queue.popleft(), why)

    def _take(self, queue: deque[Waiting]) -> Waiting:
        now = self._now()
        since = now - self._turn_at
        late = since > LATE or self.waiting * self._pace > LATE
        self._pace += WEIGHT * (since - self._pace)
        self._turn_at = now
        self.waiting -= 1
        return queue.pop() if late else queue.popleft()

    def _before(self, rank: int) -> bool:
        """Whether anybody waits who comes before a new request of `rank`."""
        return any(self._queues[: rank + 1])

    def _make_room(self, rank: int) -> bool:
        """Send away who has waited longest among the least important; not for less important."""
        for other in range(ANYBODY, rank - 1, -1):
            if self._queues[other]:
                gone = self._queues[other].popleft()
                self.waiting -= 1
                self._refuse(gone, "full")
                return True
        return False

    def _refuse(self, request: Waiting, why: str) -> None:
        self._shed(why)
        request.refuse(503, STARTING if why == "starting" else _CROWDED)

    def _free(self, request: Waiting) -> Server | None:
        """The server with least to do that may take one more; one not tried before if possible."""
        reserve = RESERVE if request.rank == VITAL else 0
        halved = self.shedding and request.rank == ANYBODY
        best: Server | None = None
        least: tuple[bool, bool, int, int] = (True, True, 0, 0)
        well = False
        for server in self._servers():
            if server.draining or server.stopped:
                continue
            well = well or not server.suspect
            patient = request.patient
            if not server.has_room(patient, -(server.limit.now // 2) if halved else reserve):
                continue
            work = server.patient if patient else server.out
            if server.gathered and request.short:
                work = -1  # to go along with others costs next to nothing
            order = server.suspect, server.id in request.tried, work, server.turn
            if best is None or order < least:
                best, least = server, order
        # A suspect gets something only if nobody is well, not if those who are have no room.
        return None if best is not None and best.suspect and well else best
