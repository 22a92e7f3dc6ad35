"""The app as Billow loads it: what it declares, what it answers, what it records."""

import itertools
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import billow
from billow.errors import BadInput
from billow.job import Failure
from billow.loading import load_app
from billow.owner import Mail, Owner

sys.path.insert(0, str(Path(__file__).parents[2] / "apps/wordfreq"))

import simulated_work

APP = load_app(Path(__file__).parents[2] / "apps/wordfreq/app.py")
FUNCTION = APP.get("top_words")


class Records:
    """Keeps what a function or handler asks for."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, Mapping[str, Any]]] = []
        self.messages: list[tuple[str, Any]] = []
        self.shares: list[float] = []

    def publish(self, queue: str, body: Any) -> None:
        self.messages.append((queue, body))

    def put(self, table: str, key: str, item: Mapping[str, Any]) -> None:
        self.rows.append((table, key, item))

    def progress(self, done: float, total: float | None) -> None:
        self.shares.append(done)

    def metric(self, name: str, value: float, unit: str) -> None:
        raise AssertionError

    def folder(self) -> Path:
        raise AssertionError("no files are made")

    def email(self, to: Owner, mail: Mail, about: str, at: float) -> None:
        raise AssertionError("no mail is sent")

    def webhook(self, to: Owner, type: str, data: Any, about: str, at: float) -> None:
        raise AssertionError("no webhook is sent")


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def job(records: Records) -> billow.Job:
    return billow.Job(
        id="j1",
        function="top_words",
        status=billow.Status.RUNNING,
        name="a.txt",
        upload="wordfreq-processing/01/a.txt",
        started=100.0,
        finished=100.25,
        _sink=records,
    )


@pytest.fixture
def text(tmp_path: Path) -> billow.Upload:
    path = tmp_path / "a.txt"
    path.write_text("To be, or not to be: that is the question. “Be!”")
    return billow.Upload.of(path)


def test_it_declares_the_course_s_service() -> None:
    assert APP.name == "wordfreq"
    assert FUNCTION.queue == "wordfreq-jobs"
    assert FUNCTION.store == "wordfreq-processing"
    assert APP.entry_store(FUNCTION) == "wordfreq-uploads"
    assert (FUNCTION.fleet.min, FUNCTION.fleet.start_size, FUNCTION.fleet.max) == (1, 1, 3)
    assert FUNCTION.fleet.scale == billow.StepScaling(
        out_at=15, in_at=2, period="5 min", cooldown="300 s"
    )
    assert FUNCTION.accepts is not None
    with pytest.raises(billow.Error, match=r"must end in \.txt"):
        FUNCTION.accepts.check("photo.jpg")


def test_it_answers_with_the_most_used_words(
    text: billow.Upload, job: billow.Job, records: Records
) -> None:
    assert FUNCTION(text, job, top=2) == {
        "file": "a.txt",
        "words": [["be", 3], ["to", 2]],
        "total": 11,
        "distinct": 8,
        "rule": "words",
        "encoding": "utf-8",
        "unreadable": 0,
    }
    assert records.shares == [1.0]


def test_its_options_are_those_that_clients_may_send() -> None:
    FUNCTION.check_args({"top": 5, "stopwords": "en", "min_length": 2, "numbers": True})
    FUNCTION.check_args({"stopwords": ["a"], "rule": "classic", "simulate_work": 10})
    with pytest.raises(BadInput, match="has no argument 'topp'"):
        FUNCTION.check_args({"topp": 5})


def test_every_option_is_in_the_documentation() -> None:
    documented = (Path(__file__).parents[2] / "docs/wordfreq.md").read_text(encoding="utf-8")
    for option in FUNCTION.parameters:
        assert f"| `{option}` |" in documented
    for field in ("file", "words", "total", "distinct", "rule", "encoding", "unreadable"):
        assert f"`{field}`" in documented


def test_a_completed_job_leaves_a_row_and_a_message(
    text: billow.Upload, job: billow.Job, records: Records
) -> None:
    done = replace(job, status=billow.Status.COMPLETED, result=FUNCTION(text, job, top=2))
    for handler in FUNCTION.handlers[billow.Event.COMPLETED]:
        handler(done)
    place = "wordfreq-processing/01/a.txt"
    row = {"Filename": place, "Words": {"be": 3, "to": 2}}
    assert records.rows == [("wordfreq", place, row)]
    message = {
        "Job": {
            "Id": "j1",
            "StartedAt": 100.0,
            "Bucket": "wordfreq-processing",
            "Key": "01/a.txt",
        },
        "Words": [{"Word": "be", "Count": 3}, {"Word": "to", "Count": 2}],
        "Duration": 250_000_000,
        "Status": "success",
        "StatusMessage": "",
    }
    assert records.messages == [("wordfreq-results", message)]


def test_a_failed_job_leaves_a_message_only(job: billow.Job, records: Records) -> None:
    failure = Failure("rejected", "the file is empty")
    for handler in FUNCTION.handlers[billow.Event.FAILED]:
        handler(replace(job, status=billow.Status.FAILED, failure=failure))
    assert records.rows == []
    [(queue, message)] = records.messages
    assert queue == "wordfreq-results"
    assert (message["Status"], message["StatusMessage"]) == ("failure", "the file is empty")
    assert message["Words"] == []


def test_simulated_work_waits_and_tells() -> None:
    times = itertools.count(0.0, 0.2)
    slept: list[float] = []
    told: list[float] = []
    simulated_work.wait(0.5, told.append, slept.append, lambda: next(times))
    assert told == pytest.approx([0.2, 0.4])
    assert slept == pytest.approx([0.25, 0.1])


def test_the_wait_is_most_of_the_progress() -> None:
    shares: list[float] = []
    progress = simulated_work.Progress(shares.append, 100, 20)
    progress.waited(10)
    progress.read(50)
    progress.read(100)
    assert shares == pytest.approx([0.45, 0.95, 1.0])


def test_a_job_s_own_wish_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(simulated_work.VARIABLE, raising=False)
    assert simulated_work.seconds_asked(None) == 0
    monkeypatch.setenv(simulated_work.VARIABLE, "12.5")
    assert simulated_work.seconds_asked(None) == 12.5
    assert simulated_work.seconds_asked(0) == 0


@pytest.mark.parametrize("wish", [-1.0, 601.0, float("nan")])
def test_an_impossible_wait_is_refused(wish: float) -> None:
    with pytest.raises(billow.Rejected, match="simulate_work must be 0 to 600 seconds"):
        simulated_work.seconds_asked(wish)


def test_so_is_an_impossible_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(simulated_work.VARIABLE, "long")
    with pytest.raises(billow.Rejected, match=r"WORDFREQ_SIMULATE_WORK must be .* not 'long'"):
        simulated_work.seconds_asked(None)


def test_a_simulated_file_takes_its_seconds(
    text: billow.Upload, job: billow.Job, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    names = FUNCTION.call.__globals__
    monkeypatch.setitem(names, "wait", lambda pause, tell: waits.append(pause))
    monkeypatch.setenv(simulated_work.VARIABLE, "15")
    FUNCTION(text, job)
    assert waits == [15.0]
    assert records.shares == pytest.approx([1.0])
