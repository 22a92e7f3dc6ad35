"""Memory, processor time and open files of every process of a web pool's service."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from billow.drivers.memory.home import open_memory
from billow.web.process_metrics import ProcessCollector, open_files, pids_of


def test_who_is_on_the_board() -> None:
    board: dict[str, dict[str, Any]] = {
        "service": {"pid": 1},
        "process.front": {"pid": 2},
        "process.pager": {"pid": None},
        "fleet.web": {"workers": [{"id": "web-a", "pid": 3, "child_pid": None}]},
        "fleet.add": {"workers": [{"id": "add-b", "pid": 4, "child_pid": 5}, {"id": "add-c"}]},
        "renderer": {"pid": 6, "children": [7, 8]},
    }
    assert pids_of(board) == {
        "add-b": 4, "add-b-child": 5, "front": 2, "renderer-1": 7, "renderer-2": 8, "web-a": 3,
    }  # fmt: skip


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """Another process, which has started."""
    told = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    with subprocess.Popen(told, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_every_process_is_told_of_and_those_that_are_gone_are_left_out(
    other: subprocess.Popen[bytes],
) -> None:
    home = open_memory()
    home.journal.show("process.front", {"pid": other.pid})
    home.journal.show("process.keeper", {"pid": os.getpid()})
    home.journal.show("process.gone", {"pid": 2**22 + 1})
    found = {
        family.name: {sample.labels["process"]: sample.value for sample in family.samples}
        for family in ProcessCollector(home).collect()
    }
    names = ["process_resident_memory_bytes", "process_cpu_seconds", "process_open_fds"]
    assert list(found) == names
    assert all(set(each) == {"front", "keeper"} for each in found.values())
    assert found["process_resident_memory_bytes"]["front"] > 1_000_000
    assert found["process_open_fds"]["front"] >= 3


def test_a_process_without_a_pool_tells_of_itself() -> None:
    found = {
        sample.name: (sample.labels, sample.value)
        for family in ProcessCollector().collect()
        for sample in family.samples
    }
    assert list(found) == [
        "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds",
    ]  # fmt: skip
    assert found["process_open_fds"] == ({}, open_files(os.getpid()))
    assert open_files(2**22 + 1) is None
