"""Queues: options, and the bounds of SQS."""

from __future__ import annotations

import math
from typing import Any

import pytest

from billow.errors import BadInput, NotFound
from billow.home import Home
from billow.ports.ledger import Counts
from billow.ports.queues import MAX_BODY, Message, QueueOptions


def receive_one(home: Home, name: str = "q", visibility: float | None = None) -> Message:
    [message] = home.queues.receive(name, visibility=visibility)
    return message


def test_a_queue_that_is_used_has_default_options(home: Home) -> None:
    home.queues.send("b", ["x"])
    home.queues.create("a")
    assert home.queues.names() == ["a", "b"]
    assert home.queues.options("a") == home.queues.options("b") == QueueOptions()


def test_there_are_no_options_of_an_unknown_queue(home: Home) -> None:
    with pytest.raises(NotFound):
        home.queues.options("nothing")


def test_options_can_be_changed_and_messages_stay(home: Home) -> None:
    home.queues.create("q", QueueOptions(visibility=5))
    home.queues.send("q", ["x"])
    options = QueueOptions(60.5, 1.5, 3, "q-dead", 3600)
    home.queues.create("q", options)
    assert home.queues.options("q") == options
    assert home.queues.counts("q").visible == 1


@pytest.mark.parametrize(
    "options",
    [
        {"visibility": -1},
        {"visibility": 12 * 3600 + 1},
        {"visibility": math.nan},
        {"delay": -1},
        {"delay": 901},
        {"max_receives": 0, "dead_letter": "d"},
        {"max_receives": 1001, "dead_letter": "d"},
        {"max_receives": 3, "dead_letter": "q"},
        {"retention": 59},
        {"retention": 14 * 86400 + 1},
    ],
    ids=str,
)
def test_options_keep_to_the_bounds_of_sqs(home: Home, options: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        home.queues.create("q", QueueOptions(**options))
    assert home.queues.names() == []


@pytest.mark.parametrize("options", [(0, 0), (12 * 3600, 900)], ids=str)
def test_the_bounds_of_sqs_are_allowed(home: Home, options: tuple[float, float]) -> None:
    home.queues.create("q", QueueOptions(*options))
    assert home.queues.options("q") == QueueOptions(*options)


@pytest.mark.parametrize("delay", [-1, 901, math.nan])
def test_a_delay_out_of_bounds_is_refused(home: Home, delay: float) -> None:
    with pytest.raises(BadInput):
        home.queues.send("q", ["x"], delay=delay)
    assert home.queues.counts("q") == Counts()


@pytest.mark.parametrize(
    "batch",
    [["x"] * 11, ["ok", "x" * (MAX_BODY + 1)], ["ok", "ä" * (MAX_BODY // 2 + 1)], ["\ud800"]],
    ids=["too many", "too long", "too many bytes", "surrogate"],
)
def test_a_bad_batch_is_refused_as_a_whole(home: Home, batch: list[str]) -> None:
    with pytest.raises(BadInput):
        home.queues.send("q", batch)
    assert home.queues.counts("q") == Counts()


def test_a_body_of_a_mebibyte_is_taken(home: Home) -> None:
    body = "ä" * (MAX_BODY // 2)
    home.queues.send("q", [body])
    assert receive_one(home).body == body


@pytest.mark.parametrize(
    "asked", [{"limit": 0}, {"limit": 11}, {"wait": 21}, {"wait": -1}, {"visibility": -1}], ids=str
)
def test_a_receive_out_of_bounds_is_refused(home: Home, asked: dict[str, Any]) -> None:
    home.queues.send("q", ["x"])
    with pytest.raises(BadInput):
        home.queues.receive("q", **asked)
    assert receive_one(home).receives == 1


@pytest.mark.parametrize("visibility", [-1, 12 * 3600 + 1])
def test_an_extension_out_of_bounds_is_refused(home: Home, visibility: float) -> None:
    home.queues.send("q", ["x"])
    receipt = receive_one(home).receipt
    with pytest.raises(BadInput):
        home.queues.extend("q", [receipt], visibility)
