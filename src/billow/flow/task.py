"""What a worker needs to make one try, beside the function itself."""

from __future__ import annotations

from typing import NamedTuple

from billow.job import Failure
from billow.ports.ledger import Lease
from billow.ports.objects import Objects


class Task(NamedTuple):
    """A lease with its file at hand: all that is needed to make a try."""

    id: str
    #: JSON object as text.
    args: str
    name: str
    #: "store/key", and the file's (path, name, size, sha256).
    upload: str | None
    file: tuple[str, str, int, str] | None
    owner: str
    failures: int
    lost: int
    created: float
    seq: int
    worker: str
    #: Which try of the job it is; no two have the same.
    token: int = 0
    #: What it goes back to, as `str(Origin)`.
    origin: str = ""


def task_of(lease: Lease, objects: Objects, worker: str) -> Task | Failure:
    """The task of a lease, or why it cannot be made: its file is gone."""
    file = None
    if lease.upload is not None:
        store, _, key = lease.upload.partition("/")
        info, path = objects.head(store, key), objects.path(store, key)
        if info is None or path is None:
            return Failure("lost", f"the uploaded file {lease.upload} is gone")
        file = (str(path), info.name, info.size, info.sha256)
    return Task(
        lease.id,
        lease.args,
        lease.name,
        lease.upload,
        file,
        lease.owner,
        lease.failures,
        lease.lost,
        lease.created,
        lease.seq,
        worker,
        lease.token,
        lease.origin,
    )
