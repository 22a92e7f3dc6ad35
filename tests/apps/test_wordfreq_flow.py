"""The whole way in memory: a file is uploaded, copied, counted, recorded and told."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

import billow
from billow.flow.client import Client
from billow.home import Home
from billow.loading import load_app
from billow.testing import memory_home, run_jobs

FOLDER = Path(__file__).parents[2] / "apps/wordfreq"
APP = load_app(FOLDER / "app.py")
EXPECTED = json.loads((FOLDER / "samples/expected.json").read_text(encoding="utf-8"))


@pytest.fixture
def home() -> Home:
    return memory_home(APP)


def send(home: Home, name: str, data: bytes, **options: Any) -> billow.Job:
    """Send a file, let it be worked on, and return its job."""
    client = Client(home, APP)
    sent = client.send_file("top_words", io.BytesIO(data), name=name, args=options or None)
    run_jobs(home, APP)
    return client.job(sent.id)


def messages(home: Home) -> list[dict[str, Any]]:
    """All messages on the result queue."""
    return [json.loads(message.body) for message in home.queues.peek("wordfreq-results", 500)]


def test_120_samples_make_120_rows_and_messages(home: Home) -> None:
    client = Client(home, APP)
    for name in EXPECTED:
        client.send_file("top_words", FOLDER / "samples" / name)
    jobs = run_jobs(home, APP)
    assert len(jobs) == len(EXPECTED) == home.tables.count("wordfreq")
    for job in jobs:
        assert job.status is billow.Status.COMPLETED
        assert job.result["words"] == EXPECTED[job.name]["words"]
        assert job.upload is not None
        assert job.upload.startswith("wordfreq-processing/")
        row = home.tables.get("wordfreq", job.upload)
        assert row is not None
        assert row.value == {"Filename": job.upload, "Words": dict(EXPECTED[job.name]["words"])}
    told = {message["Job"]["Key"]: message["Words"] for message in messages(home)}
    assert len(told) == len(EXPECTED)
    for job in jobs:
        words = [{"Word": word, "Count": count} for word, count in EXPECTED[job.name]["words"]]
        assert told[str(job.upload).partition("/")[2]] == words


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "empty"), (b"\0\1\2", "NUL"), (b"%PDF-1.4", "PDF"), (b"\xff\xd8\xff\xe0", "JPEG")],
)
def test_a_bad_file_fails_once_and_is_told(home: Home, data: bytes, reason: str) -> None:
    job = send(home, "bad.txt", data)
    assert job.status is billow.Status.FAILED
    assert job.failure is not None
    assert (job.failure.kind, job.failures) == ("rejected", 1)
    assert reason in job.failure.message
    [message] = messages(home)
    assert (message["Status"], message["StatusMessage"]) == ("failure", job.failure.message)
    assert home.tables.count("wordfreq") == 0


def test_an_impossible_option_fails_the_job_with_the_reason(home: Home) -> None:
    job = send(home, "a.txt", b"text", top=0)
    assert job.failure is not None
    assert "top must be between 1 and 500, not 0" in job.failure.message


def test_the_longest_answer_can_be_recorded(home: Home) -> None:
    longest = "".join(f"{'𒀀' * 125}{chr(0x61 + i // 26)}{chr(0x61 + i % 26)}, " for i in range(500))
    job = send(home, "long.txt", longest.encode(), top=500)
    assert job.status is billow.Status.COMPLETED, job.failure
    assert home.tables.count("wordfreq") == len(messages(home)) == 1
    assert len(job.result["words"]) == 500


def test_equal_names_are_kept_apart(home: Home) -> None:
    first, second = (send(home, "same.txt", text) for text in (b"one", b"two"))
    assert first.upload != second.upload
    assert home.tables.count("wordfreq") == 2
    assert (first.result["words"], second.result["words"]) == ([["one", 1]], [["two", 1]])
