"""What an author's function prints and logs, caught in the process that runs it."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import threading
import time
from typing import Any, TextIO

from billow.ops.logs.clean import Cleaner
from billow.ops.logs.wire import encode
from billow.origin import Origin
from billow.ports.logs import Line, level_name

#: Lines of one try that are shipped; the worker's own log file has them all.
MOST = 1000
#: Characters of a line that has no end yet.
_LONGEST_REST = 64 * 1024


class Capture:
    """Writes lines to a pipe under the job that runs; what the pipe cannot take is dropped.

    Args:
        pipe: where lines go; it must not block.
        cleaner: takes secrets out.
        most: lines of one try that are shipped.
    """

    def __init__(self, pipe: int, cleaner: Cleaner, most: int = MOST) -> None:
        os.set_blocking(pipe, False)
        self._pipe = pipe
        self.clean = cleaner.text
        self._most = most
        self._job = self._origin = ""
        self._touched = False
        self._count = self._left_out = 0
        self._streams: list[CapturedStream] = []

    def stream(self, original: TextIO, source: str, level: int) -> CapturedStream:
        """A stream to be used in place of `original`, which gets everything as well."""
        made = CapturedStream(self, original, source, level)
        self._streams.append(made)
        return made

    def begin(self, job: str, origin: str = "") -> None:
        """A try of `job` begins; `origin` is what it goes back to, as `str(Origin)`."""
        self._job, self._origin = job, origin

    def end(self) -> bool:
        """The try has ended; whether something may have been written that is to be flushed.

        Lines without an end are ended, and what was left out is told.
        """
        if self._touched:
            self._finish()
            flush = True
        else:
            flush = sys.stdout not in self._streams or sys.stderr not in self._streams
        self._job = self._origin = ""
        return flush

    def _finish(self) -> None:
        for stream in self._streams:
            stream.end_line()
        if self._left_out:
            told = f"{self._left_out} further lines of this try are only in the worker's log file"
            self._send(logging.WARNING, "billow.logs", told)
        self._count = self._left_out = 0
        self._touched = False

    def touch(self) -> None:
        """Something is written."""
        self._touched = True

    def line(self, level: int, source: str, event: str) -> None:
        """Ship a line."""
        self._touched = True
        if self._count >= self._most:
            self._left_out += 1
            return
        self._count += 1
        self._send(level, source, event)

    def _send(self, level: int, source: str, event: str) -> None:
        origin = Origin.parse(self._origin)
        line = Line(time.time(), level, "", source, event, self._job, origin.request, origin.trace)
        try:
            os.write(self._pipe, encode(line))
        except OSError:  # full, or closed by the author's code
            self._left_out += 1


class CapturedStream(io.TextIOBase):
    """Stands for `sys.stdout` or `sys.stderr`: passes lines on to both, cleaned."""

    def __init__(self, capture: Capture, original: TextIO, source: str, level: int) -> None:
        self._capture = capture
        self._original = original
        self._source = source
        self._level = level
        self._rest = ""
        self._unflushed = False
        self._lock = threading.RLock()

    def write(self, text: str) -> int:
        """Take in text; whole lines are passed on."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._capture.touch()
        with self._lock:
            *lines, self._rest = (self._rest + text).split("\n")
            if len(self._rest) > _LONGEST_REST:
                lines.append(self._rest)
                self._rest = ""
            for line in lines:
                self._pass_on(line)
        return len(text)

    def end_line(self) -> None:
        """Pass on what has no end yet."""
        with self._lock:
            if self._rest:
                self._pass_on(self._rest)
                self._rest = ""

    def note(self, text: str) -> None:
        """Write to the original alone."""
        self._unflushed = True
        with contextlib.suppress(OSError, ValueError):
            self._original.write(text)

    def flush(self) -> None:
        """Flush the original, if there is something to flush."""
        if not self._unflushed:
            return
        self._unflushed = False
        with contextlib.suppress(OSError, ValueError):
            self._original.flush()

    def close(self) -> None:
        """Do not close: the next job prints as well."""
        self.flush()

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The original's descriptor."""
        return self._original.fileno()

    @property
    def buffer(self) -> Any:
        """The original's bytes; what is written there is not shipped."""
        return self._original.buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The original's."""
        return self._original.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """The original's."""
        return self._original.errors

    def reconfigure(self, **_: Any) -> None:
        """Nothing: how lines are written is not the author's business."""

    def _pass_on(self, line: str) -> None:
        line = self._capture.clean(line)
        self.note(f"{line}\n")
        # Of a line that was drawn over, what is seen in the end.
        shown = line.rstrip("\r").rpartition("\r")[2]
        if shown.strip():
            self._capture.line(self._level, self._source, shown)


class CaptureHandler(logging.Handler):
    """Takes what the function logs: shipped with its level, and written to its log file."""

    def __init__(self, capture: Capture, stream: CapturedStream) -> None:
        super().__init__()
        self._capture = capture
        self._stream = stream
        self.setFormatter(logging.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on."""
        try:
            told = self._capture.clean(self.format(record))
        except Exception:
            self.handleError(record)
            return
        name = level_name(record.levelno).upper()
        self._stream.note(f"{name} {record.name}: {told}\n")
        self._capture.line(record.levelno, record.name, told)
