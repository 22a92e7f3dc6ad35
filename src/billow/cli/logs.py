"""`billow logs`: the lines that the service's processes logged."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from billow.cli.out import console, json_option, lines, printable, say
from billow.cli.place import Place, place_options
from billow.errors import BadInput, DeclarationError
from billow.ports.logs import LEVELS, Line, Logs, Wanted, level_name
from billow.shapes import line_shape
from billow.units import seconds

if TYPE_CHECKING:
    from rich.text import Text

#: Seconds between two looks for new lines.
_LOOK = 0.3

_STYLES = {"debug": "dim", "info": "", "warning": "yellow", "error": "red", "critical": "bold red"}


@click.command()
@click.argument("text", nargs=-1)
@click.option("--job", "-j", default="", metavar="ID", help="Only lines about this job.")
@click.option("--request", default="", metavar="ID", help="Only what goes back to this request.")
@click.option("--trace", default="", metavar="ID", help="Only lines of this trace.")
@click.option("--process", "-p", default="", help="Only of this process, or a function's workers.")
@click.option("--level", "-l", type=click.Choice(list(LEVELS)), help="Only from this level up.")
@click.option("--since", metavar="TIME", help="Only from then on: `10 min` ago, or a date.")
@click.option("--until", metavar="TIME", help="Only before then.")
@click.option("--limit", "-n", default=100, type=click.IntRange(1, 10_000), help="At most so many.")
@click.option("--follow", "-f", is_flag=True, help="Go on with new lines, until Ctrl-C.")
@place_options
@json_option
def logs(
    *,
    place: Place,
    text: tuple[str, ...],
    level: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    follow: bool,
    as_json: bool,
    **ids: str,
) -> None:
    """Show what the service's processes logged, the newest at the end.

    TEXT is words that must be in a line, each at least its beginning. Functions' prints and logging
    are under their job.
    """
    now = time.time()
    wanted = Wanted(
        text=" ".join(text),
        level=LEVELS[level] if level else 0,
        since=moment(since, now),
        until=moment(until, now),
        **ids,
    )
    store = place.home().logs
    after = store.last()
    found = sorted(store.find(wanted, limit=limit).lines, key=lambda line: (line.at, line.seq))
    _show(found, as_json)
    if not found and not follow and not as_json:
        say("no lines")
    if follow:
        for more in _follow(store, wanted, after):
            _show(more, as_json)


def moment(text: str | None, now: float) -> float | None:
    """UNIX seconds: of so long ago, or of a date.

    Raises:
        BadInput: it is neither.
    """
    if text is None:
        return None
    try:
        return now - seconds(text)
    except DeclarationError:
        pass
    from datetime import datetime  # noqa: PLC0415 - only who names a date pays for it

    try:
        return datetime.fromisoformat(re.sub(r"Z$", "+00:00", text)).timestamp()
    except ValueError:
        raise BadInput(
            f"{text!r} is no time; write how long ago, such as `10 min`, or a date, such as "
            "`2026-01-31T12:00`"
        ) from None


def _follow(store: Logs, wanted: Wanted, after: int) -> Iterator[list[Line]]:
    while True:
        found, _ = store.find(wanted, after=after)
        if found:
            after = found[-1].seq
            yield found
        else:
            time.sleep(_LOOK)


def _show(found: Sequence[Line], as_json: bool) -> None:
    if as_json:
        lines(line_shape(line) for line in found)
        return
    for line in found:
        console().print(*_text(line), sep="\n", soft_wrap=True)


def _text(line: Line) -> list[Text]:
    """A line for people; what was raised is below it, moved in."""
    from rich.text import Text  # noqa: PLC0415 - JSON needs no rich

    shape: dict[str, Any] = line_shape(line)
    name = level_name(line.level)
    clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(line.at))
    told = Text.assemble((f"{clock}.{int(line.at % 1 * 1000):03d} ", "dim"))
    told.append(f"{name:<8} ", _STYLES[name])
    told.append(f"{printable(line.process)} ", "cyan")
    first, *rest = line.event.split("\n")
    told.append(printable(first), _STYLES[name])
    if line.job:
        told.append(f"  job {printable(line.job)}", "dim")
    error = str(shape["fields"].get("error", ""))
    return [told, *(Text(f"    {printable(each)}", "dim") for each in (*rest, *error.splitlines()))]
