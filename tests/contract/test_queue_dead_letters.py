"""Queues: messages that were received too often."""

from __future__ import annotations

import pytest

from billow.clock import VirtualClock
from billow.errors import BadInput
from billow.home import Home
from billow.ports.ledger import Counts
from billow.ports.queues import Message, QueueOptions
from billow.ports.wake import queue_channel


def receive_one(home: Home, name: str = "q", visibility: float | None = None) -> Message:
    [message] = home.queues.receive(name, visibility=visibility)
    return message


@pytest.fixture
def dead(home: Home) -> Home:
    """A home whose queue `q` gives up after two receives."""
    home.queues.create("q", QueueOptions(visibility=10, max_receives=2, dead_letter="q-dead"))
    return home


def test_a_message_received_too_often_becomes_a_dead_letter(
    dead: Home, clock: VirtualClock
) -> None:
    [made] = dead.queues.send("q", ["bad"])
    for receives in (1, 2):
        assert receive_one(dead).receives == receives
        clock.advance(10)
    with dead.wake.waiter(queue_channel("q-dead")) as waiter:
        assert dead.queues.receive("q") == []
        assert waiter.wait(0)
    assert dead.queues.counts("q") == Counts()
    [message] = dead.queues.peek("q-dead")
    assert (message.id, message.body) == (made, "bad")
    assert receive_one(dead, "q-dead").body == "bad"


def test_dead_letters_do_not_hide_good_messages(dead: Home, clock: VirtualClock) -> None:
    dead.queues.send("q", ["bad"])
    for _ in range(2):
        receive_one(dead)
        clock.advance(10)
    dead.queues.send("q", ["good"])
    assert receive_one(dead).body == "good"


def test_a_receipt_is_void_once_its_message_is_a_dead_letter(
    dead: Home, clock: VirtualClock
) -> None:
    dead.queues.send("q", ["bad"])
    receive_one(dead)
    clock.advance(10)
    receipt = receive_one(dead).receipt
    clock.advance(10)
    dead.queues.receive("q")
    assert dead.queues.delete("q", [receipt]) == [False]
    assert dead.queues.delete("q-dead", [receipt]) == [False]
    assert dead.queues.counts("q-dead").visible == 1


def bury(home: Home, clock: VirtualClock, *names: str) -> None:
    """Make dead letters of messages."""
    home.queues.send("q", names)
    for _ in range(2):
        home.queues.receive("q", 10)
        clock.advance(10)
    home.queues.receive("q", 10)


def test_redrive_moves_dead_letters_back_with_fresh_receives(
    dead: Home, clock: VirtualClock
) -> None:
    bury(dead, clock, "1", "2", "3")
    with dead.wake.waiter(queue_channel("q")) as waiter:
        assert dead.queues.redrive("q-dead", "q", limit=2) == 2
        assert waiter.wait(0)
    assert dead.queues.counts("q-dead").visible == 1
    assert {m.receives for m in dead.queues.receive("q", 10)} == {1}
    assert dead.queues.redrive("q-dead", "q") == 1
    assert dead.queues.redrive("q-dead", "q") == 0


def test_receipts_from_before_a_redrive_stay_void(home: Home, clock: VirtualClock) -> None:
    home.queues.create("q", QueueOptions(visibility=10, max_receives=1, dead_letter="q-dead"))
    home.queues.send("q", ["x"])
    stale = receive_one(home).receipt
    clock.advance(10)
    home.queues.receive("q")
    home.queues.redrive("q-dead", "q")
    fresh = receive_one(home).receipt
    assert home.queues.extend("q", [stale], 0) == [False]
    assert home.queues.delete("q", [stale]) == [False]
    assert home.queues.delete("q", [fresh]) == [True]


def test_a_queue_cannot_be_redriven_to_itself(home: Home) -> None:
    with pytest.raises(BadInput):
        home.queues.redrive("q", "q")
