"""The terminal while a load drill runs."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from billow.cli.live import sparkline
from billow.drill.load.findings import Findings
from billow.drill.load.series import marks_of
from billow.drill.load.tally import SLOT, Kind, Tally
from billow.drill.load.watch import SERVER
from billow.units import human_size, human_time

#: Seconds that "now" means, and those that may still wait for their answers.
_NOW = 5.0
_UNSETTLED = 1.0
_HISTORY = 40


class LoadScreen:
    """Draws how a drill stands.

    Args:
        target: what is drilled.
        console: the terminal.
    """

    def __init__(self, target: str, console: Console | None = None) -> None:
        self._target = target
        self._live = Live(
            console=console or Console(highlight=False, stderr=True),
            auto_refresh=False,
            transient=True,
        )

    def __enter__(self) -> LoadScreen:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        """Show what is done before the load begins."""
        self._live.update(Text(text, "dim"), refresh=True)

    def show(self, found: Findings, under_way: int) -> None:
        """Draw how it stands."""
        plan = found.plan
        head = Text.assemble((f"load drill  {self._target}  ", "bold"))
        head.append(f"{human_time(found.ended)} of {human_time(plan.length)}", "dim")
        bar = ProgressBar(total=plan.length, completed=found.ended, width=60)
        parts: list[RenderableType] = [
            head,
            bar,
            Text(),
            _rates(found),
            Text(),
            _counts(found, under_way),
        ]
        self._live.update(Group(*parts, *_marks(found)), refresh=True)


def _rates(found: Findings) -> Table:
    since, until = max(0.0, found.ended - _UNSETTLED - _NOW), max(SLOT, found.ended - _UNSETTLED)
    now = found.slots.between(since, until)
    long = max(SLOT, until - since)
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    titles = ("asked/s", "right/s", "p50", "p95", "p99", "servers", "memory")
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("right answers", no_wrap=True)
    times = [now.times.quantile(share) for share in (0.5, 0.95, 0.99)]
    look = found.looks[-1] if found.looks else None
    table.add_row(
        f"{now.planned / long:,.0f}",
        f"{now.ok / long:,.0f}",
        *("–" if each is None else human_time(each) for each in times),
        "–" if look is None else str(len(look.of(SERVER))),
        "–" if look is None else human_size(look.memory),
        Text(sparkline(_history(found)), "green"),
    )
    return table


def _history(found: Findings) -> list[int]:
    last = int(max(0.0, found.ended - _UNSETTLED) / SLOT)
    return [found.slots.find(slot).ok for slot in range(max(0, last - _HISTORY), last)]


def _counts(found: Findings, under_way: int) -> Text:
    all_of = Tally()
    for _, tally in found.slots:
        all_of.planned += tally.planned
        all_of.retried += tally.retried
        all_of.kinds.update(tally.kinds)
    told = Text.assemble(f"{all_of.planned:,} asked, ", (f"{all_of.ok:,} right", "green"))
    told.append(f", {under_way:,} under way", "dim")
    for kind, count in sorted(all_of.kinds.items()):
        if kind != Kind.OK:
            told.append(f", {count:,} {kind}", "red")
    if all_of.retried:
        told.append(f", {all_of.retried:,} sent again", "yellow")
    return told


def _marks(found: Findings) -> list[Text]:
    return [Text(f"{human_time(mark.since):>8}  {mark.text}", "yellow") for mark in marks_of(found)]
