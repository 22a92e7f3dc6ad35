"""Every guard of remedies, one by one: pure, on made-up pasts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.ops.action import Action
from billow.ops.remedies.guard import Bounds, Done, Evidence, Member, Pool, Ruling, rule

NOW = 1_700_000_000.0
RESTART = Action("restart", "web")
BOUNDS = Bounds()
KINDS = ["restart", "recycle"]


def pool(*sick: bool, least: int = 1) -> Pool:
    return Pool(
        tuple(Member(f"m{n}", "silent" if one else "") for n, one in enumerate(sick)), least
    )


def ruled(
    *past: Done, evidence: Evidence | None = None, action: Action = RESTART, alarm: str = "slow"
) -> Ruling:
    given = evidence or Evidence(NOW, "m0 is silent", "m0", pool(True, False, False))
    return rule(action, alarm, given, past, NOW, BOUNDS)


def done(ago: float, outcome: str = "helped", kind: str = "restart", target: str = "web") -> Done:
    return Done(NOW - ago, kind, target, "slow", outcome)


def test_two_fresh_signs_and_nothing_against_it() -> None:
    assert ruled() == Ruling(True, "m0 is silent")


def test_the_alarm_alone_is_not_enough() -> None:
    found = ruled(evidence=Evidence(NOW, ""))
    assert (found.act, found.page) == (False, False)


@pytest.mark.parametrize("age", [121.0, -6.0])
def test_stale_evidence_and_that_of_the_future_says_nothing(age: float) -> None:
    found = ruled(evidence=Evidence(NOW - age, "m0 is silent", "m0", pool(True, False, False)))
    assert (found.act, found.page) == (False, False)


def test_one_action_on_a_pool_at_a_time() -> None:
    assert "under way" in ruled(done(1800, "acting")).reason
    assert ruled(done(1800, "acting", target="other")).act


def test_what_did_not_help_is_not_tried_again() -> None:
    for outcome in ("no help", "failed"):
        found = ruled(done(1800, outcome))
        assert (found.act, found.page) == (False, True)
    assert ruled(done(1800, "no help", kind="recycle")).act


def test_a_target_rests_after_an_action_and_so_does_the_kind_of_action() -> None:
    assert "rests for 1 min" in ruled(done(540)).reason
    assert ruled(done(601)).act
    assert "rests" in ruled(done(59, target="other")).reason
    assert ruled(done(61, target="other")).act


def test_three_actions_an_hour_on_a_target_and_six_in_all() -> None:
    here = [done(ago) for ago in (700, 1400, 2100)]
    assert ruled(*here).page
    assert ruled(*here[:2]).act
    elsewhere = [done(100 * n, target=f"t{n}") for n in range(1, 7)]
    assert (ruled(*elsewhere).act, ruled(*elsewhere).page) == (False, True)
    assert ruled(*elsewhere[:5]).act
    assert ruled(*[done(3601 + n, target=f"t{n}") for n in range(9)]).act


def test_dry_runs_use_up_nothing() -> None:
    assert ruled(*[done(10, "dry run")] * 9).act


@pytest.mark.parametrize(
    ("sick", "acts"),
    [
        ((True,), True),
        ((True, False), True),
        ((True, True), False),
        ((True, False, False), True),
        ((True, True, False), False),
        ((True, True, False, False, False), True),
        ((True, True, True, False, False), False),
        ((True,) * 10, False),
    ],
)
def test_if_many_are_sick_it_is_not_they(sick: tuple[bool, ...], acts: bool) -> None:
    found = ruled(evidence=Evidence(NOW, "m0 is silent", "m0", pool(*sick, least=0)))
    assert (found.act, found.page) == (acts, not acts)


def test_enough_members_stay_well() -> None:
    recycle = Action("recycle", "web")
    evidence = Evidence(NOW, "m0 is large", "m0", pool(False, False, least=2))
    assert not rule(recycle, "a", evidence, [], NOW, BOUNDS).act
    evidence = Evidence(NOW, "m0 is large", "m0", pool(False, False, False, least=2))
    assert rule(recycle, "a", evidence, [], NOW, BOUNDS).act


def test_a_clock_set_back_frees_nothing() -> None:
    assert not ruled(done(-86400)).act
    assert not ruled(*[done(-86400 * n, target=f"t{n}") for n in range(1, 7)]).act


@given(
    st.lists(
        st.tuples(
            st.floats(0, 7200), st.sampled_from("abcd"), st.sampled_from(["restart", "recycle"])
        ),
        max_size=60,
    )
)
def test_whatever_asks_an_hour_has_six_actions_at_most(
    asks: list[tuple[float, str, str]],
) -> None:
    past: list[Done] = []
    for at, target, kind in sorted(asks):
        action = Action(kind, target)
        evidence = Evidence(at, "sick", "m0", pool(True, False, False, least=0))
        if rule(action, f"alarm of {target}", evidence, past, at, BOUNDS).act:
            past.append(Done(at, kind, target, f"alarm of {target}", "helped"))
    for one in past:
        hour = [other for other in past if 0 <= one.at - other.at < 3600]
        assert len(hour) <= 6
        assert sum(other.target == one.target for other in hour) <= 3
