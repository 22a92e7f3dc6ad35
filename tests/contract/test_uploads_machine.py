"""Random walks over uploads in parts, on every driver, beside a model of what must be there."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as walk

from billow.clock import VirtualClock
from billow.errors import BadInput, Conflict, Error, NotFound
from billow.ports.ledger import Submission
from billow.ports.objects import Copy, ObjectInfo
from billow.ports.uploads import LIFETIME, MIN_PART, Named
from tests.contract.homes import DRIVERS, open_driver

FULL = [letter * MIN_PART for letter in (b"a", b"b")]
REST = [b"x", b"y"]
#: Bytes that a part may be sent, by its number; the last list is of bytes that never fit.
BODIES = {1: FULL, 2: REST}
WRONG = [b"", b"zz"]
IDS = st.sampled_from([0, 1])
NUMBERS = st.sampled_from([1, 2])


def one_job(arrived: ObjectInfo) -> list[Copy | Submission]:
    return [Submission("f", owner=arrived.owner, key=arrived.key, digest=arrived.sha256)]


class Model:
    """An upload as it must be."""

    def __init__(self, id: str, key: str, at: float) -> None:
        self.id = id
        self.key = key
        self.at = at
        self.parts: dict[int, bytes] = {}
        self.state = "open"
        self.whole = b""


class Walk(RuleBasedStateMachine):
    driver = ""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = VirtualClock()
        self.home = open_driver(self.driver, Path(self.folder.name), self.clock, one_job)
        self.models: list[Model] = []
        self.keys = 0

    def teardown(self) -> None:
        self.folder.cleanup()

    @precondition(lambda self: len(self.models) < 2)
    @rule()
    def begin(self) -> None:
        self.keys += 1
        key = f"k{self.keys}"
        made = self.home.uploads.create("in", key, size=MIN_PART + 1, part_size=MIN_PART)
        self.models.append(Model(made.id, key, self.clock.now()))

    @precondition(lambda self: self.models)
    @rule(index=IDS, number=NUMBERS, choice=IDS)
    def send(self, index: int, number: int, choice: int) -> None:
        model, data = self.pick(index), BODIES[number][choice]
        if model.state == "open":
            part = self.home.uploads.put_part(model.id, number, [data])
            assert part.sha256 == hashlib.sha256(data).hexdigest()
            model.parts[number] = data
        else:
            self.refused(model, lambda: self.home.uploads.put_part(model.id, number, [data]))

    @precondition(lambda self: self.models)
    @rule(index=IDS, choice=IDS)
    def send_what_does_not_fit(self, index: int, choice: int) -> None:
        with pytest.raises(Error):
            self.home.uploads.put_part(self.pick(index).id, 2, [WRONG[choice]])

    @precondition(lambda self: self.models)
    @rule(index=IDS, first=IDS, last=IDS)
    def complete(self, index: int, first: int, last: int) -> None:
        model, bodies = self.pick(index), [FULL[first], REST[last]]
        named = [Named(n + 1, hashlib.sha256(body).hexdigest()) for n, body in enumerate(bodies)]
        if model.state == "open" and model.parts == dict(enumerate(bodies, 1)):
            assert len(self.home.uploads.complete(model.id, named).jobs) == 1
            model.state, model.parts, model.whole = "completed", {}, b"".join(bodies)
        elif model.state == "completed":
            assert self.home.uploads.complete(model.id, named).jobs == []
        else:
            self.refused(model, lambda: self.home.uploads.complete(model.id, named))

    @precondition(lambda self: any(model.state == "open" for model in self.models))
    @rule(first=IDS, last=IDS)
    def finish(self, first: int, last: int) -> None:
        """Send whatever is missing and complete it."""
        model = next(model for model in self.models if model.state == "open")
        bodies = {1: FULL[first], 2: REST[last]} | model.parts
        for number in bodies.keys() - model.parts.keys():
            self.home.uploads.put_part(model.id, number, [bodies[number]])
        named = [Named(n, hashlib.sha256(bodies[n]).hexdigest()) for n in (1, 2)]
        assert len(self.home.uploads.complete(model.id, named).jobs) == 1
        model.state, model.parts, model.whole = "completed", {}, bodies[1] + bodies[2]

    @precondition(lambda self: self.models)
    @rule(index=IDS)
    def abort(self, index: int) -> None:
        model = self.pick(index)
        assert self.home.uploads.abort(model.id) == (model.state == "open")
        if model.state == "open":
            model.state, model.parts = "gone", {}

    @rule(days=st.sampled_from([0.3, 0.6]))
    def sweep(self, days: float) -> None:
        self.clock.advance(days * LIFETIME)
        old = [m for m in self.models if m.at < self.clock.now() - LIFETIME]
        assert self.home.uploads.sweep() == sum(model.state != "gone" for model in old)
        self.models = [model for model in self.models if model not in old]

    def pick(self, index: int) -> Model:
        return self.models[index % len(self.models)]

    def refused(self, model: Model, work: object) -> None:
        wanted = NotFound if model.state == "gone" else (Conflict, BadInput)
        assert callable(work)
        with pytest.raises(wanted):
            work()

    @invariant()
    def what_is_there_is_what_was_acknowledged(self) -> None:
        uploads = self.home.uploads
        for model in self.models:
            parts = {part.number: part.sha256 for part in uploads.parts(model.id)}
            assert parts == {n: hashlib.sha256(b).hexdigest() for n, b in model.parts.items()}
            found = self.home.objects.head("in", model.key)
            assert (found is not None) == (model.state == "completed")
            if found is not None:
                assert found.sha256 == hashlib.sha256(model.whole).hexdigest()
        assert {u.id for u in uploads.unfinished("local")} == {
            model.id for model in self.models if model.state == "open"
        }

    @invariant()
    def no_file_is_left_behind(self) -> None:
        folder = Path(self.folder.name) / "parts"
        files = [path for path in folder.rglob("*") if path.is_file()]
        expected = sum(len(model.parts) for model in self.models)
        assert len(files) == (expected if self.driver == "embedded" else 0)


@pytest.mark.parametrize("driver", DRIVERS)
def test_random_walks_over_uploads(driver: str) -> None:
    machine = type("Walk", (Walk,), {"driver": driver})
    walk(machine, settings=settings(max_examples=15, stateful_step_count=15, deadline=None))
