"""The checker: what must hold after a drill, as pure functions over what was seen.

A history that a client cannot be sure of (`info`) may have happened or not; both are right. What
was acknowledged (`ok`) must be there, whole and once; what was refused (`fail`) must not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from billow.drill.final import Final, FinalJob, FinalObject
from billow.drill.history import End, History, Sighting
from billow.job import Status

#: Everything that may be found wrong, and what it means. None of it may ever be found.
FAULTS: Mapping[str, str] = {
    "lost": "accepted, and not there at the end",
    "unexpected": "there, though no client asked for it",
    "accepted though refused": "there, though every client that asked was refused",
    "duplicated": "more than one job for one idempotency key",
    "key changed": "one idempotency key gave different jobs",
    "unfinished": "not in a final state at the end",
    "gave up": "ended without a result, though nothing about it can fail",
    "reopened": "left a final state, or its result changed, after a client saw it",
    "wrong": "its result is not what it must be",
    "partial": "completed without its result being there",
    "double results": "its row was written, or its result sent, more than once",
    "missing effects": "completed without its row or its message",
    "stray effects": "a row or message of a job that did not complete",
    "upload lost": "its uploaded file is not there",
    "upload altered": "its uploaded file has other bytes",
    "upload astray": "an uploaded file without a job",
    "miscounted": "the home counts its jobs wrongly",
    "ran too often": "more runs were repeated than faults explain",
    "late": "not everything was done by the deadline",
}


class Run(NamedTuple):
    """One time that a function began to work on a job."""

    key: str
    pid: int
    #: UNIX seconds.
    began: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checker found."""

    #: Only those of `FAULTS` that were found, each with what it was found in.
    faults: dict[str, list[str]]
    #: Calls, and how they ended; jobs; runs; what was repeated or recovered, both legal.
    counts: dict[str, int]

    @property
    def valid(self) -> bool:
        """Whether everything holds."""
        return not self.faults


@dataclass(slots=True)
class Bounds:
    """What the faults of a drill explain."""

    #: Runs that may have been repeated; None if runs were not watched.
    repeats: int | None = None
    #: Seconds that it took to get everything done after the last fault, and that it may take.
    drained: float = 0.0
    deadline: float = 0.0


@dataclass(slots=True)
class _Evidence:
    """History and final state, looked up by key and by job."""

    history: History
    final: Final
    acked: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    ends: dict[str, set[End]] = field(default_factory=lambda: defaultdict(set))
    expected: dict[str, str] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, FinalJob] = field(default_factory=dict)
    of_key: dict[str, list[FinalJob]] = field(default_factory=lambda: defaultdict(list))
    #: The objects under one key, in whatever store.
    copies: dict[str, list[FinalObject]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for call in self.history.calls:
            key = call.asked.key
            self.ends[key].add(call.end)
            self.expected[key] = call.asked.expected
            if call.asked.sha256 is not None:
                self.sha256[key] = call.asked.sha256
            if call.job is not None:
                self.acked[key].add(call.job)
        for job in self.final.jobs:
            self.jobs[job.id] = job
            self.of_key[key_of(job.name)].append(job)
        for object_ in self.final.objects:
            self.copies[_file(object_.place)].append(object_)


def check(
    history: History, final: Final, runs: Sequence[Run] = (), bounds: Bounds | None = None
) -> Verdict:
    """Judge a drill.

    Args:
        history: what all clients did and were told.
        final: what was there when everything had come to rest.
        runs: every time that a function began to work.
        bounds: what the faults explain.
    """
    evidence = _Evidence(history, final)
    bounds = bounds or Bounds()
    repeats = sum(count - 1 for count in Counter(run.key for run in runs).values())
    faults: dict[str, list[str]] = {}
    for fault, what in _faults(evidence, bounds, repeats):
        faults.setdefault(fault, []).append(what)
    assert faults.keys() <= FAULTS.keys()
    return Verdict(faults, _counts(evidence, len(runs), repeats))


def key_of(name: str) -> str:
    """The idempotency key that a job's or a file's name was made of."""
    return name.removesuffix(".txt")


def _faults(evidence: _Evidence, bounds: Bounds, repeats: int) -> Iterator[tuple[str, str]]:
    yield from _acceptance(evidence)
    yield from _keys(evidence)
    for job in evidence.final.jobs:
        yield from _ending(evidence, job)
        yield from _effects(evidence.final, job)
        yield from _upload(evidence, job)
    yield from _strays(evidence)
    yield from _reopened(evidence)
    for line in evidence.final.miscounted:
        yield "miscounted", line
    if bounds.repeats is not None and repeats > bounds.repeats:
        yield "ran too often", f"{repeats} runs were repeated; the faults explain {bounds.repeats}"
    if bounds.drained > bounds.deadline:
        yield "late", f"{bounds.drained:.1f} s; the deadline was {bounds.deadline:.1f} s"


def _acceptance(evidence: _Evidence) -> Iterator[tuple[str, str]]:
    for key, ids in evidence.acked.items():
        for id_ in sorted(ids - evidence.jobs.keys()):
            yield "lost", f"{key}: job {id_}"
    for key, jobs in evidence.of_key.items():
        if key not in evidence.ends:
            yield "unexpected", f"{key}: job {jobs[0].id}"
        elif evidence.ends[key] == {End.FAIL}:
            yield "accepted though refused", f"{key}: job {jobs[0].id}"
        if len(jobs) > 1:
            yield "duplicated", f"{key}: jobs {', '.join(job.id for job in jobs)}"


def _keys(evidence: _Evidence) -> Iterator[tuple[str, str]]:
    for key, ids in evidence.acked.items():
        now = evidence.final.keys.get(key)
        known = ids | ({now} if now else set())
        if len(known) > 1:
            yield "key changed", f"{key}: jobs {', '.join(sorted(known))}"


def _ending(evidence: _Evidence, job: FinalJob) -> Iterator[tuple[str, str]]:
    if not job.status.final:
        yield "unfinished", f"{job.name}: job {job.id} is {job.status}"
    elif job.status is not Status.COMPLETED:
        yield "gave up", f"{job.name}: job {job.id} is {job.status}"
    elif job.result is None:
        yield "partial", f"{job.name}: job {job.id}"
    elif job.result != evidence.expected.get(key_of(job.name), job.result):
        yield "wrong", f"{job.name}: job {job.id}"


def _effects(final: Final, job: FinalJob) -> Iterator[tuple[str, str]]:
    writes, row = final.rows.get(job.id, (0, ""))
    messages = final.messages.get(job.id, [])
    if job.status is not Status.COMPLETED:
        if writes or messages:
            yield "stray effects", f"{job.name}: job {job.id} is {job.status}"
        return
    if not writes or not messages:
        yield "missing effects", f"{job.name}: job {job.id}"
    if writes > 1 or len(messages) > 1:
        yield "double results", f"{job.name}: {writes} writes, {len(messages)} messages"
    if any(told != job.result for told in [*messages, *([row] if writes else [])]):
        yield "wrong", f"{job.name}: row or message of job {job.id}"


def _upload(evidence: _Evidence, job: FinalJob) -> Iterator[tuple[str, str]]:
    sent = evidence.sha256.get(key_of(job.name))
    if sent is None:
        return
    if job.upload not in {object_.place for object_ in evidence.copies[_file(job.upload)]}:
        yield "upload lost", f"{job.name}: {job.upload}"
    for object_ in evidence.copies[_file(job.upload)]:
        if (object_.recorded, object_.found) != (sent, sent):
            yield "upload altered", f"{job.name}: {object_.place}"


def _file(place: str | None) -> str:
    """The key of an object at "store/key"; copies of it in other stores have the same."""
    return (place or "").partition("/")[2]


def _strays(evidence: _Evidence) -> Iterator[tuple[str, str]]:
    final = evidence.final
    for id_ in sorted((final.rows.keys() | final.messages.keys()) - evidence.jobs.keys()):
        yield "stray effects", f"job {id_} does not exist"
    wanted = {_file(job.upload) for job in final.jobs}
    for object_ in final.objects:
        if _file(object_.place) not in wanted:
            yield "upload astray", f"{object_.place}: no job refers to it"


def _reopened(evidence: _Evidence) -> Iterator[tuple[str, str]]:
    by_job: dict[str, list[Sighting]] = defaultdict(list)
    for seen in evidence.history.sightings:
        by_job[seen.job].append(seen)
    for id_, seen_so in by_job.items():
        yield from _look_again(id_, seen_so, evidence.jobs.get(id_))


def _look_again(
    id_: str, sightings: list[Sighting], job: FinalJob | None
) -> Iterator[tuple[str, str]]:
    """Compare all looks at one job: once final, always final, and the same."""
    finals = [seen for seen in sightings if Status(seen.status).final]
    if not finals:
        return
    first = min(finals, key=lambda seen: seen.at)
    if any(seen.status == Status.COMPLETED and seen.result is None for seen in finals):
        yield "partial", f"job {id_} was seen completed without its result"
    later = [s for s in sightings if not Status(s.status).final and s.asked > first.at]
    if later:
        yield "reopened", f"job {id_} was seen {first.status}, then {later[0].status}"
    looks = [(seen.status, seen.finished, seen.result or "") for seen in finals]
    if job is None:
        yield "lost", f"job {id_} was seen {first.status}"
    else:
        looks.append((job.status.value, job.finished, job.result or ""))
    if not all(_same(looks[0], look) for look in looks):
        yield "reopened", f"job {id_} was {first.status}, and later had other facts"


def _same(one: tuple[str, float | None, str], other: tuple[str, float | None, str]) -> bool:
    """Whether two looks at a job agree; an empty digest means that nobody looked at the result."""
    results_agree = not one[2] or not other[2] or one[2] == other[2]
    return one[:2] == other[:2] and results_agree


def _counts(evidence: _Evidence, runs: int, repeats: int) -> dict[str, int]:
    ends = Counter(call.end for call in evidence.history.calls)
    recovered = [
        key for key in evidence.of_key if key in evidence.ends and not evidence.acked.get(key)
    ]
    return {
        "calls": len(evidence.history.calls),
        "ok": ends[End.OK],
        "fail": ends[End.FAIL],
        "info": ends[End.INFO],
        "asked": len(evidence.ends),
        "acked": len(evidence.acked),
        "jobs": len(evidence.final.jobs),
        "uploads": len({job.upload for job in evidence.final.jobs if job.upload}),
        "recovered": len(recovered),
        "swept files": evidence.final.swept,
        "sightings": len(evidence.history.sightings),
        "runs": runs,
        "repeated runs": repeats,
    }
