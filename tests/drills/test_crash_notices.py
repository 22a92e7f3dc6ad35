"""The crash drill notices faults in a real, running service: its processes run a faulty Billow."""

from __future__ import annotations

from pathlib import Path

import pytest

from billow.drill.crash import CrashDrill, Plan
from billow.drill.processes import Kind

pytestmark = [pytest.mark.drill, pytest.mark.timeout(200)]

#: Every process imports this first, and so runs with the fault.
NO_FENCING = """
import billow.drivers.embedded.leases as leases
leases._COMPLETE = leases._COMPLETE.replace("token = ? and state = 1", "? > 0")
"""

ACK_BEFORE_COMMIT = """
import threading
import billow.drivers.embedded.accepting as accepting
import billow.drivers.embedded.ledger as ledger
from billow.ports.ledger import Accepted

right, make_ids, one_by_one = ledger.SqliteLedger.submit, accepting.new_ids, threading.Lock()

def submit(self, submissions):
    if any(asked.key is None or self.find_key(asked.owner, asked.key) for asked in submissions):
        return right(self, submissions)
    ids = make_ids(len(submissions))
    threading.Timer(0.3, commit, (self, submissions, ids)).start()
    return [Accepted(id_, 0, True) for id_ in ids]

def commit(self, submissions, ids):
    with one_by_one:
        accepting.new_ids = lambda _: ids
        right(self, submissions)
        accepting.new_ids = make_ids

ledger.SqliteLedger.submit = submit
"""


def faults(folder: Path, patch: pytest.MonkeyPatch, fault: str, plan: Plan) -> set[str]:
    """What the drill finds in a service with a fault planted in it."""
    planted = folder / "planted"
    planted.mkdir()
    (planted / "sitecustomize.py").write_text(fault)
    patch.setenv("PYTHONPATH", str(planted))
    return set(CrashDrill(plan).run().verdict.faults)


def test_it_notices_that_a_stalled_worker_is_not_fenced_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_workers: dict[Kind | None, int] = {Kind.WORKER: 1}
    plan = Plan(
        tmp_path / "drill", 1, 8, lease=1.0, workers=3, work=0.1, stalls=0.8, targets=only_workers
    )
    assert "double results" in faults(tmp_path, monkeypatch, NO_FENCING, plan)


def test_it_notices_that_answers_come_before_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(tmp_path / "drill", seed=1, kills=40, lease=1.0)
    assert "lost" in faults(tmp_path, monkeypatch, ACK_BEFORE_COMMIT, plan)
