"""Dead letters in groups of one cause, so that a thousand failures read as the three they are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from billow.job import Failure, Job
from billow.ports.ledger import Ledger

#: Dead letters that are looked at, the newest.
MAX_LOOK = 10_000
_PAGE = 500

_VARYING = re.compile(r"0x[0-9a-f]+|\b[0-9a-hjkmnp-tv-z]{26}\b|\d+(?:\.\d+)?|'[^']*'|\"[^\"]*\"")
_UNKNOWN = Failure("", "no cause is known")


@dataclass(slots=True)
class Group:
    """Failed jobs of one function whose failures differ only in numbers, ids and quoted words."""

    id: str
    function: str
    kind: str
    #: With `…` for what varies, if anything does.
    message: str
    #: The newest job; its input and traceback stand for the others'.
    sample: Job
    jobs: list[str] = field(default_factory=list)


def groups_of(ledger: Ledger, function: str | None = None) -> list[Group]:
    """The dead letters in groups, largest first."""
    groups: dict[str, Group] = {}
    for job in _dead(ledger, function):
        failure = job.failure or _UNKNOWN
        pattern = _VARYING.sub("…", failure.message)
        id_ = _name(job.function, failure.kind, pattern)
        group = groups.get(id_)
        if group is None:
            groups[id_] = group = Group(id_, job.function, failure.kind, failure.message, job)
        elif group.message != failure.message:
            group.message = pattern
        group.jobs.append(job.id)
    return sorted(groups.values(), key=lambda group: (-len(group.jobs), group.id))


def _dead(ledger: Ledger, function: str | None) -> Iterator[Job]:
    before: int | None = None
    for _ in range(MAX_LOOK // _PAGE):
        page = ledger.find(dead=True, function=function, before=before, limit=_PAGE)
        yield from page.jobs
        before = page.after
        if before is None:
            return


def _name(*parts: str) -> str:
    text = "\0".join(parts).encode("utf-8", "replace")
    return hashlib.sha256(text).hexdigest()[:12]
