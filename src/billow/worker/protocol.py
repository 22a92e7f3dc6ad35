"""How a worker's two processes talk: frames with a fixed head, and JSON where there is structure.

Four pipes connect them. *jobs* carries frames to the child. *tickets* carries a job's serial
number: the child takes one before it begins a job, and the parent can take back those that are
left. A read from a pipe goes to one reader only, so a job is either begun or taken back, never
both. *results* carries frames to the parent; each is written as soon as a job is done, so that it
outlives the child. *bell* tells the parent when it is worth looking, so that it does not wake up
for every single one of many short jobs.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

#: Length of the body, kind, serial number, and two times (UNIX seconds, where the kind has any).
HEAD = struct.Struct("<IBQdd")
TICKET = struct.Struct("<Q")

#: Bytes of the largest body.
MAX_BODY = 256 * 1024 * 1024

#: Frames to the child: a job (the last of a batch), a handler that is tried again.
JOB, LAST_JOB, FOLLOW_UP = 1, 2, 3
#: Frames to the parent: ready, or why not; a plain result; any other end of a try; how far a job
#: is; the child is worn out and begins no further job.
HELLO, FAULT, RESULT, ENDED, PROGRESS, WORN = 11, 12, 13, 14, 15, 16
KINDS = frozenset(
    {JOB, LAST_JOB, FOLLOW_UP, HELLO, FAULT, RESULT, ENDED, PROGRESS, WORN},
)


class Frame(NamedTuple):
    """A message. What the serial and the times mean depends on the kind."""

    kind: int
    serial: int = 0
    started: float = 0.0
    finished: float = 0.0
    body: bytes = b""

    def encode(self) -> bytes:
        """The frame as bytes for a pipe."""
        kind, serial, started, finished, body = self
        return HEAD.pack(len(body), kind, serial, started, finished) + body


class FrameReader:
    """Makes frames of bytes as they come."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        #: What came cannot be a frame; nothing after it can be read.
        self.lost = False

    @property
    def partial(self) -> bool:
        """Whether the beginning of a frame has come, and its end has not."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete now, up to what cannot be one."""
        buffer = self._buffer
        if not self.lost:
            buffer += data
        frames = []
        at, size, head = 0, len(buffer), HEAD.size
        while size - at >= head:
            length, kind, serial, started, finished = HEAD.unpack_from(buffer, at)
            if length > MAX_BODY or kind not in KINDS:
                self.lost = True
                break
            end = at + head + length
            if end > size:
                break
            frames.append(Frame(kind, serial, started, finished, bytes(buffer[at + head : end])))
            at = end
        del buffer[: size if self.lost else at]
        return frames
