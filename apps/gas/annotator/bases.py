"""Sequences that stay in their file: a FASTA file's index, and bases read where they are needed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, TypeAlias, overload

#: Bases held of a sequence that stays in its file.
_WINDOW = 1 << 20
#: Bytes read at a time when an index is made.
_BLOCK = 8 << 20


class Entry(NamedTuple):
    """A sequence in a FASTA file, as `samtools faidx` has it."""

    name: str
    length: int
    #: Where its first base is.
    offset: int
    #: Bases of a line, and bytes of one with its end.
    bases: int
    width: int


class FileBases:
    """The bases of one sequence, in upper case, read from the file in pieces.

    Args:
        path: a plain FASTA file.
        entry: where the sequence is in it.
    """

    def __init__(self, path: Path, entry: Entry) -> None:
        self._path, self._entry = path, entry
        self._start, self._held = 0, ""

    def __len__(self) -> int:
        return self._entry.length

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> str: ...
    def __getitem__(self, place: int | slice) -> str:
        if isinstance(place, slice):
            start, end, _ = place.indices(self._entry.length)
        else:
            start = place if place >= 0 else place + self._entry.length
            end = start + 1
        at = start - self._start
        if at < 0 or end > self._start + len(self._held):
            if end <= start:
                return ""
            if end - start > _WINDOW // 2:
                return self._read(start, end)
            self._start = max(0, start - _WINDOW // 8)
            self._held = self._read(self._start, min(self._entry.length, self._start + _WINDOW))
            at = start - self._start
        return self._held[at : end - self._start]

    def _read(self, start: int, end: int) -> str:
        entry = self._entry
        first, last = (
            entry.offset + place // entry.bases * entry.width + place % entry.bases
            for place in (start, end)
        )
        text = os.pread(self._file, last - first, first)
        return text.translate(None, b"\r\n").decode("ascii", "replace").upper()[: end - start]

    @cached_property
    def _file(self) -> int:
        return os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        if "_file" in vars(self):
            os.close(self._file)


#: Bases in memory, or in their file.
Bases: TypeAlias = str | FileBases


def index(path: Path) -> dict[str, Entry]:
    """The sequences of a FASTA file: from its index `*.fai`, which is made if it can be.

    Raises:
        ValueError: the file is not FASTA, or its lines are not equally long.
    """
    kept = path.with_name(f"{path.name}.fai")
    with contextlib.suppress(OSError):
        if kept.stat().st_mtime >= path.stat().st_mtime:
            return _read_index(kept)
    found = {entry.name: entry for entry in _scan(path)}
    with contextlib.suppress(OSError):  # the folder may be read-only; then it is made each time
        draft = kept.with_name(f"{kept.name}.{os.getpid()}")
        lines = ["\t".join(map(str, entry)) + "\n" for entry in found.values()]
        draft.write_text("".join(lines), "utf-8")
        draft.replace(kept)
    return found


def _read_index(path: Path) -> dict[str, Entry]:
    found = {}
    for line in path.read_text("utf-8").splitlines():
        name, *numbers = line.split("\t")
        if len(numbers) != 4:
            raise ValueError(f"{path.name} is not an index as `samtools faidx` makes it")
        found[name] = Entry(name, *map(int, numbers))
    return found


def _scan(path: Path) -> Iterator[Entry]:
    """Look where each sequence begins, and that all its lines but the last are equally long."""
    name, offset, length, bases, width, ended = "", 0, 0, 0, 0, False
    at = 0
    with path.open("rb", buffering=_BLOCK) as file:
        for line in file:
            if line.startswith(b">"):
                if name:
                    yield Entry(name, length, offset, bases or 1, width or 1)
                name = line[1:].split(maxsplit=1)[0].decode("utf-8")
                offset, length, bases, width, ended = at + len(line), 0, 0, 0, False
            else:
                here = len(line.rstrip(b"\r\n"))
                if not name and here:
                    raise ValueError(f"{path.name} is not FASTA: it does not begin with `>`")
                if here and (ended or (bases and here > bases)):
                    raise ValueError(f"{path.name}: the lines of {name} are not equally long")
                bases, width = bases or here, width or len(line)
                ended = here < bases
                length += here
            at += len(line)
    if name:
        yield Entry(name, length, offset, bases or 1, width or 1)
