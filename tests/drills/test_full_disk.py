"""A disk full to its last byte: nothing is lost, new work is refused, one page, recovery."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from billow.drill.faults.drill import small_disk
from billow.drill.faults.faults import fill
from billow.drill.faults.sinks import Phone
from billow.drill.load.service import Running, started
from billow.flow.client import Client, connect
from billow.job import Status
from billow.loading import load_app
from billow.ops.pager.opening import open_desk
from billow.ops.pager.roster import Roster

APP = """
import time
import billow

app = billow.App("full")
app.usual_alarms = False
app.oncall(billow.Page(billow.Rota("full", people=["ana"]), after="1 s"))
app.alarm(
    billow.Alarm("disk", "host.disk > 90 % for 10 s"), do="free disk", dry=False, page=True
)


@app.function(fleet=billow.Fleet(min=1, max=1))
def toil(number: int) -> int:
    "Take a while."
    time.sleep(0.1)
    return number


@app.function(accepts=billow.File(".txt"), fleet=billow.Fleet(min=1, max=1))
def keep(text: billow.Upload) -> billow.Outputs:
    "A file is made of a file."
    return billow.Outputs({".upper": text.read_text().upper()})
"""
#: Seconds that anything may take on a busy machine.
PATIENCE = 90.0
TEXT = b"some text\n" * 1000


def until(condition: Callable[[], Any], what: str) -> Any:
    """The first true value of a condition."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.1)
    return value


class Scene:
    """The service, and a file of somebody else's that fills its disk."""

    def __init__(self, folder: Path, client: Client, running: Running, phone: Phone) -> None:
        self.folder = folder
        self.client = client
        self.running = running
        self.phone = phone
        self.filler = folder / "foreign"
        self.accepted: dict[str, int] = {}

    def ask(self, path: str, body: bytes, kind: str = "application/json") -> tuple[int, Any]:
        """Status and document of an answer."""
        headers = {"Content-Type": kind, "Accept": "application/json"}
        request = urllib.request.Request(self.running.url + path, body, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    def submit(self) -> tuple[int, Any]:
        """Ask for a job; what was accepted must be done."""
        number = len(self.accepted)
        body = json.dumps({"args": {"number": number}}).encode()
        status, told = self.ask("/api/v1/functions/toil/jobs", body)
        if status < 300:
            self.accepted[told["id"]] = number
        return status, told

    def upload(self) -> tuple[int, Any]:
        """Send a file."""
        path = f"/api/v1/functions/keep/jobs?name=a{len(self.accepted)}.txt"
        return self.ask(path, TEXT, "text/plain")

    def pid(self, name: str) -> int | None:
        """A process of the service by the board."""
        shown = self.client.home.journal.shown(f"process.{name}")
        return None if shown is None else shown[0]["pid"]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    folder = tmp_path / "service"
    folder.mkdir()
    target = tmp_path / "app.py"
    target.write_text(APP)
    with small_disk(folder) as why, contextlib.closing(Phone()) as phone:
        if why:
            pytest.skip(why)
        around = {"BILLOW_WEBHOOKS_LOCAL": "1"}
        with started(str(target), folder, around) as running:
            client = connect(load_app(target), folder)
            roster = Roster(client.home)
            roster.add_contact("ana", "webhook", phone.url, vouched=True, local=True)
            yield Scene(folder, client, running, phone)


@pytest.mark.drill
@pytest.mark.timeout(400)
def test_full_to_the_last_byte(scene: Scene) -> None:
    for _ in range(60):
        assert scene.submit()[0] == 202
    assert scene.upload()[0] in (201, 202)
    until(lambda: scene.pid("pager"), "the pager")
    reserve = scene.folder / "reserve"
    until(lambda: reserve.exists() and reserve.stat().st_size, "room being held back")
    keeper = scene.pid("keeper")
    fill(scene.filler)
    for ask in (scene.submit, scene.upload):
        status, told = ask()
        assert status == 507, told
        assert (told["disk"], told["title"]) == (str(scene.folder), "Disk full")
        assert told["detail"].startswith(f"the disk {scene.folder} is full")
    until(lambda: scene.phone.pages, "the page")
    # What was held back is used up as well, and then whoever pages is killed.
    fill(scene.filler)
    pager = scene.pid("pager")
    assert pager is not None
    os.kill(pager, signal.SIGKILL)
    home = scene.client.home
    until(lambda: scene.submit()[0] == 507, "a refusal")
    with urllib.request.urlopen(f"{scene.running.url}/healthz", timeout=60) as answer:
        assert answer.status == 200
    scene.filler.unlink()
    until(lambda: scene.submit()[0] == 202, "work being accepted")
    assert scene.upload()[0] in (201, 202)
    until(lambda: scene.pid("pager") not in (None, pager), "another pager")
    desk = open_desk(home, scene.client.app)
    until(lambda: not desk.open(), "the end of the incident")
    ledger = home.ledger
    until(lambda: all(scene.client.job(id_).status.final for id_ in scene.accepted), "the jobs")
    assert {id_: scene.client.job(id_).result for id_ in scene.accepted} == scene.accepted
    kept = [Status.COMPLETED] * 2
    until(lambda: [job.status for job in ledger.find(function="keep").jobs] == kept, "the files")
    assert [page.key for page in scene.phone.pages] == ["alarm:full:disk"]
    assert scene.pid("keeper") == keeper
    until(lambda: reserve.stat().st_size, "room being held back again")
