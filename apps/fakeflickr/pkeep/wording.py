"""The datagrams: `ticket,imageid,size,instructions` asks, `ticket,answer` answers."""

from __future__ import annotations

from typing import NamedTuple

#: Bytes of a datagram that count.
PACKET = 1024
#: What a datagram begins with that asks pkeep to stop.
BYE = b"KTHXBYE"

#: Sizes with a meaning of their own: the original itself, and "forget what you have of it".
ORIGINAL = 0
FORGET = -1

EXPIRED = "expired"
NOTHING = "None"
OK = "ok"


class Request(NamedTuple):
    """What somebody asks for."""

    #: Comes back with the answer.
    ticket: int
    id: int
    #: Pixels of the longer edge, or one of the sizes above.
    size: int
    #: A line for each step; see `pictures.steps`.
    instructions: str


def read_request(packet: bytes) -> Request:
    """The request in a datagram. Only the first three commas divide; captions may hold more.

    Raises:
        ValueError: it is none.
    """
    parts = packet[:PACKET].decode("utf-8").split(",", 3)
    if len(parts) < 4:
        raise ValueError("a request is ticket,imageid,size,instructions")
    ticket, id_, size = (_number(part) for part in parts[:3])
    return Request(ticket, id_, size, parts[3].strip())


def answer(ticket: int, text: str) -> bytes:
    """The datagram that answers a request."""
    return f"{ticket},{text}".encode()


def _number(text: str) -> int:
    plain = text.strip()
    if not plain.removeprefix("-").isascii() or not plain.removeprefix("-").isdecimal():
        raise ValueError(f"{plain[:40]!r} is no number")
    if len(plain) > 19:
        raise ValueError("a number has 18 digits at most")
    return int(plain)
