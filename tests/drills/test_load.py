"""A short load drill of a service with real processes, one of which is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from billow.drill.processes import find
from billow.home import open_home
from billow.service_file import read_service

FLICKR = Path(__file__).parents[2] / "apps/fakeflickr"
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


#: FakeFlickr, where a slow machine is no reason to refuse.
PATIENT_FLICKR = f"""\
import dataclasses
import sys

import billow

sys.path.insert(0, {str(FLICKR)!r})
from app import app

app.web.options = dataclasses.replace(
    app.web.options, max=3, shed_after="100 s", queue=4000, connections=6000
)
"""

#: Jobs that the setup asks for.
STOCK = 3


#: Starts a command as a shell does in the background: deaf to SIGINT.
DEAF = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")


def drill(*words: str, folder: Path, app: str = APP) -> subprocess.Popen[str]:
    (folder / "app.py").write_text(app)
    command = [*DEAF, sys.executable, "-m", "billow.cli.main", "drill", "load", *words]
    return subprocess.Popen(
        [*command, "--report", str(folder / "report")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.timeout(480)
def test_ten_thousand_requests_a_minute_and_a_server_killed_in_the_middle(tmp_path: Path) -> None:
    """FakeFlickr and 1,000 visitors for a minute: what fails was under way on the killed server.

    How quickly it answers depends on the machine, so that is not judged here.
    """
    asked = ("--rate", "10000/min", "--for", "60s", "--visitors", "1000", "--seed", "3")
    with ClockWatch() as watch:
        running = drill(
            *asked, "--kill-server", "--timeout", "100s", str(tmp_path / "app.py"), "--json",
            folder=tmp_path, app=PATIENT_FLICKR,
        )  # fmt: skip
        out, err = running.communicate()
    assert running.returncode in (0, 1), err
    told = json.loads(out)
    bad = [each for each in told["failures"] if not watch.explains(each, told["began"])]
    assert len(bad) == told["excused"], (bad[:5], told["visitors"], watch.stalls)
    assert told["visitors"]["due"] == told["visitors"]["ok"] + len(told["failures"]) == 10_000
    assert [(strike["fault"], strike["servers"]) for strike in told["strikes"]] == [("kill", 3)]
    replaced = next(each for each in told["criteria"] if "server replaced" in each["name"])
    assert replaced["measured"] != "not before the end"
    assert told["series"]["plots"]["servers"]["lines"]["servers"]
    assert json.loads((tmp_path / "report" / "report.json").read_text()) == told
    assert "<svg" in (tmp_path / "report" / "report.html").read_text()
    assert find(str(tmp_path)) == []


class ClockWatch:
    """Notes when this machine stood still, by naps that lasted far too long."""

    NAP, TOO_LONG = 0.05, 0.5
    #: Seconds that the effects of a stall last at most.
    AFTER = 3.0

    def __init__(self) -> None:
        #: From when until when, UNIX seconds.
        self.stalls: list[tuple[float, float]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> ClockWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        before = time.time()
        while not self._over.wait(self.NAP):
            now = time.time()
            if now - before > self.TOO_LONG:
                self.stalls.append((before, now))
            before = now

    def explains(self, lost: dict[str, Any], began: float) -> bool:
        """Whether a request was refused because the whole machine stood still."""
        return lost["kind"] == "shed" and any(
            since <= began + lost["ended"] and began + lost["sent"] <= until + self.AFTER
            for since, until in self.stalls
        )


def test_only_a_refusal_during_a_stall_is_explained_by_it() -> None:
    watch = ClockWatch()
    watch.stalls.append((100.0, 102.0))
    lost = {"kind": "shed", "sent": 4.0, "ended": 4.5}
    assert watch.explains(lost, began=97.0)
    assert not watch.explains(lost, began=90.0)
    assert not watch.explains(lost, began=103.0)
    assert not watch.explains({**lost, "kind": "5xx"}, began=97.0)


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
