"""Striking a web server of the service in the middle of a drill."""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress

from billow.drill.load.findings import Strike
from billow.drill.load.plan import Fault
from billow.drill.load.watch import SERVER, Look

_SIGNALS = {Fault.KILL: signal.SIGKILL, Fault.HANG: signal.SIGSTOP}


def strike(fault: Fault, look: Look, chance: random.Random) -> Strike | None:
    """Kill or stop one of the servers, any of them; None if there is none.

    Args:
        fault: `KILL` or `HANG`.
        look: how the processes stand right now.
        chance: chooses the server.
    """
    servers = [used.pid for used in look.of(SERVER)]
    if not servers:
        return None
    pid = chance.choice(sorted(servers))
    with suppress(ProcessLookupError):
        os.kill(pid, _SIGNALS[fault])
    return Strike(fault, look.at, pid, len(servers))


def release(strikes: list[Strike]) -> None:
    """Let those that were stopped, and that nobody replaced, go on."""
    for each in strikes:
        if each.fault is Fault.HANG:
            with suppress(ProcessLookupError):
                os.kill(each.pid, signal.SIGCONT)
