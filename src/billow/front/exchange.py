"""One request and its answer, on the way between a visitor and a web server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billow.front.chunks import LAST, chunk
from billow.front.desk import ANYBODY
from billow.front.head import Answer, Request
from billow.front.sink import Sink
from billow.handover import FilePart

if TYPE_CHECKING:
    from billow.front.house import House
    from billow.front.link import Link
    from billow.front.servers import Server

#: Servers that a request is given to at most, one after the other.
TRIES = 4

#: Bytes of a body that are kept while there is no server to send them to.
KEPT = 256 * 1024

#: The status that the log has for a request whose visitor left before it was answered.
LEFT = 499


class Exchange:
    """A request on its way.

    Args:
        house: the front as a whole.
        sink: where the answer goes.
        request: what is asked.
        id: its name in all logs.
        client: the visitor's address.
        scheme: `http` or `https`.
    """

    __slots__ = (
        "_file",
        "_house",
        "_link",
        "_pending",
        "_sent",
        "answered",
        "arrived",
        "bytes",
        "client",
        "credential",
        "id",
        "number",
        "over",
        "patient",
        "rank",
        "raw",
        "request",
        "scheme",
        "sent_all",
        "server",
        "server_name",
        "short",
        "sink",
        "started",
        "status",
        "stream",
        "taken",
        "tried",
    )

    def __init__(
        self, house: House, sink: Sink, request: Request, id: str, client: str, scheme: str
    ) -> None:
        self._house = house
        self.sink = sink
        self.request = request
        self.id = id
        self.client = client
        self.scheme = scheme
        self.rank = ANYBODY
        #: The session or token that came with it, if no server has recognised it of late.
        self.credential = b""
        self.arrived = house.now()
        self.started = self.arrived
        self.tried: set[str] = set()
        self.server: Server | None = None
        #: The server that had it last.
        self.server_name = ""
        self._link: Link | None = None
        #: What it is called on the server's lane.
        self.number = 0
        self._file = False
        #: What of the body no server was there for.
        self._pending: list[bytes] = []
        #: Whether anything reached a server, and whether the whole request did.
        self._sent = False
        self.sent_all = not request.has_body
        #: Whether the visitor takes chunks as the server made them.
        self.raw = request.minor == 1
        #: Whether it waits in the server rather than gives it work.
        self.patient = request.waits or request.length is None or b"wait" in request.target
        #: Whether it asks for a file that a server may have at hand.
        self.short = not self.patient and request.target.startswith(house.at_hand)
        self.stream = False
        self.answered = False
        self.over = False
        #: For the log: status, bytes of the body, seconds until the answer began.
        self.status = LEFT
        self.bytes = 0
        self.taken: float | None = None

    def start(self, server: Server) -> None:
        """Go to a server."""
        self.server = server
        self.started = self._house.now()
        self.server_name = server.id
        self.tried.add(server.id)
        server.begin(self)
        if server.lane is not None and server.lane.ask(self):
            self._sent = True
        else:
            self.by_link(server)

    def by_link(self, server: Server) -> None:
        """Go by a connection that speaks HTTP."""
        link = server.idle_link()
        if link is not None:
            self._attach(link)
        else:
            self._house.spawn(self._dial(server))

    async def _dial(self, server: Server) -> None:
        try:
            link = await server.dial()
        except OSError:
            if self.server is server and self._link is None:
                self.lost("the server takes no connections")
            return
        if self.server is server and self._link is None and not link.closed:
            self._attach(link)
        else:
            server.keep(link)

    def _attach(self, link: Link) -> None:
        self._link = link
        link.begin(self, self.request.encode(self._house.introduce(self)))
        if self.sent_all or not self.request.has_body:
            self._sent = True
        if self._pending:
            pieces, self._pending = self._pending, []
            self._sent = True
            link.write(b"".join(pieces))
            self.sink.go_on()

    def feed(self, data: bytes, *, over: bool) -> None:
        """A piece of the request's body has come."""
        if self.over:
            return
        if self.request.chunked or self.request.length is None:
            data = (chunk(data) if data else b"") + (LAST if over else b"")
        self.sent_all = over
        if self._link is not None:
            self._sent = True
            self._link.write(data)
            return
        self._pending.append(data)
        if sum(map(len, self._pending)) > KEPT:
            self.sink.hold_back()

    def hold_back(self) -> None:
        """The server takes the body slower than it comes."""
        self.sink.hold_back()

    def go_on(self) -> None:
        """The server takes more of it."""
        self.sink.go_on()

    def pause(self) -> None:
        """The visitor takes the answer slower than it comes."""
        if self._link is not None:
            self._link.pause()

    def resume(self) -> None:
        """The visitor takes more of it."""
        if self._link is not None:
            self._link.resume()

    def interim(self, answer: Answer) -> None:
        """The server has something to say before the answer."""
        if answer.status == 100:
            self.sink.interim(answer)

    def answered_by(self, answer: Answer) -> None:
        """Note that the answer begins."""
        server = self.server
        assert server is not None
        self.answered = True
        self.status = answer.status
        self.taken = self._house.now() - self.started
        server.answered += 1
        if not self.patient:
            server.limit.note(self.taken, server.out, self._house.now())
        if self.credential and answer.known is not None:
            self._house.learn(self.credential, answer.known)
        if answer.stream and not self.stream:
            server.end(self)
            self.patient = True
            server.begin(self)
            self.stream = True
            server.streams += 1
            self._house.freed()

    def begin(self, answer: Answer, body: bytes, *, over: bool) -> None:
        """The answer's head has come, and the beginning of its body."""
        self.answered_by(answer)
        if answer.file is not None:
            self._begin_file(answer)
            return
        self.bytes += len(body)
        self.sink.begin(answer, body, over=over)

    def named(self, answer: Answer, part: FilePart | None, changed: int) -> None:
        """The server has said, by its lane, which file is the answer's body, if there is one.

        Args:
            answer: its head.
            part: what of which file.
            changed: when that was last changed, as the server knows it.
        """
        fd = None if part is None else self._house.files.open(part, changed)
        if fd is None and part is not None:  # not there any more, or another
            assert self.server is not None
            self.by_link(self.server)
            return
        self.answered_by(answer)
        if fd is None or part is None:
            self.sink.begin(answer, b"", over=True)
        else:
            self._send(answer, fd, part)
        self.finished()

    def more(self, data: bytes, *, over: bool) -> None:
        """More of the answer's body has come."""
        self.bytes += len(data)
        self.sink.more(data, over=over)

    def finished(self) -> None:
        """The server is done with the request."""
        self._release()
        if not self._file and not self.over:
            self._close()
            self.sink.done()

    def file_over(self, *, complete: bool) -> None:
        """The file that is the answer has been sent, or cannot be."""
        self._file = False
        if not complete:
            self._close()
            self.sink.abort()
        elif self.server is None:
            self._close()
            self.sink.done()

    def lost(self, why: str, *, again: bool = True) -> None:
        """The server will not complete the answer."""
        self._link = None
        self._release()
        if self.over:
            return
        if self.answered:
            self._close()
            self.sink.abort()
        elif again and self._may_go_again:
            self._house.retried(self)
        else:
            self.refuse(502, f"{why}; whether it did what was asked is not known")

    def leave_server(self, status: int = 0, why: str = "") -> None:
        """Give the server up: go to another, if that does no harm, or answer with `status`."""
        if self.answered or not (status or self._may_go_again):
            return
        self._cut()
        if status:
            self._release()
            self.refuse(status, why)
        else:
            self.lost("the server does not answer")

    @property
    def _may_go_again(self) -> bool:
        return len(self.tried) < TRIES and (self.request.repeatable or not self._sent)

    def gone(self) -> None:
        """The visitor has left."""
        if self.over:
            return
        if self.server is None and not self._file:
            self._house.desk.forget(self)
        self._cut()
        self._release()
        self._close()

    def refuse(self, status: int, why: str, retry_after: int = 1) -> None:
        """Answer for the server."""
        self.status = status
        headers, body = self._house.page(self, status, why, retry_after)
        self.bytes = len(body)
        self._close()
        self.sink.own(status, headers, body)

    def _begin_file(self, answer: Answer) -> None:
        part = FilePart.decode((answer.file or b"").decode("latin-1"))
        if part is not None:
            answer.set_length(part.length)
        fd = self._house.files.open(part) if part is not None else None
        if part is None or fd is None:
            self._close()
            headers, body = self._house.page(self, 502, "the server named no file to send", 0)
            self.status = 502
            self.sink.own(502, headers, body)
        else:
            self._send(answer, fd, part)

    def _send(self, answer: Answer, fd: int, part: FilePart) -> None:
        self._file = True
        self.bytes = part.length
        self.sink.file(answer, fd, part)

    def _cut(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.abort()
        elif self.server is not None and self.server.lane is not None:
            self.server.lane.forget(self)

    def _release(self) -> None:
        server, self.server = self.server, None
        self._link = None
        if server is not None:
            server.end(self)
            self._house.freed()

    def _close(self) -> None:
        if not self.over:
            self.over = True
            self._house.over(self)
