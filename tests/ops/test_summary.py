"""Sums of values: mergeable in any order, percentiles within two percent."""

from __future__ import annotations

import math
from collections import Counter
from functools import reduce
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.errors import DeclarationError
from billow.ops.summary import LOWEST, bucket_of, buckets_of, enough, percent, summary_of

VALUE = st.floats(1e-6, 1e9)
VALUES = st.lists(VALUE, min_size=1, max_size=60)


@given(st.lists(VALUES, min_size=1, max_size=5), st.randoms())
def test_parts_in_any_order_make_the_same_whole(parts: list[list[float]], chance: object) -> None:
    whole = summary_of([value for part in parts for value in part])
    shuffled = sorted(parts, key=lambda _: chance.random())  # type: ignore[attr-defined]
    sum_up = reduce(add, map(summary_of, shuffled))
    assert (sum_up.count, sum_up.low, sum_up.high) == (whole.count, whole.low, whole.high)
    assert sum_up.total == pytest.approx(whole.total)
    assert sum_up.buckets == whole.buckets


@given(VALUES, st.sampled_from(["p1", "p50", "p90", "p95", "p99", "p99.9"]))
def test_a_percentile_is_right_within_two_percent(values: list[float], name: str) -> None:
    exact = sorted(values)[max(0, math.ceil(percent(name) * len(values) - 1e-9) - 1)]
    found = summary_of(values).statistic(name)
    assert found == pytest.approx(exact, rel=0.0217)


@given(st.lists(st.one_of(VALUE, st.sampled_from([0.0, -1.0, 1e-13, 0.5, 1.0, 2.0])), min_size=1))
def test_values_are_placed_together_as_one_by_one(values: list[float]) -> None:
    assert buckets_of(values) == Counter(map(bucket_of, values))


def test_the_lowest_bucket_is_next_to_nothing() -> None:
    assert buckets_of([0.0, 1e-12]) == {LOWEST: 2}
    assert bucket_of(1e-11) > LOWEST


def test_statistics() -> None:
    summary = summary_of([1.0, 2.0, 6.0])
    names = ("avg", "sum", "min", "max", "count")
    assert [summary.statistic(name) for name in names] == [3, 9, 1, 6, 3]


def test_zero_and_less_have_a_bucket_of_their_own() -> None:
    assert summary_of([0.0, 0.0, 0.0, 5.0]).statistic("p50") == 0
    assert summary_of([-3.0, -3.0]).statistic("p50") == -3


@pytest.mark.parametrize(
    ("name", "least"), [("p95", 200), ("p50", 20), ("p99", 1000), ("p10", 100), ("avg", 0)]
)
def test_percentiles_of_few_values_mean_little(name: str, least: int) -> None:
    assert enough(name, least + 1)
    assert least == 0 or not enough(name, least - 1)


@pytest.mark.parametrize("wrong", ["p", "p0", "p100", "pp", "median", "p9x", "P95"])
def test_no_statistic(wrong: str) -> None:
    with pytest.raises(DeclarationError, match="no statistic"):
        percent(wrong)
