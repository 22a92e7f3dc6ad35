"""`billow drill load`: what is refused before anything is sent."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.cli.conftest import Billow


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["http://192.0.2.1/"], "--i-own-this-host"),
        (["http://127.0.0.1:1", "--rate", "fast"], "is no rate"),
        (["http://127.0.0.1:1", "--rate", "1000000/s"], "requests a second"),
        (["http://127.0.0.1:1", "--for", "3 years"], "is not a duration"),
        (["http://127.0.0.1:1", "--flood", "much"], "10x"),
        (["http://127.0.0.1:1", "--path", "x"], "no request can be like that"),
        (["http://127.0.0.1:1", "--header", "X"], "NAME:VALUE"),
        (["http://127.0.0.1:1", "--visitors", "0"], "--visitors"),
        (["http://127.0.0.1:1", "--folder", "nowhere"], "no service runs in nowhere"),
        (["nowhere.py"], "no such file"),
        (["nowhere.py", "--i-own-this-host"], "are for a service that runs at a URL"),
    ],
)
def test_what_cannot_be_drilled_is_refused(
    billow: Billow, tmp_path: Path, words: list[str], said: str
) -> None:
    refused = billow("drill", "load", "--report", str(tmp_path / "report"), *words)
    assert refused.status == 2
    assert said in refused.err
    assert len(refused.err.splitlines()) == 1


def test_a_folder_where_a_service_ran_is_refused(billow: Billow, tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    (tmp_path / "app.py").write_text("import billow\n\napp = billow.App('x')\n")
    place = ("--report", str(tmp_path))
    refused = billow("drill", "load", *place, str(tmp_path / "app.py"))
    assert refused.status == 2
    assert "is there already" in refused.err


def test_a_service_that_does_not_answer_is_told(
    billow: Billow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billow.drill.load.drill._ANSWER_LIMIT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    refused = billow("drill", "load", "--report", str(tmp_path), url)
    assert refused.status == 2
    assert "does not answer" in refused.err
