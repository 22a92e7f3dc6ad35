"""What the jobs do. Imported by every contender's workers, so it needs nothing but Python."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

Json = dict[str, Any]

#: Seconds that a job of the kill test takes.
SHORT = 0.005


def argument(number: int) -> Json:
    """The small JSON argument of job `number`."""
    return {"i": number, "key": f"in/{number:08d}.txt", "opts": {"top": 10, "lang": "en"}}


def no_op(given: Json) -> Json:
    """The job that is timed: small JSON in, small JSON out."""
    return {"i": given["i"], "ok": True, "top": [["the", 12], ["of", 7]]}


def short(given: Json) -> Json:
    """The kill test's job: note in a file that it ran, then take 5 ms."""
    note_run(given)
    time.sleep(SHORT)
    return {"i": given["i"], "ok": True}


async def short_async(given: Json) -> Json:
    """The same for queues that run coroutines."""
    note_run(given)
    await asyncio.sleep(SHORT)
    return {"i": given["i"], "ok": True}


def note_run(given: Json) -> None:
    """Add a line "job process" to the run log; one write, so lines of many processes stay whole."""
    file = os.open(given["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, b"%d %d\n" % (given["i"], os.getpid()))
    finally:
        os.close(file)
