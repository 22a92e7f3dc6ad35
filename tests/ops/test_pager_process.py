"""The pager as a process: it pages, there is one of it, and it leaves when it should."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from billow.home import Home, open_home
from billow.loading import load_app
from billow.ops.pager.opening import open_desk

pytestmark = [pytest.mark.drill, pytest.mark.timeout(120)]

APP = """
import billow

app = billow.App("shop")
app.oncall(billow.Page(billow.Rota("web", people=["ana"])))
"""
#: Seconds that a process may take for anything.
PATIENCE = 60.0


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.02)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.fixture
def home(folder: Path) -> Home:
    return open_home(folder / "data")


class Pager:
    """A pager and the end of its lifeline."""

    def __init__(self, folder: Path) -> None:
        self.reader, self.writer = os.pipe()
        where = ("--app", str(folder / "app.py"), "--folder", str(folder / "data"))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "billow.ops.pager", *where, "--lifeline", str(self.reader)],
            pass_fds=[self.reader],
            stderr=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self.reader)
        if self.writer >= 0:
            os.close(self.writer)


@pytest.fixture
def pager(folder: Path) -> Iterator[Pager]:
    made = Pager(folder)
    yield made
    made.close()


def letters(home: Home) -> list[str]:
    return [item.value["subject"] for item in home.tables.query("billow-inbox")]


def test_it_pages_alone_and_leaves_when_told(pager: Pager, home: Home, folder: Path) -> None:
    desk = open_desk(home, load_app(folder / "app.py"))
    desk.trigger("shop", "disk", "full", "critical", "test", {})
    until(lambda: letters(home) == ["[critical] shop: full"], "the page")
    second = Pager(folder)
    _, said = second.process.communicate(timeout=PATIENCE)
    assert (second.process.returncode, "another pager works" in said) == (2, True)
    second.close()
    pager.process.send_signal(signal.SIGTERM)
    assert pager.process.wait(PATIENCE) == 0


def test_it_leaves_when_its_keeper_is_gone(pager: Pager, home: Home) -> None:
    until(lambda: home.journal.shown("pager") is not None, "the first audit")
    os.close(pager.writer)
    pager.writer = -1
    assert pager.process.wait(PATIENCE) == 0
