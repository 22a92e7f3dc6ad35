"""Stands in for a worker: reports, and leaves on SIGTERM or at the end of its lifeline.

STANDIN=die ends at once with a message; STANDIN=stubborn ignores SIGTERM; STANDIN=slow takes a
moment to leave.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import sys
import time


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("app", "function", "folder", "id", "speed"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--lifeline", type=int)
    parser.add_argument("--status", type=int)
    given = parser.parse_args()
    mode = os.environ.get("STANDIN", "")
    if mode == "die":
        sys.exit("cannot work like this")
    told = os.pipe()
    leave = signal.SIG_IGN if mode == "stubborn" else lambda *_: os.write(told[1], b"!")
    signal.signal(signal.SIGTERM, leave)
    os.write(given.status, b"not a status line\n")
    idle = {"state": "idle", "child_pid": None, "job": None, "name": None, "jobs": 0}
    os.write(given.status, json.dumps({**idle, "done": 7, "rss": 1000}).encode() + b"\n")
    sys.stderr.write(f"{given.id} runs {given.function}\n")
    sys.stderr.flush()
    ready, _, _ = select.select([given.lifeline, told[0]], [], [])
    if mode == "slow" and given.lifeline not in ready:
        time.sleep(0.3)


main()
