"""Read a VCF file as blocks of whole lines, in bounded memory, and refuse what is no VCF.

Text is decoded as Latin-1: every byte becomes one character and can be written back as it was.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import billow

#: Bytes that are read at a time.
BLOCK = billow.MiB

#: The longest line that is accepted: room for a million genotypes.
LONGEST_LINE = 16 * billow.MiB

#: The largest header that is accepted.
LARGEST_HEADER = 32 * billow.MiB

#: The most that a packed file may grow to.
LARGEST = 64 * billow.GiB

_COLUMNS = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
_GZIP = b"\x1f\x8b"
_BGZF_MARK = b"BC\x02\x00"
#: The empty block that ends every file of block-compressed gzip.
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_BOM = "\xef\xbb\xbf"

_OTHERS = (
    (b"BCF\x02", "a BCF file; convert it with `bcftools view -O z`"),
    (b"BAM\x01", "a BAM file: reads, not variants"),
    (b"CRAM", "a CRAM file: reads, not variants"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"BZh", "a bzip2 file; unpack it first"),
    (b"\xfd7zXZ", "an xz file; unpack it first"),
    (b"\xff\xfe", "UTF-16 text; save it as plain text"),
    (b"\xfe\xff", "UTF-16 text; save it as plain text"),
    (b"##gff", "a GFF file: genes, not variants"),
    (b">", "a FASTA file: a sequence, not variants"),
)


@dataclass
class Header:
    """What the lines before the records say."""

    lines: list[str]
    columns: str
    #: `\\r` where lines end as on Windows, else empty.
    line_end: str
    samples: int
    #: Names of INFO fields in use.
    fields: set[str] = field(default_factory=set)
    #: Lengths of sequences, where they are told.
    lengths: dict[str, int] = field(default_factory=dict)


class VcfFile:
    """A VCF file, plain or packed by gzip or bgzip, read once from its beginning to its end.

    Args:
        path: the file.
        progress: called with the bytes of the file read so far.

    Raises:
        Rejected: while reading, if it is not a VCF, is damaged or breaks a limit; the message says
            what is wrong, and in which line.
    """

    def __init__(self, path: Path, progress: Callable[[int], None] | None = None) -> None:
        self._path = path
        self._progress = progress
        #: Lines given out so far.
        self.line = 0
        self._blocks = self._split()
        self._waiting: list[str] = []
        self.header = self._read_header()

    def records(self) -> Iterator[list[str]]:
        """The lines after the header, some thousand at a time; `line` counts those before them."""
        if self._waiting:
            yield self._waiting
            self.line += len(self._waiting)
            self._waiting = []
        for lines in self._blocks:
            yield lines
            self.line += len(lines)

    def _split(self) -> Iterator[list[str]]:
        rest = b""
        for block in self._read():
            data = rest + block
            cut = data.rfind(b"\n") + 1
            rest = data[cut:]
            if len(rest) > LONGEST_LINE:
                whole = data.count(b"\n") + self.line + len(self._waiting)
                raise billow.Rejected(
                    f"line {whole + 1:,} is longer than {LONGEST_LINE // billow.MiB} MiB"
                )
            if cut:
                yield data[: cut - 1].decode("latin-1").split("\n")
        if rest:
            yield [rest.decode("latin-1")]

    def _read(self) -> Iterator[bytes]:
        with self._path.open("rb") as raw:
            unpack = _opened(raw)
            total = 0
            while block := _read_block(unpack):
                total += len(block)
                if total > LARGEST:
                    raise billow.Rejected(f"unpacked, it has more than {LARGEST:,} bytes")
                if self._progress:
                    self._progress(raw.tell())
                yield block

    def _read_header(self) -> Header:
        lines: list[str] = []
        size = 0
        for block in self._blocks:
            if not lines:
                block[0] = block[0].removeprefix(_BOM)
                _check_first(block[0])
            for place, line in enumerate(block):
                if not line.startswith("##"):
                    self._waiting = block[place + 1 :]
                    self.line = len(lines) + 1
                    return _header(lines, line)
                lines.append(line)
            size += sum(map(len, block))
            self.line = len(lines)
            if size > LARGEST_HEADER:
                raise billow.Rejected(f"its header is larger than {LARGEST_HEADER:,} bytes")
        if not lines:
            raise billow.Rejected("the file is empty")
        raise billow.Rejected("it ends within its header: there is no line `#CHROM POS ID REF ...`")


def _opened(raw: BinaryIO) -> BinaryIO:
    head = raw.read(18)
    raw.seek(0)
    if not head.startswith(_GZIP):
        return raw
    if head[12:16] == _BGZF_MARK:
        raw.seek(-min(len(_BGZF_END), raw.seek(0, 2)), 2)
        if raw.read() != _BGZF_END:
            raise billow.Rejected(
                "it is cut off: the block that ends every bgzip file is missing; send it again"
            )
        raw.seek(0)
    return gzip.GzipFile(fileobj=raw)  # type: ignore[return-value]


def _read_block(file: BinaryIO) -> bytes:
    try:
        return file.read(BLOCK)
    except EOFError:
        raise billow.Rejected(
            "it is cut off: the packed data end in the middle; send it again"
        ) from None
    except (gzip.BadGzipFile, zlib.error) as problem:
        raise billow.Rejected(f"its packed data are damaged ({problem}); send it again") from None


def _check_first(line: str) -> None:
    if line.startswith("##fileformat=VCF"):
        return
    start = line[:16].encode("latin-1")
    for signature, what in _OTHERS:
        if start.startswith(signature):
            raise billow.Rejected(f"not a VCF: this is {what}")
    if line.startswith("#CHROM") or line.count("\t") >= 7:
        raise billow.Rejected(
            "it has no header: the first line of a VCF is `##fileformat=VCFv4.2` or the like"
        )
    shown = line[:40].rstrip("\r").encode("ascii", "backslashreplace").decode()
    raise billow.Rejected(
        f"not a VCF: its first line must begin with `##fileformat=VCF`, but begins with {shown!r}"
    )


def _header(lines: list[str], columns: str) -> Header:
    bare = columns.rstrip("\r")
    if not bare.startswith("#CHROM"):
        raise billow.Rejected(
            f"its header is not complete: line {len(lines) + 1:,} should be the names of the "
            "columns, `#CHROM POS ID REF ALT QUAL FILTER INFO`, separated by tabs"
        )
    names = bare.split("\t")
    if tuple(names[:8]) != _COLUMNS:
        raise billow.Rejected(
            f"line {len(lines) + 1:,}: the columns must be {' '.join(_COLUMNS)}, separated by tabs"
        )
    header = Header(lines, bare, columns[len(bare) :], max(0, len(names) - 9))
    for line in lines:
        if found := re.match(r"##INFO=<ID=([^,>]+)", line):
            header.fields.add(found[1])
        elif line.startswith("##contig=<") and (name := re.search(r"\bID=([^,>]+)", line)):
            length = re.search(r"\blength=(\d{1,12})\b", line)
            if length:
                header.lengths[name[1]] = int(length[1])
    return header
