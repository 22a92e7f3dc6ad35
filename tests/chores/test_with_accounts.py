"""Plans as accounts keep them, and files that come and go with them."""

from __future__ import annotations

import pytest

from billow.accounts.opening import open_accounts
from billow.flow.retention import PLAN, standing
from billow.home import Home
from billow.ports.accounts import PlanEvent
from billow.testing import memory_home
from tests.chores.world import KEEP, OWNER, World


@pytest.fixture
def world() -> World:
    return World(memory_home())


def say(world: World, event: str, plan: str, ago: float = 0.0) -> None:
    """A payment provider says that the customer is on a plan."""
    now = world.clock.now()
    service = open_accounts(world.home, world.app)
    service.plans.apply(PlanEvent(event, OWNER, plan, now - ago, now), "provider")


def chores(home: Home) -> int:
    return len(home.ledger.find(function=PLAN).jobs)


def test_files_follow_the_plan_of_the_account(world: World) -> None:
    world.complete()
    world.pass_time(KEEP)
    assert world.all_tiers() == {"cold"}
    say(world, "e1", "premium")
    world.pass_time(KEEP)
    assert world.all_tiers() == {"hot"}
    say(world, "e2", "free")
    world.pass_time(KEEP - 1)
    assert world.all_tiers() == {"hot"}
    world.pass_time(1)
    assert world.all_tiers() == {"cold"}


def test_an_event_that_is_told_twice_or_late_changes_nothing(world: World) -> None:
    world.complete()
    say(world, "e1", "premium")
    say(world, "e1", "premium", ago=0)
    say(world, "e0", "free", ago=100)
    assert chores(world.home) == 1
    world.pass_time(2 * KEEP)
    assert world.all_tiers() == {"hot"}


def test_the_time_runs_from_when_the_change_was_heard_of(world: World) -> None:
    say(world, "e1", "premium", ago=50)
    world.complete()
    world.pass_time(2 * KEEP)
    say(world, "e2", "free", ago=600)
    stands = standing(world.home, world.app, OWNER)
    assert stands is not None
    assert (stands.plan.name, stands.since) == ("free", world.clock.now())
    world.pass_time(KEEP - 1)
    assert world.all_tiers() == {"hot"}
