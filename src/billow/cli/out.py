"""How verbs show things: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import click

from billow.units import human_time

if TYPE_CHECKING:
    from rich.console import Console

#: `--json`, for every verb that shows something.
json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON.")

#: Width of tables that go to a file or a pipe: no line is cut.
_WIDE = 400


@cache
def console() -> Console:
    """The terminal; wide if the output goes elsewhere."""
    from rich.console import Console  # noqa: PLC0415 - JSON needs no rich

    return Console(
        width=None if sys.stdout.isatty() else _WIDE, highlight=False, soft_wrap=False, emoji=False
    )


def say(text: str = "") -> None:
    """A line for people, on the standard output."""
    click.echo(text)


def warn(text: str) -> None:
    """A line on the standard error, so that the output stays clean."""
    click.echo(text, err=True)


def document(value: Any) -> None:
    """One JSON document."""
    click.echo(_json(value, indent=2))


def lines(values: Iterable[Any]) -> None:
    """JSON lines, one value each."""
    for value in values:
        click.echo(_json(value))


def _json(value: Any, indent: int | None = None) -> str:
    """JSON to be read by people too; names of files that are no Unicode text are escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent)
    return text


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> None:
    """A table with a heading; `empty` is said instead if there are no rows.

    A column whose name ends in `>` is aligned to the right.
    """
    from rich.table import Table  # noqa: PLC0415 - JSON needs no rich
    from rich.text import Text  # noqa: PLC0415

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        right = column.endswith(">")
        made.add_column(column.rstrip(">"), justify="right" if right else "left")
    for row in rows:
        made.add_row(*(Text(printable(cell), overflow="ellipsis", no_wrap=True) for cell in row))
    if made.row_count:
        console().print(made)
    else:
        say(empty)


@contextmanager
def bar(title: str, total: float, *, in_bytes: bool = False) -> Iterator[Callable[[float], None]]:
    """A progress bar on the standard error, if that is a terminal; yields what moves it on."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich import progress  # noqa: PLC0415 - scripts need no rich
    from rich.console import Console  # noqa: PLC0415

    columns: list[progress.ProgressColumn] = [
        progress.TextColumn("{task.description:<9}"),
        progress.BarColumn(),
        progress.DownloadColumn() if in_bytes else progress.MofNCompleteColumn(),
        progress.TransferSpeedColumn() if in_bytes else progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
    ]
    with progress.Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task(title, total=total)
        yield lambda more: shown.advance(task, more)


def ago(at: float | None) -> str:
    """A time as people say it."""
    if at is None:
        return ""
    passed = time.time() - at
    return f"{human_time(passed)} ago" if passed >= 0 else f"in {human_time(-passed)}"


def took(value: float | None) -> str:
    """A duration as people say it."""
    return "" if value is None else human_time(value)


def printable(value: Any) -> str:
    """A value as text; characters that could steer the terminal are shown, not sent."""
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
