"""A closed home holds no file, and opens again by being used."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from billow.home import Home
from billow.ops.recorder import Recorder
from billow.ports.ledger import Submission
from billow.ports.logs import LEVELS, Line
from tests.contract.jobs import submit


def test_a_closed_home_holds_no_file_and_is_used_again(home: Home, tmp_path: Path) -> None:
    _use_all(home)
    home.close()
    assert _held_below(tmp_path) == []
    _use_all(home)
    assert len(home.ledger.find().jobs) == 2
    home.close()
    assert _held_below(tmp_path) == []


def _use_all(home: Home) -> None:
    submit(home, Submission("f"))
    home.cold.put(home.objects.put("store", [b"x"]).info, [b"x"])
    home.journal.write("scaled", "fleet", "more work")
    home.logs.write([Line(1.0, LEVELS["info"], "web", "billow", "hello")])
    recorder = Recorder()
    recorder.observe("web.latency", 1.0)
    home.metrics.write(1.0, recorder.take())


def _held_below(folder: Path) -> list[Path]:
    return [file for file in _open_files() if file.is_relative_to(folder)]


def _open_files() -> Iterator[Path]:
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            yield entry.readlink()
