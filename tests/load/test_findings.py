"""What is concluded from what was seen, in made-up time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from billow.drill.load.findings import Findings, Strike
from billow.drill.load.plan import Fault, Plan
from billow.drill.load.probe import Probed
from billow.drill.load.tally import Kind, Lost
from billow.drill.load.verdict import Criterion, judge, passed
from billow.drill.load.watch import Look, Usage

#: What comes of a request that is due at a moment.
Story = Callable[[float], tuple[Kind, float]]


def well(_: float) -> tuple[Kind, float]:
    return Kind.OK, 0.01


def found(story: Story = well, **asked: Any) -> Findings:
    """A drill of a minute, of ten requests a second, that went as the story says."""
    plan = Plan(**{"rate": 10, "length": 60, "visitors": 5, **asked})
    made = Findings(plan, ended=plan.length)
    for stage in plan.stages:
        for number in range(round((stage.until - stage.since) * stage.rate)):
            due = stage.since + number / stage.rate
            count(made, due, *story(due), crowd=stage.crowd)
    made.lag.add(0.001)
    return made


def count(made: Findings, due: float, kind: Kind, took: float, *, crowd: bool = False) -> None:
    tally = made.slots.at(due, crowd=crowd)
    tally.planned += 1
    tally.kinds[kind] += 1
    if kind is Kind.OK:
        tally.times.add(took)
        tally.slow += took > made.plan.bounds.p99
    else:
        made.lost.append(Lost(kind, due, due + took, "GET /", "", crowd))


def servers(at: float, *pids: int) -> Look:
    return Look(at, [Usage(pid, "web", at, 50_000_000, 20, 5) for pid in pids])


def of(made: Findings, name: str) -> Criterion:
    return next(each for each in judge(made) if each.name.startswith(name))


def test_a_service_that_answers_everything_passes() -> None:
    made = found()
    assert passed(judge(made))
    assert of(made, "rate held").measured == "100 % of 600"
    assert of(made, "failed").measured == "0 of 600"


def test_one_failure_is_one_too_many() -> None:
    made = found(lambda due: (Kind.ERROR if due == 7 else Kind.OK, 0.01))
    assert of(made, "failed").passed is False
    assert not passed(judge(made))


def test_what_was_refused_without_a_flood_has_failed() -> None:
    assert (
        of(found(lambda due: (Kind.SHED if due == 7 else Kind.OK, 0.01)), "failed").passed is False
    )


def test_slow_answers_fail_it() -> None:
    made = found(lambda due: (Kind.OK, 0.9 if due % 10 < 1 else 0.01))
    assert of(made, "latency, 99 %").passed is False


def test_nothing_asked_is_not_passed() -> None:
    assert not passed(judge(Findings(Plan(10, 60, 5), ended=60)))


def test_a_drill_that_was_stopped_has_not_passed() -> None:
    made = found()
    made.interrupted, made.ended = True, 20
    assert of(made, "ran to its end").passed is False


def test_requests_sent_late_or_never_are_a_rate_not_held() -> None:
    made = found()
    made.slots.at(3).late = 7
    assert of(made, "rate held").passed is False
    unsent = found(lambda due: (Kind.UNSENT if due < 1 else Kind.OK, 0.01))
    assert of(unsent, "rate held").measured == "98.33 % of 600"


def test_a_share_is_never_rounded_up_to_all() -> None:
    made = found(rate=1000)
    made.slots.at(3).late = 1
    assert of(made, "rate held").measured == "99.99 % of 60,000"


def killed(made: Findings, *, at: float = 30.0, back: float = 0.4) -> Findings:
    made.strikes.append(Strike(Fault.KILL, at, 2, 3))
    made.looks += [servers(at - 1, 1, 2, 3), servers(at + 0.1, 1, 3), servers(at + back, 1, 3, 4)]
    return made


def test_what_was_under_way_on_a_killed_server_is_excused_and_counted() -> None:
    made = killed(found(kill=True))
    made.lost.append(Lost(Kind.RESET, 29.9, 30.05, "GET /"))
    made.slots.at(29.9).kinds[Kind.RESET] += 1
    told = of(made, "failed")
    assert told.passed is True
    assert "1 more under way on a struck server" in told.measured


@pytest.mark.parametrize(
    "lost",
    [
        Lost(Kind.RESET, 31, 31.5, "GET /"),  # sent when it was dead already
        Lost(Kind.RESET, 20, 20.5, "GET /"),  # long before
        Lost(Kind.CONNECT, 29.9, 30.05, "GET /"),  # it never reached a server
        Lost(Kind.WRONG, 29.9, 30.05, "GET /"),
        Lost(Kind.SHED, 29.9, 30.05, "GET /"),
    ],
)
def test_nothing_else_is_excused(lost: Lost) -> None:
    made = killed(found(kill=True))
    made.lost.append(lost)
    made.slots.at(lost.sent).kinds[lost.kind] += 1
    assert of(made, "failed").passed is False


def test_how_soon_a_server_is_replaced() -> None:
    made = killed(found(kill=True), back=1.5)
    assert of(made, "server replaced after the kill").measured == "1.5 s"
    never = killed(found(kill=True), back=20)
    never.looks.pop()
    assert of(never, "server replaced after the kill").passed is False


def test_a_drill_that_found_no_server_to_strike_has_not_passed() -> None:
    assert of(found(kill=True), "well again after the kill").passed is False


@pytest.mark.parametrize(
    ("bad", "recovery", "fine"), [(0, 0.0, True), (2.2, 2.5, True), (8, 8.0, False)]
)
def test_how_soon_all_is_well_again(bad: float, recovery: float, fine: bool) -> None:
    made = killed(found(lambda due: (Kind.OK, 3 if 30 <= due < 30 + bad else 0.01), kill=True))
    assert made.recovery(30) == recovery
    assert of(made, "well again after the kill").passed is fine


def test_one_good_moment_is_no_recovery() -> None:
    def story(due: float) -> tuple[Kind, float]:
        return Kind.OK, 3 if 30 <= due < 33 and not 31 <= due < 32 else 0.01

    assert found(story).recovery(30) == 3.0


def flooded(story: Story = well, probe: float = 0.02) -> Findings:
    """A flood of ten times the rate, from 30 to 42."""
    made = found(story, flood=10)
    made.probed = [
        Probed(what, 30 + number / 2, probe, ok=True)
        for number in range(24)
        for what in ("health", "console")
    ]
    return made


def in_flood(due: float) -> bool:
    return 30 <= due < 42


def test_a_flood_that_is_refused_early_harms_nobody() -> None:
    def story(due: float) -> tuple[Kind, float]:
        shed = in_flood(due) and round(due * 100) % 3
        return (Kind.SHED, 0.001) if shed else (Kind.OK, 0.05)

    made = flooded(story)
    assert passed(judge(made))
    assert "refused during the flood" in of(made, "failed").measured
    assert of(made, "goodput").passed is True


def test_a_collapse_in_the_flood_is_seen() -> None:
    def story(due: float) -> tuple[Kind, float]:
        if 36 <= due < 42:
            return Kind.TIMEOUT, 10
        return Kind.OK, 0.05

    made = flooded(story)
    assert of(made, "goodput").passed is False
    assert of(made, "failed").passed is False


def test_slow_admission_an_error_or_a_slow_recovery_fail_the_flood() -> None:
    slow = flooded(lambda due: (Kind.OK, 0.8 if in_flood(due) else 0.01))
    assert of(slow, "latency of the admitted").passed is False
    assert of(slow, "latency, 99 %").passed is True
    error = flooded(lambda due: (Kind.ERROR if 31 <= due < 31.05 else Kind.OK, 0.01))
    assert of(error, "wrong answers in the flood").passed is False
    after = flooded(lambda due: (Kind.OK, 0.8 if 30 <= due < 50 else 0.01))
    assert of(after, "well again after the flood").measured == "8 s"
    assert of(after, "well again after the flood").passed is False


def test_health_and_console_have_to_answer_in_the_flood() -> None:
    assert of(flooded(), "health").passed is True
    assert of(flooded(probe=0.3), "console").passed is False
    dead = flooded()
    dead.probed[4] = Probed("health", 32, 0.01, ok=False)
    assert of(dead, "health").passed is False
    assert of(found(flood=10), "health").passed is None


def test_a_flood_that_was_never_reached_is_not_judged() -> None:
    made = flooded()
    made.interrupted, made.ended = True, 20
    assert not any("flood" in each.name for each in judge(made))


def test_growth_is_judged_where_processes_lived_long_enough() -> None:
    short = found(length=30)
    short.looks = [servers(at, 1) for at in range(30)]
    assert of(short, "memory").passed is None
    steady = found(length=240)
    steady.looks = [servers(at, 1) for at in range(240)]
    assert of(steady, "memory").passed is True
    leaking = found(length=240)
    leaking.looks = [
        Look(at, [Usage(1, "web", at, 50_000_000 + 400_000 * at, 20 + at, 5)]) for at in range(240)
    ]
    told = of(leaking, "memory")
    assert told.passed is False
    assert "memory of web 1" in told.measured
    assert "descriptors of web 1" in told.measured
