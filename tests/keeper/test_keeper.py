from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from billow.errors import Conflict, DeclarationError, SettingError
from billow.home import open_home
from billow.keeper import run
from billow.keeper.lock import keeper_pid
from billow.ports.ledger import Submission
from billow.service_file import read_service
from tests.keeper.helpers import STEPS, WEB, Running, alive, answer, running, until, write_app


def test_starts_the_fleet_and_shows_it(tmp_path: Path) -> None:
    with running(write_app(tmp_path), tmp_path / "data") as service:
        workers = until(lambda: len(found := service.workers()) == 2 and found)
        board = open_home(tmp_path / "data").journal.board()
        assert board["service"]["app"] == "tiny"
        assert board["service"]["pid"] == os.getpid()
        assert [w["id"] for w in board["fleet.work"]["workers"]] == [w["id"] for w in workers]
        assert board["process.keeper"]["state"] == "running"
        stored = json.loads((tmp_path / "data" / "service.json").read_text())
        assert stored == board["service"]
        assert keeper_pid(tmp_path / "data") == os.getpid()
    assert not (tmp_path / "data" / "service.json").exists()
    assert keeper_pid(tmp_path / "data") is None


def test_stops_cleanly_and_tells_the_story(tmp_path: Path) -> None:
    with running(write_app(tmp_path, mode="slow"), tmp_path / "data") as service:
        until(lambda: len(service.workers()) == 2)
    kinds = [entry.kind for entry in service.view.entries]
    assert kinds[0] == "service.started"
    assert kinds[-1] == "service.stopped"
    assert [kinds.count(f"worker.{what}") for what in ("launched", "ready", "draining")] == [2] * 3
    assert kinds.count("worker.stopped") == 2
    assert "worker.crashed" not in kinds
    assert service.view.lines[-1] == "stopped"


def test_a_killed_worker_is_replaced_at_once_and_its_jobs_given_back(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with running(write_app(tmp_path, size=1), folder) as service:
        [worker] = until(service.workers)
        ledger = open_home(folder).ledger
        ledger.submit([Submission("work")])
        assert ledger.exchange("work", worker["id"], [], 1, lease=600).leases
        os.kill(worker["pid"], signal.SIGKILL)
        [crashed] = until(lambda: service.view.of("worker.crashed"))
        assert crashed.reason.startswith("killed by signal 9; 1 job given back")
        until(lambda: [w for w in service.workers() if w["id"] != worker["id"]])
        assert ledger.exchange("work", "someone", [], 1, lease=1).leases[0].lost == 1


def test_work_that_arrives_wakes_the_keeper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    with running(write_app(tmp_path, size=1), folder) as service:
        until(service.workers)
        with monkeypatch.context() as patch:
            patch.setattr("billow.keeper.keeper.TICK", 3600)
            open_home(folder).ledger.submit([Submission("work")] * 4)
            [out] = until(lambda: service.view.of("scale.out"))
        assert out.data["to"] == 4
        until(lambda: len(service.workers()) == 4)


def test_a_fleet_that_cannot_start_shows_why(tmp_path: Path) -> None:
    with running(write_app(tmp_path, mode="die"), tmp_path / "data") as service:
        trouble = until(lambda: service.view.fleets.get("work", {}).get("trouble"))
        assert trouble.startswith("no worker gets into service; work-")
        assert trouble.endswith("exit status 1: cannot work like this")


def test_the_web_server_is_started_again_at_the_same_address(tmp_path: Path) -> None:
    with running(write_app(tmp_path, size=1), tmp_path / "data", web=WEB) as service:
        url = service.view.service["url"]
        first = answer(url)
        os.kill(first, signal.SIGKILL)
        second = answer(url)
        assert second != first
        until(lambda: service.view.of("process.restarted"))
        [ended] = service.view.of("process.stopped")
        assert ended.reason.startswith("killed by signal 9; started again in")
    assert not alive(second)


def test_workers_that_do_not_leave_in_time_are_killed(tmp_path: Path) -> None:
    target = write_app(tmp_path, mode="stubborn", size=1)
    with running(target, tmp_path / "data", grace=0.2) as service:
        until(service.workers)
    assert service.view.of("worker.killed")


def test_a_second_stop_waits_for_nobody(tmp_path: Path) -> None:
    target = write_app(tmp_path, mode="stubborn", size=1)
    with running(target, tmp_path / "data", grace=3600) as service:
        until(service.workers)
        service.stop()
        until(lambda: service.view.lines)
        service.stop()


def test_one_keeper_a_folder(tmp_path: Path) -> None:
    target = write_app(tmp_path, size=1)
    with running(target, tmp_path / "data"):
        second = Running(target, tmp_path / "data")
        second.join()
        assert isinstance(second.problem, Conflict)
        assert f"process {os.getpid()} runs this service" in str(second.problem)


def test_an_app_that_cannot_be_loaded_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="no such file"):
        run(str(tmp_path / "nowhere.py"), tmp_path / "data")
    assert keeper_pid(tmp_path / "data") is None


def test_a_speed_must_be_possible(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="speed 0"):
        run(write_app(tmp_path), tmp_path / "data", speed=0)


def test_jobs_of_workers_that_died_with_their_keeper_are_given_back_at_the_start(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "data"
    home = open_home(folder)
    home.ledger.submit([Submission("work")] * 2)
    for worker in ("work-dead", "work-alive"):
        assert home.ledger.exchange("work", worker, [], 1, lease=600).leases
    bystander = [sys.executable, "-c", "import time; time.sleep(600)", "work-alive"]
    with subprocess.Popen(bystander) as alive_one:
        workers = [
            {"id": "work-dead", "pid": alive_one.pid},
            {"id": "work-alive", "pid": alive_one.pid},
            {"id": "work-unborn", "pid": None},
        ]
        home.journal.show("fleet.work", {"workers": workers})
        with running(write_app(tmp_path), folder) as service:
            [crashed] = until(lambda: service.view.of("worker.crashed"))
            assert crashed.subject == "work-dead"
            assert home.ledger.counts("work").in_flight == 1
        alive_one.kill()


def test_speed_lets_periods_pass_faster(tmp_path: Path) -> None:
    with running(write_app(tmp_path, policy=STEPS), tmp_path / "data", speed=300) as service:
        until(lambda: service.view.of("alarm.ok"))
        open_home(tmp_path / "data").ledger.submit([Submission("work")] * 50)
        out = until(lambda: service.view.of("scale.out"))
        assert out[0].data["to"] == 3
        assert abs(out[0].at - time.time()) < 60


def test_a_view_that_fails_does_not_stop_the_service(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(write_app(tmp_path), tmp_path / "data") as service:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(service.view, "progressed", lambda _: 1 / 0)
            until(lambda: "view failed; the keeper goes on" in caplog.text)
        until(lambda: len(service.workers()) == 2)


def test_it_is_up_once_a_web_server_answers(tmp_path: Path) -> None:
    held, data = tmp_path / "held", tmp_path / "data"
    held.touch()
    with running(write_app(tmp_path), data, web=(*WEB, "--held", str(held))) as service:
        until(lambda: service.view.of("process.started"))
        told = read_service(data)
        assert told is not None
        assert (told["url"], told["up"], service.view.up) == (told["url"], False, False)
        held.unlink()
        until(lambda: service.view.up)
        told = read_service(data)
        assert told is not None
        assert told["up"] is True
        assert answer(told["url"]) > 0


_PROGRAM = "import sys; from billow.keeper import run; run(*sys.argv[1:3], web=None, grace=10)"


def _start_program(tmp_path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _PROGRAM, write_app(tmp_path), str(tmp_path / "data")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _workers_of(folder: Path) -> list[int]:
    """The processes of the two workers, once both are in service."""
    board = open_home(folder).journal.board("fleet.work").get("fleet.work", {})
    pids = [w["pid"] for w in board.get("workers", []) if w["state"] == "idle"]
    return pids if len(pids) == 2 else []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_stop_it_with_exit_status_0(tmp_path: Path, number: int) -> None:
    with _start_program(tmp_path) as program:
        pids = until(lambda: _workers_of(tmp_path / "data"))
        program.send_signal(number)
        output, _ = program.communicate(timeout=15)
    assert program.returncode == 0
    assert output.splitlines()[0] == "tiny is starting …"
    assert output.splitlines()[1].startswith("tiny is up at http://127.0.0.1:")
    assert output.splitlines()[-1] == "stopped"
    assert not any(map(alive, pids))


def test_everything_leaves_when_the_keeper_is_killed_and_it_can_start_again(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "data"
    with _start_program(tmp_path) as program:
        pids = until(lambda: _workers_of(folder))
        program.kill()
        program.communicate(timeout=15)
        until(lambda: not any(map(alive, pids)))
    with running(write_app(tmp_path), folder) as service:
        until(lambda: len(service.workers()) == 2)
