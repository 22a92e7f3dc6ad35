"""An upload that is interrupted after it was committed keeps its bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from billow.drill.app import READ, make_app
from billow.drivers.embedded.ledger import SqliteLedger
from billow.flow.client import connect
from billow.job import Status
from billow.testing import run_jobs


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError])
def test_a_job_whose_upload_was_committed_finds_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interruption: type[BaseException]
) -> None:
    client = connect(make_app(tmp_path / "runs.log", lease=60, work=0.0), tmp_path / "home")

    def interrupt(*_: object) -> None:
        raise interruption

    with monkeypatch.context() as patch:
        patch.setattr(SqliteLedger, "ring", interrupt)  # comes right after the commit
        with pytest.raises(interruption):
            client.send_file(READ, iter([b"some text"]), name="a.txt")
    [job] = run_jobs(client.home, client.app)
    assert job.status is Status.COMPLETED
