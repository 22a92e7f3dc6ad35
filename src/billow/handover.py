"""What the front and the web servers tell each other in headers that never leave the service."""

from __future__ import annotations

import re
from typing import NamedTuple

#: Front to server: who asks, under which id. Server to front: which file is the answer's body, and
#: whose session or token came with the request.
FRONT = "x-billow-front"
FILE = "x-billow-file"
KNOWN = "x-billow-known"

#: What the front asks servers for to see that they are well; any server answers it at once.
ALIVE = "/-/alive"

#: In the folder of the servers' sockets: what the front's and the servers' words are proved by.
TOKEN_FILE = "token"  # noqa: S105 - a file's name

_FILE = re.compile(r"([!-~]+) ([0-9]{1,18}) ([0-9]{1,18}) (.+)")


class Introduction(NamedTuple):
    """What the front tells a server with each request."""

    #: Known to this front and its servers only: proves that the front asks.
    token: str
    #: The request's id.
    id: str
    #: `http` or `https`, as the visitor uses it.
    scheme: str
    #: The visitor's network address.
    client: str
    #: `?` if the front wants to know whose session or token came along, else `-`.
    ask: str

    def encode(self) -> str:
        """As the header's value."""
        return " ".join(self)

    @classmethod
    def decode(cls, text: str) -> Introduction | None:
        """What a header says; None if it says nothing."""
        parts = text.split(" ")
        return cls(*parts) if len(parts) == 5 else None


class FilePart(NamedTuple):
    """Bytes of a file that the front is to send as an answer's body."""

    token: str
    start: int
    length: int
    path: str

    def encode(self) -> str:
        """As the header's value."""
        path = self.path.encode("unicode_escape").decode("ascii")
        return f"{self.token} {self.start} {self.length} {path}"

    @classmethod
    def decode(cls, text: str) -> FilePart | None:
        """What a header says; None if it says nothing."""
        found = _FILE.fullmatch(text)
        if found is None:
            return None
        token, start, length, path = found.groups()
        return cls(token, int(start), int(length), path.encode().decode("unicode_escape"))
