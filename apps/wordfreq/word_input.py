"""From a file's bytes to UTF-8: byte order marks, and refusing what is not text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import chain

import billow

#: How much of a file is looked at to tell whether it is text.
SAMPLE = 64 * billow.KiB

#: The share of control characters and invalid bytes above which a file is not text.
MOST_STRANGE = 0.10

# UTF-32 comes first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_SIGNATURES = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x1f\x8b", "a gzip file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "an SQLite database"),
)

_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\v\f\r"))
_INVALID = re.compile("[\udc80-\udcff]")
_ALLOWED = "plain text in UTF-8, or in UTF-16 or UTF-32 with a byte order mark, is"


def read_text(blocks: Iterable[bytes]) -> tuple[str, Iterator[bytes]]:
    """The name of a text's encoding, and its bytes as UTF-8.

    Bytes that are invalid in UTF-8 are left as they are; in UTF-16 and UTF-32 they become U+FFFD.

    Raises:
        Rejected: it is empty or not text; the message says what it is and what is allowed.
    """
    head, rest = _peek(iter(blocks), 4)
    encoding = next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")
    whole = chain([head], rest)
    if encoding != "utf-8":
        whole = chain(_transcode(whole, encoding))
    sample, rest = _peek(whole, SAMPLE)
    _check(sample)
    return encoding, chain([sample], rest)


def _peek(blocks: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """The first `size` bytes, or a few more, and an iterator of what follows them."""
    head = bytearray()
    while len(head) < size and (block := next(blocks, None)) is not None:
        head += block
    return bytes(head), blocks


def _transcode(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The text as UTF-8, its byte order mark kept."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for block in blocks:
        yield decoder.decode(block).encode()
    yield decoder.decode(b"", final=True).encode()


def _check(sample: bytes) -> None:
    """Raises Rejected if what begins with `sample` is empty or not text."""
    if not sample.removeprefix(codecs.BOM_UTF8):
        raise billow.Rejected(f"the file is empty; {_ALLOWED} accepted")
    for signature, kind in _SIGNATURES:
        if sample.startswith(signature):
            raise billow.Rejected(f"not text: this is {kind}; only {_ALLOWED} accepted")
    beginning = sample[:SAMPLE]
    if b"\0" in beginning:
        place = beginning.index(b"\0")
        raise billow.Rejected(
            f"not text: byte {place:,} is NUL, as in binary files and in UTF-16 without a byte "
            f"order mark; only {_ALLOWED} accepted"
        )
    share = _strange(beginning) / len(beginning)
    if share > MOST_STRANGE:
        raise billow.Rejected(
            f"not text: {share:.0%} of its first {len(beginning):,} bytes are control characters "
            f"or not UTF-8 (at most {MOST_STRANGE:.0%} may be); only {_ALLOWED} accepted"
        )


def _strange(sample: bytes) -> int:
    """How many bytes are control characters or invalid in UTF-8."""
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    try:
        sample.decode()
    except UnicodeDecodeError:
        escaped = sample.decode("utf-8", "surrogateescape")
        return controls + len(_INVALID.findall(escaped))
    return controls
