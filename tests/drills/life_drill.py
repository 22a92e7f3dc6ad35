"""A service, its customers, and a nemesis that kills web servers, archivers, thawers, mailers."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from billow.accounts.admin import OPERATOR
from billow.accounts.opening import open_accounts
from billow.accounts.plans import fold
from billow.errors import Error
from billow.flow.whereabouts import FileState, whereabouts
from billow.home import Home, open_home
from billow.job import Job
from billow.loading import load_app
from billow.ports.accounts import PlanEvent
from tests.drills.life_check import Evidence, Kept, Seen, Sent
from tests.mail.server import MailServer

APP = Path(__file__).with_name("life_app.py")
#: With it results are kept for 3 s, and are back after 0.3 s.
SPEED = 600.0
KEEP = 1800.0 / SPEED
#: Files that each of them sends.
MOST_SENT = 12
PEOPLE = ("ana", "ben", "cho", "dan")
#: Whose workers are killed.
CREWS = ("billow.archive", "billow.thaw", "billow.mail", "annotate")
_PATIENCE = 5.0


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Life:
    """What happens to everybody's results while the service's processes are killed.

    Args:
        folder: where the service keeps its data.
        url: where it listens.
        seed: of the dice.
    """

    def __init__(self, folder: Path, url: str, seed: int) -> None:
        self.folder, self.url = folder, url
        self.home: Home = open_home(folder, speed=SPEED)
        self.app = load_app(APP)
        self.accounts = open_accounts(self.home, self.app)
        self.dice = random.Random(seed)
        self.owners: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.sent: list[Sent] = []
        self.seen: list[Seen] = []
        self.states: list[FileState] = []
        self.said: list[str] = []
        self.kills: Counter[str] = Counter()
        self.over = threading.Event()
        self._dead: set[int] = set()
        for name in PEOPLE:
            account = self.accounts.admin.create(OPERATOR, f"{name}@example.org", name=name)
            scopes = ("read", "submit")
            made = self.accounts.tokens.make(account, account.id, "drill", scopes, None)
            self.owners[name], self.tokens[name] = account.id, made.secret.reveal()

    def client(self, name: str) -> None:
        """Send files and look at one's own and others' jobs, until it is over."""
        dice = random.Random(f"{name} {self.dice.random()}")
        number = 0
        with httpx.Client(timeout=_PATIENCE) as http:
            while not self.over.wait(dice.uniform(0.1, 0.4)):
                number += 1
                if number <= MOST_SENT:
                    self._send(http, name, f"{name}-{number}")
                self._look(http, name, dice)

    def _send(self, http: httpx.Client, name: str, key: str) -> None:
        data = f"##fileformat=VCFv4.2 {key}\n".encode() * 40
        job = None
        for _ in range(20):  # the same key, until an answer comes
            answer = self._ask(
                http, name, "POST", "/api/v1/functions/annotate/jobs",
                headers={"Idempotency-Key": key}, files={"file": (f"{key}.vcf", data)},
            )  # fmt: skip
            if answer is not None and answer.status_code in (200, 202):
                job = str(answer.json()["id"])
                break
            self.over.wait(0.1)
        self.sent.append(Sent(self.owners[name], key, digest(data), digest(data * 2), job))

    def _look(self, http: httpx.Client, name: str, dice: random.Random) -> None:
        known = [sent for sent in list(self.sent) if sent.job is not None]
        if not known:
            return
        sent = dice.choice(known)
        page = f"/api/v1/jobs/{sent.job}"
        path = dice.choice([page, f"{page}/input", f"{page}/files/{sent.key}.annot.vcf"])
        answer = self._ask(http, name, "GET", path)
        if answer is not None:
            served = answer.status_code == 200 and path.endswith(".annot.vcf")
            self.seen.append(
                Seen(
                    self.owners[name],
                    sent.owner,
                    sent.job or "",
                    answer.status_code if answer.status_code < 500 else 404,
                    digest(answer.content) if served else "",
                )
            )

    def _ask(
        self, http: httpx.Client, name: str, method: str, path: str, **more: Any
    ) -> httpx.Response | None:
        headers = {"Authorization": f"Bearer {self.tokens[name]}", **more.pop("headers", {})}
        try:
            return http.request(method, self.url + path, headers=headers, **more)
        except httpx.HTTPError:
            return None

    def observe(self) -> None:
        """Look where files are, until it is over: in one tier or the other at any moment."""
        dice = random.Random(1)
        while not self.over.wait(0.02):
            jobs = self._jobs()
            for job in dice.sample(jobs, min(10, len(jobs))):
                self.states += [whereabouts(self.home, file).state for file in job.files.values()]

    def ready(
        self, fleets: Mapping[str, Mapping[str, Any]], crews: Collection[str] = CREWS
    ) -> list[tuple[str, int]]:
        """Workers that have started, and whose they are; first those that were killed least."""
        found = [
            (crew, worker["pid"])
            for crew in crews
            for worker in fleets.get(crew, {}).get("workers", [])
            if worker["state"] in ("idle", "busy") and worker["pid"] not in self._dead
        ]
        return sorted(found, key=lambda each: self.kills[each[0]])

    def kill(self, crew: str, *found: int) -> None:
        """Kill processes, each with what it has started."""
        for pid in found:
            self._dead.add(pid)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
                self.kills[crew] += 1

    def put_on(self, name: str, plan: str) -> None:
        """Say that somebody is on a plan, twice, as a payment provider may."""
        id_, now = f"event-{len(self.said)}", self.home.clock.now()
        event = PlanEvent(id_, self.owners[name], plan, now, now)
        for _ in range(2):
            try:
                self.accounts.plans.apply(event)
            except Error:  # written to at this moment by somebody who was killed
                continue
        self.said.append(id_)

    def change_a_plan(self) -> None:
        """Upgrade whoever has most in the archive, or downgrade somebody."""
        cold = Counter(each.owner for each in self.home.cold.list("gas-results", limit=10_000))
        waiting = [name for name, owner in self.owners.items() if cold[owner]]
        if waiting:
            self.put_on(max(waiting, key=lambda name: cold[self.owners[name]]), "premium")
        else:
            self.put_on(self.dice.choice(list(self.owners)), "free")

    def settled(self) -> bool:
        """Whether nothing is left to do; people look after dead letters meanwhile."""
        ledger = self.home.ledger
        dead = [job.id for job in ledger.find(dead=True, limit=1000).jobs]
        ledger.redrive(dead)
        open_jobs = sum(n for (_, s), n in ledger.totals().items() if not s.final)
        plans = {owner: self.accounts.plans.plan_of(owner) for owner in self.owners.values()}
        wanted = {"free": FileState.COLD, "premium": FileState.HOT}
        rest = [
            job.id
            for job in self._jobs()
            for file in job.files.values()
            if whereabouts(self.home, file).state is not wanted[plans[job.owner]]
            or (
                wanted[plans[job.owner]] is FileState.HOT
                and self.home.cold.head(file.store, file.key)
            )
        ]
        return not open_jobs and not rest

    def _jobs(self, limit: int = 10_000) -> list[Job]:
        return self.home.ledger.find(function="annotate", limit=limit).jobs

    def evidence(self, server: MailServer) -> Evidence:
        """Everything that there is to be looked at."""
        books = self.home.accounts.look(lambda b: (b.accounts.find(), b.plan_events.find()))
        accounts, events = books
        plans = {account.id: account.plan or "free" for account in accounts}
        folded = {
            owner: fold(found) if (found := [e for e in events if e.account == owner]) else "free"
            for owner in plans
        }
        jobs = self._jobs()
        archived = self.home.journal.read(kinds=["files.archived"], limit=100_000)
        mails = self.home.ledger.find(function="billow.mail", limit=100_000).jobs
        subjects = [str(job.args["subject"]) for job in mails]
        letters = [
            (str(each["Subject"]).split()[-1], str(each["Message-ID"])) for each in server.letters
        ]
        return Evidence(
            self.sent, self.seen, [self._kept(job) for job in jobs], list(self._orphans(jobs)),
            self.states, [(each.subject, each.at) for each in archived], KEEP,
            [subject.split()[-1] for subject in subjects], letters,
            plans, folded, Counter(event.id for event in events), self.said,
        )  # fmt: skip

    def _kept(self, job: Job) -> Kept:
        store, _, key = (job.upload or "").partition("/")
        [file] = job.files.values() or [None]
        if file is None:
            return Kept(job.id, job.owner, job.status, job.finished or 0.0, "", "", FileState.GONE)
        where = whereabouts(self.home, file).state
        return Kept(
            job.id,
            job.owner,
            job.status,
            job.finished or 0.0,
            self._read(store, key),
            self._read(file.store, file.key),
            where,
        )

    def _read(self, store: str, key: str) -> str:
        """The SHA-256 of a file as it is; of an archived one what its copy is checked to hold."""
        if self.home.objects.head(store, key) is not None:
            return digest(b"".join(self.home.objects.read(store, key)))
        if self.home.cold.head(store, key) is not None:
            return self.home.cold.verify(store, key).sha256
        return ""

    def _orphans(self, jobs: list[Job]) -> Iterator[str]:
        inputs = {job.upload for job in jobs}
        results = {file.key for job in jobs for file in job.files.values()}
        for store in ("gas-annotate-uploads", "gas-results"):
            for info in self.home.objects.list(store, limit=100_000):
                if f"{store}/{info.key}" not in inputs and info.key not in results:
                    yield f"{store}/{info.key}"


def pids(folder: Path, *words: str) -> list[int]:
    """Processes of the service in `folder` that have these words in their command lines."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            line = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if str(folder) in line and all(word in line for word in words):
            found.append(int(entry.name))
    return found
