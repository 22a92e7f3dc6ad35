"""An app whose only function takes a second, for the burst."""

import time

import billow

app = billow.App("burst")


@app.function(fleet=billow.Fleet(min=1, max=10, scale=billow.Queue(per_worker=1)))
def nap(number: int) -> int:
    """Sleep for a second."""
    time.sleep(1)
    return number
