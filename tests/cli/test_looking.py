"""The verbs that show jobs, results, queues and tables."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from billow.cli.results import brief
from billow.events import Event
from billow.flow import followup
from billow.home import Home
from billow.job import Failure
from billow.ports.ledger import Failed
from tests.cli.conftest import Billow


@pytest.fixture
def done(billow: Billow, home: Home, work: Any, here: Path) -> dict[str, str]:
    """Finished jobs by name: two texts, a text that was rejected, a division by zero."""
    (here / "one.txt").write_text("one")
    (here / "two.txt").write_text("two, too")
    (here / "empty.txt").write_text("")
    sent = billow("send", "measure", "one.txt", "two.txt", "empty.txt", "--json").lines
    ids = {line["file"]: line["id"] for line in sent}
    ids["division"] = billow("send", "divide", "-a", "a=1", "-a", "by=0", "--json").lines[0]["id"]
    work()
    return ids


def test_jobs_come_newest_first(billow: Billow, done: dict[str, str]) -> None:
    listed = billow("jobs", "--json").lines
    assert {line["id"] for line in listed} == set(done.values())
    assert [line["seq"] for line in listed] == sorted((j["seq"] for j in listed), reverse=True)
    shown = billow("jobs").out
    assert all(id_ in shown for id_ in done.values())
    assert "raised: ZeroDivisionError: division by zero" in shown


def test_handlers_that_are_tried_again_are_named_as_such(billow: Billow, home: Home) -> None:
    asked = followup.submissions("divide", "j", "a text", "local", Event.COMPLETED, 1.0, [0])
    home.ledger.submit([one._replace(delay=0.0) for one in asked])
    [lease] = home.ledger.exchange("divide.followup", "w", [], 1, 30.0).leases
    failed = Failed(lease.seq, lease.token, Failure("raised", "no"), 1.0, 2.0, None)
    home.ledger.exchange("divide.followup", "w", [failed], 0, 30.0)
    for verb in (["jobs"], ["dead"], ["job", lease.id]):
        assert "handlers of divide, tried again" in billow(*verb).out
    assert billow("jobs", "--json").lines[0]["function"] == "divide.followup"
    assert "followup" not in billow("queues").out
    assert billow("dead", "redrive", "--all").out == "1 redriven\n"


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--status", "completed"], {"one.txt", "two.txt"}),
        (["--function", "measure"], {"one.txt", "two.txt", "empty.txt"}),
        (["--text", "ONE"], {"one.txt"}),
        (["--dead"], {""}),
        (["--function", "measure", "--status", "failed"], {"empty.txt"}),
        (["--function", "none"], set()),
    ],
)
def test_jobs_are_filtered(
    billow: Billow, done: dict[str, str], options: list[str], names: set[str]
) -> None:
    assert {line["name"] for line in billow("jobs", "--json", *options).lines} == names


@pytest.mark.parametrize("arguments", [("jobs", "--before"), ("results", "divide", "--limit")])
def test_numbers_beyond_all_bounds_are_refused(billow: Billow, arguments: tuple[str, ...]) -> None:
    ran = billow(*arguments, "9" * 40)
    assert ran.status == 2
    assert "is not in the range" in ran.err


def test_jobs_are_paged(billow: Billow, done: dict[str, str]) -> None:
    seen: list[str] = []
    before: list[str] = []
    while page := billow("jobs", "--json", "--limit", "3", *before).lines:
        seen += [line["id"] for line in page]
        before = ["--before", str(page[-1]["seq"])]
    assert len(seen) == len(set(seen)) == len(done)
    assert "more: billow jobs … --before" in billow("jobs", "--limit", "3").out
    assert "more" not in billow("jobs").out


def test_a_completed_job(billow: Billow, done: dict[str, str]) -> None:
    shown = billow("job", done["one.txt"], "--json")
    assert shown.status == 0
    assert shown.document["result"]["size"] == 3
    assert shown.document["attempts"] == []
    text = billow("job", done["one.txt"]).out
    assert "status     completed" in text
    assert '"size": 3' in text


def test_a_failed_job(billow: Billow, done: dict[str, str]) -> None:
    shown = billow("job", done["division"], "--json")
    assert shown.status == 1
    assert shown.document["failure"]["kind"] == "raised"
    assert len(shown.document["attempts"]) == 1
    text = billow("job", done["division"], "--attempts").out
    assert "Traceback" in text
    assert "on test" in text
    assert "arguments  " in text


def test_a_job_can_be_waited_for(billow: Billow, done: dict[str, str]) -> None:
    assert billow("job", done["one.txt"], "--wait").status == 0


def test_an_unknown_job(billow: Billow, done: dict[str, str]) -> None:
    assert billow("job", "nope").err == "billow: there is no job 'nope'\n"
    assert billow("job", "nope", "--wait").status == 2


def test_results(billow: Billow, done: dict[str, str]) -> None:
    found = billow("results", "measure", "--json").lines
    assert {line["name"]: line["result"]["size"] for line in found} == {"one.txt": 3, "two.txt": 8}
    shown = billow("results", "measure").out
    assert "most 2  used 1" in shown
    assert billow("results", "divide").out == "no results of divide\n"
    assert len(billow("results", "measure", "--json", "--limit", "1").lines) == 1


def test_results_as_csv(billow: Billow, done: dict[str, str]) -> None:
    rows = list(csv.DictReader(io.StringIO(billow("results", "measure", "--csv").out)))
    assert {row["name"]: row["size"] for row in rows} == {"one.txt": "3", "two.txt": "8"}
    assert json.loads(rows[0]["words"]) == [["most", 2], ["used", 1]]


def test_plain_results_as_csv(billow: Billow, home: Home, work: Any) -> None:
    billow("send", "divide", "--arg", "a=3", "--arg", "by=2")
    work()
    rows = list(csv.DictReader(io.StringIO(billow("results", "divide", "--csv").out)))
    assert [row["result"] for row in rows] == ["1.5"]
    assert billow("results", "measure", "--csv").out.strip() == "id,name,finished,result"


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        (1.5, "1.5"),
        ({"a": None}, '{"a": null}'),
        ([["a", 2], ["b", 1]], "a 2  b 1"),
        ({"words": [["é", 2]], "x": 1}, "é 2"),
        ([["\x1b[31m", 2]], "\\x1b[31m 2"),
        ("x" * 200, '"' + "x" * 98 + "…"),
        ([], "[]"),
    ],
)
def test_a_result_in_one_line(result: Any, shown: str) -> None:
    assert brief(result) == shown


def test_queues(billow: Billow, done: dict[str, str]) -> None:
    billow("send", "divide", "--arg", "a=1")
    rows = {line["queue"]: line for line in billow("queues", "--json").lines}
    assert set(rows) == {"texts", "demo-divide", "measured"}
    assert rows["texts"]["function"] == "measure"
    assert rows["texts"]["visible"] == 0
    assert rows["demo-divide"]["visible"] == 1
    assert rows["measured"]["visible"] == 2
    assert "measured" in billow("queues").out


def test_queues_without_the_app(billow: Billow, done: dict[str, str], here: Path) -> None:
    (here / "app.py").write_text("broken(")
    assert {line["queue"] for line in billow("queues", "--json").lines} >= {"measure", "measured"}


def test_tables(billow: Billow, done: dict[str, str]) -> None:
    assert billow("tables", "--json").lines == [{"table": "sizes", "items": 2}]
    items = {line["key"]: line["value"] for line in billow("tables", "sizes", "--json").lines}
    assert items == {"one.txt": {"size": 3}, "two.txt": {"size": 8}}
    assert billow("tables", "sizes", "one.txt").document["value"] == {"size": 3}
    assert len(billow("tables", "sizes", "--prefix", "t", "--json").lines) == 1
    assert "one.txt" in billow("tables", "sizes").out
    assert "the first; --limit" in billow("tables", "sizes", "--limit", "1").out


def test_what_no_table_has(billow: Billow, done: dict[str, str]) -> None:
    assert billow("tables", "none").err == "billow: there is no table 'none'; there are: sizes\n"
    assert billow("tables", "sizes", "none").status == 2
