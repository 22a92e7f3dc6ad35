"""`python -m billow.drill.load`: a generator's process. Orders come on the standard input."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import sys
from typing import Any

from billow.drill.load.browsing import browsing
from billow.drill.load.generator import Generator
from billow.drill.load.orders import Orders
from billow.drill.load.session import NoStep
from billow.errors import Error
from billow.loading import load_app
from billow.visits import Browse


def main() -> None:
    """Read the orders, say that it is ready, read when to begin, and report in JSON lines.

    It stops at SIGTERM, and when its input ends: nobody would read its reports any more.
    """
    _use_uvloop()
    orders = Orders.decode(sys.stdin.readline())
    try:
        app = None if orders.app is None else load_app(orders.app)
        _tell({"ready": True})
        began = float(sys.stdin.readline())
        gc.freeze()
        asyncio.run(_generate(orders, browsing(app, orders.paths), began))
    except (Error, NoStep) as problem:
        _tell({"problem": getattr(problem, "detail", str(problem))})
        sys.exit(2)


async def _generate(orders: Orders, browse: Browse, began: float) -> None:
    loop = asyncio.get_running_loop()
    generator = Generator(orders, browse, _tell)
    loop.add_signal_handler(signal.SIGTERM, generator.stop)

    def left_alone() -> None:
        loop.remove_reader(sys.stdin.fileno())
        generator.stop()

    loop.add_reader(sys.stdin.fileno(), left_alone)
    await generator.run(began)


def _use_uvloop() -> None:
    try:
        import uvloop  # noqa: PLC0415 - only where the extra `fast` is installed
    except ModuleNotFoundError:
        return
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


def _tell(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
