"""The front's process: `python -m billow.front --fd N --control N`; the keeper starts it.

It leaves on SIGTERM, and when the keeper is gone: it stops accepting, and gives the answers that
are under way five seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import socket
import sys
from collections.abc import Sequence

from billow.front.lines import Lines
from billow.front.service import Service

#: When to look for what only refers to itself: after so many objects, and how often for older ones.
GARBAGE = (10_000, 20, 20)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to leave; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m billow.front", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="the listening socket")
    parser.add_argument("--control", type=int, required=True, help="the line to the keeper")
    parser.add_argument("--plain", type=int, help="a listening socket for plain HTTP beside https")
    asked = parser.parse_args(arguments)
    listening, control = (socket.socket(fileno=fd) for fd in (asked.fd, asked.control))
    plain = None if asked.plain is None else socket.socket(fileno=asked.plain)
    lines = _log_to_both()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        runner.run(Service(listening, control, plain, lines).run())
    return 0


def _log_to_both() -> Lines:
    """Send what is logged to stderr, and to the keeper, as what is returned gathers it."""
    lines = Lines()
    logging.basicConfig(level=logging.WARNING, handlers=[logging.StreamHandler(), lines])
    logging.getLogger("billow").setLevel(logging.INFO)
    return lines


def _fast_loop() -> type[asyncio.AbstractEventLoop] | None:
    """The fast event loop, if it is installed."""
    try:
        import uvloop  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    return uvloop.Loop


if __name__ == "__main__":
    sys.exit(main())
