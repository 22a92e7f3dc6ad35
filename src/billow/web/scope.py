"""What somebody sees of the service: here, and nowhere else, owners are kept apart.

Every handler works with the home that `view` makes for whoever asks. An administrator has the
whole home. Anybody else has a ledger that knows their own jobs only, takes jobs in their name
only, and holds them to their plan; what a job's page leads to is reached through the job.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, BinaryIO, cast

from billow.accounts.errors import NotLoggedIn
from billow.errors import NotFound
from billow.home import Home
from billow.job import Attempt, Job, Status
from billow.ports.ledger import Accepted, Counts, Ledger, Page, Submission
from billow.ports.objects import Objects, Staged, Stored
from billow.ports.uploads import Named, Uploads
from billow.web.allowance import Allowance, named
from billow.web.visitor import Visitor

#: Told the id of what somebody wanted that is another's.
Refusal = Callable[[str], None]

#: Jobs looked at in one step for those that are to be seen.
_STEP = 200


def view(home: Home, visitor: Visitor, allowance: Allowance, refused: Refusal) -> Home:
    """The home as `visitor` may see and use it.

    Args:
        home: all of it.
        visitor: who asks.
        allowance: what plans allow.
        refused: called with the id of another's job that was asked for.
    """
    if visitor.runs_it:
        return home
    owner = visitor.owner
    return replace(
        home,
        ledger=cast("Ledger", OwnLedger(home.ledger, owner, allowance, refused)),
        objects=cast("Objects", MeteredObjects(home.objects, owner, allowance)),
        uploads=cast("Uploads", MeteredUploads(home.uploads, allowance)),
    )


class OwnLedger:
    """A ledger with the jobs of one owner. Jobs of the service itself are nobody's to see.

    What only workers do with a ledger is not there at all.
    """

    def __init__(self, ledger: Ledger, owner: str, allowance: Allowance, refused: Refusal) -> None:
        self._ledger = ledger
        self._owner = owner
        self._allowance = allowance
        self._refused = refused

    def get(self, id: str) -> Job | None:
        """A job of theirs by id."""
        job = self._ledger.get(id)
        if job is None or self._is_theirs(job):
            return job
        if job.owner != self._owner:
            self._refused(id)
        return None

    def find(
        self,
        *,
        function: str | None = None,
        status: Status | None = None,
        owner: str | None = None,
        dead: bool | None = None,
        text: str | None = None,
        before: int | None = None,
        after: int | None = None,
        limit: int = 50,
        results: bool = True,
    ) -> Page:
        """Jobs of theirs, in pages as of any ledger."""
        if owner not in (None, self._owner) or not self._owner:
            return Page([], None)
        forward = after is not None and before is None
        found: list[Job] = []
        while True:
            page = self._ledger.find(
                function=function, status=status, owner=self._owner, dead=dead, text=text,
                before=before, after=after, limit=max(limit, _STEP),
                results=results,
            )  # fmt: skip
            theirs = [job for job in page.jobs if self._is_theirs(job)]
            found = theirs + found if forward else found + theirs
            if len(found) > limit or page.after is None:
                return _cut(found, limit, forward)
            before, after = (before, page.after) if forward else (page.after, after)

    def attempts(self, id: str) -> list[Attempt]:
        """Tries of a job of theirs that did not succeed."""
        return [] if self.get(id) is None else self._ledger.attempts(id)

    def find_key(self, owner: str, key: str) -> tuple[str, str] | None:
        """What they sent under an idempotency key."""
        return self._ledger.find_key(self._owner, key) if owner == self._owner else None

    def submit(self, submissions: Sequence[Submission]) -> list[Accepted]:
        """Accept jobs in their name, as many as their plan allows.

        Raises:
            PlanReached: it allows no more.
        """
        owner = need(self._owner)
        theirs = [each._replace(owner=owner) for each in submissions]
        new = sum(1 for each in theirs if not self._is_known(each))
        with self._allowance.room(self._owner, new):
            return self._ledger.submit(theirs)

    def cancel(self, id: str) -> Job:
        """Cancel a job of theirs."""
        if self.get(id) is None:
            raise NotFound(f"there is no job {id!r}")
        return self._ledger.cancel(id)

    def redrive(self, ids: Sequence[str], args: str | None = None) -> list[bool]:
        """Send failed jobs of theirs round again, as many as their plan allows at a time."""
        own = [id_ for id_ in ids if self.get(id_) is not None]
        with self._allowance.room(self._owner, len(own), again=True):
            sent = dict(zip(own, self._ledger.redrive(own, args), strict=True))
        return [sent.get(id_, False) for id_ in ids]

    def counts(self, function: str) -> Counts:  # noqa: ARG002 - as of any ledger
        """Nothing: how much others wait for is not theirs to know."""
        return Counts()

    def totals(self) -> dict[tuple[str, Status], int]:
        """Nothing, likewise."""
        return {}

    def _is_theirs(self, job: Job) -> bool:
        # The service's own functions have a dot in their names, which an app's cannot have.
        return bool(self._owner) and job.owner == self._owner and "." not in job.function

    def _is_known(self, asked: Submission) -> bool:
        key = asked.key
        return key is not None and self._ledger.find_key(self._owner, key) is not None


class MeteredObjects:
    """Objects, where a file that becomes a job must have room in its owner's plan."""

    def __init__(self, objects: Objects, owner: str, allowance: Allowance) -> None:
        self._objects = objects
        self._owner = owner
        self._allowance = allowance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._objects, name)

    def stage(self, data: Iterable[bytes] | BinaryIO, limit: int | None = None) -> Staged:
        """Take in bytes that may become a file of the visitor.

        Raises:
            PlanReached, TooLarge: their plan would not allow it.
        """
        with self._allowance.room(need(self._owner)) as plan, named(plan):
            return self._objects.stage(data, _least(limit, plan.max_upload))

    def put(
        self,
        store: str,
        data: Iterable[bytes] | BinaryIO | Staged,
        *,
        limit: int | None = None,
        owner: str = "local",  # noqa: ARG002 - it is the visitor's, whatever is asked for
        **more: Any,
    ) -> Stored:
        """Store a file in the name of the visitor.

        Raises:
            PlanReached: their plan allows no more jobs.
            TooLarge: or no file of this size.
        """
        with self._allowance.room(need(self._owner)) as plan, named(plan):
            most = _least(limit, plan.max_upload)
            return self._objects.put(store, data, owner=self._owner, limit=most, **more)


class MeteredUploads:
    """Signed uploads: the signature says whose they are, their plan says how many there may be."""

    def __init__(self, uploads: Uploads, allowance: Allowance) -> None:
        self._uploads = uploads
        self._allowance = allowance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._uploads, name)

    def put_once(
        self,
        store: str,
        data: Iterable[bytes] | BinaryIO,
        *,
        owner: str = "local",
        limit: int | None = None,
        **more: Any,
    ) -> Stored:
        """Store what came with a signed form.

        Raises:
            PlanReached: the plan of whom it was signed for allows no more jobs.
            TooLarge: or no file of this size any more.
        """
        with self._allowance.room(owner) as plan, named(plan):
            most = _least(limit, plan.max_upload)
            return self._uploads.put_once(store, data, owner=owner, limit=most, **more)

    def complete(self, id: str, named: Sequence[Named]) -> Stored:
        """Make an upload's parts a file.

        Raises:
            PlanReached: the plan of its owner allows no more jobs.
        """
        with ExitStack() as held:
            upload = self._uploads.get(id)
            if upload is not None and upload.completed is None:
                held.enter_context(self._allowance.room(upload.owner))
            return self._uploads.complete(id, named)


def need(owner: str) -> str:
    """`owner`, if somebody is.

    Raises:
        NotLoggedIn: nobody who is known asks.
    """
    if not owner:
        raise NotLoggedIn("nobody who is known sends this")
    return owner


def _cut(found: list[Job], limit: int, forward: bool) -> Page:
    if len(found) <= limit:
        return Page(found, None)
    if forward:
        kept = found[-limit:]
        return Page(kept, kept[0].seq)
    return Page(found[:limit], found[limit - 1].seq)


def _least(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)
