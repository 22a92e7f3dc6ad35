"""WordFreq: the ten most used words of every text file that comes in."""

from __future__ import annotations

from typing import Any

from simulated_work import Progress, seconds_asked, wait
from words import BLOCK, Options, count_words

import billow

app = billow.App("wordfreq")

uploads = app.store("wordfreq-uploads")
processing = app.store("wordfreq-processing")
uploads.copy_to(processing)


@app.function(
    store=processing,
    queue="wordfreq-jobs",
    accepts=billow.File(".txt", max_size=256 * billow.MiB),
    fleet=billow.Fleet(
        min=1,
        max=3,
        scale=billow.StepScaling(out_at=15, in_at=2, period="5 min", cooldown="300 s"),
    ),
    retry=billow.Retry(attempts=3),
    limits=billow.Limits(time="15 min", memory=768 * billow.MiB),
)
def top_words(
    text: billow.Upload,
    job: billow.Job,
    *,
    top: int = 10,
    rule: str = "words",
    stopwords: str | list[str] | None = None,
    min_length: int = 1,
    numbers: bool = False,
    simulate_work: float | None = None,
) -> dict[str, Any]:
    """The most used words of a text, with their counts."""
    asked = Options(top, rule, stopwords, min_length, numbers)
    pause = seconds_asked(simulate_work)
    progress = Progress(job.report, text.size, pause)
    wait(pause, progress.waited)
    answer = count_words(text.blocks(BLOCK), asked, progress.read)
    return {
        "file": text.name,
        "words": [list(pair) for pair in answer.words],
        "total": answer.total,
        "distinct": answer.distinct,
        "rule": rule,
        "encoding": answer.encoding,
        "unreadable": answer.unreadable,
    }


@top_words.on(billow.Event.COMPLETED)
def record(job: billow.Job) -> None:
    """One row in the table, and one message on the result queue."""
    words = job.result["words"]
    job.put("wordfreq", _place(job), {"Filename": _place(job), "Words": dict(words)})
    job.publish("wordfreq-results", _message(job, "success", words))


@top_words.on(billow.Event.FAILED)
def tell_failure(job: billow.Job) -> None:
    """A message that says what went wrong; nothing is recorded."""
    job.publish("wordfreq-results", _message(job, "failure", []))


def _message(job: billow.Job, status: str, words: list[tuple[str, int]]) -> dict[str, Any]:
    """A result as the original program sends it, with the job's id; the duration is in ns."""
    bucket, _, key = _place(job).partition("/")
    return {
        "Job": {"Id": job.id, "StartedAt": job.started, "Bucket": bucket, "Key": key},
        "Words": [{"Word": word, "Count": count} for word, count in words],
        "Duration": round((job.duration or 0) * 1e9),
        "Status": status,
        "StatusMessage": job.failure.message if status == "failure" and job.failure else "",
    }


def _place(job: billow.Job) -> str:
    """Store and key of the file, which is what the original calls the file's name."""
    return job.upload or job.name
