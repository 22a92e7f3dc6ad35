"""The access log: one line for each request, in a file that is turned over by its size."""

from __future__ import annotations

import contextlib
import json
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from billow.front.exchange import Exchange

#: Earlier files that are kept: `access.log.1` is the latest of them.
KEPT = 5

#: Bytes that wait to be written at most.
PENDING = 64 * 1024

#: Requests whose lines are made together.
TOGETHER = 64

FORMATS = ("json", "common", "combined", "off")


class AccessLog:
    """Writes lines together, about five times a second.

    Args:
        path: the file; empty writes nothing.
        format: `json`, `common` (as Apache writes it), `combined` (with referrer and browser).
        size: bytes after which a new file is begun.
    """

    def __init__(self, path: str, format: str, size: int) -> None:
        self._path = path if format != "off" else ""
        self.format = format
        self._size = size
        self._noted: list[tuple[Exchange, float, float]] = []
        self._lines: list[str] = []
        self._bytes = 0
        self._texts: dict[bytes, str] = {}
        self._second = -1
        self._stamp = ""

    def add(self, exchange: Exchange, now: float, seconds: float) -> None:
        """Note a request that is over; `seconds` is how long it took from its head to its end."""
        if not self._path:
            return
        self._noted.append((exchange, now, seconds))
        if len(self._noted) >= TOGETHER:
            self._word()

    def _word(self) -> None:
        """Put into words what was noted; many in a row take less time than one now and then."""
        noted, self._noted = self._noted, []
        for exchange, now, seconds in noted:
            line = self._json(exchange, now, seconds) if self.format == "json" else ""
            self.put(line or self._common(exchange, now))

    def put(self, line: str) -> None:
        """Have a line written, which must have an end."""
        if not self._path:
            return
        self._lines.append(line)
        self._bytes += len(line)
        if self._bytes > PENDING:
            self.flush()

    def flush(self) -> None:
        """Write what waits; what the disk does not take is lost."""
        if self._noted:
            self._word()
        if not self._lines:
            return
        text = "".join(self._lines).encode("utf-8", "replace")
        self._lines.clear()
        self._bytes = 0
        with contextlib.suppress(OSError):
            fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(fd, text)
                full = os.fstat(fd).st_size >= self._size
            finally:
                os.close(fd)
            if full:
                self._turn_over()

    def _turn_over(self) -> None:
        for number in range(KEPT - 1, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{self._path}.{number}", f"{self._path}.{number + 1}")
        os.replace(self._path, f"{self._path}.1")

    def _json(self, exchange: Exchange, now: float, seconds: float) -> str:
        """The line; written out by hand, as this is done for every request."""
        request = exchange.request
        taken = "null" if exchange.taken is None else f"{exchange.taken * 1000:.2f}"
        server = f'"{exchange.server_name}"' if exchange.server_name else "null"
        http = "2" if request.minor == 2 else f"1.{request.minor}"
        return (
            f'{{"at":"{self.time(now)}.{int(now % 1 * 1000):03d}Z","id":"{exchange.id}",'
            f'"client":"{exchange.client}","method":{self.text(request.method)},'
            f'"target":{_quoted(request.target[:2000])},"http":"{http}",'
            f'"status":{exchange.status},"bytes":{exchange.bytes},"ms":{seconds * 1000:.2f},'
            f'"server_ms":{taken},"server":{server},"tries":{len(exchange.tried)},'
            f'"agent":{self.text(request.fields.get(b"user-agent"))}}}\n'
        )

    def text(self, value: bytes | None) -> str:
        """A value that comes again and again, as JSON."""
        if value is None:
            return "null"
        found = self._texts.get(value)
        if found is None:
            if len(self._texts) > 1000:
                self._texts.clear()
            found = self._texts[value] = json.dumps(value[:300].decode("latin-1"))
        return found

    def _common(self, exchange: Exchange, now: float) -> str:
        request = exchange.request
        http = "2" if request.minor == 2 else f"1.{request.minor}"
        asked = f"{_plain(request.method)} {_plain(request.target[:2000])} HTTP/{http}"
        line = (
            f"{exchange.client or '-'} - - [{self.time(now, 'common')}] "
            f'"{asked}" {exchange.status} {exchange.bytes}'
        )
        if self.format == "combined":
            referrer = _plain(request.fields.get(b"referer", b"-"))
            agent = _plain(request.fields.get(b"user-agent", b"-"))
            line += f' "{referrer}" "{agent}"'
        return line + "\n"

    def time(self, now: float, kind: str = "json") -> str:
        """The second in words; made once for all of its requests."""
        if int(now) != self._second:
            self._second = int(now)
            moment = datetime.fromtimestamp(self._second, UTC)
            form = "%Y-%m-%dT%H:%M:%S" if kind == "json" else "%d/%b/%Y:%H:%M:%S +0000"
            self._stamp = moment.strftime(form)
        return self._stamp


def wall_clock() -> float:
    """UNIX seconds, for the log."""
    return time.time()


def _quoted(value: bytes) -> str:
    """Printable ASCII, as a request's target is, as JSON."""
    text = value.decode("latin-1")
    return json.dumps(text) if '"' in text or "\\" in text else f'"{text}"'


def _plain(value: bytes) -> str:
    """Text that cannot end its field: quotes, backslashes and what is not ASCII are escaped."""
    escaped = value[:2000].decode("latin-1").encode("unicode_escape").decode("ascii")
    return escaped.replace('"', "\\x22")
