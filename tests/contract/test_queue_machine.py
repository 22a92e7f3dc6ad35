"""Random walks: queues against a simple model."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from billow.ports.queues import Message, QueueOptions
from tests.contract.machine import Machine, walk


@dataclass
class ModelMessage:
    """What the queues should know of a message."""

    queue: str
    due: float
    receives: int = 0
    receipt: str = ""


class QueueMachine(Machine):
    """A message is visible, hidden or gone, and only its latest receipt moves it."""

    def __init__(self) -> None:
        super().__init__()
        self.options = QueueOptions(visibility=8, max_receives=2, dead_letter="dead")
        self.home.queues.create("q", self.options)
        self.numbers = itertools.count()
        self.messages: dict[str, ModelMessage] = {}
        self.void: list[str] = []

    @rule(count=st.integers(1, 4), delay=st.sampled_from([None, 0, 3]))
    def send(self, count: int, delay: int | None) -> None:
        bodies = [str(next(self.numbers)) for _ in range(count)]
        self.home.queues.send("q", bodies, delay)
        due = self.clock.now() + (delay or 0)
        self.messages.update((body, ModelMessage("q", due)) for body in bodies)

    @rule(
        queue=st.sampled_from(["q", "q", "dead"]),
        limit=st.integers(1, 3),
        visibility=st.sampled_from([None, 0, 20]),
    )
    def receive(self, queue: str, limit: int, visibility: int | None) -> None:
        now = self.clock.now()
        ready = self.ready(queue)
        spent = {body for body in ready if queue == "q" and self.messages[body].receives >= 2}
        received = self.home.queues.receive(queue, limit, visibility)
        # Buried messages may be more than this receive had to look at; the queue itself tells.
        buried = {m.body for m in self.home.queues.peek("dead", 1000)}
        for body in spent & buried:
            self.bury(body)
        assert len(received) == min(limit, len(ready) - len(spent))
        hidden = visibility if visibility is not None else 30 if queue == "dead" else 8
        dues = sorted(self.messages[body].due for body in ready if body not in spent)
        assert sorted(self.messages[m.body].due for m in received) == dues[: len(received)]
        for message in received:
            self.follow(message, queue, now + hidden)

    def ready(self, queue: str) -> set[str]:
        now = self.clock.now()
        return {b for b, m in self.messages.items() if m.queue == queue and m.due <= now}

    def bury(self, body: str) -> None:
        model = self.messages[body]
        self.void.append(model.receipt)
        self.messages[body] = ModelMessage("dead", self.clock.now())

    def follow(self, message: Message, queue: str, due: float) -> None:
        model = self.messages[message.body]
        assert model.queue == queue
        assert message.receipt not in self.void
        assert message.receipt != model.receipt
        if queue == "q":
            model.receives += 1
            assert message.receives == model.receives
        self.void += [model.receipt] if model.receipt else []
        model.receipt, model.due = message.receipt, due

    @rule(data=st.data())
    @precondition(lambda self: any(m.receipt for m in self.messages.values()))
    def delete(self, data: st.DataObject) -> None:
        held = [body for body, m in self.messages.items() if m.receipt]
        body = data.draw(st.sampled_from(held))
        model = self.messages.pop(body)
        assert self.home.queues.delete(model.queue, [model.receipt]) == [True]
        self.void.append(model.receipt)

    @rule(data=st.data(), visibility=st.sampled_from([0, 5, 40]))
    @precondition(lambda self: any(m.receipt for m in self.messages.values()))
    def extend(self, data: st.DataObject, visibility: int) -> None:
        model = data.draw(st.sampled_from([m for m in self.messages.values() if m.receipt]))
        assert self.home.queues.extend(model.queue, [model.receipt], visibility) == [True]
        model.due = self.clock.now() + visibility

    @rule(data=st.data(), queue=st.sampled_from(["q", "dead"]))
    @precondition(lambda self: self.void)
    def use_a_void_receipt(self, data: st.DataObject, queue: str) -> None:
        receipt = data.draw(st.sampled_from(self.void))
        assert self.home.queues.extend(queue, [receipt], 100) == [False]
        assert self.home.queues.delete(queue, [receipt]) == [False]

    @rule(limit=st.sampled_from([None, 1]))
    def redrive(self, limit: int | None) -> None:
        ready = self.ready("dead")
        before = {m.body for m in self.home.queues.peek("q", 1000)}
        moved = self.home.queues.redrive("dead", "q", limit)
        assert moved == (len(ready) if limit is None else min(limit, len(ready)))
        for body in {m.body for m in self.home.queues.peek("q", 1000)} - before:
            self.void += [self.messages[body].receipt] if self.messages[body].receipt else []
            self.messages[body] = ModelMessage("q", self.clock.now())

    @invariant()
    def every_message_is_where_the_model_has_it(self) -> None:
        now = self.clock.now()
        for queue in ("q", "dead"):
            mine = {body: m for body, m in self.messages.items() if m.queue == queue}
            assert {m.body for m in self.home.queues.peek(queue, 1000)} == set(mine)
            counts = self.home.queues.counts(queue)
            assert counts.visible == sum(m.due <= now for m in mine.values())
            assert counts.visible + counts.in_flight + counts.delayed == len(mine)


def test_queues_stay_with_the_model(driver: str) -> None:
    walk(QueueMachine, driver)
