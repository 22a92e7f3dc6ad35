"""An app with accounts, for browsers to look at."""

from __future__ import annotations

import billow

app = billow.App("gas")
app.plans(
    billow.Plan("free", max_upload=150 * billow.KiB, jobs_a_day=20, keep="30 min", then="archive"),
    billow.Plan("premium"),
)


@app.function(accepts=billow.File(".txt"))
def count(text: billow.Upload) -> int:
    """The size of a text."""
    return text.size
