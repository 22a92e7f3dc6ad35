from __future__ import annotations

import io
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.clock import VirtualClock
from billow.drivers.memory.logs import MemoryLogs
from billow.errors import Unavailable
from billow.ops.logs.capture import Capture, CaptureHandler
from billow.ops.logs.clean import Cleaner
from billow.ops.logs.handler import ShipHandler
from billow.ops.logs.shipper import Said, Shipper
from billow.ops.logs.wire import PIECE, decode, encode
from billow.origin import Origin, using
from billow.ports.logs import Line, Wanted
from tests.contract.homes import until

ORIGIN = Origin("r1", f"00-{'a' * 32}-{'b' * 16}-01")


class Sometimes(MemoryLogs):
    """A store that can be full, and counts the steps in which lines came."""

    def __init__(self) -> None:
        super().__init__(VirtualClock())
        self.full = False
        self.steps = 0
        self.tried = threading.Event()

    def write(self, lines: Sequence[Line]) -> None:
        self.tried.set()
        if self.full:
            raise Unavailable("the disk is full")
        self.steps += 1
        super().write(lines)

    @property
    def lines(self) -> list[Line]:
        return self.find(Wanted(), limit=10**6).lines[::-1]


@pytest.fixture
def store() -> Sometimes:
    return Sometimes()


@pytest.fixture
def logger(request: pytest.FixtureRequest) -> Iterator[logging.Logger]:
    made = logging.getLogger(f"test.{request.node.name}")
    made.setLevel(logging.DEBUG)
    made.propagate = False
    yield made
    made.handlers.clear()


def test_records_become_lines_with_what_they_go_back_to(
    store: Sometimes, logger: logging.Logger
) -> None:
    shipper = Shipper("web")
    logger.addHandler(ShipHandler(shipper))
    with using(ORIGIN):
        logger.info("hello %s", "you", extra={"fields": {"job": "j", "ms": 5, "token": "x"}})
    try:
        raise ValueError("no\nway")
    except ValueError:
        logger.exception("broken")
    shipper.start(store)
    shipper.stop()
    first, second = store.lines
    assert first._replace(at=0.0) == Line(
        0.0, 20, "web", logger.name, "hello you", "j", "r1", "a" * 32, '{"ms": 5, "token": "…"}', 1
    )
    assert (second.level, second.event, second.request) == (40, "broken", "")
    assert "ValueError: no\\nway" in second.fields


def test_lines_are_stored_together_and_soon(store: Sometimes) -> None:
    shipper = Shipper("web")
    shipper.start(store)
    for number in range(500):
        shipper.say(Said(time.time(), 20, "s", str(number)))
    until(lambda: len(store.lines) == 500, "the lines to be stored")
    assert store.steps < 100
    assert [line.event for line in store.lines] == [str(n) for n in range(500)]
    shipper.stop()


def test_what_does_not_fit_is_dropped_and_told(store: Sometimes) -> None:
    shipper = Shipper("web", room=10)
    for number in range(25):
        shipper.say(Said(1.0, 20, "s", str(number)))
    shipper.start(store)
    shipper.stop()
    assert [line.event for line in store.lines[:-1]] == [str(n) for n in range(10)]
    told = store.lines[-1]
    assert told.event.startswith("15 lines were dropped")
    assert (told.level, told.fields) == (30, '{"dropped": 15}')


def test_lines_wait_for_a_store_that_is_full(
    store: Sometimes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billow.ops.logs.shipper._REST", 0.01)
    store.full = True
    shipper = Shipper("web")
    shipper.start(store)
    shipper.say(Said(1.0, 20, "s", "patient"))
    assert store.tried.wait(20)
    assert store.lines == []
    store.full = False
    until(lambda: [line.event for line in store.lines] == ["patient"], "the line to be stored")
    shipper.stop()


def test_a_pipe_is_read_to_its_end(store: Sometimes) -> None:
    reader, writer = os.pipe()
    shipper = Shipper("f-1")
    shipper.start(store)
    shipper.watch(reader)
    said = Line(5.0, 30, "", "stderr", "oh", "j", "r", "t")
    os.write(writer, encode(said) + b'[1]\nnonsense\n["a",20,"","","","",""]\n' + encode(said)[:9])
    os.close(writer)
    until(lambda: len(store.lines) == 1, "the line to come")
    shipper.stop()
    assert store.lines == [said._replace(process="f-1", seq=1)]
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(reader)


def test_the_process_that_was_forked_off_logs_nothing_and_does_no_harm(store: Sometimes) -> None:
    shipper = Shipper("web")
    if (child := os.fork()) == 0:
        try:
            shipper.say(Said(1.0, 20, "s", "child"))
            shipper.stop()
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    shipper.say(Said(1.0, 20, "s", "parent"))
    shipper.start(store)
    shipper.stop()
    assert [line.event for line in store.lines] == ["parent"]


TEXTS = st.text(st.characters(exclude_categories=()), max_size=5000)


@given(TEXTS, st.text(max_size=300), st.integers(0, 99))
def test_a_piece_is_whole_and_tells_the_line(event: str, source: str, level: int) -> None:
    line = Line(1.5, level, "", source, event, "j", "r", "t")
    piece = encode(line)
    assert len(piece) <= PIECE
    assert piece.count(b"\n") == 1
    back = decode(piece, "p")
    assert back is not None
    assert (back.at, back.level, back.process, back.job) == (1.5, level, "p", "j")
    back.event.encode()
    if len(event) < 500 and event.isascii() and "\0" not in event:
        assert back.event == event


@given(st.binary(max_size=100))
def test_rubbish_in_a_pipe_is_no_line(rubbish: bytes) -> None:
    assert decode(rubbish, "p") is None


@pytest.mark.parametrize("at", ["NaN", "1e999", "-1", '"x"', "null"])
def test_a_time_that_is_none_is_no_line(at: str) -> None:
    assert decode(f'[{at},20,"","","","",""]'.encode(), "p") is None


class Caught:
    """A capture with its pipe and its file."""

    def __init__(self, most: int = 1000) -> None:
        self.reader, self.writer = os.pipe()
        self.capture = Capture(self.writer, Cleaner(["hidden"]), most)
        self.file = io.StringIO()
        self.out = self.capture.stream(self.file, "stdout", 20)

    def lines(self) -> list[Line]:
        os.set_blocking(self.reader, False)
        data = b""
        try:
            while piece := os.read(self.reader, 1 << 20):
                data += piece
        except BlockingIOError:
            pass
        return [line for each in data.splitlines() if (line := decode(each, "p"))]

    def events(self) -> list[str]:
        return [line.event for line in self.lines()]


@pytest.fixture
def caught() -> Iterator[Caught]:
    made = Caught()
    yield made
    os.close(made.reader)
    os.close(made.writer)


def test_prints_are_lines_under_the_job(caught: Caught) -> None:
    caught.capture.begin("j1", str(ORIGIN))
    print("one", "two", file=caught.out)
    caught.out.write("hal")
    caught.out.flush()
    caught.out.write("f\n\n  \nend")
    caught.capture.end()
    print("between jobs", file=caught.out)
    lines = caught.lines()
    assert [line.event for line in lines] == ["one two", "half", "end", "between jobs"]
    assert {(line.job, line.request, line.trace) for line in lines[:3]} == {("j1", "r1", "a" * 32)}
    assert lines[3].job == ""
    assert caught.file.getvalue() == "one two\nhalf\n\n  \nend\nbetween jobs\n"


def test_whether_there_is_something_to_flush(
    caught: Caught, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", caught.out)
    monkeypatch.setattr(sys, "stderr", caught.capture.stream(caught.file, "stderr", 30))
    caught.capture.begin("j1")
    assert not caught.capture.end()
    sys.stdout.write("between jobs\n")
    caught.capture.begin("j2")
    assert caught.capture.end()
    assert not caught.capture.end()
    monkeypatch.setattr(sys, "stdout", io.StringIO())  # as an author's code may do
    assert caught.capture.end()
    assert [(line.event, line.job) for line in caught.lines()] == [("between jobs", "")]


def test_no_print_can_look_like_another_line(caught: Caught) -> None:
    caught.capture.begin("j1")
    forged = encode(Line(1.0, 50, "keeper", "billow", "all is lost", "j2")).decode()
    caught.out.write(f"10 %\r20 %\r100 %\r\n{forged}a\x1b[2Jb hidden\n")
    lines = caught.lines()
    assert [line.event for line in lines] == ["100 %", forged.rstrip("\n"), "a\x1b[2Jb …"]
    assert {(line.job, line.level, line.process) for line in lines} == {("j1", 20, "p")}
    assert "hidden" not in caught.file.getvalue()


def test_a_flood_is_cut_and_told() -> None:
    caught = Caught(most=5)
    for job in ("a", "b"):
        caught.capture.begin(job)
        for number in range(8):
            print(number, file=caught.out)
        caught.capture.end()
        lines = caught.lines()
        assert [line.event for line in lines[:5]] == list("01234")
        assert lines[5].event.startswith("3 further lines of this try")
        assert {line.job for line in lines} == {job}


def test_a_full_pipe_never_waits_and_is_told(caught: Caught) -> None:
    caught.capture.begin("j")
    caught.capture._most = 10**6
    for _ in range(200):
        print("x" * 3000, file=caught.out)
    kept = len(caught.lines())
    assert 0 < kept < 200
    caught.capture.end()
    assert caught.events()[-1].startswith(f"{200 - kept} further lines")


def test_what_the_function_logs_has_its_level(caught: Caught, logger: logging.Logger) -> None:
    logger.addHandler(CaptureHandler(caught.capture, caught.out))
    caught.capture.begin("j")
    logger.error("no %s", "way\nout hidden")
    [line] = caught.lines()
    assert (line.level, line.source, line.event) == (40, logger.name, "no way\nout …")
    assert caught.file.getvalue() == f"ERROR {logger.name}: no way\nout …\n"


def test_a_captured_stream_is_a_stream(caught: Caught) -> None:
    assert (caught.out.writable(), caught.out.isatty()) == (True, False)
    caught.out.close()
    print("still here", file=caught.out)
    assert caught.events() == ["still here"]
    with pytest.raises(TypeError, match="must be str, not bytes"):
        caught.out.write(b"x")  # type: ignore[arg-type]


def test_a_line_without_end_does_not_grow_for_ever(caught: Caught) -> None:
    caught.out.write("x" * 100_000)
    [line] = caught.lines()
    assert line.event == "x" * 3000 + "…"
