"""The small parts: command line, causes, waiting room, desk."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from typing import Any

import pytest

from billow.clock import VirtualClock
from billow.drivers.memory.home import open_memory
from billow.errors import SettingError, Unavailable
from billow.events import Event
from billow.flow.work import Performed
from billow.job import Failure, Status
from billow.options import Limits, Retry
from billow.ports.ledger import Exchange, Outcome, Submission
from billow.ports.wake import jobs_channel
from billow.units import MiB
from billow.worker import system
from billow.worker.cause import Circumstances, Ending, why
from billow.worker.desk import Desk
from billow.worker.held import Held
from billow.worker.messages import Hello
from billow.worker.room import WaitingRoom
from billow.worker.settings import Settings, read_settings
from billow.worker.status import Facts, StatusLine

GIVEN = ["--app", "a.py", "--function", "f", "--folder", "d", "--id", "w"]
LIMITS = Limits(time=2, memory=100 * MiB, cpu=3)


def test_settings_are_read() -> None:
    assert read_settings(GIVEN) == Settings("a.py", "f", "d", "w", None, None, 10.0)
    more = ["--lifeline", "5", "--status=6", "--lease", "2.5"]
    assert read_settings(GIVEN + more) == Settings("a.py", "f", "d", "w", 5, 6, 2.5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (GIVEN[:-2], "--id is missing"),
        ([*GIVEN, "--colour", "red"], "colour"),
        ([*GIVEN, "more"], "'more'"),
        ([*GIVEN, "--lease", "soon"], "soon: not a number"),
        ([*GIVEN, "--lease", "0"], "0.3 to 3600"),
        ([*GIVEN, "--status", "-1"], "not a file descriptor"),
    ],
)
def test_wrong_settings_are_named(arguments: list[str], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        read_settings(arguments)


@pytest.mark.parametrize(
    ("ending", "known", "kind", "words"),
    [
        (Ending(3, None), {}, "exited", "status 3"),
        (Ending(None, signal.SIGSEGV), {}, "crashed", "SIGSEGV"),
        (Ending(None, signal.SIGXCPU), {}, "timed out", "CPU time than its limit of 3 s"),
        (Ending(None, signal.SIGKILL), {}, "crashed", "signal 9, SIGKILL"),
        (Ending(None, signal.SIGKILL), {"timed_out": True}, "timed out", "2 s"),
        (Ending(None, signal.SIGKILL), {"oom_killed": True}, "out of memory", "100.0 MiB"),
        (Ending(None, signal.SIGKILL), {"resident": 95 * MiB}, "out of memory", "95.0 MiB"),
        (Ending(None, signal.SIGKILL), {"resident": 50 * MiB}, "crashed", "SIGKILL"),
        (Ending(None, 64), {}, "crashed", "signal 64"),
    ],
)
def test_the_cause_of_an_end_is_named(
    ending: Ending, known: dict[str, Any], kind: str, words: str
) -> None:
    failure = why(ending, Circumstances(LIMITS, **known))
    assert failure.kind == kind
    assert words in failure.message


def test_memory_of_this_process_is_known() -> None:
    assert 1 * MiB < system.private()
    assert system.resident(2**22 + 1) == 0


def test_a_wakeup_is_not_missed_between_looking_and_waiting() -> None:
    home = open_memory()
    room = WaitingRoom(home, "f")
    assert room.rest()  # look once more: a job may have come before we were in
    assert not room.rest()
    home.ledger.submit([Submission("f")])
    assert room.waiter is not None
    assert room.waiter.wait(0)
    room.leave()
    assert room.waiter is None


def test_a_wakeup_for_another_job_is_passed_on() -> None:
    home = open_memory()
    leaving, other = WaitingRoom(home, "f"), home.wake.waiter(jobs_channel("f"))
    leaving.rest()
    home.wake.notify(jobs_channel("f"))
    other.clear()
    leaving.leave()  # it never heard that it was called
    assert other.wait(0)
    other.close()


def test_a_wakeup_that_was_heard_is_not_passed_on() -> None:
    home = open_memory()
    leaving, other = WaitingRoom(home, "f"), home.wake.waiter(jobs_channel("f"))
    leaving.rest()
    home.wake.notify(jobs_channel("f"))
    other.clear()
    leaving.rung()
    leaving.leave()
    assert not other.wait(0)
    other.close()


def test_a_worker_that_cannot_be_woken_looks_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    home = open_memory()

    def full(channel: str) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(home.wake, "waiter", full)
    room = WaitingRoom(home, "f")
    assert not room.rest()
    assert room.inside
    assert 0 < room.until - time.monotonic() <= 1
    room.leave()
    assert not room.inside


class Sometimes:
    """A ledger whose exchange fails so many times."""

    def __init__(self, ledger: Any, failing: int) -> None:
        self._ledger = ledger
        self.failing = failing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def exchange(
        self, function: str, worker: str, outcomes: Sequence[Outcome], *rest: Any
    ) -> Exchange:
        if self.failing:
            self.failing -= 1
            raise Unavailable("the disk is full")
        answer: Exchange = self._ledger.exchange(function, worker, outcomes, *rest)
        return answer


def taken(desk: Desk, **submission: Any) -> Held:
    desk.home.ledger.submit([Submission("f", **submission)])
    [lease] = desk.exchange(1)
    return Held(lease, 0.0)


def test_outcomes_are_kept_while_the_store_cannot_take_them(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    home = open_memory()
    desk = Desk(home, "f", "w", 10.0)
    held = taken(desk)
    ledger = Sometimes(home.ledger, 1)
    monkeypatch.setattr(desk, "_ledger", ledger)
    desk.settle(held, Performed(1, 2, "7"))
    assert desk.exchange(1) == []
    assert desk.pending
    assert "the disk is full; trying again" in caplog.text
    monkeypatch.setattr(desk, "closed_until", 0.0)
    desk.exchange(0)
    assert not desk.pending
    job = home.ledger.get(held.lease.id)
    assert job is not None
    assert (job.status, job.result) == (Status.COMPLETED, 7)


def test_a_crash_for_good_has_its_handlers_run_later() -> None:
    clock = VirtualClock()
    home = open_memory(clock=clock)
    desk = Desk(home, "f", "w", 10.0)
    desk.hello = Hello(Retry(attempts=2, backoff=0), Limits(), {Event.FAILED: 2})
    first = taken(desk)
    desk.blame(first, Failure("crashed", "SIGSEGV"), 0.0)
    [lease] = desk.exchange(1)
    assert home.ledger.totals() == {("f", Status.RUNNING): 1}
    desk.blame(Held(lease, 0.0), Failure("crashed", "SIGSEGV"), 0.0)
    desk.exchange(0)
    clock.advance(1.1)
    followups = desk.take_followups(10)
    assert [asked.handler for _, asked in followups] == [0, 1]
    assert {asked.job for _, asked in followups} == {first.lease.id}


def test_a_handler_whose_job_has_not_ended_is_put_off() -> None:
    clock = VirtualClock()
    home = open_memory(clock=clock)
    desk = Desk(home, "f", "w", 10.0)
    desk.hello = Hello(Retry(), Limits(), {Event.COMPLETED: 1})
    home.ledger.submit(
        [Submission("f.followup", '{"job":"x","event":"completed","handler":0,"finished":1}')]
    )
    for _ in range(5):
        [(lease, asked)] = desk.take_followups(1)
        desk.put_off(Held(lease, 0.0, asked))
        desk.exchange(0)
        assert desk.take_followups(1) == []
        clock.advance(60)
    assert home.ledger.totals() == {("f.followup", Status.FAILED): 1}
    assert home.ledger.find(dead=True).jobs == []


def test_an_idle_worker_gives_a_sign_of_life_every_ten_seconds() -> None:
    reader, writer = os.pipe()
    try:
        status = StatusLine(writer)
        idle = Facts("idle")
        status.tell(idle, 100.0)
        status.tell(idle, 109.0)
        assert os.read(reader, 65536).count(b"\n") == 1
        assert status.due(idle) == 110.0
        status.tell(idle, 110.0)
        assert os.read(reader, 65536).count(b"\n") == 1
    finally:
        os.close(reader)
        os.close(writer)
