"""What must hold after a drill of results' lives, as a pure function over what was seen.

The invariants: I5 uploads, I6 and I7 archive, I8 mail, I11 plans, I15 owners.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from billow.flow.whereabouts import FileState


class Sent(NamedTuple):
    """An upload as its client saw it."""

    owner: str
    key: str
    sha256: str
    #: What its result must be.
    expected: str
    #: The job that was acknowledged; None if no answer came.
    job: str | None


class Seen(NamedTuple):
    """An answer that a client got when it asked for a job or a file."""

    asker: str
    owner: str
    job: str
    status: int
    #: SHA-256 of what was served; empty if nothing was.
    served: str


class Kept(NamedTuple):
    """A job that there is at the end."""

    id: str
    owner: str
    status: str
    finished: float
    #: SHA-256 of its input and of its result as they are; empty if there is none.
    input: str
    result: str
    tier: FileState


class Evidence(NamedTuple):
    """Everything that was seen."""

    sent: Sequence[Sent]
    seen: Sequence[Seen]
    kept: Sequence[Kept]
    #: Files whose bytes belong to no job.
    orphans: Sequence[str]
    #: States in which files were seen meanwhile.
    states: Sequence[FileState]
    #: When each job's files were archived, UNIX seconds, and how long they are kept at least.
    archived: Sequence[tuple[str, float]]
    keep: float
    #: Jobs that are to be mailed about, and what came: job and Message-ID of each letter.
    intents: Sequence[str]
    letters: Sequence[tuple[str, str]]
    #: Plans as they are; as they must be by the events; and how often each event is there.
    plans: Mapping[str, str]
    folded: Mapping[str, str]
    events: Mapping[str, int]
    said: Sequence[str]


def faults(seen: Evidence) -> dict[str, list[str]]:
    """What does not hold, by invariant; empty if all is well."""
    found: dict[str, list[str]] = defaultdict(list)
    for invariant, look in _LOOKS:
        for what in look(seen):
            found[invariant].append(what)
    return dict(found)


def _uploads(seen: Evidence) -> Iterator[str]:
    jobs = {job.id: job for job in seen.kept}
    acked = [sent for sent in seen.sent if sent.job is not None]
    for sent in acked:
        job = jobs.get(sent.job or "")
        if job is None:
            yield f"{sent.key}: acknowledged, and its job is not there"
        elif job.owner != sent.owner:
            yield f"{sent.key}: it belongs to somebody else"
        elif job.input != sent.sha256:
            yield f"{sent.key}: its file is gone, or altered"
    known = {sent.job for sent in acked}
    unsure = sum(sent.job is None for sent in seen.sent)
    strangers = [job.id for job in seen.kept if job.id not in known]
    if len(strangers) > unsure:
        yield f"jobs that nobody asked for: {strangers}"
    for key in seen.orphans:
        yield f"{key}: a file that belongs to no job"


def _tiers(seen: Evidence) -> Iterator[str]:
    expected = {sent.job: sent.expected for sent in seen.sent}
    for job in seen.kept:
        if job.status != "completed":
            yield f"{job.id} is {job.status}"
        elif job.id in expected and job.result != expected[job.id]:
            yield f"{job.id}: its result is in neither tier, or altered"
    for state in set(seen.states) & {FileState.GONE, FileState.DAMAGED}:
        yield f"a file was {state} meanwhile"
    for look in seen.seen:
        if look.served and look.served != expected.get(look.job, look.served):
            yield f"{look.job}: other bytes were served"


def _archive(seen: Evidence) -> Iterator[str]:
    finished = {job.id: job.finished for job in seen.kept}
    for job, at in seen.archived:
        if at < finished.get(job, 0.0) + seen.keep:
            yield f"{job} was archived too soon"
    wanted = {"free": FileState.COLD, "premium": FileState.HOT}
    for kept in seen.kept:
        if kept.tier is not wanted[seen.plans[kept.owner]]:
            yield f"{kept.id} of somebody on {seen.plans[kept.owner]} is {kept.tier}"


def _mail(seen: Evidence) -> Iterator[str]:
    completed = {job.id for job in seen.kept if job.status == "completed"}
    intents = Counter(seen.intents)
    for job in completed:
        if intents[job] != 1:
            yield f"{job}: {intents[job]} intents to mail"
    ids = defaultdict(set)
    for job, message in seen.letters:
        ids[job].add(message)
    for job in completed:
        if len(ids[job]) != 1:
            yield f"{job}: letters with {len(ids[job])} different ids"
    for job in ids.keys() - completed:
        yield f"{job}: a letter about nothing"


def _plans(seen: Evidence) -> Iterator[str]:
    for owner, plan in seen.plans.items():
        if plan != seen.folded[owner]:
            yield f"{owner} is on {plan}, and not on {seen.folded[owner]}"
    for event in seen.said:
        if seen.events.get(event, 0) != 1:
            yield f"{event}: taken note of {seen.events.get(event, 0)} times"


def _owners(seen: Evidence) -> Iterator[str]:
    for look in seen.seen:
        if look.asker != look.owner and look.status != 404:
            yield f"{look.asker} was answered {look.status} about {look.job} of {look.owner}"


_LOOKS = (
    ("I5", _uploads),
    ("I6", _tiers),
    ("I7", _archive),
    ("I8", _mail),
    ("I11", _plans),
    ("I15", _owners),
)
