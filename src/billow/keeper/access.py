"""The access log by the hour, compressed, in the store `access-logs`; each line once.

The front, or the web server where there is none, writes the log as files; they are taken away one
by one and put into the store. A key says the day and the hour in UTC, and which file it was: what
was put when a process was killed is not put under another key after that.
"""

from __future__ import annotations

import calendar
import contextlib
import json
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from billow.home import Home
from billow.names import ACCESS_LOGS

#: Seconds after which a file that was taken away is surely written to no more.
_SETTLED = 10
_HOUR = 3600
_BLOCK = 1 << 20
_GZIP = 31
_TYPE = "application/gzip"


class AccessArchive:
    """Puts finished parts of the access log into the store, and forgets old ones.

    Args:
        home: where the store is.
        folder: the folder of the log files.
        keep: seconds for which the store keeps them.
    """

    def __init__(self, home: Home, folder: Path, keep: float) -> None:
        self._home = home
        self._folder = folder
        self._keep = keep
        self._hour = 0

    def round(self) -> None:
        """Do what is due; to be called about once a minute."""
        now = self._home.clock.now()
        self._put_files(now)
        if int(now) // _HOUR != self._hour:
            self._hour = int(now) // _HOUR
            self._forget(now)

    def _put_files(self, now: float) -> None:
        """Take away full files, and the present one when its hour is over."""
        for file in sorted(self._folder.glob("access-taken-*.log")):
            if now - file.stat().st_mtime > _SETTLED:
                self._put_file(file)
        present = self._folder / "access.log"
        for file in [present, *self._folder.glob("access.log.[0-9]")]:
            with contextlib.suppress(FileNotFoundError):  # turned over just now
                began = _began(file, now)
                if file is not present or int(began) // _HOUR < int(now) // _HOUR:
                    name = f"access-taken-{int(began)}-{file.stat().st_ino}.log"
                    file.rename(self._folder / name)

    def _put_file(self, file: Path) -> None:
        began = int(file.stem.split("-")[2])
        key = f"{_stamp(began)}-{file.stem.rpartition('-')[2]}.log.gz"
        if self._home.objects.head(ACCESS_LOGS, key) is None:
            self._put(key, _blocks(file))
        file.unlink()

    def _put(self, key: str, data: Iterable[bytes]) -> None:
        self._home.objects.put(ACCESS_LOGS, _packed(data), key=key, name=key, type=_TYPE)

    def _forget(self, now: float) -> None:
        """Delete what is too old; keys are in order of time."""
        oldest = _stamp(now - self._keep)
        objects = self._home.objects
        while old := [info.key for info in objects.list(ACCESS_LOGS) if info.key < oldest]:
            for key in old:
                objects.delete(ACCESS_LOGS, key)


def _stamp(at: float) -> str:
    return time.strftime("%Y/%m/%d/%H", time.gmtime(at))


def _began(file: Path, now: float) -> float:
    """When a file's first line was written, as it says itself; else when the file was changed."""
    with file.open("rb") as opened:
        first = opened.readline(4096).decode("latin-1")
    with contextlib.suppress(ValueError, IndexError, TypeError, KeyError, AttributeError):
        if first.startswith("{"):
            told = json.loads(first)["at"].partition(".")[0].rstrip("Z")
            return float(calendar.timegm(time.strptime(told, "%Y-%m-%dT%H:%M:%S")))
        told = first.partition("[")[2].partition("]")[0]
        return float(calendar.timegm(time.strptime(told, "%d/%b/%Y:%H:%M:%S +0000")))
    return min(now, file.stat().st_mtime)


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            yield block


def _packed(data: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    for block in data:
        if packed := packer.compress(block):
            yield packed
    yield packer.flush()
