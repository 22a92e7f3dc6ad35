"""Records per CPU second: the annotator beside bcftools, and beside lines that are only copied.

usage: python bench/vcf.py [--rounds 3] [--json] [--check]

Annotates 500,000 random variants on a made genome of 10 million bases with some 760 genes, and all
89,709 SNVs of SARS-CoV-2. Each round runs every contender once, as a process of its own, on one
core; CPU time is user and system time of the whole process, start and reading of the reference
included. Figures are medians of the rounds, and a ratio is the median of the rounds' ratios.
`--check` ends with status 1 if a bar is missed. Bcftools is left out if it is not installed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).parents[1] / "apps/gas"))
sys.path.insert(0, str(Path(__file__).parents[1] / "apps/gas/tools"))

import make_vcf
from annotator import References, annotate

#: Records a CPU second at least, CPU time beside bcftools at most, and MB of memory at most.
LEAST_SPEED = 100_000
MOST_TIMES = 8.0
MOST_MEMORY = 150.0

SARS = Path(__file__).resolve().parents[1] / "apps/gas/references/sarscov2"


@dataclass(frozen=True)
class Task:
    """A file to annotate, and the reference for it."""

    label: str
    vcf: Path
    reference: Path
    records: int


@dataclass(frozen=True)
class Run:
    """What a process took."""

    cpu: float
    memory: float


def make_tasks(folder: Path, size: int, number: int) -> list[Task]:
    """Make the files, in a process of its own: the memory of this one counts for its children."""
    command = [sys.executable, str(Path(__file__).resolve()), "--make", str(folder)]
    subprocess.run([*command, str(size), str(number)], check=True)
    shutil.copytree(SARS, folder / "sars")  # bcftools writes an index beside the sequence
    return [
        _task("random variants, made genome", folder / "made.vcf", folder / "made"),
        _task("all SNVs of SARS-CoV-2", folder / "dense.vcf", folder / "sars"),
    ]


def _task(label: str, vcf: Path, reference: Path) -> Task:
    with vcf.open("rb") as lines:
        records = sum(not line.startswith(b"#") for line in lines)
    return Task(label, vcf, reference, records)


def make_files(folder: Path, size: int, number: int) -> None:
    bases = make_vcf.write_genome(folder / "made", size, seed=11)
    with (folder / "made.vcf").open("w", encoding="ascii") as out:
        variants = make_vcf.random_variants(bases, number, seed=12)
        out.writelines(make_vcf.vcf_lines("chrS", size, variants))
    name, genome = make_vcf.read_fasta(SARS / "sequence.fa")
    with (folder / "dense.vcf").open("w", encoding="ascii") as out:
        out.writelines(make_vcf.vcf_lines(name, len(genome), make_vcf.all_snvs(genome)))


def commands(task: Task, out: Path) -> dict[str, list[str]]:
    here = [sys.executable, str(Path(__file__).resolve())]
    found = {
        "billow": [*here, "--one", "annotate", str(task.vcf), str(task.reference)],
        "copied lines": [*here, "--one", "copy", str(task.vcf), str(out)],
    }
    if bcftools := shutil.which("bcftools"):
        reference = ["-f", str(task.reference / "sequence.fa")]
        reference += ["-g", str(task.reference / "genes.gff3")]
        found["bcftools csq -l"] = [
            *(bcftools, "csq", "-l", "--force", *reference, str(task.vcf), "-o", str(out))
        ]
        found["bcftools view"] = [bcftools, "view", str(task.vcf), "-o", str(out)]
    return found


def run(command: list[str]) -> Run:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:3])} ... ended with status {process.returncode}")
    return Run(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def run_one(kind: str, vcf: Path, other: Path) -> None:
    if kind == "annotate":
        with tempfile.TemporaryDirectory() as folder:
            annotate(vcf, Path(folder), references=References((other,)))
        return
    with vcf.open(encoding="latin-1") as lines, other.open("w", encoding="latin-1") as out:
        for line in lines:
            if not line.startswith("#"):
                columns = line.rstrip("\n").split("\t", 8)
                columns[7] += ";X=1"
                line = "\t".join(columns) + "\n"  # noqa: PLW2901
            out.write(line)


def measure(task: Task, rounds: int, out: Path) -> dict[str, list[Run]]:
    results: dict[str, list[Run]] = {}
    for _ in range(rounds):
        for name, command in commands(task, out).items():
            results.setdefault(name, []).append(run(command))
    return results


def report(task: Task, results: dict[str, list[Run]]) -> tuple[list[dict[str, object]], list[str]]:
    ours = results["billow"]
    rows: list[dict[str, object]] = []
    missed = []
    for name, runs in results.items():
        cpu = statistics.median(run.cpu for run in runs)
        times = statistics.median(a.cpu / b.cpu for a, b in zip(ours, runs, strict=True))
        memory = max(run.memory for run in runs)
        speed = task.records / cpu
        rows.append(
            {"task": task.label, "contender": name, "records_per_cpu_s": round(speed)}
            | {"billow_cpu_times": round(times, 2), "memory_mb": round(memory)}
        )
        if name == "billow" and speed < LEAST_SPEED:
            missed.append(f"{task.label}: {speed:,.0f} records a CPU second")
        if name == "billow" and memory > MOST_MEMORY:
            missed.append(f"{task.label}: {memory:.0f} MB")
        if name == "bcftools csq -l" and times > MOST_TIMES:
            missed.append(f"{task.label}: {times:.1f} times the CPU time of bcftools csq -l")
    return rows, missed


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bases", type=int, default=10_000_000, help="size of the made genome")
    parser.add_argument("--records", type=int, default=500_000, help="variants on it")
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    parser.add_argument("--check", action="store_true", help="fail if a bar is missed")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--make", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.make:
        folder, size, number = chosen.make
        make_files(Path(folder), int(size), int(number))
        return
    if chosen.one:
        kind, vcf, other = chosen.one
        run_one(kind, Path(vcf), Path(other))
        return
    all_missed = []
    print(f"# {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="bench-vcf-") as name:
        folder = Path(name)
        for task in make_tasks(folder, chosen.bases, chosen.records):
            rows, missed = report(task, measure(task, chosen.rounds, folder / "out.vcf"))
            all_missed += missed
            for row in rows:
                print(json.dumps(row) if chosen.json else _text(row))
    for line in all_missed:
        print(f"missed: {line}")
    if chosen.check and all_missed:
        raise SystemExit(1)


def _text(row: dict[str, object]) -> str:
    return (
        f"{row['task']:32} {row['contender']:16} {row['records_per_cpu_s']:>10,} records/CPU s"
        f"   billow takes {row['billow_cpu_times']:>5} x   {row['memory_mb']:>4} MB"
    )


if __name__ == "__main__":
    main()
