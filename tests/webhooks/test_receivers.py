"""Each endpoint has a breaker of its own: whose server takes nothing delays nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import billow
from billow.chores import webhook
from billow.clock import VirtualClock
from billow.flow import receivers
from billow.flow.breakers import FIRST_REST, LONGEST_REST, Breakers
from billow.flow.receivers import IDLE, PATIENCE, Receivers, name_of
from billow.home import Home, open_home
from billow.job import Job, Status
from billow.testing import memory_home, run_jobs
from billow.webhooks import events
from billow.webhooks.address import Target
from billow.webhooks.endpoints import IN_A_ROW, RECENT, Endpoint, Webhooks
from billow.webhooks.post import Answer, Poster

TAKEN, REFUSED = Answer(200, "taken", 0.1), Answer(503, "answered 503", 0.1)


class Post(Poster):
    """Sends nothing, and notes what it would have sent where."""

    sent: list[tuple[str, str]]
    answers: dict[str, Answer]

    def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        """What the host is set to answer."""
        del body
        self.sent.append((target.host, headers["webhook-id"]))
        return self.answers.get(target.host, TAKEN)


class Scene:
    """Two endpoints, of which one is dead."""

    def __init__(self, home: Home, clock: VirtualClock) -> None:
        self.home, self.clock = home, clock
        self.app = billow.App("demo")
        self.hooks = Webhooks(home)
        self.dead = self.hooks.add("ann", "https://dead.example.org/")
        self.well = self.hooks.add("ben", "https://well.example.org/")
        self.name = name_of("dead.example.org", self.dead.id)
        self.breakers = Breakers(home)
        self.number = 0

    def send(self, endpoint: Endpoint, count: int = 1) -> None:
        """Have messages be due."""
        for _ in range(count):
            self.number += 1
            told = events.message("job.completed", {}, 0.0, f"{self.number}")
            self.home.ledger.submit([events.deliver(endpoint.owner, endpoint.id, told)])

    def run(self, seconds: float = 0.0) -> int:
        """Move the clock and run what is due; how many messages were sent."""
        self.clock.advance(seconds)
        before = len(Post.sent)
        run_jobs(self.home, self.app)
        return len(Post.sent) - before

    def open(self) -> None:
        """Have the breaker of the dead one open."""
        self.send(self.dead, IN_A_ROW)
        self.run()
        assert self.breakers.get(self.name) is not None

    def jobs(self) -> list[Job]:
        """All deliveries, oldest first."""
        return self.home.ledger.find(function=events.FUNCTION).jobs[::-1]


@pytest.fixture(params=["memory", "embedded"])
def scene(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    clock: VirtualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Scene:
    monkeypatch.setattr(webhook, "Poster", Post)
    monkeypatch.setattr(Post, "sent", [], raising=False)
    monkeypatch.setattr(Post, "answers", {"dead.example.org": REFUSED}, raising=False)
    if request.param == "memory":
        return Scene(memory_home(clock=clock), clock)
    return Scene(open_home(tmp_path / "home", clock=clock), clock)


def test_five_refusals_in_a_row_put_off_what_follows_and_nobody_elses(scene: Scene) -> None:
    scene.open()
    scene.send(scene.dead, 3)
    scene.send(scene.well, 3)
    Post.sent.clear()
    scene.run()
    assert {host for host, _ in Post.sent} == {"well.example.org"}
    *_, first, second, third, x, y, z = scene.jobs()
    assert {job.status for job in (x, y, z)} == {Status.COMPLETED}
    for job in (first, second, third):
        assert (job.status, job.failures) == (Status.PENDING, 0)
        assert scene.home.ledger.attempts(job.id) == []


def test_fewer_old_or_mixed_ones_do_not(scene: Scene) -> None:
    scene.send(scene.dead, IN_A_ROW - 1)
    scene.run()
    for answer in (TAKEN, *(REFUSED,) * (IN_A_ROW - 1)):
        scene.clock.advance(1)
        scene.hooks.note(scene.dead, "m", "t", answer)
    assert not scene.hooks.takes_nothing(scene.dead)
    scene.clock.advance(RECENT + 1)
    scene.hooks.note(scene.dead, "m", "t", REFUSED)
    assert not scene.hooks.takes_nothing(scene.dead)
    assert scene.breakers.all() == []


def test_one_message_at_a_time_tries_and_what_is_taken_lets_all_go_on(scene: Scene) -> None:
    scene.open()
    scene.send(scene.dead, 20)
    assert scene.run() == 0
    assert scene.run(2 * FIRST_REST) == 1
    breaker = scene.breakers.get(scene.name)
    assert breaker is not None
    assert (breaker.failed, breaker.rest) == (1, 2 * FIRST_REST)
    Post.answers.clear()
    scene.run(4 * FIRST_REST)
    assert scene.breakers.get(scene.name) is None
    scene.run(LONGEST_REST)
    assert {job.status for job in scene.jobs()} == {Status.COMPLETED}
    closed = scene.home.journal.read(kinds=["breaker.closed"])
    assert [entry.subject for entry in closed] == [scene.name]


def test_whoever_died_trying_is_replaced_after_a_while(scene: Scene) -> None:
    scene.open()
    held = Receivers(scene.home, 45)
    scene.clock.advance(FIRST_REST)
    assert held.keeps_back(scene.name, "a") is None
    other = held.keeps_back(scene.name, "b")
    assert other is not None
    assert 5 <= held.rest(other, "b") <= 10
    scene.clock.advance(45)
    assert held.keeps_back(scene.name, "b") is None


def test_a_test_that_is_taken_lets_all_go_on(scene: Scene) -> None:
    scene.open()
    Post.answers.clear()
    scene.hooks.test("ann", scene.dead.id)
    assert scene.run() == 1
    assert scene.breakers.all() == []


def test_a_test_in_vain_is_sent_and_changes_nothing(scene: Scene) -> None:
    scene.open()
    scene.hooks.test("ann", scene.dead.id)
    assert scene.run() == 1
    assert scene.breakers.get(scene.name) is not None


def test_no_message_waits_for_ever(scene: Scene) -> None:
    scene.open()
    scene.send(scene.dead, 4)
    for _ in range(40):
        scene.run(PATIENCE / 10)
    assert {job.status for job in scene.jobs()} == {Status.FAILED}
    assert len(scene.home.ledger.find(dead=True).jobs) == IN_A_ROW + 4
    assert any("not sent" in (job.failure.message if job.failure else "") for job in scene.jobs())


def test_there_are_only_so_many_and_idle_ones_are_forgotten(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receivers, "MOST", 1)
    scene.breakers.open("mail", "not one of them")
    scene.open()
    second = scene.hooks.add("cem", "https://dead.example.org/")
    scene.send(second, IN_A_ROW)
    scene.run()
    held = Receivers(scene.home)
    assert [each.name for each in held.all()] == [scene.name]
    assert list(held.by_endpoint()) == [scene.dead.id]
    scene.clock.advance(FIRST_REST + IDLE)
    held.forget_idle()
    assert len(held.all()) == 1
    scene.clock.advance(1)
    held.forget_idle()
    assert [each.name for each in scene.breakers.all()] == ["mail"]


def test_a_server_that_is_gone_for_good_needs_none(scene: Scene) -> None:
    Post.answers["dead.example.org"] = Answer(410, "answered 410", 0.1)
    scene.send(scene.dead, IN_A_ROW)
    scene.run()
    assert not scene.hooks.get("ann", scene.dead.id).enabled
    assert scene.breakers.all() == []
