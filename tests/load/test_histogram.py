"""Latencies in buckets: never off by one percent, whatever is merged in whichever order."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.drill.load.histogram import Histogram, bucket_of, together, upper_edge

LATENCIES = st.lists(st.floats(0, 500), min_size=1, max_size=200)


def histogram(values: list[float]) -> Histogram:
    made = Histogram()
    for value in values:
        made.add(value)
    return made


@given(st.integers(0, 10**10))
def test_each_bucket_holds_what_lies_in_it(micros: int) -> None:
    bucket = bucket_of(micros)
    below = upper_edge(bucket - 1) if bucket else -1
    assert below < micros <= upper_edge(bucket)
    assert upper_edge(bucket) - below <= max(1, micros / 128 + 1)


@given(LATENCIES, st.floats(0.001, 1))
def test_a_quantile_is_right_to_a_hundredth(values: list[float], share: float) -> None:
    exact = sorted(values)[math.ceil(share * len(values)) - 1]
    told = histogram(values).quantile(share)
    assert told is not None
    assert exact - 1e-6 <= told <= exact * 1.01 + 2e-6


@given(st.lists(LATENCIES, max_size=6))
def test_merging_is_counting_all_at_once(groups: list[list[float]]) -> None:
    apart = together(histogram(group) for group in groups)
    at_once = histogram([value for group in groups for value in group])
    assert apart.buckets == at_once.buckets
    assert (apart.count, apart.longest) == (at_once.count, at_once.longest)
    assert apart.total == pytest.approx(at_once.total)


@given(LATENCIES)
def test_it_survives_json(values: list[float]) -> None:
    made = histogram(values)
    again = Histogram.read(json.loads(json.dumps(made.document())))
    assert (again.buckets, again.count, again.longest) == (made.buckets, made.count, made.longest)


def test_an_empty_one_knows_nothing() -> None:
    assert Histogram().quantile(0.5) is None
    assert Histogram().mean is None


def test_its_size_is_bounded() -> None:
    made = histogram([number / 1000 for number in range(200_000)])
    assert made.count == 200_000
    assert len(made.buckets) < 3000
