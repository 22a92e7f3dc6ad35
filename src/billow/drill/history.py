"""What the clients of a drill did and were told: their histories.

Every client writes down what it is about to ask (`invoke`) before it asks, and what came of it
(`ok`, `fail`, `info`) after; each line is flushed to the disk outside of the service under test.
What has no end, because the client was killed, counts as `info`: it may have happened or not.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple


class End(StrEnum):
    """How a call ended, as far as its client can know."""

    #: Accepted: the service named the job.
    OK = "ok"
    #: Surely not accepted: the service refused it.
    FAIL = "fail"
    #: Unknown: cut off, timed out, or a trouble of the service.
    INFO = "info"


class Asked(NamedTuple):
    """What a client asks for. All calls with the same `key` ask for the same job."""

    #: Idempotency key; also what the job is called, so that it can be traced to the call.
    key: str
    function: str
    #: Seed of the text to be worked on.
    seed: int
    #: Digest of the result that must come of it.
    expected: str
    #: SHA-256 of the file, if one is sent.
    sha256: str | None = None


@dataclass(slots=True)
class Call:
    """One time that a client asked. Times are UNIX seconds."""

    client: str
    asked: Asked
    invoked: float
    end: End = End.INFO
    ended: float | None = None
    job: str | None = None


class Sighting(NamedTuple):
    """A job as a client saw it; it looked so at some time between `asked` and `at`."""

    asked: float
    at: float
    job: str
    status: str
    finished: float | None
    #: Digest of the result; None if there was none, "" if the client did not look.
    result: str | None


@dataclass(slots=True)
class History:
    """All that clients did and saw."""

    calls: list[Call] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)


class Recorder:
    """Writes one client's history; every line is on the disk when its method returns."""

    def __init__(self, path: Path, client: str) -> None:
        self._client = client
        self._file = path.open("ab", buffering=0)
        self._number = 0
        self._lock = threading.Lock()
        # A line that was cut off by the client's death must not swallow the next one.
        self._write({"what": "begin"}, before=b"\n")

    def call(self, asked: Asked) -> int:
        """Write down what is about to be asked; returns the call's number."""
        with self._lock:
            self._number += 1
            number = self._number
        self._write({"what": "invoke", "number": number, **asked._asdict()})
        return number

    def end(self, number: int, end: End, job: str | None = None, why: str = "") -> None:
        """Write down how a call ended."""
        self._write({"what": end.value, "number": number, "job": job, "why": why[:200]})

    def saw(
        self, asked: float, job: str, status: str, finished: float | None, result: str | None
    ) -> None:
        """Write down how a job looked that was asked for at the time `asked`."""
        look = {"asked": asked, "job": job, "status": status}
        self._write({"what": "saw", **look, "finished": finished, "result": result})

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _write(self, line: dict[str, Any], before: bytes = b"") -> None:
        told = {"at": time.time(), "client": self._client, **line}
        self._file.write(before + json.dumps(told).encode() + b"\n")
        os.fsync(self._file.fileno())


def read_histories(paths: Iterable[Path]) -> History:
    """The histories in these files, as one."""
    history = History()
    for path in sorted(paths):
        _read_one(path.read_bytes().splitlines(), history)
    return history


def _read_one(lines: Sequence[bytes], history: History) -> None:
    open_calls: dict[int, Call] = {}
    for text in lines:
        try:
            line = json.loads(text)
        except ValueError:
            continue  # cut off by the client's death
        match line.pop("what"):
            case "begin":
                open_calls = {}
            case "invoke":
                asked = Asked(**{name: line[name] for name in Asked._fields})
                call = Call(line["client"], asked, line["at"])
                open_calls[line["number"]] = call
                history.calls.append(call)
            case "saw":
                history.sightings.append(Sighting(**{n: line[n] for n in Sighting._fields}))
            case end:
                call = open_calls[line["number"]]
                call.end, call.ended, call.job = End(end), line["at"], line["job"]


def known_at(history: History, began: float, ended: float) -> History:
    """What a cut between two moments must keep and may keep.

    Calls that began after `ended` are left out; what was answered or seen only after `began` is
    not known for certain.
    """
    calls = []
    for call in history.calls:
        if call.invoked > ended:
            continue
        known = call.ended is not None and call.ended < began
        end, job = (call.end, call.job) if known else (End.INFO, None)
        calls.append(Call(call.client, call.asked, call.invoked, end, call.ended, job))
    return History(calls, [seen for seen in history.sightings if seen.at < began])


def digest(value: Any) -> str:
    """A short fingerprint of a JSON value."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
