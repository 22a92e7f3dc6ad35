"""Runs a process of the app's own.

`python -m billow.process --app TARGET --folder DIR --name NAME`

It is told to leave by SIGTERM, and when the holder of the other end of `--lifeline` is gone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from billow.errors import Error, NotFound
from billow.flow.arrivals import arrival_rule
from billow.flow.originals import attach
from billow.home import open_home
from billow.loading import load_app
from billow.process.process import Process
from billow.worker import system


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it until it returns; returns the exit status."""
    asked = _read(arguments)
    system.forbid_core_files()
    try:
        return asyncio.run(_run(asked))
    except (Error, OSError) as problem:
        print(f"{asked.name}: {problem}", file=sys.stderr)  # noqa: T201 - for people
        return 2


async def _run(asked: argparse.Namespace) -> int:
    app = load_app(asked.app)
    if asked.name not in app.processes:
        raise NotFound(f"{app.name} has no process {asked.name!r}")
    home = open_home(asked.folder, arrivals=arrival_rule(app))
    attach(app, lambda: home)
    process = Process(asked.name, home, Path(asked.folder))
    process.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    loop = asyncio.get_running_loop()
    for kind in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(kind, process.stopping.set)
    if asked.lifeline is not None:
        os.set_inheritable(asked.lifeline, False)
        loop.add_reader(asked.lifeline, _pulled, asked.lifeline, process)
    try:
        await app.processes[asked.name](process)
    finally:
        await process.close()
    return 0


def _pulled(lifeline: int, process: Process) -> None:
    if not os.read(lifeline, 1024):
        asyncio.get_running_loop().remove_reader(lifeline)
        process.stopping.set()


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m billow.process", description=__doc__)
    parser.add_argument("--app", required=True, help="file, folder or package.module:name")
    parser.add_argument("--folder", required=True, help="where the service keeps its data")
    parser.add_argument("--name", required=True, help="which of the app's processes")
    parser.add_argument("--lifeline", type=int, metavar="FD", help="leave when it reads as ended")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
