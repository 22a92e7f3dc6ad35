"""`billow send`."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from billow.cli.send import expand
from billow.home import Home
from billow.loading import load_app
from tests.cli.conftest import Billow


@pytest.fixture
def texts(here: Path) -> Path:
    """A folder with files of several kinds."""
    folder = here / "texts"
    (folder / "deep").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for name in ("b.txt", "a.TXT", "deep/c.txt", "picture.png", ".secret.txt", ".hidden/d.txt"):
        (folder / name).write_text(name)
    return folder


def test_each_file_becomes_a_job(billow: Billow, home: Home, texts: Path) -> None:
    sent = billow("send", "measure", "texts/b.txt", "texts/a.TXT", "--json")
    assert sent.status == 0
    assert [line["file"] for line in sent.lines] == ["texts/b.txt", "texts/a.TXT"]
    assert all(line["new"] for line in sent.lines)
    jobs = [home.ledger.get(line["id"]) for line in sent.lines]
    assert [job.name for job in jobs if job] == ["b.txt", "a.TXT"]


def test_a_folder_stands_for_the_accepted_files_in_it(texts: Path) -> None:
    found = expand([str(texts)], load_app("app.py").get("measure"))
    assert [str(path.relative_to(texts)) for path in found] == ["a.TXT", "b.txt", "deep/c.txt"]


def test_a_folder_with_nothing_to_send_is_told(billow: Billow, here: Path) -> None:
    (here / "empty").mkdir()
    sent = billow("send", "measure", "empty")
    assert "empty: no file in it is of a kind that measure accepts" in sent.err


def test_bad_files_are_named_and_the_others_sent(billow: Billow, home: Home, here: Path) -> None:
    (here / "good.txt").write_text("x")
    (here / "large.txt").write_text("x" * 1001)
    (here / "picture.png").write_text("x")
    sent = billow("send", "measure", "good.txt", "large.txt", "picture.png", "missing.txt")
    assert sent.status == 2
    problems = dict(line.split(": ", 1) for line in sent.err.splitlines())
    assert set(problems) == {"large.txt", "picture.png", "missing.txt"}
    assert "1000" in problems["large.txt"]
    assert "must end in .txt" in problems["picture.png"]
    assert problems["missing.txt"] == "no such file or directory"
    assert home.ledger.counts("measure").visible == 1


def test_a_pipe_is_no_file(billow: Billow, here: Path) -> None:
    os.mkfifo(here / "pipe.txt")
    assert billow("send", "measure", "pipe.txt").err == "pipe.txt: not a regular file\n"


def test_a_name_cannot_steer_the_terminal(billow: Billow, home: Home, here: Path) -> None:
    (here / "red\x1b[31m\n.txt").write_text("x")
    (here / "red\x1b[31m.png").write_text("x")
    Path(os.fsdecode(b"\xff.txt")).write_text("x")
    sent = billow("send", "measure", ".", "red\x1b[31m.png")
    assert "red\\x1b[31m\\n.txt" in sent.out
    assert "\\udcff.txt" in sent.out
    assert sent.err.startswith("red\\x1b[31m.png: ")
    assert "\x1b" not in sent.out + sent.err
    assert {line["file"] for line in billow("send", "measure", ".", "--json").lines} == {
        "red\x1b[31m\n.txt",
        "\udcff.txt",
    }


def test_a_call_without_a_file(billow: Billow, home: Home) -> None:
    sent = billow("send", "divide", "--arg", "a=6", "--arg", "note=5", "--json")
    job = home.ledger.get(sent.lines[0]["id"])
    assert job is not None
    assert job.args == {"a": 6, "note": "5"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["divide"], "divide needs the argument 'a'"),
        (["divide", "--arg", "a=x"], "argument 'a' of divide must be a whole number, not text"),
        (["divide", "--arg", "b=1"], "divide has no argument 'b'"),
        (["divide", "--arg", "a"], "--arg a: write NAME=VALUE"),
        (["divide", "app.py", "--arg", "a=1"], "divide takes no file"),
        (["measure"], "measure needs a file"),
    ],
)
def test_a_call_that_does_not_fit_is_refused(
    billow: Billow, home: Home, arguments: list[str], told: str
) -> None:
    sent = billow("send", *arguments)
    assert sent.status == 2
    assert told in sent.err
    assert home.ledger.totals() == {}


def test_the_same_key_makes_the_same_jobs(billow: Billow, home: Home, texts: Path) -> None:
    first = billow("send", "measure", "texts", "--key", "monday", "--json")
    again = billow("send", "measure", "texts", "--key", "monday", "--json")
    assert [line["id"] for line in again.lines] == [line["id"] for line in first.lines]
    assert not any(line["new"] for line in again.lines)
    assert "known by its key" in billow("send", "measure", "texts", "--key", "monday").out


def test_the_same_key_for_other_bytes_is_refused(billow: Billow, here: Path) -> None:
    (here / "some.txt").write_text("one")
    billow("send", "measure", "some.txt", "--key", "monday")
    (here / "some.txt").write_text("two")
    again = billow("send", "measure", "some.txt", "--key", "monday")
    assert again.status == 2
    assert "was used before for another request" in again.err


def test_many_jobs_are_summed_up(billow: Billow, here: Path) -> None:
    for number in range(20):
        (here / f"{number:02}.txt").write_text("x")
    shown = billow("send", "measure", ".").out.splitlines()
    assert len(shown) == 11
    assert shown[-1] == "… 20 jobs in all; see `billow jobs`"


def in_background(work: Any, home: Home, jobs: int) -> threading.Thread:
    """Runs the jobs once so many wait."""

    def wait_and_work() -> None:
        deadline = time.monotonic() + 30
        with home.wake.waiter("jobs.measure") as waiter:
            while home.ledger.counts("measure").visible < jobs:
                if time.monotonic() > deadline:
                    return
                waiter.wait(0.05)
        work()

    thread = threading.Thread(target=wait_and_work, daemon=True)
    thread.start()
    return thread


def test_waiting_shows_results_and_failures(
    billow: Billow, home: Home, work: Any, here: Path
) -> None:
    (here / "some.txt").write_text("some")
    (here / "empty.txt").write_text("")
    worker = in_background(work, home, 2)
    done = billow("send", "measure", "some.txt", "empty.txt", "--wait")
    worker.join()
    assert done.status == 1
    assert done.out.splitlines() == [
        "some.txt   most 2  used 1",
        "empty.txt  failed: rejected: the file is empty",
    ]
    assert "no service is running here" in done.err


def test_waiting_with_json_gives_the_results(
    billow: Billow, home: Home, work: Any, here: Path
) -> None:
    (here / "some.txt").write_text("some")
    worker = in_background(work, home, 1)
    done = billow("send", "measure", "some.txt", "--wait", "--json")
    worker.join()
    assert done.status == 0
    assert done.lines[0]["result"]["size"] == 4


def test_breaking_off_the_wait_leaves_the_jobs(
    billow: Billow, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("billow.cli.waiting.finished", interrupted)
    sent = billow("send", "divide", "--arg", "a=1", "--wait")
    assert sent.status == 130
    assert "the jobs go on; `billow jobs` shows them" in sent.err
    assert home.ledger.counts("divide").visible == 1
