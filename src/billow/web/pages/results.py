"""Results for people: what can be read as facts, bars or a table is shown as such."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Rows shown of a long list; the download has all.
MAX_ROWS = 200


@dataclass(frozen=True, slots=True)
class Bars:
    """A list of (label, number) pairs."""

    title: str
    rows: list[tuple[str, float]]
    more: int

    kind = "bars"

    @property
    def most(self) -> float:
        """The greatest number; the longest bar."""
        return max((value for _, value in self.rows), default=0) or 1


@dataclass(frozen=True, slots=True)
class Grid:
    """A list of objects with the same fields."""

    title: str
    columns: list[str]
    rows: list[list[Any]]
    more: int

    kind = "grid"


@dataclass(frozen=True, slots=True)
class Facts:
    """Single values by name."""

    title: str
    rows: list[tuple[str, Any]]

    kind = "facts"


@dataclass(frozen=True, slots=True)
class Plain:
    """Anything else, as JSON."""

    title: str
    value: Any

    kind = "plain"


Block = Bars | Grid | Facts | Plain


def blocks(result: Any) -> list[Block]:
    """A result in readable pieces: single values first, then lists in their order."""
    if not isinstance(result, Mapping) or not result:
        return [block_of("", result)]
    if len(result) > 3 and all(_is_number(value) for value in result.values()):
        return [block_of("", [[key, value] for key, value in result.items()])]
    facts = [(str(key), value) for key, value in result.items() if _is_single(value)]
    # What is empty has nothing to show; the download says that it is.
    rest = [(str(k), value) for k, value in result.items() if value and not _is_single(value)]
    return [*([Facts("", facts)] if facts else []), *(block_of(key, value) for key, value in rest)]


def block_of(title: str, value: Any) -> Block:
    """The best way to show one value."""
    if isinstance(value, Mapping) and len(value) > 1 and all(map(_is_amount, value.values())):
        value = [[str(key), amount] for key, amount in value.items()]
    if isinstance(value, list) and value:
        if all(_is_pair(row) for row in value):
            return Bars(title, [(str(a), b) for a, b in value[:MAX_ROWS]], _more(value))
        if all(isinstance(row, Mapping) and row.keys() == value[0].keys() for row in value):
            columns = [str(key) for key in value[0]]
            rows = [list(row.values()) for row in value[:MAX_ROWS]]
            if columns and all(_is_single(cell) for row in rows for cell in row):
                return Grid(title, columns, rows, _more(value))
    return Plain(title, value)


def _more(value: list[Any]) -> int:
    return max(0, len(value) - MAX_ROWS)


def _is_pair(row: Any) -> bool:
    return (
        isinstance(row, list) and len(row) == 2 and isinstance(row[0], str) and _is_amount(row[1])
    )


def _is_amount(value: Any) -> bool:
    return _is_number(value) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_single(value: Any) -> bool:
    return not isinstance(value, (list, Mapping)) and (
        not isinstance(value, str) or len(value) < 300
    )
