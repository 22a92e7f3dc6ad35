"""The embedded home shared by several processes: nothing lost, none doubled, nobody locked out."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path

import pytest

from billow.errors import Unavailable
from billow.home import open_home
from billow.job import Status
from tests.contract.crowd import (
    count_and_put,
    fill_the_disk,
    run_crowd,
    submit_and_work,
    submit_until_killed,
    wait_and_answer,
    write_journal,
)
from tests.contract.homes import until


def test_eight_processes_submit_and_work_at_once(tmp_path: Path) -> None:
    run_crowd(submit_and_work, tmp_path, 8)
    home = open_home(tmp_path)
    # The last to submit may find others gone already, but then works alone until none is left.
    totals = {key: count for key, count in home.ledger.totals().items() if count}
    assert totals == {("f", Status.COMPLETED): 8 * 32 + 8}
    page = home.ledger.find(limit=1000)
    assert {job.result for job in page.jobs} == {"ok"}
    assert {job.lost for job in page.jobs} == {0}
    names = {job.name for job in page.jobs if job.name}
    assert names == {f"{number}.{n}" for number in range(8) for n in range(32)}
    published = home.queues.peek("out", 1000)
    assert sorted(m.body for m in published) == sorted(job.id for job in page.jobs)
    assert home.tables.count("done") == len(page.jobs)


def test_processes_share_counters_objects_and_queues(tmp_path: Path) -> None:
    run_crowd(count_and_put, tmp_path, 4)
    home = open_home(tmp_path)
    counter = home.tables.get("t", "counter")
    assert counter is not None
    assert counter.value == {"n": 100}
    infos = home.objects.list("s", limit=1000)
    assert len(infos) == 100
    contents = {b"".join(home.objects.read("s", info.key)).decode() for info in infos}
    assert contents == {f"{number} {n}" for number in range(4) for n in range(25)}
    bodies = [m.body for name in ("in", "out") for m in home.queues.peek(name, 1000)]
    assert sorted(bodies) == sorted(f"{number}.{n}" for number in range(4) for n in range(25))


def test_processes_share_the_journal(tmp_path: Path) -> None:
    run_crowd(write_journal, tmp_path, 4)
    home = open_home(tmp_path)
    assert len(home.journal.read(limit=1000)) == 100
    for number in range(4):
        mine = home.journal.read(subject=f"p{number}", limit=1000)
        assert [entry.reason for entry in mine] == [str(n) for n in range(25)]
        assert len(home.journal.series(f"series.{number}", 0, 25, 1)) == 25
        assert home.journal.board()[f"board.{number}"] == {"n": 24}


def test_processes_wake_each_other(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    crowd = threading.Thread(target=run_crowd, args=(wait_and_answer, tmp_path, 3))
    crowd.start()
    until(lambda: home.tables.count("waiting") == 3, "three processes that wait")
    assert home.wake.notify("news", 2) == 2
    until(lambda: home.tables.count("woken") == 2, "two processes that were woken")
    assert home.wake.notify("news") == 1
    crowd.join()
    assert home.tables.count("woken") == 3


def test_a_home_opened_again_holds_all_that_was_put(tmp_path: Path) -> None:
    run_crowd(count_and_put, tmp_path, 1)
    first, second = open_home(tmp_path), open_home(tmp_path)
    assert first.objects.list("s") == second.objects.list("s") != []
    assert first.tables.query("t") == second.tables.query("t") != []


@pytest.mark.parametrize("number", range(3))
def test_what_was_accepted_outlives_a_kill(tmp_path: Path, number: int) -> None:
    accepted = tmp_path / f"accepted.{number}"
    process = multiprocessing.get_context("spawn").Process(
        target=submit_until_killed, args=(tmp_path, number)
    )
    process.start()
    until(lambda: accepted.exists() and accepted.stat().st_size > 1000, "some acceptances")
    process.kill()
    process.join()
    home = open_home(tmp_path)
    lines = [line.split() for line in accepted.read_text().splitlines(True) if line[-1] == "\n"]
    for id_, key, name in lines:
        job = home.ledger.get(id_)
        assert job is not None
        assert (job.name, job.status) == (name, Status.PENDING)
        assert b"".join(home.objects.read("s", key)) == name.encode()
    assert 0 <= home.ledger.counts("f").visible - len(lines) <= 1
    assert 0 <= len(home.objects.list("s", limit=1000)) - len(lines) <= 1


def test_a_full_disk_refuses_new_work_and_keeps_the_old(tmp_path: Path) -> None:
    run_crowd(fill_the_disk, tmp_path, 1)
    assert open_home(tmp_path).objects.head("s", "large") is not None


def test_a_folder_that_cannot_be_used_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Unavailable):
        open_home(tmp_path / "file")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "core.db").write_text("no database" * 500)
    with pytest.raises(Unavailable):
        open_home(tmp_path / "home")
