import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.jobs.limit import DESIGNS, Design, measure
from bench.jobs.limit_owner import Line
from bench.jobs.limit_store import Store, create


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.label)
def test_every_design_ends_with_one_result_for_each_job(design: Design, tmp_path: Path) -> None:
    figures = measure(design, tmp_path, jobs=250)
    assert min(figures[key] for key in ("enqueue", "drain", "both")) > 0


def test_only_the_consumer_that_holds_a_job_can_finish_it(tmp_path: Path) -> None:
    create(tmp_path / "limit.db")
    store = Store(tmp_path / "limit.db")
    with store.transaction():
        store.add(["{}"])
        ((job, _),) = store.take(10, worker=1)
        assert store.take(10, worker=2) == []
        store.finish([(job, "theirs")], worker=2)
    with pytest.raises(AssertionError):
        store.check(1)
    with store.transaction():
        store.finish([(job, "mine")], worker=1)
    store.check(1)


FRAMES = st.lists(st.recursive(st.integers() | st.text(), st.lists), max_size=5)


@settings(max_examples=40)
@given(FRAMES, st.integers(1, 50))
def test_frames_arrive_whole_however_they_are_cut(frames: list[Any], size: int) -> None:
    ours, middle = socket.socketpair()
    with ours, middle:
        for frame in frames:
            Line(ours).send(frame)
        ours.shutdown(socket.SHUT_WR)
        sent = b"".join(iter(lambda: middle.recv(1 << 16), b""))
    source, end = socket.socketpair()
    with source, end:
        line = Line(end)
        arrived: list[Any] = []
        for start in range(0, len(sent), size):
            source.sendall(sent[start : start + size])
            arrived += line.arrived()
    assert arrived == frames
