from __future__ import annotations

import gc
import os
import select
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from billow.clock import SystemClock
from billow.drivers.embedded.processes import Processes
from billow.drivers.embedded.spawn import Child, Lifeline
from billow.errors import Unavailable
from billow.options import LaunchTemplate
from billow.ports.machines import Ended, WorkerState
from tests.keeper.helpers import WORKER, alive, until

TEMPLATE = LaunchTemplate(name="small", version=4, command=WORKER)


@pytest.fixture
def lifeline() -> Iterator[Lifeline]:
    made = Lifeline()
    yield made
    made.close()


@pytest.fixture
def processes(tmp_path: Path, lifeline: Lifeline) -> Iterator[Processes]:
    made = Processes(
        ("--function", "work"), logs=tmp_path / "logs", lifeline=lifeline, clock=SystemClock()
    )
    yield made
    for machine in made.present():
        made.kill(machine.id)
    while made.present():
        made.ended()


def in_service(processes: Processes) -> bool:
    return all(machine.state is WorkerState.IDLE for machine in processes.present())


def the_end(processes: Processes) -> Ended:
    [ended] = until(processes.ended)
    return ended


def sh(script: str, log: Path, **options: object) -> Child:
    return Child(("sh", "-c", script), log=log, **options)  # type: ignore[arg-type]


def wait_for(child: Child) -> None:
    until(lambda: child.poll() is not None)


def test_a_worker_is_starting_until_it_says_otherwise(processes: Processes) -> None:
    processes.launch("w-1", TEMPLATE)
    [machine] = processes.present()
    assert machine.state is WorkerState.STARTING
    assert (machine.template, machine.version) == ("small", 4)
    until(lambda: in_service(processes))
    [machine] = processes.present()
    assert (machine.done, machine.rss, machine.name) == (7, 1000, "")
    assert machine.pid is not None
    assert alive(machine.pid)


def test_what_is_not_a_status_line_is_passed_over(processes: Processes) -> None:
    program = (
        "import os, sys, time; lines = sys.argv[1].encode(); fd = int(sys.argv[-1]); "
        "os.write(fd, lines[:40]); os.write(fd, lines[40:]); time.sleep(600)"
    )
    lines = '"words"\n{"state": "asleep"}\n[]\n{"state": "busy", "jobs": "many", "done": 3}\n'
    processes.launch("w-1", replace(TEMPLATE, command=(sys.executable, "-c", program, lines)))
    until(lambda: processes.present()[0].done == 3)
    [machine] = processes.present()
    assert machine.state is WorkerState.BUSY
    assert machine.jobs == 0


def test_drained_and_killed_workers_ended_because_they_were_asked(processes: Processes) -> None:
    processes.launch("w-1", TEMPLATE)
    until(lambda: in_service(processes))
    processes.drain("w-1")
    ended = the_end(processes)
    assert (ended.machine.id, ended.status, ended.asked) == ("w-1", 0, True)
    processes.launch("w-2", TEMPLATE)
    processes.kill("w-2")
    ended = the_end(processes)
    assert (ended.status, ended.asked) == (-signal.SIGKILL, True)
    assert processes.present() == []
    processes.drain("w-2")
    processes.kill("w-2")


def test_a_crash_is_told_once_with_its_cause(processes: Processes) -> None:
    processes.launch("w-1", replace(TEMPLATE, environment={"STANDIN": "die"}))
    ended = the_end(processes)
    assert (ended.status, ended.asked) == (1, False)
    assert ended.cause == "exit status 1: cannot work like this"
    assert processes.ended() == []


def test_a_readable_descriptor_tells_of_an_end(processes: Processes) -> None:
    processes.launch("w-1", TEMPLATE)
    until(lambda: in_service(processes))
    [fd] = processes.filenos()
    assert select.select([fd], [], [], 0)[0] == []
    processes.kill("w-1")
    assert select.select([fd], [], [], 10)[0] == [fd]
    the_end(processes)
    assert processes.filenos() == []


def test_a_command_that_is_not_there(processes: Processes) -> None:
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(Unavailable, match="/no/such/program cannot be started: No such file"):
        processes.launch("w-1", replace(TEMPLATE, command=("/no/such/program",)))
    assert processes.present() == []
    assert len(os.listdir("/proc/self/fd")) == before


def test_workers_leave_when_the_lifeline_ends(tmp_path: Path) -> None:
    lifeline = Lifeline()
    processes = Processes((), logs=tmp_path, lifeline=lifeline, clock=SystemClock())
    for name in ("a", "b"):
        processes.launch(name, TEMPLATE)
    until(lambda: in_service(processes))
    lifeline.close()
    ends: list[Ended] = []

    def both_ended() -> bool:
        ends.extend(processes.ended())
        return len(ends) == 2

    until(both_ended)
    assert [end.status for end in ends] == [0, 0]


def test_killing_a_child_kills_its_process_group(tmp_path: Path) -> None:
    child = sh("sleep 600 & echo $!; wait", tmp_path / "log")
    grandchild = int(until(child.last_words))
    child.kill()
    assert until(child.poll) == -signal.SIGKILL
    until(lambda: not alive(grandchild))
    child.kill()
    child.terminate()


def test_the_log_before_is_kept_once(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "web.log"
    for word in ("first", "second", "third"):
        child = sh(f"echo {word}; echo", log)
        wait_for(child)
        assert child.last_words() == word
    assert log.read_text() == "third\n\n"
    assert (tmp_path / "logs" / "web.log.old").read_text() == "second\n\n"


def test_a_child_inherits_its_descriptors_and_no_others(tmp_path: Path) -> None:
    given, other = os.pipe()
    os.set_inheritable(other, True)
    script = f"[ -e /proc/$$/fd/{given} ] && [ ! -e /proc/$$/fd/{other} ] && echo $WORD"
    child = sh(script, tmp_path / "log", fds=(given,), environment={"WORD": "both"})
    assert until(child.last_words) == "both"
    wait_for(child)
    os.close(given)
    os.close(other)


def test_the_program_of_a_child_that_writes_nothing_has_no_last_words(tmp_path: Path) -> None:
    child = Child((sys.executable, "-c", ""), log=tmp_path / "log")
    wait_for(child)
    assert child.last_words() == ""
    child.log.unlink()
    assert child.last_words() == ""
