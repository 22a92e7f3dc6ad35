"""The files of a job's result, as the API and the job's page list them."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from billow.errors import Conflict, NotFound
from billow.flow.whereabouts import FileState, Whereabouts, whereabouts
from billow.home import Home
from billow.job import Job
from billow.units import human_time

#: Where one file is fetched.
ADDRESS = "/api/v1/jobs/{id}/files/{name}"

#: States in which a file can be fetched.
_AT_HAND = frozenset({FileState.HOT, FileState.ARCHIVING})
_WORDS = {
    FileState.HOT: "",
    FileState.ARCHIVING: "",
    FileState.COLD: "archived",
    FileState.RESTORING: "being restored",
    FileState.DAMAGED: "its archived copy is damaged; it cannot be served",
    FileState.GONE: "not kept any more",
}


class Listed(NamedTuple):
    """A file of a result."""

    name: str
    ending: str
    #: Bytes.
    size: int
    sha256: str
    #: One of `FileState`; of a file that is being restored, about when it will be back.
    state: str
    ready: float | None
    #: The state in words, if there is something to say.
    note: str
    #: Where it can be fetched, if it can be.
    href: str | None


def listed(home: Home, job: Job) -> list[Listed]:
    """The files of a job's result, in the order in which the function named them."""
    found = []
    for file in job.files.values():
        where = whereabouts(home, file)
        href = ADDRESS.format(id=job.id, name=quote(file.name))
        found.append(
            Listed(
                file.name,
                file.ending,
                file.size,
                file.sha256,
                where.state.value,
                where.ready,
                words(where, home.clock.now()),
                href if where.state in _AT_HAND else None,
            )
        )
    return found


def words(where: Whereabouts, now: float) -> str:
    """Where a file is, in words; nothing of one that can be fetched."""
    told = _WORDS[where.state]
    if where.ready is None:
        return told
    left = where.ready - now
    return f"{told}, {_about(left)}" if where.state is FileState.RESTORING else told


def _about(left: float) -> str:
    if left < 10:
        return "back in a moment"
    whole = 60 if left >= 60 else 10
    return f"about {human_time(whole * round(left / whole))}"


def check_at_hand(home: Home, job: Job, name: str) -> tuple[str, str]:
    """Store and key of a file that can be fetched.

    Raises:
        NotFound: the job has no file of this name, or it is not kept any more.
        Conflict: it is archived; `extra["state"]` says how it stands.
    """
    file = next((file for file in job.files.values() if file.name == name), None)
    if file is None:
        named = ", ".join(file.name for file in job.files.values()) or "none"
        raise NotFound(f"job {job.id} has no file {name[:80]!r}; it has: {named}")
    where = whereabouts(home, file)
    if where.state in _AT_HAND:
        return file.store, file.key
    told = f"{file.name}: {words(where, home.clock.now())}"
    if where.state is FileState.GONE:
        raise NotFound(told)
    raise Conflict(told, state=where.state.value, ready=where.ready)
