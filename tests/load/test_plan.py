"""What a drill is to do, and the bounds of what it may."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from billow.drill.load.arrivals import Stage
from billow.drill.load.plan import Fault, Plan, read_pairs, read_rate, read_times
from billow.errors import BadInput, Error


@pytest.mark.parametrize(
    ("text", "rate"),
    [("10000/min", 10000 / 60), ("167/s", 167), ("167", 167), ("3600/h", 1), ("1.5 / S", 1.5)],
)
def test_rates(text: str, rate: float) -> None:
    assert read_rate(text) == pytest.approx(rate)


@pytest.mark.parametrize("text", ["", "fast", "10/day", "-5/s", "1e9", "/min"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read_rate(text)


def test_faults_are_spread_and_one_alone_comes_in_the_middle() -> None:
    assert Plan(10, 60, 5, kill=True).faults == [(30, Fault.KILL)]
    every = Plan(10, 80, 5, kill=True, hang=True, flood=10)
    assert every.faults == [(20, Fault.KILL), (40, Fault.HANG), (60, Fault.FLOOD)]


def test_a_flood_comes_on_top_and_does_not_last_for_ever() -> None:
    plan = Plan(100, 60, 5, flood=10)
    assert plan.flooded == (30, 42)
    assert plan.stages == [Stage(0, 60, 100), Stage(30, 42, 900, crowd=True)]
    assert plan.planned == 6000 + 12 * 900
    assert Plan(1, 3600, 5, flood=2).flooded == (1800, 1860)
    assert Plan(1, 60, 5).flooded is None


@pytest.mark.parametrize(
    "asked",
    [
        {"rate": 0}, {"rate": 1e6}, {"rate": 10_000, "flood": 10}, {"length": 0.5}, {"length": 1e6},
        {"visitors": 0}, {"visitors": 10**6}, {"flood": 0.5}, {"flood": 1000}, {"timeout": 0},
        {"rate": 10_000, "length": 3600}, {"paths": ("no slash",)},
    ],
)  # fmt: skip
def test_no_drill_is_without_bounds(asked: dict[str, Any]) -> None:
    with pytest.raises(Error):
        Plan(**{"rate": 10, "length": 60, "visitors": 5, **asked})


def test_the_command_does_the_same_again() -> None:
    plan = Plan(
        10_000 / 60, 900, 1000, seed=5, poisson=True, kill=True, flood=10, paths=("/a?b=c&d",),
        cookies=(("session", "secret"),), headers=(("Authorization", "Bearer secret"),),
    )  # fmt: skip
    words = shlex.split(plan.command("apps/x"))
    assert words[:5] == ["billow", "drill", "load", "--rate", "10000/min"]
    assert "--kill-server" in words
    assert "--hang-server" not in words
    assert words[words.index("--flood") + 1] == "10x"
    assert words[words.index("--path") + 1] == "/a?b=c&d"
    assert words[-1] == "apps/x"
    assert not any("secret" in word for word in words)


def test_pairs() -> None:
    assert read_pairs(["a: b:c"], ":", "header") == (("a", "b:c"),)
    assert read_times("10x") == read_times("10") == 10
    for wrong in ("a", "a:", ":b", "a: b\r\nc: d"):
        with pytest.raises(BadInput):
            read_pairs([wrong], ":", "header")
    with pytest.raises(BadInput):
        read_times("many")
