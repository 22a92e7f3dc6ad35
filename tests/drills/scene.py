"""A drill in one process and in virtual time: every fault that matters, each at a chosen moment.

The right home passes; each mutant, a home with one planted fault, must be caught.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from billow.app import App
from billow.clock import VirtualClock
from billow.drill.app import COUNT, READ, make_app
from billow.drill.checker import Bounds, Run, Verdict, check
from billow.drill.final import read_final
from billow.drill.history import Asked, Call, End, History, Sighting, digest
from billow.drill.texts import make_text, measure
from billow.errors import BadInput
from billow.flow.client import Client
from billow.flow.perform import perform
from billow.flow.task import task_of
from billow.flow.work import Stand, settle
from billow.home import Home
from billow.job import Failure
from billow.ports.ledger import Lease, Outcome
from billow.testing import memory_home

LEASE = 10.0

#: Makes a faulty home of a right one.
Mutation = Callable[[Home], Home]


class Scene:
    """Clients, workers and faults around one home."""

    def __init__(self, folder: Path, mutate: Mutation | None = None) -> None:
        self.clock = VirtualClock()
        self.runs = folder / "runs.log"
        self.runs.touch()
        self.app: App = make_app(self.runs, lease=LEASE, work=0.0)
        right = memory_home(self.app, self.clock)
        self.home = mutate(right) if mutate else right
        self.client = Client(self.home, self.app)
        self.history = History()
        self.lost_runs = 0

    # Clients

    def ask(self, key: str, seed: int, *, file: bool = False, answered: bool = True) -> str:
        """Ask for a job; the answer may get lost on its way. Returns the job's id."""
        data = make_text(seed).encode()
        expected = digest(measure(data))
        sha256 = measure(data)["sha256"] if file else None
        asked = Asked(key, READ if file else COUNT, seed, expected, sha256)
        call = Call("c", asked, self.clock.advance(0.01))
        self.history.calls.append(call)
        if file:
            made = self.client.send_file(READ, iter([data]), name=f"{key}.txt", key=key)
        else:
            made = self.client.submit(COUNT, {"seed": seed}, key=key, name=key)
        if answered:
            call.end, call.job, call.ended = End.OK, made.id, self.clock.advance(0.01)
        return made.id

    def ask_badly(self, key: str) -> None:
        """Ask for something that must be refused."""
        call = Call("c", Asked(key, COUNT, 0, ""), self.clock.advance(0.01))
        self.history.calls.append(call)
        try:
            self.client.submit(COUNT, {"seed": "many"}, key=key, name=key)
        except BadInput:
            call.end = End.FAIL

    def look(self, id_: str) -> None:
        """Look at a job and write down how it was."""
        asked = self.clock.advance(0.01)
        job = self.home.ledger.get(id_)
        if job is not None:
            result = None if job.result is None else digest(job.result)
            at = self.clock.advance(0.01)
            seen = Sighting(asked, at, id_, job.status.value, job.finished, result)
            self.history.sightings.append(seen)

    # Workers

    def take(self, function: str, worker: str, want: int = 1) -> list[Lease]:
        return self.home.ledger.exchange(function, worker, [], want, LEASE).leases

    def work_on(self, lease: Lease) -> Outcome:
        """Run the function; the outcome is not recorded yet."""
        function = self.app.functions[lease.function]
        task = task_of(lease, self.home.objects, "w")
        assert not isinstance(task, Failure), task
        performed = perform(function, task, now=self.clock.now)
        stand = Stand(lease.seq, lease.token, lease.failures)
        return settle(stand, performed, function.retry, jitter=0.5)

    def record(self, lease: Lease, outcome: Outcome, worker: str) -> None:
        self.home.ledger.exchange(lease.function, worker, [outcome], 0, LEASE)

    def drain(self) -> None:
        """Do all there is, by a worker that nothing happens to."""
        for _ in range(3):
            self.clock.advance(LEASE + 1)
            for function in (COUNT, READ):
                while leases := self.take(function, "last"):
                    for lease in leases:
                        self.clock.advance(0.01)
                        self.record(lease, self.work_on(lease), "last")

    # The end

    def judge(self) -> Verdict:
        keys = {call.asked.key for call in self.history.calls}
        lines = [line.split() for line in self.runs.read_text().splitlines()]
        runs = [Run(key, int(pid), float(at)) for key, pid, at in lines]
        return check(self.history, read_final(self.home, keys), runs, Bounds(self.lost_runs))


def play(scene: Scene) -> Verdict:
    """The whole drill: quiet work, lost answers, a dead worker, a stalled one, a power cut."""
    ids = [scene.ask(f"quiet-{n}", n) for n in range(3)]
    ids += [scene.ask(f"file-{n}", 10 + n, file=True) for n in range(3)]
    scene.ask_badly("bad")
    _lose_answers(scene)
    _kill_a_worker(scene)
    _stall_a_worker(scene)
    for id_ in ids:
        scene.look(id_)
    scene.ask("last", 99)
    cut = getattr(scene.home.ledger, "power_cut", None)
    if cut is not None:
        cut()
    scene.drain()
    for id_ in ids:
        scene.look(id_)
    return scene.judge()


def _lose_answers(scene: Scene) -> None:
    """The answer gets lost; one client asks again with the same key, one gives up."""
    for name, file in (("again", False), ("file-again", True)):
        scene.ask(name, 20, file=file, answered=False)
        scene.ask(name, 20, file=file)
        scene.ask(name, 20, file=file)
    scene.ask("given-up", 21, answered=False)


def _kill_a_worker(scene: Scene) -> None:
    """A worker dies after it ran a job and before it recorded what came of it."""
    for lease in scene.take(COUNT, "killed") + scene.take(READ, "killed"):
        scene.work_on(lease)
        scene.lost_runs += 1
    scene.clock.advance(LEASE + 1)


def _stall_a_worker(scene: Scene) -> None:
    """A worker stands still past its lease; another does the job; then the first one goes on."""
    for function in (COUNT, READ):
        [lease] = scene.take(function, "stalled")
        outcome = scene.work_on(lease)
        scene.clock.advance(LEASE + 1)
        for other in scene.take(function, "other", want=100):
            scene.clock.advance(0.5)
            scene.record(other, scene.work_on(other), "other")
        scene.look(lease.id)
        scene.lost_runs += 1
        scene.clock.advance(0.5)
        scene.record(lease, outcome, "stalled")
