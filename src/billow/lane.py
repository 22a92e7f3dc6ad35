"""The short lane between the front and a web server: questions whose answer is a file at hand.

Beside the connections that speak HTTP there is one for each server over which the front asks in
short messages, any number of them at the same time, and the server names the file to send. What
it cannot answer like this it declines; the request then goes the ordinary way. Both ends are
Billow's own, in a folder that nobody else can enter, and the front shows its token first.
"""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

#: In the folder of the servers' sockets, a server's lane is called after it.
ENDING = ".lane"

#: Bytes of one message at most.
LONGEST = 128 * 1024

#: Number, status, first byte and bytes of the file; lengths of its path and of whose request it is.
_HEAD = struct.Struct(">IHQQHH")
_NOT_SAID = 0xFFFF


class Question(NamedTuple):
    """A GET without a body."""

    #: By which the answer names it.
    number: int
    #: The request's id, `http` or `https`, the visitor's address, and `?` if the front wants to
    #: know whose session or token came along, else `-`.
    id: str
    scheme: str
    client: str
    ask: str
    target: bytes
    #: Its header lines, as the front read them.
    lines: list[bytes]

    def encode(self) -> bytes:
        """As a message."""
        told = f"{self.id} {self.scheme} {self.client} {self.ask} ".encode("latin-1")
        return b"%b%b%b\r\n%b" % (
            self.number.to_bytes(4, "big"),
            told,
            self.target,
            b"\r\n".join(self.lines),
        )

    @classmethod
    def decode(cls, message: bytes) -> Question:
        """What a message asks.

        Raises:
            ValueError: nothing.
        """
        first, _, rest = message[4:].partition(b"\r\n")
        told, _, target = first.rpartition(b" ")
        name, scheme, client, ask = told.decode("latin-1").split(" ")
        number = int.from_bytes(message[:4], "big")
        return cls(number, name, scheme, client, ask, target, rest.split(b"\r\n"))


class Named(NamedTuple):
    """An answer: which bytes of which file are sent, and with what head."""

    number: int
    #: 0 declines.
    status: int
    start: int = 0
    length: int = 0
    path: str = ""
    #: Whose session or token came along, "" for nobody's; None if that was not asked.
    known: str | None = None
    #: Status line and header lines, each with its end.
    head: bytes = b""

    def encode(self) -> bytes:
        """As a message."""
        path = self.path.encode("utf-8", "surrogateescape")
        known = b"" if self.known is None else self.known.encode("latin-1")
        length = _NOT_SAID if self.known is None else len(known)
        fixed = _HEAD.pack(self.number, self.status, self.start, self.length, len(path), length)
        return b"%b%b%b%b" % (fixed, path, known, self.head)

    @classmethod
    def decode(cls, message: bytes) -> Named:
        """What a message answers.

        Raises:
            ValueError: nothing.
        """
        try:
            number, status, start, length, to_path, to_known = _HEAD.unpack_from(message)
        except struct.error:
            raise ValueError("no answer") from None
        at = _HEAD.size + to_path
        path = message[_HEAD.size : at].decode("utf-8", "surrogateescape")
        if to_known == _NOT_SAID:
            return cls(number, status, start, length, path, None, message[at:])
        known = message[at : at + to_known].decode("latin-1")
        return cls(number, status, start, length, path, known, message[at + to_known :])


def encode_hello(prefixes: tuple[str, ...]) -> bytes:
    """The server's first message: what the targets begin with that may be asked for."""
    return " ".join(prefixes).encode()


def decode_hello(message: bytes) -> tuple[bytes, ...]:
    """What `encode_hello` made."""
    return tuple(message.split())


def make_socket() -> socket.socket:
    """A socket that keeps messages apart, in order, and tells when the other end is gone."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
    made.setblocking(False)
    return made
