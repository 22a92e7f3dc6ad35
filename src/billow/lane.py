"""The short lane between the front and a web server: questions whose answer is a file at hand.

Beside the connections that speak HTTP there is one for each server over which the front asks in
short messages, a few questions in each, and the server names the files to send. What it cannot
answer like this it declines; the request then goes the ordinary way. Both ends are Billow's own, in
a folder that nobody else can enter, and the front shows its token first.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

#: In the folder of the servers' sockets, a server's lane is called after it.
ENDING = ".lane"

#: Bytes of one message at most.
LONGEST = 128 * 1024

#: Number, status, first byte and bytes of the file, when it was changed; lengths of its path and of
#: whose request it is.
_HEAD = struct.Struct(">IHQQQHH")
_NOT_SAID = 0xFFFF


@lru_cache(1000)
def encode_party(scheme: str, client: str, ask: str, lines: bytes) -> bytes:
    """An encoded `Party`, made once for all of its questions."""
    return Party(scheme, client, ask, lines).encode()


class Party(NamedTuple):
    """Who asks, and how: the same for most of what a browser asks, so that it is read once."""

    #: `http` or `https`, the visitor's address, and `?` if the front wants to know whose session or
    #: token came along, else `-`.
    scheme: str
    client: str
    ask: str
    #: The request's header lines, as the front read them, with CR LF between them.
    lines: bytes

    def encode(self) -> bytes:
        """As a part of a question."""
        told = f"{self.scheme} {self.client} {self.ask}\r\n"
        return told.encode("latin-1") + self.lines

    @classmethod
    def decode(cls, told: bytes) -> Party:
        """What `encode` made.

        Raises:
            ValueError: nothing.
        """
        first, _, lines = told.partition(b"\r\n")
        scheme, client, ask = first.decode("latin-1").split(" ")
        return cls(scheme, client, ask, lines)


class Question(NamedTuple):
    """A GET without a body."""

    #: By which the answer names it.
    number: int
    #: The request's id.
    id: str
    target: bytes
    #: An encoded `Party`.
    party: bytes

    def encode(self) -> bytes:
        """As a message."""
        number = self.number.to_bytes(4, "big")
        return b"%b%b %b\r\n%b" % (number, self.id.encode("latin-1"), self.target, self.party)

    @classmethod
    def decode(cls, message: bytes) -> Question:
        """What a message asks.

        Raises:
            ValueError: nothing.
        """
        first, end, party = message[4:].partition(b"\r\n")
        name, space, target = first.partition(b" ")
        if not (end and space):
            raise ValueError("no question")
        return cls(int.from_bytes(message[:4], "big"), name.decode("latin-1"), target, party)


class Named(NamedTuple):
    """An answer: which bytes of which file are sent, and with what head."""

    number: int
    #: 0 declines.
    status: int
    start: int = 0
    length: int = 0
    #: When the file was last changed, ns since 1970, so that no other is sent in its place.
    changed: int = 0
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
        fixed = _HEAD.pack(*self[:5], len(path), length)
        return b"%b%b%b%b" % (fixed, path, known, self.head)

    @classmethod
    def decode(cls, message: bytes) -> Named:
        """What a message answers.

        Raises:
            ValueError: nothing.
        """
        try:
            number, status, start, length, changed, to_path, to_known = _HEAD.unpack_from(message)
        except struct.error:
            raise ValueError("no answer") from None
        at = _HEAD.size + to_path
        path = message[_HEAD.size : at].decode("utf-8", "surrogateescape")
        known = None
        if to_known != _NOT_SAID:
            known = message[at : at + to_known].decode("latin-1")
            at += to_known
        return cls(number, status, start, length, changed, path, known, message[at:])


def pack(parts: Iterable[bytes]) -> bytes:
    """Several questions, or several answers, as one message."""
    return b"".join([b"%b%b" % (len(part).to_bytes(4, "big"), part) for part in parts])


def unpack(message: bytes) -> list[bytes]:
    """What `pack` took.

    Raises:
        ValueError: nothing.
    """
    parts, at, end = [], 0, len(message)
    while at < end:
        begin = at + 4
        at = begin + int.from_bytes(message[at:begin], "big")
        parts.append(message[begin:at])
    if at > end:
        raise ValueError("a message that is cut off")
    return parts


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
