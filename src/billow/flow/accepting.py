"""What the acceptance of a job sets off, by the handlers of `Event.ACCEPTED`."""

from __future__ import annotations

import json
from collections.abc import Sequence

from billow.app import App
from billow.errors import DeclarationError
from billow.events import Event
from billow.flow.gather import Gatherer
from billow.function import Function
from billow.job import Job, Status
from billow.owner import Owner
from billow.ports.ledger import AcceptRule, Publish, Put, Submission


def accept_rule(app: App) -> AcceptRule | None:
    """The rule that the declarations of `app` amount to; None if nothing follows from them."""
    heard = {f.name: f for f in app.functions.values() if f.handlers.get(Event.ACCEPTED)}
    if not heard:
        return None

    def rule(id: str, asked: Submission, at: float) -> Sequence[Publish | Put]:
        function = heard.get(asked.function)
        return [] if function is None else _tell(function, id, asked, at)

    return rule


def _tell(function: Function, id: str, asked: Submission, at: float) -> list[Publish | Put]:
    sink = Gatherer(topics=function.topics, about=f"{id}:{Event.ACCEPTED}", at=at)
    job = Job(
        id=id,
        function=function.name,
        status=Status.PENDING,
        owner=Owner(asked.owner),
        name=asked.name,
        args=json.loads(asked.args),
        upload=asked.upload,
        created=at,
        _sink=sink,
    )
    try:
        for handler in function.handlers[Event.ACCEPTED]:
            handler(job)
    finally:
        sink.tidy()
    return [_checked(function, effect) for effect in sink.effects]


def _checked(function: Function, effect: object) -> Publish | Put:
    if isinstance(effect, (Publish, Put)):
        return effect
    raise DeclarationError(
        f"{function.name}: a handler of Event.ACCEPTED can publish and put; nobody is told by mail "
        "or webhook before the job is there"
    )
