"""`billow drill load`: many visitors, and whether the service stands them."""

from __future__ import annotations

import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from billow.cli.out import document, json_option, say
from billow.errors import BadInput
from billow.units import seconds

if TYPE_CHECKING:
    from billow.drill.load.drill import Scene
    from billow.drill.load.findings import Findings
    from billow.drill.load.plan import Plan
    from billow.drill.load.report import Report

_SEEDS = 1_000_000
#: What Ctrl-C makes the exit status.
_INTERRUPTED = 130


@click.command()
@click.argument("target", metavar="URL|APP")
@click.option("--rate", default="10000/min", metavar="RATE", help="Requests, such as 167/s.")
@click.option("--for", "length", default="15m", metavar="TIME", help="How long.")
@click.option("--visitors", type=int, default=1000, help="Visitors, each with own connection.")
@click.option("--path", "paths", multiple=True, help="Fetch this; several are taken at random.")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="Send this, too.")
@click.option("--cookie", "cookies", multiple=True, metavar="NAME=VALUE", help="Every visitor's.")
@click.option("--poisson", is_flag=True, help="Let requests come at random, not evenly.")
@click.option("--timeout", default="10s", metavar="TIME", help="How long an answer may take.")
@click.option("--latency", default="500ms", metavar="TIME", help="Passed if 99 % take no longer.")
@click.option("--kill-server", "kill", is_flag=True, help="Kill a web server in the middle.")
@click.option("--hang-server", "hang", is_flag=True, help="Stop a web server in the middle.")
@click.option("--flood", default="1x", metavar="TIMES", help="In the middle, so many times more.")
@click.option("--seed", type=click.IntRange(0), help="Repeats the choices of another drill.")
@click.option("--report", "place", metavar="DIR", help="Where report.html and report.json go.")
@click.option("--folder", metavar="DIR", help="Where the service at URL keeps its data.")
@click.option("--i-own-this-host", "own", is_flag=True, help="Allow a host that is not this one.")
@json_option
def load(
    target: str, place: str | None, folder: str | None, own: bool, as_json: bool, **asked: Any
) -> int:
    """Let many visitors use a service, and check that it stands them.

    URL is a service that runs. An APP is started for the drill in a fresh folder; what visitors do
    there is what it declares by @app.visitors. Requests do not wait for answers, and latency
    counts from when they were due. The exit status is 1 if a bound was not held.
    """
    from billow.drill.load.report import Report  # noqa: PLC0415 - the help needs no drill

    plan = _plan(asked)
    files = Path(place or tempfile.mkdtemp(prefix="billow-load-"))
    files.mkdir(parents=True, exist_ok=True)
    with _screen(target) as (prepare, show), _scene(target, folder, files, own, prepare) as scene:
        from billow.drill.load.drill import LoadDrill  # noqa: PLC0415

        began = time.time()
        found = LoadDrill(plan, scene, files / "generators.log", show).run()
    report = Report.of(found, target, began)
    _write(report, files)
    if as_json:
        document(report.document())
    else:
        for line in report.lines():
            say(line)
        say(f"report    {files / 'report.html'}")
    return _INTERRUPTED if found.interrupted else int(not report.passed)


def _plan(asked: dict[str, Any]) -> Plan:
    """The plan that the options amount to."""
    from billow.drill.load.plan import (  # noqa: PLC0415 - the help needs no drill
        Bounds,
        Plan,
        read_pairs,
        read_rate,
        read_times,
    )

    seed = asked["seed"]
    return Plan(
        rate=read_rate(asked["rate"]),
        length=seconds(asked["length"]),
        visitors=asked["visitors"],
        seed=secrets.randbelow(_SEEDS) if seed is None else seed,
        poisson=asked["poisson"],
        timeout=seconds(asked["timeout"]),
        kill=asked["kill"],
        hang=asked["hang"],
        flood=read_times(asked["flood"]),
        paths=asked["paths"],
        headers=read_pairs(asked["headers"], ":", "header"),
        cookies=read_pairs(asked["cookies"], "=", "cookie"),
        bounds=Bounds(p99=seconds(asked["latency"])),
    )


@contextmanager
def _scene(
    target: str, folder: str | None, files: Path, own: bool, prepare: Callable[[str], None]
) -> Iterator[Scene]:
    """The service to drill, until the end of the block."""
    from billow.drill.load import service  # noqa: PLC0415 - the help needs no drill
    from billow.drill.load.drill import Scene  # noqa: PLC0415
    from billow.drill.load.target import find_target, is_url  # noqa: PLC0415
    from billow.loading import load_app  # noqa: PLC0415
    from billow.web.session_cookie import Cookie  # noqa: PLC0415

    if is_url(target):
        there = find_target(target, own=own)
        running = None if folder is None else service.found(folder)
        if running is not None and not service.lives_there(running, there):
            raise BadInput(f"the service in {folder} is at {running.url}, not at {target}")
        yield Scene(there, None if running is None else running.keeper)
        return
    if folder is not None or own:
        raise BadInput("--folder and --i-own-this-host are for a service that runs at a URL")
    app = load_app(target)
    prepare(f"starting {app.name} …")
    absolute = str(Path(target).absolute()) if Path(target).exists() else target
    with service.started(absolute, _fresh(files)) as running:
        prepare(f"setting up {app.name} at {running.url} …")
        stage = service.Set(app, files / "service", running.url, Cookie(secure=False).name)
        yield Scene(
            find_target(running.url), running.keeper, absolute, stage.set_up(), stage.observer()
        )


def _fresh(files: Path) -> Path:
    """The folder of the service that is started.

    Raises:
        BadInput: a service has run there before.
    """
    folder = files / "service"
    if folder.exists():
        raise BadInput(f"{folder} is there already; a drill needs a folder of its own")
    return folder


@contextmanager
def _screen(
    target: str,
) -> Iterator[tuple[Callable[[str], None], Callable[[Findings, int], None]]]:
    """What tells of the preparations, and what tells how the drill stands."""
    if not sys.stderr.isatty():
        yield lambda _: None, lambda *_: None
        return
    from billow.cli.load_screen import LoadScreen  # noqa: PLC0415 - drawing needs rich

    with LoadScreen(target) as screen:
        yield screen.say, screen.show


def _write(report: Report, files: Path) -> None:
    import json  # noqa: PLC0415

    from billow.drill.load.page import page  # noqa: PLC0415 - drawn once, at the end

    (files / "report.json").write_text(json.dumps(report.document(), indent=1) + "\n")
    (files / "report.html").write_text(page(report))
    (files / "report.txt").write_text("\n".join(report.lines()) + "\n")
