"""Large references, such as a whole human genome: one sequence at a time is held in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TypeVar

from annotator.genes import Transcript
from annotator.gff3 import read_genes

T = TypeVar("T")

#: Sequences held at a time: a file that is sorted needs one.
HELD = 2


class GenesFile:
    """The genes of a plain GFF3 file, read for one sequence at a time.

    Args:
        path: the file; it is looked through once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        #: Where the lines of each sequence are: from byte to byte.
        self._runs: dict[str, list[tuple[int, int]]] = {}
        start, at, present = 0, 0, b""
        with path.open("rb") as file:
            for line in file:
                name, tab, _ = line.partition(b"\t")
                if tab and name != present:
                    self._note(present, start, at)
                    present, start = name, at
                at += len(line)
                if line.startswith(b"##FASTA"):
                    break
        self._note(present, start, at)

    @property
    def names(self) -> list[str]:
        """The sequences that have genes."""
        return list(self._runs)

    def read(self, name: str) -> list[Transcript]:
        """The transcripts of a sequence.

        Raises:
            BadGenes: a line cannot be read.
        """
        runs = self._runs.get(name, [])
        return read_genes(chain.from_iterable(self._lines(*run) for run in runs)).get(name, [])

    def _note(self, name: bytes, start: int, end: int) -> None:
        if name and not name.startswith(b"#"):
            self._runs.setdefault(name.decode("utf-8"), []).append((start, end))

    def _lines(self, start: int, end: int) -> Iterator[str]:
        with self._path.open("rb") as file:
            file.seek(start)
            while start < end:
                line = file.readline()
                start += len(line)
                yield line.decode("utf-8")


class Held(Mapping[str, T]):
    """What is made when it is asked for, and forgotten when other things are.

    Args:
        names: what there is.
        make: makes one of it.
    """

    def __init__(self, names: list[str], make: Callable[[str], T]) -> None:
        self._names = dict.fromkeys(names)
        self._make = make
        self._held: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._names:
            raise KeyError(name)
        found = self._held.pop(name, None)
        if found is None:
            while len(self._held) >= HELD:
                del self._held[next(iter(self._held))]
            found = self._make(name)
        self._held[name] = found
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
