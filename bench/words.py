"""Words per CPU second: WordFreq's two rules beside a tight C loop, coreutils and plain Python.

usage: python bench/words.py [--rounds 5] [--json] [--check]

Counts the ten most used words of 24 whole novels in six languages (bench/data/texts). Each round
runs every contender once, in a process of its own and on one core; the figures are medians of the
rounds, and a ratio is the median of the rounds' ratios. CPU time is user and system time, children
included; start-up is left out for Python, whose workers are warm. `--check` ends with status 1 if
a bar is missed.
"""

from __future__ import annotations

import argparse
import bz2
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).parents[1] / "apps/wordfreq"))
sys.path.insert(0, str(Path(__file__).parents[1] / "apps/wordfreq/tools"))

import word_oracle
from words import BLOCK, Options, count_words

BENCH = Path(__file__).resolve().parent

#: The least that the rule `words` must reach: MB per CPU second, and share of the C loop's speed.
LEAST_SPEED = 20.0
LEAST_SHARE = 0.15

Pairs = list[tuple[str, int]]

PIPELINE = (
    "LC_ALL=C tr A-Z a-z < '{}' | LC_ALL=C tr -cs \"a-z'\" '\\n' | LC_ALL=C sort "
    "| LC_ALL=C uniq -c | LC_ALL=C sort -rn | head -10"
)


@dataclass(frozen=True)
class Contender:
    """A way to count, run by `python bench/words.py --one KEY FILE...` or as a command."""

    key: str
    label: str
    #: For Python; None if it is a command.
    count: Callable[[Path], Pairs] | None = None
    #: Words as the rule `words` says; others are not compared with the oracle.
    compared: bool = True


def _app(rule: str) -> Callable[[Path], Pairs]:
    def count(path: Path) -> Pairs:
        with path.open("rb") as file:
            return count_words(iter(lambda: file.read(BLOCK), b""), Options(rule=rule)).words

    return count


def _plain(path: Path) -> Pairs:
    return word_oracle.top(Counter(path.read_text("utf-8-sig").lower().split()))


def _oracle(path: Path) -> Pairs:
    return word_oracle.top(word_oracle.words(path.read_bytes()))


CONTENDERS = [
    Contender("words", "WordFreq, rule words", _app("words")),
    Contender("classic", "WordFreq, rule classic", _app("classic"), compared=False),
    Contender("c", "C loop, gcc -O3 (ASCII rule)"),
    Contender("c-classic", "C loop, classic rule", compared=False),
    Contender("coreutils", "coreutils: tr, sort, uniq"),
    Contender("plain", "Python, lower().split(), Counter", _plain),
    Contender("oracle", "Python, one pattern of regex", _oracle),
]


@dataclass(frozen=True)
class Run:
    """One contender over all texts."""

    cpu: float
    wall: float
    #: MiB; 0 if not measured.
    memory: int
    #: The ten words of each text; empty if the contender prints them in another way.
    top: list[Pairs]


def unpack(folder: Path) -> list[Path]:
    """The texts, unpacked into `folder`."""
    files = []
    for packed in sorted((BENCH / "data/texts").glob("*.txt.bz2")):
        file = folder / packed.stem
        file.write_bytes(bz2.decompress(packed.read_bytes()))
        files.append(file)
    return files


def build_anchor(folder: Path) -> Path:
    """The C loop, compiled for this machine."""
    program = folder / "wordcount"
    source = BENCH / "anchors/wordcount.c"
    subprocess.run(["gcc", "-O3", "-march=native", "-o", program, source], check=True)
    return program


def run_python(key: str, files: list[Path]) -> Run:
    """Run a Python contender in a new process that is warm before it is measured."""
    command = [sys.executable, __file__, "--one", key, *map(str, files)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    values = json.loads(printed)
    values["top"] = [[(word, count) for word, count in top] for top in values["top"]]
    return Run(**values)


def run_one(key: str, files: list[Path]) -> None:
    """Measure a Python contender in this process and print it."""
    count = next(c.count for c in CONTENDERS if c.key == key)
    assert count is not None
    count(files[0])
    cpu, wall = time.process_time(), time.perf_counter()
    top = [count(file) for file in files]
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"cpu": cpu, "wall": wall, "memory": memory, "top": top}))


def run_command(command: list[str]) -> tuple[Run, str]:
    """Run a command, and what it printed."""
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    printed = subprocess.run(command, check=True, capture_output=True).stdout
    wall = time.perf_counter() - wall
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(cpu, wall, 0, []), printed.decode("utf-8", "replace")


def run_anchor(program: Path, rule: str, files: list[Path]) -> Run:
    run, printed = run_command([str(program), rule, *map(str, files)])
    top = []
    for line in printed.splitlines():
        _, *pairs = line.split(" ")
        top.append([(pairs[i], int(pairs[i + 1])) for i in range(0, len(pairs), 2)])
    return Run(run.cpu, run.wall, 0, top)


def run_coreutils(files: list[Path]) -> Run:
    run, printed = run_command(["sh", "-c", "\n".join(PIPELINE.format(file) for file in files)])
    pairs = [(word, int(count)) for count, word in map(str.split, printed.splitlines())]
    return Run(run.cpu, run.wall, 0, [pairs[i : i + 10] for i in range(0, len(pairs), 10)])


def run(contender: Contender, files: list[Path], anchor: Path) -> Run:
    if contender.count is not None:
        return run_python(contender.key, files)
    if contender.key == "coreutils":
        return run_coreutils(files)
    return run_anchor(anchor, "classic" if contender.key == "c-classic" else "words", files)


def measure(rounds: int) -> dict[str, object]:
    """All figures, as they are printed by `--json`."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files, anchor = unpack(folder), build_anchor(folder)
        runs: dict[str, list[Run]] = {contender.key: [] for contender in CONTENDERS}
        for _ in range(rounds):
            for contender in CONTENDERS:
                runs[contender.key].append(run(contender, files, anchor))
        megabytes = sum(file.stat().st_size for file in files) / 1e6
        words = sum(word_oracle.words(file.read_bytes()).total() for file in files)
    figures = {
        contender.key: _figures(contender, runs, megabytes, words) for contender in CONTENDERS
    }
    ours = figures["words"]
    return {
        "bench": "words",
        "texts": len(files),
        "megabytes": round(megabytes, 1),
        "words": words,
        "rounds": rounds,
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "figures": figures,
        "bars": {
            f"at least {LEAST_SPEED:g} MB per CPU second": ours["cpu_mb_s"] >= LEAST_SPEED,
            f"at least {LEAST_SHARE:g} of the C loop": ours["of_c"] >= LEAST_SHARE,
            "all top tens as the oracle's": ours["right"] == len(files),
        },
    }


def _figures(
    contender: Contender, runs: dict[str, list[Run]], megabytes: float, words: int
) -> dict[str, float]:
    own, c, oracle = runs[contender.key], runs["c"], runs["oracle"][0].top
    cpu = statistics.median(run.cpu for run in own)
    figures = {
        "cpu_mb_s": round(megabytes / cpu, 1),
        "wall_mb_s": round(megabytes / statistics.median(run.wall for run in own), 1),
        "words_per_cpu_s": round(words / cpu, -3),
        "of_c": round(statistics.median(b.cpu / a.cpu for a, b in zip(own, c, strict=True)), 3),
        "memory_mib": own[0].memory,
    }
    if contender.compared:
        figures["right"] = sum(a == b for a, b in zip(own[0].top, oracle, strict=True))
    return figures


def show(result: dict[str, object]) -> None:
    print(
        f"{result['texts']} texts, {result['megabytes']} MB, {result['words']:,} words; median of "
        f"{result['rounds']} rounds; Python {result['python']}; load {result['load']}\n"
    )
    print("| contender | MB/CPU s | MB/s | million words/CPU s | of the C loop | right | MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    figures = result["figures"]
    assert isinstance(figures, dict)
    for contender in CONTENDERS:
        f = figures[contender.key]
        right = f"{f['right']} of {result['texts']}" if "right" in f else "other rule"
        print(
            f"| {contender.label} | {f['cpu_mb_s']} | {f['wall_mb_s']} "
            f"| {f['words_per_cpu_s'] / 1e6:.2f} | {f['of_c']:.2f} | {right} "
            f"| {f['memory_mib'] or ''} |"
        )
    print()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    parser.add_argument("--check", action="store_true", help="status 1 if a bar is missed")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("files", nargs="*", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        run_one(asked.one, asked.files)
        return 0
    if shutil.which("gcc") is None:
        parser.error("gcc is needed for the C loop that everything is measured against")
    result = measure(asked.rounds)
    if not asked.json:
        show(result)
    print(json.dumps(result))
    bars = result["bars"]
    assert isinstance(bars, dict)
    return int(asked.check and not all(bars.values()))


if __name__ == "__main__":
    sys.exit(main())
