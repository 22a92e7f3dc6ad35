"""The design with one owner of the file: group commit behind a socket.

Frames are JSON with their length in front. A producer sends `["add", arguments]` and gets job
numbers; a consumer sends `["work", name, count, results]` and gets jobs, when there are any.
"""

from __future__ import annotations

import json
import selectors
import socket
import struct
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.jobs.limit_store import Done, Store, batches, run

#: Requests that a producer has under way at a time.
WINDOW = 4

_LENGTH = struct.Struct("<I")


class Line:
    """One end of a connection: whole frames in, whole frames out."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._bytes = bytearray()
        self._frames: deque[Any] = deque()

    def fileno(self) -> int:
        """For selectors."""
        return self._socket.fileno()

    def send(self, frame: Any) -> None:
        """Send one frame."""
        data = json.dumps(frame).encode()
        self._socket.sendall(_LENGTH.pack(len(data)) + data)

    def arrived(self) -> Iterator[Any]:
        """The frames completed by one read; raises EOFError when the other end is gone."""
        data = self._socket.recv(1 << 18)
        if not data:
            raise EOFError
        self._bytes += data
        start = 0
        while len(self._bytes) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._bytes, start)
            end = start + _LENGTH.size + length
            if len(self._bytes) < end:
                break
            yield json.loads(self._bytes[start + _LENGTH.size : end])
            start = end
        del self._bytes[:start]

    def receive(self) -> Any:
        """Wait for one frame."""
        while not self._frames:
            self._frames.extend(self.arrived())
        return self._frames.popleft()


class Owner:
    """The only process that writes. Whatever arrived during a commit shares the next one."""

    def __init__(self, folder: Path, stored: Any) -> None:
        self._store = Store(folder / "limit.db")
        self._stored = stored
        #: Consumers that wait for jobs: line, name, count.
        self._waiting: deque[tuple[Line, int, int]] = deque()

    def handle(self, requests: list[tuple[Line, Any]]) -> None:
        """One transaction for all requests; the answers go out when it is on the disk."""
        answers: list[tuple[Line, Any]] = []
        finished = 0
        with self._store.transaction():
            for line, request in requests:
                if request[0] == "add":
                    answers.append((line, self._store.add(request[1])))
                else:
                    _, name, count, results = request
                    self._store.finish(results, name)
                    finished += len(results)
                    self._waiting.append((line, name, count))
            answers += self._hand_out()
        self._stored.value += finished
        for line, answer in answers:
            line.send(answer)

    def _hand_out(self) -> Iterator[tuple[Line, Any]]:
        while self._waiting:
            line, name, count = self._waiting[0]
            taken = self._store.take(count, name)
            if not taken:
                return
            self._waiting.popleft()
            yield line, taken


def serve(folder: Path, ready: Any, stored: Any) -> None:
    """Own the file until killed. `stored` counts the results that are on the disk."""
    owner = Owner(folder, stored)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "socket"))
    listener.listen()
    lines = selectors.DefaultSelector()
    lines.register(listener, selectors.EVENT_READ)
    ready.set()
    while True:
        requests: list[tuple[Line, Any]] = []
        for key, _ in lines.select():
            if isinstance(key.fileobj, Line):
                try:
                    requests += [(key.fileobj, frame) for frame in key.fileobj.arrived()]
                except EOFError:
                    lines.unregister(key.fileobj)
            else:
                lines.register(Line(listener.accept()[0]), selectors.EVENT_READ)
        if requests:
            owner.handle(requests)


def produce(folder: Path, batch: int, jobs: int) -> None:
    """Insert jobs with a few requests under way at a time."""
    line = _connect(folder)
    under_way = 0
    for arguments in batches(batch, jobs):
        line.send(["add", arguments])
        under_way += 1
        if under_way == WINDOW:
            line.receive()
            under_way -= 1
    for _ in range(under_way):
        line.receive()


def consume(folder: Path, batch: int, name: int) -> None:
    """Work until killed; the next batch is fetched while one is worked on."""
    line = _connect(folder)
    line.send(["work", name, batch, []])
    done: list[Done] = []
    while True:
        line.send(["work", name, batch, done])
        done = [(job, run(given)) for job, given in line.receive()]


def _connect(folder: Path) -> Line:
    end = socket.socket(socket.AF_UNIX)
    end.connect(str(folder / "socket"))
    return Line(end)
