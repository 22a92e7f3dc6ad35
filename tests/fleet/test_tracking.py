"""Target tracking: grows by the target that needs most, shrinks late and with a tenth to spare."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow import TargetTracking
from billow.errors import DeclarationError
from billow.fleet.policy import Observation, Traffic


def seen(wanted: int, **traffic: Any) -> Observation:
    return Observation(0, 0, wanted=wanted, idle=wanted, traffic=Traffic(**traffic))


def wanted(policy: TargetTracking, looks: list[tuple[float, Observation]]) -> tuple[int, str]:
    memory = policy.start()
    for at, look in looks:
        decision, memory = policy.decide(look, memory, at)
    return decision.wanted, decision.reason


def test_it_grows_at_once_to_the_requests() -> None:
    size, reason = wanted(TargetTracking(60), [(0, seen(1, requests=167.0))])
    assert size == 3
    assert reason == "167 requests/s, 60 a server: 3 needed"


def test_a_rate_may_be_text() -> None:
    assert wanted(TargetTracking("600/min"), [(0, seen(1, requests=25.0))])[0] == 3


def test_the_target_that_needs_most_counts() -> None:
    policy = TargetTracking(60, latency="100 ms", cpu=0.5)
    assert wanted(policy, [(0, seen(2, requests=10.0, p95=0.01, cpu=0.9))])[0] == 4
    size, reason = wanted(policy, [(0, seen(2, requests=10.0, p95=0.15, cpu=0.1))])
    assert size == 3
    assert reason.startswith("p95 150 ms, target 100 ms")


def test_latency_never_more_than_doubles() -> None:
    policy = TargetTracking(None, latency="100 ms")
    assert wanted(policy, [(0, seen(3, p95=9.0))])[0] == 6


def test_it_shrinks_when_nothing_more_was_needed_for_a_while() -> None:
    policy = TargetTracking(60, shrink_after="60 s")
    looks = [(0.0, seen(3, requests=170.0)), (1.0, seen(3, requests=10.0))]
    assert wanted(policy, looks) == (3, "10 requests/s, 60 a server: 1 needed; 3 kept for 59 s")
    assert wanted(policy, [*looks, (61.5, seen(3, requests=10.0))])[0] == 1


def test_it_shrinks_only_with_a_tenth_to_spare() -> None:
    policy = TargetTracking(60, shrink_after=0)
    assert wanted(policy, [(0.0, seen(3, requests=119.0))])[0] == 3
    assert wanted(policy, [(0.0, seen(3, requests=107.0))])[0] == 2


def test_without_traffic_the_size_is_held() -> None:
    assert wanted(TargetTracking(), [(0, Observation(0, 0, wanted=2))])[0] == 2
    assert wanted(TargetTracking(None, cpu=0.5), [(0, seen(2))])[0] == 2


@given(
    st.lists(
        st.tuples(st.floats(0, 30), st.floats(0, 1e5), st.floats(0, 100), st.floats(0, 4)),
        min_size=1,
        max_size=20,
    )
)
def test_what_it_wants_bears_the_load_of_the_moment(
    looks: list[tuple[float, float, float, float]],
) -> None:
    policy = TargetTracking(60, latency="1 s", cpu=0.7, shrink_after="10 s")
    memory, size, now = policy.start(), 1, 0.0
    for passed, requests, p95, cpu in looks:
        now += passed
        decision, memory = policy.decide(
            seen(size, requests=requests, p95=p95, cpu=cpu), memory, now
        )
        size = decision.wanted
        assert size * 60 >= requests
        assert decision.reason


@pytest.mark.parametrize(
    "options",
    [
        {"requests_per_server": None},
        {"requests_per_server": 0},
        {"requests_per_server": "many"},
        {"latency": 0},
        {"cpu": 60},
        {"shrink_after": "soon"},
    ],
)
def test_impossible_targets_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError):
        TargetTracking(**options)
