"""The project's pages, and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block of code, and its language."""

    language: str
    text: str


def pages() -> list[Path]:
    """Every Markdown page of the project."""
    tops = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "apps").rglob("*.md")]
    return sorted([*tops, *(ROOT / "bench").glob("*.md")])


def read(name: str) -> str:
    """A page, by its path from the project's root."""
    return (ROOT / name).read_text()


def blocks(name: str) -> list[Block]:
    """A page's fenced blocks, in order."""
    return [Block(*found) for found in _FENCE.findall(read(name))]


def sections(text: str) -> Iterator[tuple[str, str]]:
    """Each heading of a page, and what stands between it and the next heading of any level."""
    parts = re.split(r"^#+ (.*)$", text, flags=re.MULTILINE)
    yield from zip(parts[1::2], parts[2::2], strict=True)


def rows(text: str) -> list[list[str]]:
    """The cells of all table rows in a text, without headings and rules."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]
    return [row for row in cells if not set("".join(row)) <= set("-| ")]
