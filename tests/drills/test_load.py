"""A short load drill of a service with real processes, one of which is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from billow.drill.processes import find
from billow.home import open_home
from billow.service_file import read_service

pytestmark = [pytest.mark.drill, pytest.mark.timeout(180)]

APP = """\
import billow
from billow.visits import Stage, Visit, Visitor

app = billow.App("shop")
app.web(billow.Web(min=2, max=2, shed_after="1 min"))  # a slow machine is no reason to refuse


def stock(stage: Stage) -> list[str]:
    return [stage.client.submit("double", {"number": number}).id for number in range(3)]


@app.function(fleet=billow.Fleet(min=1, max=1))
def double(number: int) -> int:
    return 2 * number


@app.visitors(setup=stock)
def browse(visitor: Visitor) -> Visit:
    yield visitor.get("/jobs", contains="double")
    yield visitor.get(f"/api/v1/jobs/{visitor.chance.choice(visitor.seeded)}", contains="double")
    yield visitor.post("/api/v1/functions/double/jobs", document={"args": {"number": 4}})
"""


#: Jobs that the setup asks for.
STOCK = 3


#: Starts a command as a shell does in the background: deaf to SIGINT.
DEAF = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")


def drill(*words: str, folder: Path) -> subprocess.Popen[str]:
    (folder / "app.py").write_text(APP)
    command = [*DEAF, sys.executable, "-m", "billow.cli.main", "drill", "load", *words]
    return subprocess.Popen(
        [*command, "--report", str(folder / "report")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_killed_server_costs_at_most_what_was_under_way(tmp_path: Path) -> None:
    asked = ("--rate", "1200/min", "--for", "10s", "--visitors", "60", "--seed", "3")
    app = str(tmp_path / "app.py")
    running = drill(
        *asked,
        "--kill-server",
        "--timeout",
        "60s",
        "--latency",
        "30s",
        app,
        "--json",
        folder=tmp_path,
    )
    out, err = running.communicate()
    assert running.returncode in (0, 1), err
    told = json.loads(out)
    verdicts = {each["name"]: each for each in told["criteria"]}
    assert told["visitors"]["due"] == 200
    assert verdicts["failed"]["passed"] is True, (verdicts, told["failures"])
    assert [strike["fault"] for strike in told["strikes"]] == ["kill"]
    assert told["series"]["plots"]["servers"]["lines"]["servers"]
    assert told["visitors"]["ok"] + told["excused"] == 200
    assert json.loads((tmp_path / "report" / "report.json").read_text()) == told
    assert "<svg" in (tmp_path / "report" / "report.html").read_text()
    assert find(str(tmp_path)) == []


def test_ctrl_c_ends_it_with_a_report_and_leaves_nothing_running(tmp_path: Path) -> None:
    asked = ("--rate", "600/min", "--for", "10m", "--visitors", "5")
    running = drill(*asked, str(tmp_path / "app.py"), folder=tmp_path)
    deadline = time.monotonic() + 60
    while jobs_in(tmp_path / "report" / "service") <= STOCK:
        assert time.monotonic() < deadline
        assert running.poll() is None
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate()
    assert running.returncode == 130, err
    assert "stopped after" in out
    assert json.loads((tmp_path / "report" / "report.json").read_text())["interrupted"] is True
    assert find(str(tmp_path)) == []


def jobs_in(folder: Path) -> int:
    """How many jobs a service has been asked for."""
    if read_service(folder) is None:
        return 0
    return sum(open_home(folder).ledger.totals().values())


@contextmanager
def service(folder: Path) -> Iterator[str]:
    """A service that somebody else has started; its address."""
    (folder / "app.py").write_text(APP)
    command = [sys.executable, "-m", "billow.cli.main", "up", str(folder / "app.py"), "--plain"]
    running = subprocess.Popen([*command, "--port", "0"], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while (told := read_service(folder / ".billow")) is None:
            assert time.monotonic() < deadline
            assert running.poll() is None
            time.sleep(0.05)
        yield str(told["url"])
    finally:
        running.terminate()
        running.wait()


def test_a_service_that_runs_already_is_watched_if_its_folder_is_told(tmp_path: Path) -> None:
    asked = ("--rate", "40/s", "--for", "3s", "--visitors", "50", "--path", "/healthz", "--json")
    with service(tmp_path) as url:
        place = ("--folder", str(tmp_path / ".billow"))
        running = drill(*asked, *place, "--timeout", "60s", url, folder=tmp_path)
        out, err = running.communicate()
    assert running.returncode in (0, 1), (out, err)  # a slow machine may not hold the rate
    told = json.loads(out)
    assert told["visitors"]["due"] == told["visitors"]["ok"] == 120
    assert told["series"]["plots"]["memory"]["lines"]["web"]
