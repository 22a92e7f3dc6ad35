"""`make run`: the service at work on 120 texts, watched live, and every result checked.

The service is the real one, as `billow up` runs it, in a fresh folder. Only the periods of its
scaling rule pass 60 times faster, and each text takes an artificial second besides its own work.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import click
from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

import billow
from billow.cli.live import LiveView, clock_time
from billow.cli.results import completed
from billow.flow.client import Client
from billow.keeper import PlainView, run
from billow.keeper.keeper import Keeper
from billow.keeper.lock import keeper_pid
from billow.loading import load_app
from billow.ports.journal import Entry
from billow.units import human_time

HERE = Path(__file__).resolve().parent
SAMPLES = HERE / "samples"
FOLDER = HERE.parents[1] / "var" / "wordfreq"

FUNCTION = "top_words"
TABLE = "wordfreq"
RESULTS = "wordfreq-results"

#: Seconds of artificial work for each text, and how many times faster the scaling rule goes.
WORK = 1.0
SPEED = 60.0
PORT = 8420

#: How long to wait for all results, and then for the fleet to shrink, seconds.
PATIENCE = 300.0
SHRINKING = 60.0


class Screen(Protocol):
    """Where the demo is watched: a terminal, or lines in a file."""

    up: threading.Event
    url: str

    def show(self, *things: RenderableType) -> None:
        """Print something that stays."""

    def advance(self, done: int, total: int) -> None:
        """Show that so many results are there."""


class LiveScreen(LiveView):
    """The service's live view with a progress bar for the texts."""

    def __init__(self, app: billow.App) -> None:
        super().__init__(app)
        self.up = threading.Event()
        self.url = ""
        self._progress = (0, 0)

    def started(self, service: Mapping[str, Any]) -> None:
        """Begin to draw, and let the demo begin."""
        super().started(service)
        self.url = service["url"]
        self.up.set()

    def advance(self, done: int, total: int) -> None:
        """Move the bar at the next drawing."""
        self._progress = (done, total)

    def extra(self) -> RenderableType | None:
        """The bar."""
        done, total = self._progress
        if not total:
            return None
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_row("texts", ProgressBar(total, done, width=50), f"{done} of {total}")
        return grid


class PlainScreen(PlainView):
    """Lines: the events, and the progress every few seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.up = threading.Event()
        self.url = ""
        self._told = time.monotonic()

    def started(self, service: Mapping[str, Any]) -> None:
        """Print where it is, and let the demo begin."""
        super().started(service)
        self.url = service["url"]
        self.up.set()

    def show(self, *things: RenderableType) -> None:
        """Print it wide enough for a file."""
        Console(width=120, highlight=False).print(*things, sep="\n")

    def advance(self, done: int, total: int) -> None:
        """Print the progress, not too often."""
        if done == total or time.monotonic() - self._told > 5:
            self._told = time.monotonic()
            self._print(f"{clock_time(time.time())}  {done} of {total} texts done")


class Demo:
    """Sends the texts, waits, and judges what came of them.

    Args:
        client: a client of the service.
        screen: where it is watched.
    """

    def __init__(self, client: Client, screen: Screen) -> None:
        self._client = client
        self._home = client.home
        self._screen = screen
        self._texts = sorted(SAMPLES.glob("*.txt"))
        self._expected = json.loads((SAMPLES / "expected.json").read_text())
        #: Whether every result was right; None until that is known.
        self.right: bool | None = None

    def play(self) -> None:
        """Send everything at once, watch, judge, tell."""
        began = time.time()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda text: self._client.send_file(FUNCTION, text), self._texts))
        sent = time.time()
        self._watch(began)
        jobs = list(completed(self._home, FUNCTION))
        self.right = self._judge(jobs)
        verdict = self._verdict(jobs, began, sent)
        self._wait_for_shrinking()
        self._screen.show(self._results(jobs), Text(), self._history(began), Text(), verdict)

    def _watch(self, began: float) -> None:
        while time.time() - began < PATIENCE:
            totals = self._home.ledger.totals()
            done = sum(n for (name, state), n in totals.items() if name == FUNCTION and state.final)
            self._screen.advance(done, len(self._texts))
            if done >= len(self._texts):
                return
            time.sleep(0.5)

    def _wait_for_shrinking(self) -> None:
        """Let the fleet go back to its minimum, which is part of the story."""
        until = time.time() + SHRINKING
        while time.time() < until:
            fleet, _ = self._home.journal.shown(f"fleet.{FUNCTION}") or ({}, 0)
            if len(fleet.get("workers", ())) <= fleet.get("min", 0):
                return
            time.sleep(0.5)

    def _judge(self, jobs: list[billow.Job]) -> bool:
        """Whether there is one right result for each text, in all the places."""
        names = sorted(job.name for job in jobs)
        return (
            names == sorted(self._expected) == [text.name for text in self._texts]
            and all(self._is_right(job) for job in jobs)
            and self._home.tables.count(TABLE) == len(names)
            and self._home.queues.counts(RESULTS).visible == len(names)
        )

    def _is_right(self, job: billow.Job) -> bool:
        expected = self._expected[job.name]
        result = job.result
        return all(result[field] == expected[field] for field in ("words", "total", "distinct"))

    def _results(self, jobs: list[billow.Job]) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column()
        table.add_column("text", max_width=48, no_wrap=True)
        table.add_column("words", justify="right", min_width=7)
        table.add_column("most used", no_wrap=True)
        for job in sorted(jobs, key=lambda job: job.name):
            sign = Text("✓", "green") if self._is_right(job) else Text("✗ wrong", "bold red")
            ranked = "  ".join(f"{word} {count}" for word, count in job.result["words"][:5])
            table.add_row(sign, Text(job.name), f"{job.result['total']:,}", Text(ranked))
        return table

    def _history(self, began: float) -> RenderableType:
        """Every decision about the fleet's size, with its reason."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for title in ("after", "decision", "workers", "because"):
            table.add_column(title)
        for entry in self._home.journal.read(kinds=["scale."], since=began - 1, limit=1000):
            table.add_row(human_time(entry.at - began), entry.kind, _step(entry), entry.reason)
        return Group(Text("How the fleet was scaled", "bold"), table)

    def _verdict(self, jobs: list[billow.Job], began: float, sent: float) -> Text:
        total = len(self._texts)
        right = sum(self._is_right(job) for job in jobs)
        finished = [job.finished for job in jobs if job.finished is not None]
        lines = [
            f"{right} of {total} results are right, {total - len(jobs)} are missing",
            f"table {TABLE}: {self._home.tables.count(TABLE)} rows; "
            f"queue {RESULTS}: {self._home.queues.counts(RESULTS).visible} messages",
        ]
        if finished:
            first, last = min(finished) - began, max(finished) - began
            lines.append(
                f"accepted after {human_time(sent - began)}, first result after "
                f"{human_time(first)}, all after {human_time(last)}"
            )
        return Text("\n".join(lines), "bold green" if self.right else "bold red")


def _step(entry: Entry) -> str:
    before, after = entry.data.get("from"), entry.data.get("to")
    return "" if after is None else f"{before} → {after}"


def main() -> int:
    """Run the demo.

    The exit status is 1 if a result was wrong or missing, also if `--once` was interrupted.
    """
    began = time.time()
    wanted = _arguments()
    if pid := keeper_pid(FOLDER):
        click.echo(f"the demo runs already, as process {pid}; stop it first", err=True)
        return 2
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.environ.setdefault("WORDFREQ_SIMULATE_WORK", str(WORK))
    app = load_app(HERE / "app.py")
    screen = LiveScreen(app) if sys.stdout.isatty() else PlainScreen()
    demo = Demo(billow.connect(app, FOLDER), screen)

    def ready(keeper: Keeper) -> None:
        play = threading.Thread(target=_play, args=(demo, screen, keeper, wanted, began))
        play.daemon = True
        play.start()

    try:
        _run(screen, wanted.port, ready)
    except billow.Error as problem:
        click.echo(problem, err=True)
        return 2
    given_up = demo.right is None and not wanted.once
    return 0 if demo.right or given_up else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", help="end when all texts are done")
    parser.add_argument("--port", type=int, help=f"of the console; {PORT}, or a free one")
    return parser.parse_args()


def _play(
    demo: Demo, screen: Screen, keeper: Keeper, wanted: argparse.Namespace, began: float
) -> None:
    try:
        screen.up.wait()
        threading.Thread(target=_ask, args=(screen, began), daemon=True).start()
        demo.play()
        if not wanted.once:
            screen.show(f"\nThe console is at {screen.url} until Ctrl-C.")
    finally:
        if wanted.once:
            keeper.stop()


def _ask(screen: Screen, began: float) -> None:
    """Ask the web server for a sign of life; it listens already and answers when it is up."""
    try:
        with urllib.request.urlopen(f"{screen.url}/healthz", timeout=30):  # noqa: S310 - our own URL
            took = human_time(time.time() - began)
            screen.show(f"the console at {screen.url} answered {took} after the start")
    except OSError as problem:
        screen.show(f"the console at {screen.url} does not answer: {problem}")


def _run(screen: Any, port: int | None, ready: Any) -> None:
    """Run the service; if nobody asked for a port and the usual one is taken, on a free one."""
    target = str(HERE / "app.py")
    try:
        run(
            target,
            FOLDER,
            port=PORT if port is None else port,
            speed=SPEED,
            view=screen,
            ready=ready,
        )
    except billow.Error:
        if port is not None:
            raise
        run(target, FOLDER, port=0, speed=SPEED, view=screen, ready=ready)


if __name__ == "__main__":
    sys.exit(main())
