"""One request to a server nobody vouches for: pinned address, no redirects, bounded time."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from billow.errors import BadInput
from billow.webhooks.address import Lookup, Target, resolve

#: Seconds for everything: finding, connecting, sending, and the answer.
TIMEOUT = 15.0
#: Bytes of an answer's body that are read, so that the server sees a polite end; they are dropped.
_READ = 4096


class Answer(NamedTuple):
    """What came of a request. `status` is None if no answer came."""

    status: int | None
    #: In words, and without anything the server said.
    reason: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the server took it."""
        return self.status is not None and 200 <= self.status < 300


class Poster:
    """Sends requests.

    Args:
        local: whether this machine itself may be called, for development.
        timeout: seconds for the whole of a request.
        lookup: finds addresses of a name.
        context: which certificates count; the machine's if not given.
        now: the time that messages are signed with, UNIX seconds; receivers compare it.
    """

    def __init__(
        self,
        local: bool = False,
        timeout: float = TIMEOUT,
        lookup: Lookup = socket.getaddrinfo,
        context: ssl.SSLContext | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.local = local
        self.now = now
        self._timeout = timeout
        self._lookup = lookup
        self._context = context

    def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send `body`; whatever goes wrong is in the answer."""
        began = time.monotonic()
        status, reason = self._post(target, headers, body, began + self._timeout)
        return Answer(status, reason, time.monotonic() - began)

    def _post(
        self, target: Target, headers: Mapping[str, str], body: bytes, deadline: float
    ) -> tuple[int | None, str]:
        try:
            addresses = resolve(target, self.local, self._lookup)
            raw = _connect(addresses, target.port, deadline)
        except BadInput as problem:
            return None, problem.detail
        except OSError as problem:
            return None, f"cannot connect: {_words(problem)}"
        with _Watch(raw, deadline) as watch:
            try:
                if target.tls:
                    watch.sock = secured = _wrap(raw, target.host, self._context)
                    secured.do_handshake()
                status = _exchange(watch, target, headers, body)
            except (OSError, http.client.HTTPException, ValueError) as problem:
                late = watch.fired or isinstance(problem, TimeoutError)
                why = f"no answer in {self._timeout:g} s" if late else _words(problem)
                return None, why
        return status, _meaning(status)


class _Watch:
    """Ends a connection at the deadline, however slowly the other side trickles."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self.sock = sock
        self.fired = False
        self._timer = threading.Timer(max(0.0, deadline - time.monotonic()), self._fire)
        self._timer.daemon = True

    def _fire(self) -> None:
        self.fired = True
        try:
            # Past ssl's own shutdown, which would pull the session from under the other thread.
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
        except OSError:
            return  # it is closed already

    def __enter__(self) -> _Watch:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        self.sock.close()


def _connect(addresses: Sequence[str], port: int, deadline: float) -> socket.socket:
    """A connection to the first address that takes one; to no other than these."""
    last: OSError = TimeoutError("no time left")
    for address in addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            return socket.create_connection((address, port), left)
        except OSError as problem:
            last = problem
    raise last


def _wrap(raw: socket.socket, host: str, context: ssl.SSLContext | None) -> ssl.SSLSocket:
    """TLS on the connection; the certificate must be the host's, whatever the address."""
    chosen = context or ssl.create_default_context()
    return chosen.wrap_socket(raw, server_hostname=host, do_handshake_on_connect=False)


def _exchange(watch: _Watch, target: Target, headers: Mapping[str, str], body: bytes) -> int:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = watch.sock
    connection.request(
        "POST",
        target.path,
        body,
        {"Host": target.label, "Connection": "close", "Accept-Encoding": "identity", **headers},
    )
    with connection.getresponse() as response:
        if watch.fired:  # it takes headers that were cut off for all there are
            raise TimeoutError
        with contextlib.suppress(OSError, http.client.HTTPException):
            response.read(_READ)  # the status is all that counts
        return response.status


def _meaning(status: int) -> str:
    if 200 <= status < 300:
        return "taken"
    if 300 <= status < 400:
        return f"answered {status}; redirects are not followed"
    return f"answered {status}"


def _words(problem: BaseException) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"the certificate is not good: {problem.verify_message}"
    if isinstance(problem, ssl.SSLError):
        return "TLS failed"
    if isinstance(problem, OSError):
        return problem.strerror or type(problem).__name__
    return f"not HTTP ({type(problem).__name__})"
