"""A stand-in to try payments with: `python -m billow.payments.stand_in --webhook URL`.

It sells `--price KEY=AMOUNT:CURRENCY:INTERVAL`, the amount in the currency's smallest unit.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import uvicorn

from billow.accounts.secret import Secret
from billow.payments.stand_in.books import Books
from billow.payments.stand_in.post import Post, Unruly
from billow.payments.stand_in.server import make_app


def main() -> None:
    """Serve until interrupted."""
    asked = _read()
    books = Books(time.time, asked.file)
    for text in asked.price:
        key, _, rest = text.partition("=")
        amount, currency, interval = rest.split(":")
        if not books.all("prices", lookup_key=key):
            with books.step():
                books.add_price(key, int(amount), currency, interval)
    unruly = Unruly(asked.copies, asked.delay, asked.shuffle)
    post = Post(asked.webhook, Secret(asked.secret), unruly)
    books.on_event = post.send
    try:
        uvicorn.run(make_app(books, asked.key), port=asked.port, log_level="warning")
    finally:
        post.close()


def _read() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m billow.payments.stand_in", description=__doc__)
    parser.add_argument("--webhook", required=True, help="where events are sent")
    parser.add_argument("--port", type=int, default=8421, help="on this machine only")
    parser.add_argument("--key", default="sk_test_stand_in", help="the API key it takes")
    parser.add_argument("--secret", default="whsec_stand_in", help="what webhooks are signed with")
    parser.add_argument("--price", action="append", default=[], help="premium=1200:eur:month")
    parser.add_argument("--file", type=Path, help="keep everything in this file between runs")
    parser.add_argument("--copies", type=int, default=1, help="how often an event is sent")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before an event is sent")
    parser.add_argument("--shuffle", type=int, default=1, help="gather so many, send in any order")
    return parser.parse_args()


if __name__ == "__main__":
    main()
