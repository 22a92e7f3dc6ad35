"""The format of cold files: gzip, so that they can be rescued without Billow."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from billow.ports.cold import Damaged
from billow.units import MiB

_BLOCK = 1 * MiB
_GZIP = 31
_LEVEL = 6


class Packer:
    """Compresses blocks as they come, and makes sure of what they are."""

    def __init__(self, data: Iterable[bytes] | BinaryIO, size: int, sha256: str) -> None:
        self._data = data
        self._size = size
        self._sha256 = sha256

    def __iter__(self) -> Iterator[bytes]:
        """The compressed blocks.

        Raises:
            Damaged: the data did not have the expected size and SHA-256.
        """
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        check = Check(self._size, self._sha256)
        for block in blocks_of(self._data):
            check.saw(block)
            if packed := packer.compress(block):
                yield packed
        check.finish("the file to be archived")
        yield packer.flush()


class Check:
    """Compares what passes by with a size and a checksum."""

    def __init__(self, size: int, sha256: str) -> None:
        self._left = size
        self._digest = hashlib.sha256()
        self._sha256 = sha256

    def saw(self, block: bytes) -> None:
        """Note a block."""
        self._left -= len(block)
        self._digest.update(block)

    def finish(self, what: str) -> None:
        """Raises Damaged if it was not what was expected."""
        if self._left != 0 or self._digest.hexdigest() != self._sha256:
            raise Damaged(f"{what} does not have its checksum")


def unpack(blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The bytes that were compressed.

    Raises:
        Damaged: the compressed bytes are no whole file, or one of more than `size` bytes.
    """
    unpacker = zlib.decompressobj(_GZIP)
    came = 0
    try:
        for made in _unpacked(unpacker, blocks):
            came += len(made)
            if came > size or unpacker.unused_data:
                raise Damaged("the archived copy is longer than what was archived")
            yield made
    except zlib.error as problem:
        raise Damaged(f"the archived copy cannot be unpacked: {problem}") from None
    if not unpacker.eof:
        raise Damaged("the archived copy is cut off")


def _unpacked(unpacker: zlib._Decompress, blocks: Iterable[bytes]) -> Iterator[bytes]:
    for block in blocks:
        rest = block
        while rest:
            yield unpacker.decompress(rest, _BLOCK)
            rest = unpacker.unconsumed_tail
    yield unpacker.flush()


def blocks_of(data: Iterable[bytes] | BinaryIO) -> Iterable[bytes]:
    """The data in blocks, from whatever gives it."""
    read = getattr(data, "read", None)
    return iter(lambda: read(_BLOCK), b"") if read is not None else data


def file_blocks(path: Path) -> Iterator[bytes]:
    """A file's bytes.

    Raises:
        Damaged: there is no such file, or the disk cannot read it.
    """
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
    except OSError as problem:
        raise Damaged(f"the archived copy cannot be read: {problem.strerror}") from problem
