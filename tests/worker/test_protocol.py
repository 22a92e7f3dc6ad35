"""Frames, what their bodies say, and jobs that are taken back."""

from __future__ import annotations

import itertools
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.events import Event
from billow.flow.followup import FollowUp
from billow.flow.task import Task
from billow.flow.work import Performed
from billow.job import Failure, Job, Status
from billow.options import Limits, Retry
from billow.ports.ledger import Publish, Put
from billow.worker.messages import (
    Hello,
    decode_follow_up,
    decode_performed,
    decode_task,
    encode_follow_up,
    encode_performed,
    encode_task,
)
from billow.worker.process import ChildProcess
from billow.worker.protocol import HEAD, HELLO, KINDS, MAX_BODY, RESULT, Frame, FrameReader
from billow.worker.settings import Settings
from tests.worker.harness import APP, until

TASK = Task("id1", '{"a":"é\\n"}', "n\n", "s/k", None, "me", 1, 2, 3.5, 4, "w")

frames = st.builds(
    Frame,
    st.sampled_from(sorted(KINDS)),
    st.integers(0, 2**64 - 1),
    st.floats(allow_nan=False),
    st.floats(allow_nan=False),
    st.binary(max_size=200),
)


@given(st.lists(frames, max_size=8), st.lists(st.integers(0, 2000), max_size=8))
def test_frames_come_out_whole_however_they_are_cut(sent: list[Frame], cuts: list[int]) -> None:
    data = b"".join(frame.encode() for frame in sent)
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    reader = FrameReader()
    got = [frame for i, j in itertools.pairwise(places) for frame in reader.feed(data[i:j])]
    assert got == sent
    assert not reader.partial


def test_the_beginning_of_a_frame_is_known_as_such() -> None:
    reader = FrameReader()
    assert reader.feed(Frame(RESULT, 1, body=b"abc").encode()[:-1]) == []
    assert reader.partial


@pytest.mark.parametrize(
    "garbage",
    [HEAD.pack(MAX_BODY + 1, RESULT, 1, 0.0, 0.0), HEAD.pack(0, 99, 1, 0.0, 0.0), b"\xff" * 1000],
)
def test_frames_before_what_cannot_be_one_are_kept(garbage: bytes) -> None:
    reader, good = FrameReader(), Frame(RESULT, 1, body=b"1")
    assert reader.feed(good.encode() + garbage + good.encode()) == [good]
    assert reader.lost
    assert reader.feed(good.encode()) == []
    assert not reader.partial


def test_a_task_arrives_as_it_was_sent() -> None:
    [frame] = FrameReader().feed(encode_task(TASK, 7, last=False))
    assert (frame.serial, decode_task(frame.body)) == (7, TASK)


@pytest.mark.parametrize(
    "performed",
    [
        Performed(1.25, 2.5, '{"a":1}'),
        Performed(1.25, 2.5, "1", None, (Publish("q", "[]"), Put("t", "k", "{}")), (0, 2)),
        Performed(1.25, 2.5, None, Failure("raised", "é", "d\n")),
        Performed(1.25, 2.5, later=15.0),
    ],
)
def test_an_ending_arrives_as_it_was_sent(performed: Performed) -> None:
    [frame] = FrameReader().feed(encode_performed(performed, 9))
    assert (frame.serial, decode_performed(frame)) == (9, performed)


def test_a_follow_up_arrives_as_it_was_sent() -> None:
    job = Job("id", "f", Status.FAILED, failure=Failure("raised", "m"), finished=2.0)
    asked = FollowUp("id", Event.FAILED, 1, 2.0)
    [frame] = FrameReader().feed(encode_follow_up(asked, job, 3))
    assert decode_follow_up(frame.body) == (Event.FAILED, 1, job)


def test_the_child_introduces_the_function() -> None:
    hello = Hello(Retry(attempts=7, backoff="2 s"), Limits(cpu=3, memory=None), {"failed": 2})
    assert Hello.decode(hello.encode()) == hello


def collected(child: ChildProcess, kind: int, count: int) -> list[Frame]:
    """So many frames of a kind from the child."""
    found: list[Frame] = []

    def enough() -> bool:
        found.extend(frame for frame in child.collect() if frame.kind == kind)
        return len(found) >= count

    until(enough, f"{count} frames; got {len(found)}")
    return found


def test_a_job_is_either_run_or_taken_back(tmp_path: Any) -> None:
    """Taken back again and again while the child runs, each job goes one way only."""
    chance = random.Random(5)
    child = ChildProcess(Settings(APP, "add", str(tmp_path), "w"))
    try:
        collected(child, HELLO, 1)
        serial = 0
        back: list[int] = []
        rests = [0, 0, 0.0002, 0.001]
        for round_ in itertools.count():
            if round_ >= 150:  # a child that seldom gets its turn has longer ones
                if min(len(back), serial - len(back)) > 100:
                    break
                rests = [0, 0.001, 0.02]
            assert round_ < 2000
            first, serial = serial + 1, serial + chance.randrange(1, 60)
            tasks = [
                encode_task(TASK._replace(args=f'{{"a":{i},"b":0}}'), i, i == serial)
                for i in range(first, serial + 1)
            ]
            child.hand_over(range(first, serial + 1), tasks)
            time.sleep(chance.choice(rests))
            back += child.take_back()
        ran = collected(child, RESULT, serial - len(back))
        assert [int(frame.body) for frame in ran] == [frame.serial for frame in ran]
        assert sorted(back + [frame.serial for frame in ran]) == list(range(1, serial + 1))
        assert len(back) > 100
        assert len(ran) > 100
    finally:
        child.kill()
        until(child.ending, "the child's end")
        child.close()


@pytest.mark.parametrize("last", [232, 234, 237])
def test_a_process_with_many_files_open_has_children_too(tmp_path: Path, last: int) -> None:
    """The numbers under which the child finds its pipes may be taken in the parent."""
    opened = [os.open(os.devnull, os.O_RDONLY)]
    while opened[-1] < last:
        opened.append(os.open(os.devnull, os.O_RDONLY))
    try:
        child = ChildProcess(Settings(APP, "add", str(tmp_path), "w"))
        collected(child, HELLO, 1)
    finally:
        for fd in opened:
            os.close(fd)
    child.kill()
    until(child.ending, "the child's end")
    child.close()
