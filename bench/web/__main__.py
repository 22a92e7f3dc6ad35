"""Web servers side by side: `python -m bench.web [whole|struck|flooded|missing|all] --rounds 3`."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from bench.web import contenders, fixtures
from bench.web.contenders import FLICKR, FLOODED, MISSING, STRUCK, WHOLE, Contender
from bench.web.measure import flooded, missing, struck, whole
from bench.web.running import Broken
from bench.web.table import tables

RESULTS = Path(__file__).parent / "results"
KINDS = ("whole", "struck", "flooded", "missing")


@click.command()
@click.argument("what", type=click.Choice([*KINDS, "all", "table"]), default="all")
@click.option("--rounds", default=3, show_default=True, help="Of each; the medians count.")
@click.option("--only", default="", help="Contenders whose names contain this.")
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS, help="Result files.")
def main(what: str, rounds: int, only: str, results: Path) -> None:
    """Measure, write JSON lines, and print tables of the medians."""
    if what != "table":
        _check()
        results.mkdir(exist_ok=True)
        file = results / f"{time.strftime('%Y%m%d-%H%M%S')}.jsonl"
        sys.path.insert(0, str(FLICKR))  # its photo maker
        with tempfile.TemporaryDirectory(prefix="billow-bench-fixtures-") as folder:
            Path(folder).chmod(0o755)  # nginx works as another user
            pictures = Path(folder) / "fixtures"
            fixtures.make(pictures)
            for number in range(rounds):
                for kind in KINDS if what == "all" else (what,):
                    _round(kind, number, only, pictures, file)
    newest = max(results.glob("*.jsonl"), default=None)
    if newest is None:
        sys.exit("there are no results yet")
    click.echo(tables([json.loads(line) for line in newest.read_text().splitlines()]))


def _round(kind: str, number: int, only: str, pictures: Path, file: Path) -> None:
    rows = {"whole": WHOLE, "struck": STRUCK, "flooded": FLOODED, "missing": MISSING}[kind]
    for contender in rows:
        if only.lower() in contender.name.lower():
            for record in _measure(kind, contender, pictures):
                told = {"kind": kind, "name": contender.name, "round": number, **record}
                with file.open("a") as lines:
                    lines.write(json.dumps(told) + "\n")
                click.echo(json.dumps(told), err=True)


def _measure(kind: str, contender: Contender, pictures: Path) -> list[dict[str, Any]]:
    try:
        if kind == "whole":
            return [whole(contender, pictures)]
        if kind in ("flooded", "missing"):
            return [(flooded if kind == "flooded" else missing)(contender, pictures)]
        return [struck(contender, pictures, each) for each in (signal.SIGKILL, signal.SIGSTOP)]
    except Broken as problem:
        click.echo(f"{contender.name}: {problem}", err=True)
        return []


def _check() -> None:
    if packages := contenders.missing():
        sys.exit(f"first: apt-get install --no-install-recommends {' '.join(packages)}")
    contenders.tool("uvicorn")


if __name__ == "__main__":
    main()
