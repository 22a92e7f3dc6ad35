"""A service with a free and a premium plan, one customer, and a way to stop work at any point."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

import billow
from billow.flow import archive as archive_flow
from billow.flow import restore as restore_flow
from billow.flow.client import Client
from billow.flow.retention import plan_jobs
from billow.home import Home
from billow.job import Job
from billow.outputs import ResultFile
from billow.ports.accounts import Account, Books, PlanEvent
from billow.ports.cold import Damaged
from billow.testing import run_jobs

#: Seconds that the free plan keeps files.
KEEP = 1800.0
MINUTE = 60.0
OWNER = "ana"

#: Where work can be stopped, in the order of a file's life.
POINTS = [
    "archive: copied",
    "archive: copied and read back",
    "archive: deleting",
    "archive: deleted",
    "thaw: asked",
    "thaw: staged",
    "thaw: cleaning",
    "thaw: cleaned",
]


def make_app(then: Any = "archive", restores: bool = True) -> billow.App:
    """An app whose function makes two files, and which restores them at an upgrade."""
    app = billow.App("gas")
    app.plans(
        billow.Plan("free", keep=KEEP, then=then), billow.Plan("premium", price="stripe:premium")
    )

    @app.function()
    def annotate(text: str = "variants\n") -> billow.Outputs:
        return billow.Outputs({".annot.vcf": text * 50, ".count.log": f"{len(text)}\n"})

    if restores:

        @app.on(billow.Event.PLAN_CHANGED, to="premium")
        def thaw(account: billow.Account) -> None:
            account.restore_all()

    return app


class Stopped(Exception):
    """The work was stopped between two steps."""


class World:
    """What happens to the results of one customer."""

    def __init__(self, home: Home, app: billow.App | None = None) -> None:
        self.app = app or make_app()
        self.home = home
        self.clock = home.clock
        self.jobs: list[Job] = []
        self.plan = "free"
        self.since = 0.0
        self._events = itertools.count(1)
        self._texts = itertools.count(1)
        account = Account(
            OWNER, f"{OWNER}@x.example", f"{OWNER}@x.example", "", None, "", "user", 1.0, 0.0
        )
        home.accounts.change(lambda books: books.accounts.put(account))

    def complete(self, owner: str = OWNER) -> Job:
        """Have a job with two files completed."""
        text = f"result {next(self._texts)}\n"
        accepted = Client(self.home, self.app).submit(
            "annotate", {"text": text}, owner=owner, name="sample.vcf"
        )
        self.run()
        job = self.home.ledger.get(accepted.id)
        assert job is not None
        assert job.status is billow.Status.COMPLETED, job.failure
        self.jobs.append(job)
        return job

    def set_plan(self, plan: str) -> None:
        """Put the customer on a plan, as a payment does."""
        old, self.plan, now = self.plan, plan, self.clock.now()
        event = f"event{next(self._events)}"

        def work(books: Books) -> None:
            account = books.accounts.get(OWNER)
            assert account is not None
            books.plan_events.add(PlanEvent(event, OWNER, plan, now, now))
            books.accounts.put(account._replace(plan=plan))
            for job in plan_jobs(OWNER, old, plan, event):
                books.submit(job)

        self.home.accounts.change(work)
        self.since = now

    def run(self) -> list[Job]:
        """Run everything that is due."""
        return run_jobs(self.home, self.app)

    def pass_time(self, seconds: float, step: float = MINUTE) -> None:
        """Let time pass, and everything be run that becomes due."""
        end = self.clock.now() + seconds
        self.run()
        while self.clock.now() < end:
            self.clock.sleep(min(step, end - self.clock.now()))
            self.run()

    def files(self, jobs: list[Job] | None = None) -> list[ResultFile]:
        """All files that were ever made."""
        jobs = self.jobs if jobs is None else jobs
        return [file for job in jobs for file in job.files.values()]

    def hot(self, file: ResultFile) -> bool:
        """Whether a file can be fetched; if so it is the right one."""
        info = self.home.objects.head(file.store, file.key)
        if info is None:
            return False
        assert info.sha256 == file.sha256
        assert sum(map(len, self.home.objects.read(file.store, file.key))) == file.size
        return True

    def cold(self, file: ResultFile) -> bool:
        """Whether there is a whole copy in the cold tier."""
        if self.home.cold.head(file.store, file.key) is None:
            return False
        try:
            return self.home.cold.verify(file.store, file.key).sha256 == file.sha256
        except Damaged:
            return False

    def tiers(self, file: ResultFile) -> str:
        """Where a file is: hot, cold, both, neither."""
        names = {
            (True, False): "hot",
            (False, True): "cold",
            (True, True): "both",
            (False, False): "neither",
        }
        return names[self.hot(file), self.cold(file)]

    def all_tiers(self) -> set[str]:
        """Where the files are."""
        return {self.tiers(file) for file in self.files()}

    def redrive(self) -> None:
        """Send all dead letters round again."""
        dead = [job.id for job in self.home.ledger.find(dead=True, limit=1000).jobs]
        self.home.ledger.redrive(dead)


def at_each_point(monkeypatch: pytest.MonkeyPatch, act: Callable[[str], None]) -> None:
    """Have `act` called between the steps of archiving and restoring."""
    for module in (archive_flow, restore_flow):
        monkeypatch.setattr(module, "passed", act)


def stop_at(monkeypatch: pytest.MonkeyPatch, wanted: str) -> list[str]:
    """Stop the work each time it comes to a point; the points it came by."""
    seen: list[str] = []

    def act(point: str) -> None:
        seen.append(point)
        if point == wanted:
            raise Stopped(point)

    at_each_point(monkeypatch, act)
    return seen
