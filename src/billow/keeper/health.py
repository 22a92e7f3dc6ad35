"""Is the one web server of a service without a pool well? Asked every second or so."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable

from billow.front.probes import process
from billow.handover import ALIVE
from billow.keeper.supervised import Supervised

#: Seconds between two looks. A machine that slept for an hour has still only looked once.
LOOK = 0.5

#: Looks without an answer after which it is replaced: if it is stopped, if it does nothing, if it
#: waits for the disk or works, or has not answered at all yet.
STOPPED, STILL, WORKING = 2, 10, 60

_ASK = f"GET {ALIVE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


class Health:
    """Asks a web server on the listening socket that it shares with the keeper.

    Args:
        server: it; is ended if it hangs, and then started again.
        address: where it listens.
        now: seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        server: Supervised,
        address: tuple[str, int],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = server
        self._address = address
        self._now = now
        self._asked: socket.socket | None = None
        self._looked = now()
        self._looks = 0
        self._pid: int | None = None
        self._cpu = -1
        #: Whether this process has answered before.
        self._served = False

    @property
    def served(self) -> bool:
        """Whether the server has answered."""
        return self._served

    def tick(self) -> None:
        """Look, if it is time to."""
        if self._now() - self._looked < LOOK:
            return
        self._looked = self._now()
        if self._server.pid != self._pid:
            self._pid, self._served = self._server.pid, False
            self._forget()
        if self._pid is None:
            return
        if self._asked is None:
            self._ask()
        elif self._has_answered(self._asked):
            self._served = True
            self._forget()
        else:
            self._looks += 1
            self._judge(self._pid)

    def close(self) -> None:
        """Ask no more."""
        self._forget()

    def _ask(self) -> None:
        family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
        asked = socket.socket(family, socket.SOCK_STREAM)
        asked.settimeout(LOOK)  # the queue of a hung server's socket may be full
        self._asked = asked
        with contextlib.suppress(OSError):
            asked.connect(self._address)
            asked.sendall(_ASK)
        asked.setblocking(False)

    def _has_answered(self, asked: socket.socket) -> bool:
        with contextlib.suppress(OSError):
            return asked.recv(100).startswith(b"HTTP/1.")
        return False

    def _judge(self, pid: int) -> None:
        state, cpu = process(pid)
        works = cpu != self._cpu
        self._cpu = cpu
        allowed = WORKING
        if state in "Tt":
            allowed = STOPPED
        elif self._served and not works and state == "S":
            allowed = STILL
        if self._looks >= allowed:
            self._server.condemn(
                f"has not answered for {self._looks * LOOK:g} s (state {state}); it is replaced"
            )
            self._forget()

    def _forget(self) -> None:
        if self._asked is not None:
            self._asked.close()
        self._asked = None
        self._looks = 0
