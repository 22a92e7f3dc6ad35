"""Dead letters, retry and cancel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from billow.home import Home
from billow.job import Status
from tests.cli.conftest import Billow


@pytest.fixture
def letters(billow: Billow, home: Home, work: Any) -> list[str]:
    """Two dead letters of one cause."""
    for a in (1, 2):
        billow("send", "divide", "--arg", f"a={a}", "--arg", "by=0")
    work()
    return [job.id for job in home.ledger.find(dead=True).jobs]


def status(home: Home, id: str) -> Status:
    job = home.ledger.get(id)
    assert job is not None
    return job.status


def test_dead_letters_are_grouped(billow: Billow, letters: list[str]) -> None:
    (group,) = billow("dead", "--json").lines
    assert (group["function"], group["count"]) == ("divide", 2)
    assert "division by zero" in group["message"]
    assert group["sample"] in letters
    assert group["group"] in billow("dead").out


def test_without_dead_letters(billow: Billow, home: Home) -> None:
    assert billow("dead").out == "no dead letters\n"
    assert billow("dead", "redrive", "--all").out == "0 redriven\n"


def test_a_group_in_full(billow: Billow, letters: list[str]) -> None:
    (group,) = billow("dead", "--json").lines
    shown = billow("dead", "show", group["group"])
    assert "Traceback" in shown.out
    assert all(id_ in shown.out for id_ in letters)
    assert sorted(billow("dead", "show", group["group"][:4], "--json").document["jobs"]) == sorted(
        letters
    )
    assert billow("dead", "show", "zzz").status == 2


@pytest.mark.parametrize("how", ["ids", "group", "all"])
def test_redriving(billow: Billow, home: Home, letters: list[str], how: str) -> None:
    group = billow("dead", "--json").lines[0]["group"]
    chosen = {"ids": letters, "group": ["--group", group], "all": ["--all"]}[how]
    ran = billow("dead", "redrive", *chosen, "--json")
    assert ran.status == 0
    assert ran.document == {"redriven": 2, "refused": []}
    assert {status(home, id_) for id_ in letters} == {Status.PENDING}


def test_redriving_says_what_it_could_not(billow: Billow, letters: list[str]) -> None:
    ran = billow("dead", "redrive", letters[0], "nope")
    assert ran.status == 2
    assert ran.out == "1 redriven, 1 not: nope\n"


@pytest.mark.parametrize("arguments", [[], ["--all", "x"], ["--all", "--group", "x"]])
def test_redriving_needs_one_choice(billow: Billow, home: Home, arguments: list[str]) -> None:
    assert billow("dead", "redrive", *arguments).err.startswith("billow: name the jobs, or a")


def test_the_folder_may_be_named_before_or_after(
    billow: Billow, letters: list[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = billow("dead", "--json").lines[0]["group"]
    monkeypatch.chdir("/")
    place = ["--folder", str(here / ".billow")]
    assert billow("dead", *place, "show", group).status == 0
    assert billow("dead", "show", group, *place).status == 0
    assert billow("dead", "show", group).status == 2


def test_retrying_with_another_argument(
    billow: Billow, home: Home, work: Any, letters: list[str]
) -> None:
    assert billow("retry", letters[0], "--arg", "by=2").status == 0
    work()
    job = home.ledger.get(letters[0])
    assert job is not None
    assert job.status is Status.COMPLETED
    assert job.args["by"] == 2


def test_retrying_what_cannot_be(billow: Billow, work: Any, letters: list[str]) -> None:
    billow("retry", letters[0], "--arg", "by=2")
    work()
    again = billow("retry", letters[0], letters[1], "--json")
    assert again.status == 2
    assert [line["redriven"] for line in again.lines] == [False, True]
    assert "a job that is completed cannot be retried" in again.err
    assert billow("retry", "nope").err == "billow: there is no job 'nope'\n"
    assert billow("retry", letters[0], "--arg", "by=x").status == 2


def test_cancelling(billow: Billow, home: Home) -> None:
    first, second = (
        billow("send", "divide", "--arg", "a=1", "--json").lines[0]["id"] for _ in range(2)
    )
    assert billow("cancel", first).out == f"{first}: cancelled\n"
    assert status(home, first) is Status.CANCELLED
    again = billow("cancel", first, "nope", second, "--json")
    assert again.status == 2
    assert [line["id"] for line in again.lines] == [second]
    assert [line.partition(":")[0] for line in again.err.splitlines()] == [first, "nope"]


def test_cancelling_tells_the_apps_handlers(billow: Billow, home: Home, here: Path) -> None:
    (here / "a.txt").write_text("to be or not")
    id_ = billow("send", "measure", "a.txt", "--json").lines[0]["id"]
    assert billow("cancel", id_).status == 0
    assert [message.body for message in home.queues.peek("measured")] == ['"not a.txt"']
