"""A folder with an app in it, and the command line called in this process."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from billow.cli.main import main
from billow.flow.client import connect
from billow.home import Home
from billow.loading import load_app
from billow.testing import run_jobs

APP = '''
import billow

app = billow.App("demo")


@app.function(retry=billow.Retry(attempts=1))
def divide(a: int, by: int = 1, note: str = "") -> float:
    """One number by another."""
    return a / by


@app.function(accepts=billow.File(".txt", max_size=1000), queue="texts")
def measure(text: billow.Upload, job: billow.Job) -> dict[str, object]:
    """How long a text is."""
    if text.size == 0:
        raise billow.Rejected("the file is empty")
    job.put("sizes", text.name, {"size": text.size})
    job.publish("measured", text.name)
    return {"size": text.size, "words": [["most", 2], ["used", 1]]}


@measure.on(billow.Event.CANCELLED)
def withdraw(job: billow.Job) -> None:
    job.publish("measured", f"not {job.name}")
'''


class Ran(NamedTuple):
    """What a call of the command line did."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """The JSON lines of its output."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def document(self) -> Any:
        """The one JSON document of its output."""
        return json.loads(self.out)


class Billow(Protocol):
    def __call__(self, *arguments: str) -> Ran: ...


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The present directory, with an app.py in it; no setting in the environment."""
    for name in list(os.environ):
        if name.startswith("BILLOW_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


@pytest.fixture
def billow(capsys: pytest.CaptureFixture[str]) -> Billow:
    """The command line."""

    def call(*arguments: str) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        status = ended.value.code
        assert isinstance(status, int)
        return Ran(status, *capsys.readouterr())

    return call


@pytest.fixture
def home(here: Path) -> Home:
    """The service's home, as the verbs see it."""
    return connect(load_app("app.py"), ".billow").home


@pytest.fixture
def work(home: Home) -> Any:
    """Runs the jobs that wait, in this process."""
    return lambda: run_jobs(home, load_app("app.py"))
