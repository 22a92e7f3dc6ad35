"""The app that the console's tests look at."""

from __future__ import annotations

from collections import Counter
from typing import Literal

import billow

app = billow.App("wordfreq")

uploads = app.store("wordfreq-uploads")
processing = app.store("wordfreq-processing")
uploads.copy_to(processing)


@app.function(
    accepts=billow.File(".txt", max_size=2 * billow.MiB),
    fleet=billow.Fleet(
        min=1, max=3, scale=billow.StepScaling(out_at=15, in_at=2, period="1 min", cooldown="60 s")
    ),
    store=processing,
    queue="wordfreq-jobs",
)
def top_words(
    text: billow.Upload,
    top: int = 10,
    rule: Literal["words", "classic"] = "words",
    numbers: bool = False,
    stopwords: list[str] | None = None,
) -> dict[str, object]:
    """The most used words of a text, with their counts."""
    words = Counter(text.read_text().lower().split())
    return {"file": text.name, "words": words.most_common(top), "distinct": len(words)}


@app.function(fleet=billow.Fleet(max=2))
def square(number: float) -> float:
    """The square of a number."""
    return number * number


@top_words.on(billow.Event.COMPLETED)
def tell(job: billow.Job) -> None:
    job.publish("wordfreq-results", job.result)
