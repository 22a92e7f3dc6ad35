"""Counters of several processes in a folder of theirs: each writes its own, anybody sums them.

The counters of a process that has ended are folded into one file, so sums never fall.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

#: A number by any name.
Tally: TypeAlias = dict[str, float]

#: The file of those that have ended: what they counted, and which they were.
_GONE = "gone.json"
_ENDING = ".tally"

#: Names of ended processes that are remembered; their files are gone long before.
_REMEMBERED = 1000


def write(folder: Path, name: str, tally: Mapping[str, float]) -> None:
    """Write what process `name` has counted so far; a disk that takes nothing is passed over."""
    with contextlib.suppress(OSError):
        _write_whole(folder / f"{name}{_ENDING}", dict(tally))


def read(folder: Path, without: str = "") -> Tally:
    """The sums over all processes, but for `without`."""
    files = {path.stem: _read(path) for path in folder.glob(f"*{_ENDING}")}
    # After the files: one that was folded in the meantime is in here then, and not counted twice.
    gone = _read(folder / _GONE)
    summed: Tally = dict(gone.get("sums", {}))
    for name, tally in files.items():
        if name != without and name not in gone.get("names", []):
            add(summed, tally)
    return summed


def fold(folder: Path, name: str) -> None:
    """Process `name` has ended: keep what it counted in the sums of those that are gone."""
    path = folder / f"{name}{_ENDING}"
    with contextlib.suppress(OSError):
        gone = _read(folder / _GONE)
        sums: Tally = dict(gone.get("sums", {}))
        add(sums, _read(path))
        names = [*gone.get("names", []), name][-_REMEMBERED:]
        _write_whole(folder / _GONE, {"names": names, "sums": sums})
        path.unlink(missing_ok=True)


def add(sums: Tally, tally: Mapping[str, float]) -> None:
    """Add the numbers of one to the other."""
    for name, value in tally.items():
        sums[name] = sums.get(name, 0.0) + value


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found


def _write_whole(path: Path, value: object) -> None:
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps(value))
    draft.replace(path)
