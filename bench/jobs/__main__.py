"""The command line: `python -m bench.jobs --help`."""

from __future__ import annotations

import json
import shlex
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from bench.jobs import limit as raw
from bench.jobs.contenders import KILLED, TIMED, Contender, chosen
from bench.jobs.harness import Harness, Record, measuring_folder
from bench.jobs.machine import calibrate
from bench.jobs.report import markdown, newest
from bench.jobs.venvs import python_of

RESULTS = Path(__file__).parent / "results"

reps_option = click.option("--reps", default=3, show_default=True, help="Rounds.")
only_option = click.option("--only", help="Labels or parts of them, with commas between.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print records, not a table.")
results_option = click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=RESULTS,
    help="Folder of the result files.",
)


@click.group()
def main() -> None:
    """Measure job queues side by side, and the store's own limit."""
    # Ended by a signal, it still stops what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))


@main.command()
@reps_option
@only_option
@json_option
@results_option
@click.option("--jobs", type=int, help="Jobs of a throughput measurement; default is each one's.")
@click.option("--lat", default=200, show_default=True, help="Jobs whose round trip is timed.")
@click.option("--burst", default=2000, show_default=True, help="Jobs of the burst.")
@click.option("--limit/--no-limit", "with_limit", default=True, help="The raw store in each round.")
def run(
    reps: int,
    only: str | None,
    as_json: bool,
    results: Path,
    jobs: int | None,
    lat: int,
    burst: int,
    with_limit: bool,
) -> None:
    """Throughput, latency and burst of everyone, in rounds, with the raw store's limit."""
    contenders = chosen(TIMED, only)
    harness = _harness(results, "run", contenders)
    for _ in range(reps):
        for one in contenders:
            for phase, count in (
                ("throughput", jobs or one.jobs),
                ("latency", lat),
                ("burst", burst),
            ):
                _tell(harness.measure(one, phase, count), as_json)
        if with_limit:
            _measure_limit(harness, as_json)
    _finish(harness, as_json)


@main.command()
@only_option
@json_option
@results_option
@click.option("--reps", default=1, show_default=True, help="Rounds.")
@click.option("--jobs", default=2000, show_default=True)
@click.option("--watch", default=60.0, show_default=True, help="Seconds to wait for the results.")
def kill(
    only: str | None, as_json: bool, results: Path, reps: int, jobs: int, watch: float
) -> None:
    """The kill test: one of two workers is killed when 40 % of the jobs have begun."""
    contenders = chosen(KILLED, only)
    harness = _harness(results, "kill", contenders)
    for _ in range(reps):
        for one in contenders:
            watched = replace(one, settings={**one.settings, "WATCH": str(watch)})
            _tell(harness.measure(watched, "kill", jobs), as_json)
    _finish(harness, as_json)


@main.command()
@reps_option
@json_option
@results_option
def limit(reps: int, as_json: bool, results: Path) -> None:
    """The raw store's limit alone."""
    harness = _harness(results, "limit", [])
    for _ in range(reps):
        _measure_limit(harness, as_json)
    _finish(harness, as_json)


@main.command()
@results_option
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True))
def report(results: Path, files: tuple[Path, ...]) -> None:
    """Markdown of result files; of the newest of each kind if none is named."""
    for file in files or newest(results):
        click.echo(markdown(file))


def _harness(results: Path, kind: str, contenders: list[Contender]) -> Harness:
    for name in {one.venv for one in contenders}:
        python_of(name)
    command = shlex.join(["python", "-m", "bench.jobs", *sys.argv[1:]])
    return Harness(results, kind, command)


def _measure_limit(harness: Harness, as_json: bool) -> None:
    for design in raw.DESIGNS:
        with measuring_folder() as folder:
            before = calibrate(folder)
            figures = raw.measure(design, folder)
        record = {"limit": design.label, "before": before, **figures}
        harness.note(record)
        _tell(record, as_json)


def _tell(record: Record, as_json: bool) -> None:
    click.echo(json.dumps(record) if as_json else _line(record))


def _line(record: Record) -> str:
    name = record.get("contender") or record["limit"]
    return f"{name:<36} {record.get('phase', 'limit'):<11} " + "  ".join(
        f"{key} {_shown(value)}"
        for key, value in record.items()
        if isinstance(value, int | float) or key == "error"
    )


def _shown(value: Any) -> str:
    if isinstance(value, float) and value < 1000:
        return f"{value:.4g}"
    return value if isinstance(value, str) else f"{value:,.0f}"


def _finish(harness: Harness, as_json: bool) -> None:
    if not as_json:
        click.echo(markdown(harness.file))
    click.echo(f"records: {harness.file}", err=True)


if __name__ == "__main__":
    main(prog_name="python -m bench.jobs")
