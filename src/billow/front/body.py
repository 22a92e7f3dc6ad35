"""A request's body of HTTP/1 as it comes, in either framing."""

from __future__ import annotations

from billow.front.chunks import Chunks
from billow.front.head import NONE, Request
from billow.front.malformed import Malformed


class Body:
    """Cuts a body out of what comes.

    Args:
        request: whose it is.
        most: bytes that it may have.
    """

    def __init__(self, request: Request, most: int) -> None:
        self._left = request.length or 0
        self._chunks = Chunks() if request.chunked else None
        self._room = most

    def cut(self, data: bytes) -> tuple[bytes, bytes, bool]:
        """What of `data` belongs to the body, what follows it, and whether it is complete.

        Raises:
            Malformed: it is too large, or its chunks are none.
        """
        if self._chunks is None:
            piece, rest = data[: self._left], data[self._left :]
            self._left -= len(piece)
            return piece, rest, not self._left
        pieces, rest = self._chunks.feed(data)
        piece = b"".join(pieces)
        self._room -= len(piece)
        if self._room < 0:
            raise Malformed("the body is too large", 413)
        return piece, rest, self._chunks.over


#: The body of a request that has none.
NOTHING = Body(NONE, 0)
