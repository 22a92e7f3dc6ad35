"""What is around the service in a drill: a mail server, a service it calls, a person's phone."""

from __future__ import annotations

import json
import re
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple, cast

_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


class _Dead:
    """A server on this machine that can be dead for a while; at first it is.

    Its port is kept all the time, so that nobody else can get it.
    """

    def __init__(self, server: socketserver.TCPServer) -> None:
        self._server = server
        server.server_bind()  # not listening: connections are refused
        self.port: int = server.server_address[1]
        self._thread: threading.Thread | None = None

    def revive(self) -> None:
        """Serve from now on."""
        self._server.server_activate()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        """End it."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class MailServer(_Dead):
    """A mail server."""

    def __init__(self) -> None:
        self._smtp = _Smtp(("127.0.0.1", 0), _Conversation, bind_and_activate=False)
        super().__init__(self._smtp)

    @property
    def letters(self) -> list[str]:
        """The Message-IDs of the letters that it took, in order."""
        return list(self._smtp.letters)


class Oracle(_Dead):
    """A service that is called: it says a byte to whoever connects."""

    def __init__(self) -> None:
        where = ("127.0.0.1", 0)
        super().__init__(socketserver.ThreadingTCPServer(where, _Saying, bind_and_activate=False))


class _Saying(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(b"!")


class _Smtp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    letters: list[str]

    def server_bind(self) -> None:
        self.letters = []
        super().server_bind()


class _Conversation(socketserver.StreamRequestHandler):
    """As much of SMTP as one letter after the other needs."""

    timeout = 30

    def handle(self) -> None:
        self._say("220 drill")
        while line := self.rfile.readline():
            word = line.strip().upper()[:4]
            if word == b"DATA":
                self._say("354 go on")
                self._take()
            self._say("221 bye" if word == b"QUIT" else "250 ok")
            if word == b"QUIT":
                return

    def _take(self) -> None:
        letter = b""
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            letter += line
        found = _ID.search(letter)
        cast("_Smtp", self.server).letters.append(found[1].decode() if found else "")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class Page(NamedTuple):
    """A message to a person: its id, the incident it is about, and what that is called by."""

    id: str
    incident: int
    key: str


class Phone:
    """Takes the messages to a person, by webhook."""

    def __init__(self) -> None:
        self._server = _Http(("127.0.0.1", 0), _Ring)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def pages(self) -> list[Page]:
        """The pages that came; a page that came twice under one id counts once."""
        return list({page.id: page for page in self._server.pages}.values())

    def close(self) -> None:
        """Switch it off."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *where: object) -> None:
        super().__init__(*where)  # type: ignore[arg-type]
        self.pages: list[Page] = []


class _Ring(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if said["type"] == "incident.page":
            cast("_Http", self.server).pages += [
                Page(f"{self.headers['webhook-id']} {each['number']}", each["number"], each["key"])
                for each in said["incidents"]
            ]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""
