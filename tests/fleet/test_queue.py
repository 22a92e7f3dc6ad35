from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.errors import DeclarationError
from billow.fleet.fixed import Fixed
from billow.fleet.policy import Observation
from billow.fleet.queue import Queue

Loads = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), min_size=1, max_size=60)


def follow(policy: Queue, loads: list[tuple[int, int]], wanted: int = 0) -> list[int]:
    """The sizes wanted, one look a second, when each is followed at once."""
    memory, sizes = policy.start(), []
    for second, (visible, in_flight) in enumerate(loads):
        seen = Observation(visible=visible, in_flight=in_flight, wanted=wanted)
        decision, memory = policy.decide(seen, memory, 1000.0 + second)
        wanted = decision.wanted
        sizes.append(wanted)
    return sizes


def test_grows_at_once_to_the_size_needed() -> None:
    assert follow(Queue(per_worker=5), [(0, 0), (11, 0), (40, 3)]) == [0, 3, 9]


def test_a_fraction_of_a_job_needs_a_whole_worker() -> None:
    assert follow(Queue(per_worker=0.5), [(3, 0)]) == [6]
    assert follow(Queue(per_worker=10), [(1, 0)]) == [1]


def test_keeps_the_most_that_was_needed_lately() -> None:
    loads = [(9, 0), (0, 2), (0, 5), (0, 1), (0, 1), (0, 1), (0, 1)]
    assert follow(Queue(shrink_after=3), loads) == [9, 9, 9, 5, 5, 1, 1]


def test_a_rise_starts_the_patience_anew() -> None:
    loads = [(5, 0), (1, 0), (1, 0), (5, 0), (1, 0), (1, 0), (1, 0)]
    assert follow(Queue(shrink_after=3), loads) == [5] * 6 + [1]


def test_the_size_at_the_start_is_kept_for_a_while() -> None:
    assert follow(Queue(shrink_after=3), [(0, 0)] * 5, wanted=4) == [4, 4, 4, 0, 0]


def test_a_clock_set_back_forgets_needs_of_its_future() -> None:
    policy = Queue(shrink_after=10)
    seen = Observation(visible=5, in_flight=0, wanted=0)
    _, memory = policy.decide(seen, policy.start(), 1000.0)
    decision, _ = policy.decide(Observation(visible=1, in_flight=0, wanted=5), memory, 500.0)
    assert decision.wanted == 1


def test_the_reason_tells_the_numbers() -> None:
    policy = Queue(per_worker=2, shrink_after=3)
    reasons, memory = [], policy.start()
    for second, (visible, wanted) in enumerate([(5, 1), (1, 3), (1, 3), (1, 3)]):
        seen = Observation(visible=visible, in_flight=1, wanted=wanted)
        decision, memory = policy.decide(seen, memory, float(second))
        reasons.append(decision.reason.partition(": ")[2])
    assert reasons == [
        "3 needed",
        "1 needed; 3 kept for 2 s",
        "1 needed; 3 kept for 1 s",
        "1 needed, no more in the last 3 s",
    ]


@given(Loads)
def test_never_none_while_a_job_waits_or_runs(loads: list[tuple[int, int]]) -> None:
    for (visible, in_flight), size in zip(loads, follow(Queue(shrink_after=2), loads), strict=True):
        assert size > 0 or visible + in_flight == 0


@given(Loads, st.integers(1, 7), st.integers(0, 9))
def test_always_enough_and_never_more_than_the_most_needed_so_far(
    loads: list[tuple[int, int]], per_worker: int, patience: int
) -> None:
    sizes = follow(Queue(per_worker, patience), loads)
    needed = [-(-(visible + in_flight) // per_worker) for visible, in_flight in loads]
    for second, size in enumerate(sizes):
        assert needed[second] <= size <= max(needed[: second + 1])


@given(Loads, st.integers(1, 9))
def test_shrinks_only_after_patience(loads: list[tuple[int, int]], patience: int) -> None:
    sizes = follow(Queue(1, patience), loads)
    for second in range(1, len(sizes)):
        if sizes[second] < sizes[second - 1]:
            recent = loads[max(0, second - patience + 1) : second + 1]
            assert all(sum(load) < sizes[second - 1] for load in recent)


@pytest.mark.parametrize("per_worker", [0, -1, float("nan")])
def test_an_impossible_share_is_refused(per_worker: float) -> None:
    with pytest.raises(DeclarationError, match="more than 0"):
        Queue(per_worker=per_worker)


def test_fixed_is_fixed() -> None:
    seen = Observation(visible=99, in_flight=99, wanted=1)
    decision, _ = Fixed(4).decide(seen, None, 0.0)
    assert (decision.wanted, decision.reason) == (4, "fixed at 4")
    with pytest.raises(DeclarationError):
        Fixed(-1)
