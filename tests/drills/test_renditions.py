"""A service with renditions and a process of its own, whose processes are killed under it."""

from __future__ import annotations

import os
import signal
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from billow.flow.originals import attach
from billow.home import open_home
from billow.keeper.how import WEB
from billow.loading import load_app
from billow.ports.logs import Wanted
from tests.keeper.helpers import Running, running, until
from tests.renditions.studio import APP

pytestmark = pytest.mark.drill

OWN = '''

@app.process
async def clerk(process: "billow.process.Process") -> None:
    """Asks for a picture, notes where it is, and leaves when it is told to."""
    import asyncio
    path = await process.render(image, 1, size=2)
    assert process.kept(image, 1, size=2) == path
    with (process.folder / "notes").open("a") as notes:
        notes.write(f"{os.getpid()} {path}\\n")
    while not (process.folder / "quit").exists() and not process.stopping.is_set():
        await asyncio.sleep(0.01)
    (process.folder / "quit").unlink(missing_ok=True)
'''


class Service:
    """The service while it runs, and its originals."""

    def __init__(self, folder: Path, run: Running) -> None:
        self.folder = folder
        self.run = run
        self.home = open_home(folder / "data")

    def pid(self, name: str) -> int:
        """The process of this name."""

        def look() -> int:
            shown = self.home.journal.shown(f"process.{name}")
            return int(shown[0]["pid"] or 0) if shown else 0

        return until(look, 60)

    def get(self, path: str) -> bytes:
        """An answer, whatever it is."""
        url = f"{self.run.view.service['url']}{path}"
        try:
            with urllib.request.urlopen(url, timeout=90) as answer:
                body: bytes = answer.read()
        except urllib.error.HTTPError as refused:
            with refused:
                return b"%d" % refused.code
        except OSError as problem:
            return str(problem).encode()
        return body


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    (tmp_path / "app.py").write_text(APP + OWN)
    app = load_app(tmp_path / "app.py")
    home = open_home(tmp_path / "data")
    attach(app, lambda: home)
    app.collections["photos"].add([b"good"], "good")
    app.collections["photos"].add([b"wait"], "wait")
    app.collections["photos"].add([b"raise"], "raise")
    with running(str(tmp_path / "app.py"), tmp_path / "data", web=WEB) as run:
        until(lambda: run.view.service, 60)
        yield Service(tmp_path, run)


def test_killed_processes_are_missed_by_nobody(service: Service) -> None:
    notes = service.folder / "data" / "processes" / "clerk" / "notes"
    until(lambda: notes.exists() and notes.read_text().endswith("\n"), 90)
    first, path = notes.read_text().split()
    assert Path(path).read_bytes() == b"goodgood"

    held = service.folder / "held"
    held.touch()
    made = service.folder / "made"
    answers: list[bytes] = []
    asking = threading.Thread(target=lambda: answers.append(service.get("/slow/2.txt")))
    asking.start()
    until(lambda: made.read_text().count("wait 1") == 1, 60)
    os.kill(service.pid("renderer"), signal.SIGKILL)
    until(lambda: made.read_text().count("wait 1") == 2, 60)
    held.unlink()
    asking.join(90)
    assert answers == [b"wait"], "the pool's successor was asked again"

    (notes.parent / "quit").touch()
    until(lambda: notes.read_text().count("\n") == 2, 60)
    second = notes.read_text().split()[2]
    assert second != first, "a process that ends is started again"
    assert service.get("/img/2/1.txt") == b"goodgood"
    assert service.get("/img/9/1.txt") == b"404"

    assert service.get("/img/1/3.txt") == b"500"
    wanted = Wanted(process="renderer", text="ZeroDivisionError")
    told = until(lambda: service.home.logs.find(wanted).lines, 60)
    assert {line.source for line in told} <= {"stderr", "billow.renderer"}
