"""Is each server well? Asked several times a second, and looked up with the kernel.

A server that does not answer gets no requests while others do. What it has is given to others as
soon as the kernel says that the process is stopped. It is reported, to be replaced, once it has not
answered for as long as its kind of silence allows: a process that works may just be slow.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from billow.front.head import Answer, read_request
from billow.handover import ALIVE

if TYPE_CHECKING:
    from billow.front.house import House
    from billow.front.link import Link
    from billow.front.servers import Server

#: Seconds between two looks. A machine that slept for an hour has still only looked once.
TICK = 0.1

#: Looks without an answer after which a server gets no more requests.
SUSPECT = 3

#: Looks without an answer after which it is reported: if it is stopped or dead, if it does
#: nothing, if it waits for the disk, if it works.
STOPPED, STILL, DISK, WORKING = 3, 50, 100, 300

#: Looks between two questions: while requests come, and else.
OFTEN, SELDOM = 2, 10


class Probe:
    """Watches one server."""

    #: What `Link` asks of whatever it carries.
    raw = True
    sent_all = True

    def __init__(self, house: House, server: Server) -> None:
        self._house = house
        self._server = server
        self.request = read_request(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % ALIVE.encode())
        self._link: Link | None = None
        self._asked = False
        self._looks = 0
        self._cpu = -1
        #: Whether it was reported.
        self.reported = False

    def look(self, *, seldom: bool) -> str:
        """Look once; returns what is wrong with the server when it has become hopeless."""
        self._looks += 1
        if not self._asked:
            if self._looks >= (SELDOM if seldom else OFTEN):
                self._ask()
            return ""
        if self._looks < SUSPECT:
            return ""
        state, cpu = process(self._server.pid)
        works = cpu != self._cpu
        self._cpu = cpu
        self._server.suspect = True
        if state in "TtZX":
            self._abandon()
        allowed = _allowed(state, works)
        if self._looks < allowed or self.reported:
            return ""
        self.reported = True
        self._abandon()
        return f"has not answered for {self._looks * TICK:.1f} s (state {state})"

    def stop(self) -> None:
        """Watch no more."""
        if self._link is not None:
            self._link.abort()

    def _ask(self) -> None:
        self._asked = True
        self._looks = 0
        link = self._server.idle_link()
        if link is None:
            self._house.spawn(self._dial())
        else:
            self._send(link)

    async def _dial(self) -> None:
        try:
            self._send(await self._server.dial())
        except OSError:
            self.lost("")

    def _send(self, link: Link) -> None:
        self._link = link
        told = f"{self._house.config.token} - http - -"
        link.begin(self, self.request.encode(told.encode()))

    def _abandon(self) -> None:
        """Give everything that can be given to others to them."""
        if not self._server.stopped:
            self._server.stopped = True
            self._server.close_idle()
        for exchange in list(self._server.exchanges):
            exchange.leave_server()

    def interim(self, answer: Answer) -> None:
        """Nothing comes before the answer."""

    def begin(self, answer: Answer, body: bytes, *, over: bool) -> None:  # noqa: ARG002
        """It answers: it is well."""
        self._server.suspect = self._server.stopped = False

    def more(self, data: bytes, *, over: bool) -> None:
        """Nothing follows."""

    def finished(self) -> None:
        """Ask again later."""
        self._asked = False
        self._looks = 0
        self._link = None
        self._house.freed()

    def lost(self, why: str, *, again: bool = True) -> None:  # noqa: ARG002
        """It closed the connection; its end is the keeper's business, so just ask again."""
        self._asked = False
        self._looks = 0
        self._link = None

    def hold_back(self) -> None:
        """There is no body to hold back."""

    def go_on(self) -> None:
        """There is none to send."""


class Probes:
    """Watches all servers."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._probes: dict[str, Probe] = {}

    def look(self, *, seldom: bool) -> dict[str, str]:
        """Look at each once; returns what is wrong with those that have become hopeless."""
        servers = self._house.servers
        for gone in self._probes.keys() - servers.keys():
            self._probes.pop(gone).stop()
        hopeless: dict[str, str] = {}
        for name, server in servers.items():
            probe = self._probes.get(name) or Probe(self._house, server)
            self._probes[name] = probe
            if why := probe.look(seldom=seldom):
                hopeless[name] = why
        return hopeless


def process(pid: int) -> tuple[str, int]:
    """A process's state, in the kernel's letters, and its processor time in ticks."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[0], int(fields[11]) + int(fields[12])
    except (OSError, IndexError, ValueError):
        return "X", 0


def _allowed(state: str, works: bool) -> int:
    if state in "TtZX":
        return STOPPED
    if works or state == "R":
        return WORKING
    return DISK if state == "D" else STILL
