"""Sending a part of a file: in one write if it is small, else piece by piece."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable

from billow.handover import FilePart

#: Bytes up to which a file is sent in one write.
SMALL = 256 * 1024

#: Bytes of a piece of a larger one.
PIECE = 256 * 1024


def plain_socket(transport: asyncio.Transport) -> socket.socket | None:
    """The connection's own socket, to write to when the transport has nothing to write itself."""
    if transport.get_extra_info("ssl_object") is not None:
        return None
    made = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
    made.setblocking(False)
    return made


def send_directly(sock: socket.socket, head: bytes, fd: int, part: FilePart) -> int:
    """Send head and file without copying; returns how much of the two together was taken."""
    sent = 0
    with contextlib.suppress(BlockingIOError):
        sent = sock.send(head, socket.MSG_MORE)
        if sent == len(head):
            sent += os.sendfile(sock.fileno(), fd, part.start, part.length)
    return sent


def send_small(transport: asyncio.Transport, head: bytes, fd: int, part: FilePart) -> bool:
    """Send head and file in one write, and close the file; returns whether that was done."""
    if part.length > SMALL:
        return False
    data = os.pread(fd, part.length, part.start)
    if len(data) < part.length:
        return False
    os.close(fd)
    transport.writelines((head, data))
    return True


class Pieces:
    """A file on its way, as fast as it is taken.

    Args:
        transport: where it goes.
        fd: the file, which is closed in the end.
        part: what of it is sent.
        over: called at the end with whether all was sent.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        fd: int,
        part: FilePart,
        over: Callable[[bool], None],
    ) -> None:
        self._transport = transport
        self._fd = fd
        self._at = part.start
        self._end = part.start + part.length
        self._over = over
        self._high = transport.get_write_buffer_limits()[1]

    def go_on(self) -> None:
        """Send more, until there is enough on the way."""
        while self._fd >= 0:
            if self._at >= self._end:
                self._finish(complete=True)
                return
            if self._transport.is_closing():
                self._finish(complete=False)
                return
            if self._transport.get_write_buffer_size() > self._high:
                return  # `resume_writing` comes
            data = os.pread(self._fd, min(PIECE, self._end - self._at), self._at)
            if not data:
                self._finish(complete=False)
                return
            self._at += len(data)
            self._transport.write(data)

    def stop(self) -> None:
        """Send no more."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _finish(self, *, complete: bool) -> None:
        self.stop()
        self._over(complete)


def send_file(
    transport: asyncio.Transport,
    sock: socket.socket | None,
    head: bytes,
    fd: int,
    part: FilePart,
    over: Callable[[bool], None],
) -> Pieces | None:
    """Send head and file as far as that goes at once; returns what is left to do, if anything.

    Args:
        transport: the connection.
        sock: the same, to write to directly; None if that cannot be.
        head: the answer's head.
        fd: the file, which is closed in the end.
        part: what of it is sent.
        over: called at the end with whether all was sent.
    """
    sent = 0
    if sock is not None and not transport.get_write_buffer_size() and not transport.is_closing():
        try:
            sent = send_directly(sock, head, fd, part)
        except OSError:
            transport.abort()
    beyond = max(0, sent - len(head))
    if beyond == part.length:
        os.close(fd)
        over(True)
        return None
    head = head[sent:]
    part = part._replace(start=part.start + beyond, length=part.length - beyond)
    if send_small(transport, head, fd, part):
        over(True)
        return None
    if head:
        transport.write(head)
    return Pieces(transport, fd, part, over)
