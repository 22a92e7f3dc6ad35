"""The stand-in's webhooks: signed, sent again until they are taken, and as unruly as wanted."""

from __future__ import annotations

import json
import queue
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from billow.accounts.secret import Secret
from billow.payments.signature import sign
from billow.payments.stand_in.books import Thing

#: Seconds between tries, and how many there are. Stripe goes on for three days.
_WAIT, _TRIES = 2.0, 30


@dataclass
class Unruly:
    """How badly webhooks behave."""

    #: How often each is sent.
    copies: int = 1
    #: Seconds that each waits before it is sent.
    delay: float = 0.0
    #: Gather so many, and send them in any order.
    shuffle: int = 1


class Post:
    """Sends events to an address, from a thread of its own, until closed.

    Args:
        url: where webhooks go.
        secret: what they are signed with.
        unruly: how they behave.
        now: the time of signing.
    """

    def __init__(
        self,
        url: str,
        secret: Secret,
        unruly: Unruly | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._url = url
        self._secret = secret
        self._unruly = unruly or Unruly()
        self._now = now
        self._chance = random.Random(0)  # noqa: S311 - for disorder, not for secrets
        self._events: queue.Queue[Thing | None] = queue.Queue()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stand-in-post", daemon=True)
        self._thread.start()

    def send(self, event: Thing) -> None:
        """Send an event soon."""
        for _ in range(self._unruly.copies):
            self._events.put(event)

    def close(self) -> None:
        """Stop; what was not taken is lost."""
        self._closed.set()
        self._events.put(None)
        self._thread.join()

    def _run(self) -> None:
        gathered: list[Thing] = []
        while not self._closed.is_set():
            event = self._events.get()
            if event is None:
                return
            gathered.append(event)
            if len(gathered) >= self._unruly.shuffle:
                self._chance.shuffle(gathered)
                for each in gathered:
                    self._deliver(each)
                gathered = []

    def _deliver(self, event: Thing) -> None:
        if self._closed.wait(self._unruly.delay):
            return
        for _ in range(_TRIES):
            if self._try(event) or self._closed.wait(_WAIT):
                return

    def _try(self, event: Thing) -> bool:
        body = json.dumps(event).encode()
        headers = {
            "Content-Type": "application/json",
            "Stripe-Signature": sign(body, self._secret, int(self._now())),
        }
        request = urllib.request.Request(self._url, body, headers)  # noqa: S310 - ours
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
