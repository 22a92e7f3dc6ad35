"""What one of many processes does in the tests of a home that several processes share."""

from __future__ import annotations

import itertools
import multiprocessing
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from billow.errors import Unavailable
from billow.home import Home, open_home
from billow.ports.ledger import Accepted, Completed, Lease, Publish, Put, Submission
from tests.contract.homes import PATIENCE

LEASE = 60.0


def run_crowd(work: Callable[[Path, int], None], folder: Path, size: int) -> None:
    """Run `work(folder, number)` in `size` processes at once; none may fail."""
    context = multiprocessing.get_context("spawn")
    crowd = [context.Process(target=work, args=(folder, number)) for number in range(size)]
    for process in crowd:
        process.start()
    for process in crowd:
        process.join(PATIENCE * 2)
        if process.is_alive():
            process.kill()
            process.join()
    assert [process.exitcode for process in crowd] == [0] * size


def submit_and_work(folder: Path, number: int) -> None:
    """Submit 40 jobs, 8 of them under keys that all processes use; then work until none is left."""
    home = open_home(folder)
    for start in range(0, 32, 4):
        home.ledger.submit([Submission("f", name=f"{number}.{start + n}") for n in range(4)])
        home.ledger.submit([Submission("f", key=f"shared {start}")])
    held: list[Lease] = []
    while True:
        answer = home.ledger.exchange("f", f"w{number}", [_done(home, x) for x in held], 7, LEASE)
        assert all(answer.recorded)
        held = answer.leases
        if not held:
            return


def submit_until_killed(folder: Path, number: int) -> None:
    """Submit jobs and put objects, writing each id to a file once it is accepted."""
    home = open_home(folder)
    with (folder / f"accepted.{number}").open("a", buffering=1) as accepted:
        for n in itertools.count():
            [job] = home.ledger.submit([Submission("f", name=f"{number}.{n}")])
            info = home.objects.put("s", [f"{number}.{n}".encode()]).info
            accepted.write(f"{job.id} {info.key} {number}.{n}\n")


def fill_the_disk(folder: Path, number: int) -> None:
    """Submit and put with files bounded in size until no more fits; then with room again."""
    home = open_home(folder)
    accepted = home.ledger.submit([Submission("f")])
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, resource.RLIM_INFINITY))
    with pytest.raises(Unavailable):
        home.objects.put("s", [b"x" * (3 << 20)], key="large")
    with pytest.raises(Unavailable):
        _submit_large_jobs(home, accepted)
    assert home.objects.stores() == []
    assert home.ledger.counts("f").visible == len(accepted)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    accepted += home.ledger.submit([Submission("f")])
    assert {home.ledger.get(each.id) is None for each in accepted} == {False}
    home.objects.put("s", [b"x" * (3 << 20)], key="large")


def _submit_large_jobs(home: Home, accepted: list[Accepted]) -> None:
    for _ in range(200):
        accepted += home.ledger.submit([Submission("f", "{}", "x" * 200_000)])


def _done(home: Home, lease: Lease) -> Completed:
    now = home.clock.now()
    effects = (Publish("out", lease.id), Put("done", lease.id, "{}"))
    return Completed(lease.seq, lease.token, '"ok"', now, now, effects)


def count_and_put(folder: Path, number: int) -> None:
    """Add to a shared counter, put objects, and pass messages on."""
    home = open_home(folder)
    for n in range(25):
        home.tables.add("t", "counter", "n", 1)
        home.objects.put("s", [f"{number} {n}".encode()], name="same.txt")
        home.queues.send("in", [f"{number}.{n}"])
        for message in home.queues.receive("in", 2):
            home.queues.send("out", [message.body])
            assert home.queues.delete("in", [message.receipt]) == [True]


def write_journal(folder: Path, number: int) -> None:
    """Write events, samples and states."""
    home = open_home(folder)
    for n in range(25):
        home.journal.write("k", f"p{number}", str(n))
        home.journal.sample({f"series.{number}": n}, at=float(n))
        home.journal.show(f"board.{number}", {"n": n})


def wait_and_answer(folder: Path, number: int) -> None:
    """Wait to be woken, and tell so; tells first that it waits."""
    home = open_home(folder)
    with home.wake.waiter("news") as waiter:
        home.tables.put("waiting", str(number), {})
        assert waiter.wait(PATIENCE)
    home.tables.put("woken", str(number), {})
