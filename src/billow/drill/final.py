"""The last look at a home: everything in it that a drill's checker wants to know."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from billow.drill.history import digest
from billow.home import Home
from billow.job import Job, Status
from billow.names import ACCESS_LOGS

#: Names of the queue and the table that every job of the drill writes to.
QUEUE = "drill-results"
TABLE = "drill"
#: Name of the owner whose idempotency keys are looked up.
OWNER = "local"

_PAGE = 500


class FinalJob(NamedTuple):
    """A job at the end."""

    id: str
    function: str
    #: What the client called it: its idempotency key, with an ending if it came as a file.
    name: str
    status: Status
    finished: float | None
    #: Digest of the result; None if there is none.
    result: str | None
    upload: str | None


class FinalObject(NamedTuple):
    """An object at the end."""

    #: "store/key".
    place: str
    name: str
    #: SHA-256 as recorded, and of the bytes as they are.
    recorded: str
    found: str


@dataclass(frozen=True, slots=True)
class Final:
    """All that is in a home."""

    jobs: list[FinalJob] = field(default_factory=list)
    #: Job ids by idempotency key, as the home knows them.
    keys: dict[str, str] = field(default_factory=dict)
    #: How often the row of each job was written, and with which digests of results.
    rows: dict[str, tuple[int, str]] = field(default_factory=dict)
    #: Digests of the results in the messages about each job.
    messages: dict[str, list[str]] = field(default_factory=dict)
    objects: list[FinalObject] = field(default_factory=list)
    #: Files that no object referred to: left by uploads that were cut off, and swept away now.
    swept: int = 0
    #: Numbers of jobs by function and status that the home keeps, where they are wrong.
    miscounted: list[str] = field(default_factory=list)


def read_final(home: Home, keys: Iterable[str]) -> Final:
    """Read everything; empties the results' queue.

    Args:
        home: where from; nothing else may use it meanwhile.
        keys: the idempotency keys that clients used.
    """
    jobs = list(_all_jobs(home))
    found = {key: home.ledger.find_key(OWNER, key) for key in keys}
    return Final(
        jobs=[_final_job(job) for job in jobs if not job.function.endswith(".followup")],
        keys={key: known[0] for key, known in found.items() if known},
        rows=_rows(home),
        messages=_messages(home),
        objects=list(_objects(home)),
        swept=home.objects.sweep(grace=-60.0),
        miscounted=_miscounted(home, jobs),
    )


def _all_jobs(home: Home) -> Iterator[Job]:
    page = home.ledger.find(limit=_PAGE)
    yield from page.jobs
    while page.after is not None:
        page = home.ledger.find(before=page.after, limit=_PAGE)
        yield from page.jobs


def _final_job(job: Job) -> FinalJob:
    result = None if job.result is None else digest(job.result)
    return FinalJob(job.id, job.function, job.name, job.status, job.finished, result, job.upload)


def _rows(home: Home) -> dict[str, tuple[int, str]]:
    rows: dict[str, tuple[int, str]] = {}
    after: str | None = None
    while items := home.tables.query(TABLE, after=after, limit=_PAGE):
        rows |= {item.key: (item.version, digest(item.value["result"])) for item in items}
        after = items[-1].key
    return rows


def _messages(home: Home) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    while received := home.queues.receive(QUEUE, limit=10):
        for message in received:
            body = json.loads(message.body)
            found.setdefault(body["job"], []).append(digest(body["result"]))
        home.queues.delete(QUEUE, [message.receipt for message in received])
    return found


def _objects(home: Home) -> Iterator[FinalObject]:
    for store in home.objects.stores():
        if store == ACCESS_LOGS:  # the service's own, put there at each full hour
            continue
        after: str | None = None
        while infos := home.objects.list(store, after=after, limit=_PAGE):
            for info in infos:
                found = hashlib.sha256(b"".join(home.objects.read(store, info.key))).hexdigest()
                yield FinalObject(f"{store}/{info.key}", info.name, info.sha256, found)
            after = infos[-1].key


def _miscounted(home: Home, jobs: list[Job]) -> list[str]:
    there = Counter((job.function, job.status) for job in jobs)
    kept = Counter(home.ledger.totals())
    return [
        f"{function} {status}: {there[function, status]}, counted as {kept[function, status]}"
        for function, status in sorted(there.keys() | kept.keys())
        if there[function, status] != kept[function, status]
    ]
