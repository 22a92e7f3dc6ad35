"""`billow fleet` and its launch templates."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from billow.fleet.templates import Templates
from billow.home import Home
from billow.options import LaunchTemplate
from tests.cli.conftest import Billow


def worker(id: str, state: str, **more: Any) -> dict[str, Any]:
    facts = {"id": id, "state": state, "since": 0.0, "jobs": 0, "done": 7, "rss": 45_000_000}
    return {**facts, "pid": 1, "template": "default", "version": 1, **more}


@pytest.fixture
def fleet(home: Home) -> dict[str, Any]:
    """A fleet on the board, and its history in the journal."""
    state = {
        "policy": "StepScaling(out_at=15, in_at=2)",
        "min": 1,
        "max": 3,
        "wanted": 2,
        "reason": "42.0 visible on average",
        "trouble": "",
        "alarms": [
            {"name": "scale out", "state": "ALARM", "value": 42.0, "threshold": 15,
             "comparison": ">="},
            {"name": "scale in", "state": "INSUFFICIENT_DATA", "value": None, "threshold": 2,
             "comparison": "<="},
        ],
        "workers": [
            worker("measure-1", "busy", jobs=1, name="one.txt"),
            worker("measure-2", "starting"),
        ],
        "counts": {"visible": 42, "in_flight": 1},
    }  # fmt: skip
    home.journal.show("fleet.measure", state)
    home.journal.write("scale.out", "measure", "42.0 visible: +1", {"from": 1, "to": 2})
    home.journal.write("worker.launched", "measure-2", "scaled from 1 to 2")
    home.journal.write("scale.out", "other", "not this fleet's")
    return state


def test_a_fleet_with_its_reasons(billow: Billow, fleet: dict[str, Any]) -> None:
    shown = billow("fleet").out
    for told in (
        "1 starting, 1 busy  (wanted 2 of 1–3)",
        "StepScaling(out_at=15, in_at=2)",
        "42.0 visible on average",
        "scale out ALARM 42.0 >= 15?",
        "scale in INSUFFICIENT_DATA no data <= 2?",
        "one.txt",
        "42.9 MiB",
        "42.0 visible: +1",
        "scaled from 1 to 2",
        "no service is running here; this is how it stood",
    ):
        assert told in shown
    assert "not this fleet's" not in shown


def test_a_fleet_as_json(billow: Billow, fleet: dict[str, Any]) -> None:
    (told,) = billow("fleet", "--json", "--events", "1").lines
    assert told["function"] == "measure"
    assert told["running"] is False
    assert told["workers"] == fleet["workers"]
    assert [event["kind"] for event in told["events"]] == ["worker.launched"]
    assert billow("fleet", "--json", "--events", "0").lines[0]["events"] == []


def test_a_running_service_is_known_by_its_file(
    billow: Billow, fleet: dict[str, Any], here: Path
) -> None:
    (here / ".billow" / "service.json").write_text(json.dumps({"pid": os.getpid()}))
    assert billow("fleet", "--json").lines[0]["running"] is True
    (here / ".billow" / "service.json").write_text("[]")
    assert billow("fleet", "--json").lines[0]["running"] is False


def test_the_app_is_known_from_the_service(
    billow: Billow, fleet: dict[str, Any], here: Path
) -> None:
    (here / "app.py").rename(here / "service.py")
    told = {"pid": os.getpid(), "target": str(here / "service.py")}
    (here / ".billow" / "service.json").write_text(json.dumps(told))
    assert billow("send", "divide", "--arg", "a=1").status == 0


def test_without_fleets(billow: Billow, home: Home) -> None:
    assert "no fleets yet" in billow("fleet").out


def test_templates(billow: Billow, home: Home) -> None:
    assert "`billow up` makes the first" in billow("fleet", "templates", "measure").err
    Templates(home.tables, "measure").declare(LaunchTemplate(command=("python", "-m", "work")))
    billow("fleet", "templates", "measure", "--env", "LANG=C", "--env", "A=b=c")
    told = billow(
        "fleet", "templates", "measure", "--command", "nice python", "--use", "2", "--json"
    )
    first, second, third = told.lines
    assert (first["version"], first["default"]) == (1, False)
    assert (second["environment"], second["default"]) == ({"LANG": "C", "A": "b=c"}, True)
    assert third["command"] == ["nice", "python"]
    shown = billow("fleet", "templates", "measure").out
    assert "python -m work" in shown
    assert "LANG=C" in shown


@pytest.mark.parametrize("arguments", [["--env", "x"], ["--env", "=x"], ["--use", "9"]])
def test_impossible_templates(billow: Billow, home: Home, arguments: list[str]) -> None:
    Templates(home.tables, "measure").declare(LaunchTemplate())
    assert billow("fleet", "templates", "measure", *arguments).status == 2
