"""A drill's client: a process that asks, is cut off, and asks again with the same key.

`python -m billow.drill.client --app APP --folder DIR --history FILE --name NAME --seed N
[--url URL]`: with a URL it speaks HTTP, without one it uses the home itself. SIGTERM makes it
finish: it asks for everything that is still unknown until it knows, and leaves.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

from billow.drill.app import COUNT, READ
from billow.drill.history import Asked, End, History, Recorder, digest, read_histories
from billow.drill.texts import make_text, measure
from billow.drill.transports import Direct, Http, Transport
from billow.flow.arrivals import arrival_rule
from billow.home import open_home
from billow.loading import load_app

#: Jobs that a client has under way at most, so that the service can keep up.
AHEAD = 6
#: Seconds to rest after a call; and after one whose end is unknown.
PAUSE, RETREAT = 0.05, 0.3
#: Share of the calls with an unknown end that a client never asks for again.
GIVES_UP = 0.2
#: Calls with an unknown end that a client asks for again after it was killed: the latest.
AGAIN = 2
#: Seconds to wait for a job before looking at another.
PATIENCE = 0.5
#: Seconds that a client may take to learn the end of everything, once it is told to finish.
FINISH_LIMIT = 60.0
#: Finished jobs that are remembered, to be looked at and asked for again.
_MEMORY = 50


class DrillClient:
    """Asks for jobs, with some repetitions and some nonsense among them, and watches them.

    Args:
        name: its own among the drill's clients.
        seed: the drill's.
        history: its file; one that exists is gone on with.
        transport: its way to the service.
    """

    def __init__(self, name: str, seed: int, history: Path, transport: Transport) -> None:
        self._transport = transport
        self._name = f"{seed}-{name}"
        self._number = 0
        #: What is not known to be accepted or refused.
        self._unknown: dict[str, Asked] = {}
        #: Jobs under way, and jobs that are done, with what was asked.
        self._open: deque[tuple[Asked, str]] = deque()
        self._done: deque[tuple[Asked, str]] = deque(maxlen=_MEMORY)
        if history.exists():
            self._remember(read_histories([history]))
        self._chance = random.Random(f"{self._name}-{self._number}")  # noqa: S311 - repeatable
        self._recorder = Recorder(history, name)

    def _remember(self, before: History) -> None:
        """Go on where a client of this name was killed."""
        for call in before.calls:
            self._number = max(self._number, int(call.asked.key.rpartition("-")[2]))
            self._unknown[call.asked.key] = call.asked
        for call in before.calls:
            if call.end is not End.INFO:
                self._unknown.pop(call.asked.key, None)
        for key in list(self._unknown)[:-AGAIN]:
            del self._unknown[key]

    def step(self) -> None:
        """Ask once, or watch if enough is under way."""
        chance = self._chance.random()
        if self._unknown:
            self._ask(next(iter(self._unknown.values())))
        elif len(self._open) >= AHEAD:
            self._watch()
        elif chance < 0.05:
            self._ask(self._new(COUNT), {"seed": "many"})
        elif chance < 0.15:
            self._ask_twice(self._new(self._chance.choice((COUNT, READ))))
        elif chance < 0.25 and self._done:
            asked, job = self._chance.choice(self._done)
            self._ask(asked)
            self._look(job, 0.0)
        else:
            self._ask(self._new(self._chance.choice((COUNT, READ))))

    def finish(self) -> bool:
        """Ask for everything unknown until it is known; False if that took too long."""
        deadline = time.monotonic() + FINISH_LIMIT
        while self._unknown and time.monotonic() < deadline:
            self._ask(next(iter(self._unknown.values())))
        for _ in range(len(self._open)):
            self._watch()
        return not self._unknown

    def _new(self, function: str) -> Asked:
        self._number += 1
        seed = self._chance.getrandbits(32)
        result = measure(make_text(seed).encode())
        sha256 = result["sha256"] if function == READ else None
        return Asked(f"{self._name}-{self._number}", function, seed, digest(result), sha256)

    def _ask(self, asked: Asked, args: dict[str, Any] | None = None) -> None:
        if args is None:
            args = {} if asked.function == READ else {"seed": asked.seed}
        call = self._recorder.call(asked)
        answer = self._transport.ask(asked, args)
        self._recorder.end(call, answer.end, answer.job, answer.why)
        if answer.end is End.INFO:
            if self._chance.random() > GIVES_UP:
                self._unknown[asked.key] = asked
            else:
                self._unknown.pop(asked.key, None)
            time.sleep(RETREAT)
            return
        self._unknown.pop(asked.key, None)
        known = {job for _, job in (*self._open, *self._done)}
        if answer.job is not None and answer.job not in known:
            self._open.append((asked, answer.job))

    def _ask_twice(self, asked: Asked) -> None:
        """The network delivers a request twice at the same time."""
        twin = threading.Thread(target=self._ask, args=(asked,))
        twin.start()
        self._ask(asked)
        twin.join()

    def _watch(self) -> None:
        asked, job = self._open.popleft()
        if self._look(job, PATIENCE):
            self._done.append((asked, job))
        else:
            self._open.append((asked, job))

    def _look(self, job: str, wait: float) -> bool:
        """Look at a job and write down how it was; whether it was final."""
        began = time.time()
        look = self._transport.look(job, wait)
        if look is None:
            time.sleep(RETREAT)
            return False
        self._recorder.saw(began, job, look.status, look.finished, look.result)
        return look.finished is not None


def main(arguments: list[str]) -> int:
    """Run a client until SIGTERM; the exit status: 1 if something stayed unknown."""
    parser = argparse.ArgumentParser(prog="billow.drill.client")
    for name in ("app", "folder", "history", "name", "url"):
        parser.add_argument(f"--{name}", required=name != "url")
    parser.add_argument("--seed", type=int, required=True)
    given = parser.parse_args(arguments)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    client = DrillClient(given.name, given.seed, Path(given.history), _transport(given))
    while not stop.is_set():
        client.step()
        stop.wait(PAUSE)
    return 0 if client.finish() else 1


def _transport(given: argparse.Namespace) -> Transport:
    if given.url is not None:
        return Http(given.url)
    app = load_app(given.app)
    return Direct(open_home(given.folder, arrivals=arrival_rule(app)), app)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
