"""What functions print and log is in the store, under their job, whatever becomes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from billow.origin import Origin, using
from billow.ports.logs import Line, Wanted
from tests.worker.harness import Trial, until

APP = """
import logging, os, signal, sys
import billow

app = billow.App("talker")
print("imported")

@app.function(retry=billow.Retry(attempts=1))
def talk(how: str = "", secret: str = "") -> str:
    print("said", how)
    print("complained", file=sys.stderr)
    logging.getLogger("my.own").error("logged %s", how)
    if how == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "environment":
        print(dict(os.environ))
    if how == "flood":
        for number in range(1500):
            print("flood", number)
    if how == "raise":
        raise ValueError("of no use")
    return how
"""


@pytest.fixture
def app(tmp_path: Path) -> str:
    file = tmp_path / "talker.py"
    file.write_text(APP)
    return str(file)


def about(trial: Trial, job: str, source: str = "") -> list[Line]:
    found = trial.home.logs.find(Wanted(job=job, source=source), limit=5000)
    return found.lines[::-1]


def test_a_functions_lines_are_under_its_job(trial: Trial, app: str) -> None:
    origin = Origin("r1", f"00-{'a' * 32}-{'b' * 16}-01")
    with using(origin):
        [fine] = trial.submit("talk", {"how": "well"})
    [killed, raised] = trial.submit("talk", {"how": "die"}, {"how": "raise"})
    worker = trial.worker("talk", app=app)
    trial.ended([fine, killed, raised])
    worker.terminate()
    worker.wait()
    said = about(trial, fine.id)
    assert [(line.source, line.level, line.event) for line in said] == [
        ("stdout", 20, "said well"),
        ("stderr", 30, "complained"),
        ("my.own", 40, "logged well"),
        ("billow.worker", 20, "talk completed"),
    ]
    assert {(line.process, line.request, line.trace) for line in said} == {("w0", "r1", "a" * 32)}
    dead = about(trial, killed.id)
    assert [line.event for line in dead[:3]] == ["said die", "complained", "logged die"]
    assert "crashed" in dead[-1].event
    wrong = about(trial, raised.id, "billow.worker")
    assert [line.event for line in wrong] == [
        "talk failed, for good: raised: ValueError: of no use"
    ]
    assert "of no use" in wrong[0].fields
    [first] = trial.home.logs.find(Wanted(text="imported", until=said[0].at)).lines
    assert (first.job, first.source) == ("", "stdout")
    assert "said well\n" in worker.log.read_text()
    assert "ERROR my.own: logged well\n" in worker.log.read_text()


def test_no_secret_of_the_settings_is_told_and_no_flood(
    trial: Trial, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLOW_STRIPE_KEY", "rk_of-a-strange-form")
    monkeypatch.setenv("BILLOW_MAIL", "smtp://ann:very%20hidden@host:587")
    jobs = trial.submit("talk", {"how": "environment"}, {"how": "flood"})
    worker = trial.worker("talk", app=app)
    trial.ended(jobs)
    worker.terminate()
    worker.wait()
    assert any(
        "BILLOW_APP" in line.event or "PATH" in line.event for line in about(trial, jobs[0].id)
    )
    everything = worker.log.read_text() + str(about(trial, jobs[0].id))
    assert "strange-form" not in everything
    assert "hidden" not in everything
    told = about(trial, jobs[1].id)
    flood = [line for line in told if line.source == "stdout"]
    assert 0 < len(flood) <= 1000
    until(lambda: len(about(trial, jobs[1].id, "billow.logs")) == 1, "the rest to be told")
    assert "flood 1499\n" in worker.log.read_text()
