"""What an earlier keeper left behind when it, or the whole machine, was stopped without warning."""

from __future__ import annotations

from pathlib import Path

from billow.flow.surroundings import remove_scratch
from billow.home import Home


def abandon_dead_workers(home: Home, function: str) -> int:
    """Give back the jobs of workers that the board still shows and that are no more.

    Their leases would run out anyway; this way nobody waits for that. A worker that still
    finishes its job after its keeper died keeps it. Returns how many jobs were given back.
    """
    shown = home.journal.shown(f"fleet.{function}")
    if shown is None:
        return 0
    dead = [
        worker["id"]
        for worker in shown[0].get("workers", [])
        if not _is_worker(worker["pid"], worker["id"])
    ]
    return sum(_abandon(home, function, name) for name in dead)


def _abandon(home: Home, function: str, worker: str) -> int:
    if home.folder is not None:
        remove_scratch(home.folder, worker)
    given_back = home.ledger.abandon(worker)
    if given_back:
        reason = f"was gone when the service started; jobs given back: {given_back}"
        facts = {"function": function, "given_back": given_back}
        home.journal.write("worker.crashed", worker, reason, facts)
    return given_back


def _is_worker(pid: int | None, name: str) -> bool:
    """Whether process `pid` is the worker called `name`, and not another that got its number."""
    try:
        return name.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
