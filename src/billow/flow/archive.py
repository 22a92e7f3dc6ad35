"""From hot to cold: copied, read back, and only then deleted.

At every moment the file is in one of the tiers or in both. An archiver that was overtaken can do no
harm: it deletes only the version of the hot file that it copied, and who restores a file always
makes a new version of it before the cold copy goes.
"""

from __future__ import annotations

from collections.abc import Iterator

from billow.app import App
from billow.errors import Error
from billow.flow.done import Done
from billow.flow.milestones import passed
from billow.flow.restore import report_damage, thawing
from billow.flow.retention import archiving, due, standing
from billow.home import Home
from billow.job import Job, Status
from billow.outputs import ResultFile
from billow.ports.cold import Damaged
from billow.ports.ledger import Submit


class Missing(Error):
    """A file is neither hot nor cold."""

    title = "Missing"


def archive(home: Home, app: App, job_id: str) -> Done:
    """Archive (or delete) the files of a job, if it is time to by the plan of its owner.

    Raises:
        Missing: a file is in neither tier.
        Damaged: a file is not what the function returned; nothing of the job is deleted.
        Unavailable: a tier is full or cannot be written.
    """
    job = home.ledger.get(job_id)
    if job is None or job.status is not Status.COMPLETED or not job.files:
        return Done({"nothing": "the job has no files"})
    if (wait := _wait(home, app, job)) is not None:
        return wait
    stands = standing(home, app, job.owner)
    if stands is not None and stands.plan.then == "delete":
        return _delete(home, job)
    versions = [(file, _copy(home, file)) for file in job.files.values()]
    passed("archive: copied and read back")
    if (wait := _wait(home, app, job)) is not None:  # the plan may have changed meanwhile
        return wait
    for file, version in versions:
        if version is not None:
            passed("archive: deleting")
            home.objects.delete(file.store, file.key, version)
            passed("archive: deleted")
    names = [file.name for file, _ in versions]
    home.journal.write("files.archived", job.id, f"{len(names)} archived", {"files": names})
    # A change of plan between the last look and the deletion is made good.
    return _wait(home, app, job) or Done({"archived": names})


def _wait(home: Home, app: App, job: Job) -> Done | None:
    """What to do instead of archiving: nothing on a plan that keeps, or to come again later."""
    stands = standing(home, app, job.owner)
    at, now = due(home, stands, job), home.clock.now()
    if at is not None and now >= at:
        return None
    # An earlier attempt may have left copies, which are not wanted now.
    back = [
        Submit(thawing(frozen))
        for file in job.files.values()
        if (frozen := home.cold.head(file.store, file.key)) is not None
    ]
    if at is None:
        told = stands.plan.name if stands is not None else "no plan"
        return Done({"kept": told}, tuple(back))
    later = Submit(archiving(job.id, at, now))
    return Done({"later": at}, (*back, later))


def _copy(home: Home, file: ResultFile) -> str | None:
    """Make sure of a cold copy; the version of the hot file, or None if that is gone already."""
    version = home.objects.version(file.store, file.key)
    info = home.objects.head(file.store, file.key)
    if version is None or info is None:
        if home.cold.head(file.store, file.key) is None:
            _report_missing(home, file)
        return None
    try:
        home.cold.put(info, _content(home, file))
    except Damaged:
        home.journal.write("files.damaged", file.key, f"the hot copy of {file.name} is damaged")
        raise
    passed("archive: copied")
    try:
        home.cold.verify(file.store, file.key)
    except Damaged as problem:
        # It is noted as damaged, so that the next try makes another copy.
        report_damage(home, file.store, file.key, problem)
        raise
    return version


def _content(home: Home, file: ResultFile) -> Iterator[bytes]:
    """The hot file, opened only if its bytes are wanted."""
    yield from home.objects.read(file.store, file.key)


def _report_missing(home: Home, file: ResultFile) -> None:
    told = f"{file.name} is in neither tier"
    home.journal.write("files.missing", file.key, told, {"store": file.store})
    raise Missing(told)


def _delete(home: Home, job: Job) -> Done:
    for file in job.files.values():
        home.objects.delete(file.store, file.key)
    names = [file.name for file in job.files.values()]
    home.journal.write("files.deleted", job.id, f"{len(names)} deleted", {"files": names})
    return Done({"deleted": names})
