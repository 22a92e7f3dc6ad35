"""Functions that behave well, and functions that behave badly in every way known."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import billow

app = billow.App("trial")
once = billow.Retry(attempts=1)


def note(place: str, text: object) -> None:
    """Write a line down for the test, in one step."""
    fd = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, f"{text}\n".encode())
    os.close(fd)


@app.function(retry=once)
def add(a: int, b: int) -> int:
    return a + b


@app.function(retry=billow.Retry(attempts=3))
def work(number: int, seconds: float = 0, place: str = "") -> int:
    if place:
        note(place, number)
    time.sleep(seconds)
    return number


@app.function(retry=once)
def weigh(grams: float, job: billow.Job) -> None:
    job.metric("weight", grams, "g")
    if grams > 100:
        raise ValueError("too heavy")


@app.function(limits=billow.Limits(jobs_per_child=2))
def which_process(number: int) -> int:
    return os.getpid()


@app.function(accepts=billow.File(".txt"))
def measure(text: billow.Upload, job: billow.Job) -> list[Any]:
    return [text.name, text.size, len(text.read_bytes()), job.name]


@app.function(calls="place", retry=once)
def visit(place: str, number: int) -> int:
    note(f"{place}.log", number)
    return int(Path(place).read_text()) + number


hoard: list[bytes] = []


class Odd(Exception):
    def __str__(self) -> str:
        raise ValueError("not even this works")


def die_by(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(10)


def recurse(depth: int = 0) -> int:
    return recurse(depth + 1) + 1


def chatter() -> str:
    print("x" * 100_000)  # noqa: T201
    sys.stdout.buffer.write(b"\x00\xff\n" * 1000)
    os.write(1, b"raw\n")
    os.write(2, b"raw\n")
    print("\udcff")  # noqa: T201
    return "said it"


def move_away() -> None:
    os.setpgid(0, os.getpgid(os.getppid()))
    time.sleep(60)


def linger(place: str) -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    note(place, sleeper.pid)
    time.sleep(60)


def burn() -> None:
    while True:
        pass


def fork_and_return() -> str:
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    return "once"


def close_stdout() -> None:
    sys.stdout.close()
    sys.stderr.close()


async def later() -> int:
    await asyncio.sleep(0)
    return 1


def reject() -> NoReturn:
    raise billow.Rejected("this input can never work")


def interrupt() -> NoReturn:
    raise KeyboardInterrupt


BEHAVIOUR: dict[str, Any] = {
    "good": lambda: "good",
    "raise": lambda: 1 // 0,
    "odd": lambda: (_ for _ in ()).throw(Odd()),
    "reject": reject,
    "interrupt": interrupt,
    "recurse": recurse,
    "sys.exit": lambda: sys.exit(3),
    "os._exit": lambda: os._exit(4),
    "segfault": lambda: ctypes.string_at(0),
    "abort": os.abort,
    "kill": lambda: die_by(signal.SIGKILL),
    "hang": lambda: time.sleep(60),
    "hang elsewhere": move_away,
    "big block": lambda: len(bytearray(1 << 30)),
    "huge": lambda: "x" * 5000,
    "set": lambda: {1, 2},
    "nan": lambda: float("nan"),
    "surrogate": lambda: "\udc80",
    "coroutine": later,
    "chatter": chatter,
    "close everything": lambda: os.closerange(3, 300),
    "garbage": lambda: os.write(242, b"\xff" * 1000),
    "close stdout": close_stdout,
    "fork": fork_and_return,
}


@app.function(retry=once, limits=billow.Limits(time="0.7 s", memory=256 * billow.MiB, result=4096))
def behave(how: str) -> Any:
    return BEHAVIOUR[how]()


@app.function(retry=once, limits=billow.Limits(time="0.5 s"))
def lingering(place: str) -> None:
    linger(place)


@app.function(retry=once, limits=billow.Limits(cpu=1))
def burning() -> None:
    burn()


@app.function(limits=billow.Limits(memory=256 * billow.MiB))
def leak(number: int) -> int:
    hoard.append(b"\x01" * (48 * billow.MiB))
    return os.getpid()


@app.function(retry=billow.Retry(attempts=2, backoff="10 ms"))
def handled(how: str, place: str) -> str:
    note(place, "run")
    BEHAVIOUR[how]()
    return "fine"


@handled.on(billow.Event.COMPLETED)
def tell(job: billow.Job) -> None:
    job.publish("trial-results", [job.name, job.result])
    job.put("trial", job.id, {"result": job.result})


@handled.on(billow.Event.COMPLETED)
def falter(job: billow.Job) -> None:
    """Fails the first time."""
    place = Path(str(job.args["place"]))
    tries = place.read_text().count("falter")
    note(str(place), "falter")
    if tries == 0:
        raise RuntimeError("not now")
    job.publish("trial-late", job.result)


@handled.on(billow.Event.FAILED)
def mourn(job: billow.Job) -> None:
    assert job.failure is not None
    job.publish("trial-failed", job.failure.kind)


@app.function()
def tracked(seconds: float, job: billow.Job) -> str:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        job.report(seconds - left, seconds)
        time.sleep(0.02)
    return "done"
