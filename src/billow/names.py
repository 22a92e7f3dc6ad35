"""Names that clients give, made safe: never used as a path, fit to be shown and sent back."""

from __future__ import annotations

import unicodedata

from billow.errors import BadInput
from billow.units import KiB

#: The store that has the service's own access logs.
ACCESS_LOGS = "access-logs"

#: Bytes of a cleaned name, and of an object's key.
MAX_NAME = 200
MAX_KEY = 1 * KiB


def clean_name(name: str) -> str:
    """What people may see as a file's name: no folders, no control characters, 200 bytes at most.

    A long name keeps its beginning and its ending. An empty name becomes "unnamed".
    """
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    text = unicodedata.normalize("NFC", last.encode("utf-8", "replace").decode())
    kept = "".join("_" if _is_unsafe(char) else char for char in text).strip()
    if kept.strip(".") == "":
        return "unnamed"
    return _shorten(kept)


def check_key(key: str) -> str:
    """`key`, if it may name an object.

    Raises:
        BadInput: it is empty or too long, or has control characters or an empty or dotted part.
    """
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise BadInput("a key must be valid Unicode text") from None
    if not 1 <= size <= MAX_KEY:
        raise BadInput(f"a key has 1 to {MAX_KEY} bytes, not {size}")
    if any(_is_unsafe(char) for char in key):
        raise BadInput("a key cannot contain control characters")
    if any(part in ("", ".", "..") for part in key.split("/")):
        raise BadInput("a key cannot have empty parts, '.' or '..' between its slashes")
    return key


def _is_unsafe(char: str) -> bool:
    """Control characters, invisible direction marks, and what no encoding can say."""
    return (
        unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in "\u200c\u200d"
    )


def _shorten(name: str) -> str:
    if len(name.encode()) <= MAX_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    tail = dot + ending if stem and len(ending.encode()) <= 20 else ""
    room = MAX_NAME - len(tail.encode()) - len("…".encode())
    start = (name[: -len(tail)] if tail else name).encode()[:room].decode("utf-8", "ignore")
    return f"{start}…{tail}"
