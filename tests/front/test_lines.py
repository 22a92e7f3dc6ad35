"""What the front logs reaches the log of all by the keeper."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from billow.clock import VirtualClock
from billow.drivers.memory.logs import MemoryLogs
from billow.errors import Unavailable
from billow.front.lines import LONGEST, ROOM, Lines
from billow.keeper.told_lines import keep_lines
from billow.ops.logs.clean import Cleaner
from billow.ports.logs import Line, Wanted


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    made = logging.Logger("billow.front", logging.INFO)
    yield made
    made.handlers.clear()


def kept(logs: MemoryLogs) -> list[Line]:
    return logs.find(Wanted(process="front"), limit=1000).lines[::-1]


def test_lines_are_gathered_and_stored_cleaned(logger: logging.Logger) -> None:
    lines, logs = Lines(), MemoryLogs(VirtualClock(100.0))
    logger.addHandler(lines)
    logger.info("listening on %d", 8420)
    try:
        raise ValueError("password=hidden")
    except ValueError:
        logger.exception("no way")
    logger.info("%d", "no number")  # is no trouble
    logger.info("x" * 2 * LONGEST)
    keep_lines(json.loads(json.dumps(lines.take())), "front", logs, Cleaner())
    first, second, long = kept(logs)
    assert (first.level, first.source, first.event) == (20, "billow.front", "listening on 8420")
    assert second.level == 40
    assert second.event.startswith("no way")
    assert second.event.endswith("ValueError: password=…")
    assert len(long.event) == LONGEST
    assert lines.take() == {}


def test_a_keeper_that_takes_none_is_no_trouble(logger: logging.Logger) -> None:
    lines, logs = Lines(), MemoryLogs(VirtualClock(100.0))
    logger.addHandler(lines)
    for number in range(ROOM + 7):
        logger.info("%d", number)
    keep_lines(lines.take(), "front", logs, Cleaner())
    assert [line.event for line in kept(logs)][::ROOM] == [
        "7",
        "7 lines were dropped: there was no room for them",
    ]


def test_a_store_that_takes_none_is_no_trouble(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, logs = Lines(), MemoryLogs(VirtualClock(100.0))
    logger.addHandler(lines)
    logger.info("lost")

    def full(*_: object) -> None:
        raise Unavailable("the disk is full")

    monkeypatch.setattr(logs, "write", full)
    keep_lines(lines.take(), "front", logs, Cleaner())
