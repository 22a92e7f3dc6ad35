"""Queues: the semantics of SQS's standard queues."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from billow.clock import VirtualClock
from billow.home import Home
from billow.ports.ledger import Counts
from billow.ports.queues import Message, QueueOptions
from billow.ports.wake import queue_channel
from tests.contract.homes import PATIENCE, in_threads


def receive_one(home: Home, name: str = "q", visibility: float | None = None) -> Message:
    [message] = home.queues.receive(name, visibility=visibility)
    return message


def bodies(messages: list[Message]) -> list[str]:
    return sorted(message.body for message in messages)


def test_a_sent_message_is_received(home: Home, clock: VirtualClock) -> None:
    sent = clock.now()
    [made] = home.queues.send("q", ['{"text":"ä𝄞"}'])
    clock.advance(3)
    message = receive_one(home)
    assert (message.id, message.body) == (made, '{"text":"ä𝄞"}')
    assert (message.receives, message.sent) == (1, sent)
    assert message.receipt


def test_ids_are_in_the_order_of_the_bodies(home: Home) -> None:
    ids = home.queues.send("q", [str(n) for n in range(10)])
    assert len(set(ids)) == 10
    assert {m.id: m.body for m in home.queues.receive("q", 10)} == {
        made: str(n) for n, made in enumerate(ids)
    }


def test_an_empty_queue_gives_nothing(home: Home) -> None:
    assert home.queues.receive("q") == []
    assert home.queues.peek("q") == []
    assert home.queues.counts("q") == Counts()


def test_older_messages_come_first(home: Home, clock: VirtualClock) -> None:
    for n in range(5):
        home.queues.send("q", [str(n)])
        clock.advance(1)
    assert [m.body for m in home.queues.receive("q", 2)] == ["0", "1"]
    assert [m.body for m in home.queues.receive("q", 10)] == ["2", "3", "4"]


def test_queues_do_not_mix(home: Home) -> None:
    home.queues.send("a", ["1"])
    home.queues.send("b", ["2"])
    assert receive_one(home, "b").body == "2"
    assert receive_one(home, "a").body == "1"


def test_a_received_message_is_hidden_until_its_visibility_ends(
    home: Home, clock: VirtualClock
) -> None:
    home.queues.send("q", ["x"])
    first = receive_one(home, visibility=30)
    clock.advance(29.5)
    assert home.queues.receive("q") == []
    clock.advance(0.5)
    second = receive_one(home)
    assert (second.id, second.receives) == (first.id, 2)
    assert second.receipt != first.receipt


def test_visibility_is_the_queues_unless_asked_for(home: Home, clock: VirtualClock) -> None:
    home.queues.create("q", QueueOptions(visibility=5))
    home.queues.send("q", ["x"])
    receive_one(home)
    clock.advance(5)
    receive_one(home, visibility=50)
    clock.advance(5)
    assert home.queues.receive("q") == []


def test_visibility_zero_shows_a_message_at_once(home: Home) -> None:
    home.queues.send("q", ["x"])
    assert receive_one(home, visibility=0).receives == 1
    assert receive_one(home).receives == 2


def test_a_deleted_message_is_gone(home: Home, clock: VirtualClock) -> None:
    home.queues.send("q", ["x", "y"])
    messages = home.queues.receive("q", 2)
    assert home.queues.delete("q", [m.receipt for m in messages]) == [True, True]
    clock.advance(1000)
    assert home.queues.receive("q") == []
    assert home.queues.counts("q") == Counts()


def test_only_the_latest_receipt_deletes(home: Home, clock: VirtualClock) -> None:
    home.queues.send("q", ["x"])
    stale = receive_one(home).receipt
    clock.advance(30)
    fresh = receive_one(home).receipt
    assert home.queues.delete("q", [stale]) == [False]
    assert home.queues.delete("q", [fresh, fresh]) == [True, False]


def test_a_receipt_still_deletes_after_its_time_if_nobody_received_since(
    home: Home, clock: VirtualClock
) -> None:
    home.queues.send("q", ["x"])
    receipt = receive_one(home).receipt
    clock.advance(1000)
    assert home.queues.delete("q", [receipt]) == [True]


HOSTILE_RECEIPTS = ["", "x", ".", "1", "1.", "1.1.1", "-1.1", "9" * 40 + ".1", "1.\ud800", "1.²"]


@pytest.mark.parametrize("receipt", HOSTILE_RECEIPTS, ids=ascii)
def test_what_was_never_a_receipt_deletes_nothing(home: Home, receipt: str) -> None:
    home.queues.send("q", ["x"])
    mine = receive_one(home).receipt
    assert home.queues.delete("q", [receipt, mine]) == [False, True]
    assert home.queues.extend("q", [receipt], 5) == [False]


def test_a_receipt_belongs_to_its_queue(home: Home) -> None:
    home.queues.send("a", ["x"])
    receipt = receive_one(home, "a").receipt
    assert home.queues.delete("b", [receipt]) == [False]
    assert home.queues.extend("b", [receipt], 5) == [False]
    assert home.queues.delete("a", [receipt]) == [True]


def test_extend_keeps_a_message_hidden_from_now(home: Home, clock: VirtualClock) -> None:
    home.queues.send("q", ["x"])
    receipt = receive_one(home, visibility=30).receipt
    clock.advance(20)
    assert home.queues.extend("q", [receipt], 60) == [True]
    clock.advance(59)
    assert home.queues.receive("q") == []
    clock.advance(1)
    receive_one(home)
    assert home.queues.extend("q", [receipt], 60) == [False]


def test_extend_by_zero_shows_a_message_at_once(home: Home) -> None:
    home.queues.send("q", ["x"])
    receipt = receive_one(home).receipt
    with home.wake.waiter(queue_channel("q")) as waiter:
        assert home.queues.extend("q", [receipt], 0) == [True]
        assert waiter.wait(0)
    assert receive_one(home).receives == 2


def test_a_delayed_message_is_hidden_first(home: Home, clock: VirtualClock) -> None:
    home.queues.send("q", ["later"], delay=10)
    home.queues.send("q", ["now"])
    assert bodies(home.queues.receive("q", 10)) == ["now"]
    clock.advance(10)
    assert bodies(home.queues.receive("q", 10)) == ["later"]


def test_delay_is_the_queues_unless_asked_for(home: Home, clock: VirtualClock) -> None:
    home.queues.create("q", QueueOptions(delay=10))
    home.queues.send("q", ["later"])
    home.queues.send("q", ["now"], delay=0)
    assert bodies(home.queues.receive("q", 10)) == ["now"]
    clock.advance(10)
    assert bodies(home.queues.receive("q", 10)) == ["later"]


def test_counts_tell_visible_in_flight_and_delayed(home: Home, clock: VirtualClock) -> None:
    home.queues.send("q", ["1", "2", "3"])
    home.queues.send("q", ["4", "5"], delay=100)
    home.queues.receive("q", visibility=50)
    clock.advance(7)
    assert home.queues.counts("q") == Counts(visible=2, in_flight=1, delayed=2, oldest=7.0)
    clock.advance(43)
    counts = home.queues.counts("q")
    assert (counts.visible, counts.in_flight, counts.delayed) == (3, 0, 2)


def test_messages_vanish_when_they_are_too_old(home: Home, clock: VirtualClock) -> None:
    home.queues.create("q", QueueOptions(retention=100))
    home.queues.send("q", ["old"])
    clock.advance(60)
    home.queues.send("q", ["new"])
    clock.advance(41)
    assert home.queues.counts("q").visible == 1
    assert [m.body for m in home.queues.peek("q")] == ["new"]
    assert bodies(home.queues.receive("q", 10)) == ["new"]


def test_where_nobody_receives_a_sweep_deletes_what_is_past_retention(
    home: Home, clock: VirtualClock
) -> None:
    home.queues.create("short", QueueOptions(retention=100))
    home.queues.send("short", ["old"])
    home.queues.send("long", ["stays"])
    clock.advance(100)
    home.queues.send("short", ["new"])
    assert home.queues.sweep() == 0
    clock.advance(1)
    assert home.queues.sweep() == 1
    bodies = [[m.body for m in home.queues.peek(name)] for name in ("short", "long")]
    assert bodies == [["new"], ["stays"]]


def test_peek_shows_the_oldest_without_receiving(home: Home) -> None:
    ids = home.queues.send("q", [str(n) for n in range(5)])
    seen = home.queues.peek("q", 3)
    assert [(m.id, m.body, m.receipt, m.receives) for m in seen] == [
        (ids[n], str(n), "", 0) for n in range(3)
    ]
    assert home.queues.counts("q").visible == 5
    assert receive_one(home).receives == 1


def test_purge_deletes_everything_and_counts_it(home: Home, clock: VirtualClock) -> None:
    home.queues.send("q", ["1", "2", "3"])
    home.queues.send("q", ["4"], delay=10)
    home.queues.send("other", ["5"])
    receipt = receive_one(home).receipt
    assert home.queues.purge("q") == 4
    clock.advance(1000)
    assert home.queues.receive("q") == []
    assert home.queues.delete("q", [receipt]) == [False]
    assert home.queues.purge("q") == 0
    assert home.queues.counts("other").visible == 1


def test_a_waiting_receiver_is_woken_by_a_message(home: Home) -> None:
    entered = threading.Event()

    def wait() -> tuple[list[Message], float]:
        entered.set()
        messages = home.queues.receive("q", wait=PATIENCE)
        return messages, time.monotonic()

    with ThreadPoolExecutor(1) as pool:
        received = pool.submit(wait)
        assert entered.wait(PATIENCE)
        began = time.monotonic()
        home.queues.send("q", ["x"])
        messages, woken = received.result(PATIENCE)
    assert bodies(messages) == ["x"]
    assert woken - began < 0.9, "it was found by looking again, not by a wake-up"


def test_waiting_ends_when_the_time_is_over(home: Home) -> None:
    began = time.monotonic()
    assert home.queues.receive("q", wait=0.05) == []
    assert 0.04 < time.monotonic() - began < 5


def test_a_waiting_receiver_does_not_wait_for_a_full_batch(home: Home) -> None:
    home.queues.send("q", ["x"])
    began = time.monotonic()
    assert len(home.queues.receive("q", 10, wait=20)) == 1
    assert time.monotonic() - began < 5


def test_receivers_in_threads_get_every_message_once(home: Home) -> None:
    for start in range(0, 120, 10):
        home.queues.send("q", [str(n) for n in range(start, start + 10)])
    got: list[str] = []

    def work() -> None:
        while messages := home.queues.receive("q", 7):
            got.extend(message.body for message in messages)
            assert all(home.queues.delete("q", [message.receipt for message in messages]))

    in_threads([work] * 6)
    assert sorted(got, key=int) == [str(n) for n in range(120)]
    assert home.queues.counts("q") == Counts()


def test_a_queue_stays_known_when_it_is_empty_again(home: Home) -> None:
    home.queues.send("q", ["1"])
    [message] = home.queues.receive("q")
    home.queues.delete("q", [message.receipt])
    assert home.queues.names() == ["q"]
    assert home.queues.options("q") == QueueOptions()


def test_dead_letter_and_redriven_queues_become_known(home: Home) -> None:
    home.queues.create("q", QueueOptions(visibility=0, max_receives=1, dead_letter="dead"))
    home.queues.send("q", ["1"])
    home.queues.receive("q")
    home.queues.receive("q")
    home.queues.redrive("dead", "elsewhere")
    assert home.queues.names() == ["dead", "elsewhere", "q"]
