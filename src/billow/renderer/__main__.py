"""The render pool's process: `python -m billow.renderer --app TARGET --folder DIR`.

It leaves on SIGTERM, and when the process that holds the other end of `--lifeline` is gone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from billow.errors import Error
from billow.flow.originals import key_of
from billow.home import Home, open_home
from billow.loading import load_app
from billow.ops.logs.shipper import Shipper
from billow.ops.logs.start import log_to, make_shipper
from billow.renderer.pool import Pool, Size
from billow.settings import in_force


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to leave; returns the exit status."""
    asked = _read(arguments)
    shipper = make_shipper("renderer")
    log_to(shipper)
    try:
        home = open_home(asked.folder)
        shipper.start(home.logs)
        return asyncio.run(_serve(asked, home, shipper))
    except (Error, OSError) as problem:
        print(f"billow renderer: {problem}", file=sys.stderr)  # noqa: T201 - for people
        return 2
    finally:
        shipper.stop()


async def _serve(asked: argparse.Namespace, home: Home, shipper: Shipper) -> int:
    size = Size(in_force("renderers").value, in_force("cache_size").value)
    stores = {each.name: each.store for each in load_app(asked.app).collections.values()}

    def exists(collection: str, id: int) -> bool:
        store = stores.get(collection)
        return store is not None and home.objects.head(store, key_of(id)) is not None

    pool = Pool(asked.app, Path(asked.folder), home, size, exists, shipper.watch)
    loop = asyncio.get_running_loop()
    for kind in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(kind, pool.stop)
    if asked.lifeline is not None:
        os.set_inheritable(asked.lifeline, False)
        loop.add_reader(asked.lifeline, _pulled, asked.lifeline, pool)
    return await pool.run()


def _pulled(lifeline: int, pool: Pool) -> None:
    if not os.read(lifeline, 1024):
        asyncio.get_running_loop().remove_reader(lifeline)
        pool.stop()


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m billow.renderer", description=__doc__)
    parser.add_argument("--app", required=True, help="file, folder or package.module:name")
    parser.add_argument("--folder", required=True, help="where the service keeps its data")
    parser.add_argument("--lifeline", type=int, metavar="FD", help="leave when it reads as ended")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
