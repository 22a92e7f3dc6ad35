"""The file a client sent, as the author's function sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from billow.units import MiB


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file. In a test: `top_words(billow.Upload.of("book.txt"))`."""

    #: Where its bytes are on this machine; read-only.
    path: Path
    #: What the client called it, made safe: no folders, no control characters.
    name: str
    #: Bytes.
    size: int
    #: SHA-256 of the bytes in hexadecimal; empty if unknown.
    sha256: str = ""
    #: The store it came from and its key there; empty for a file of one's own.
    store: str = ""
    key: str = ""

    @classmethod
    def of(cls, path: str | Path) -> Upload:
        """An upload made of a file at hand, for tests and for calling a function directly."""
        file = Path(path)
        return cls(path=file, name=file.name, size=file.stat().st_size)

    def open(self) -> BinaryIO:
        """The file, opened for reading bytes."""
        return self.path.open("rb")

    def read_bytes(self) -> bytes:
        """All bytes at once; for large files prefer `blocks`."""
        return self.path.read_bytes()

    def read_text(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The whole text; line ends become `\\n`."""
        return self.path.read_text(encoding, errors)

    def blocks(self, size: int = 4 * MiB) -> Iterator[bytes]:
        """The bytes in pieces of `size`, the last one shorter."""
        with self.open() as file:
            while block := file.read(size):
                yield block
