"""What the acceptance and the cancelling of a job set off, by the handlers of these events."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from billow.app import App
from billow.errors import DeclarationError
from billow.events import Event
from billow.flow.gather import Gatherer
from billow.function import Function
from billow.job import Job, Status
from billow.owner import Owner
from billow.ports.ledger import Publish, Put, Submission
from billow.ports.steps import AcceptRule, CancelRule, StepRules


def step_rules(app: App) -> StepRules:
    """The rules that the declarations of `app` amount to."""
    return StepRules(
        _accept_rule(_heard(app, Event.ACCEPTED)), _cancel_rule(_heard(app, Event.CANCELLED))
    )


def _heard(app: App, event: Event) -> dict[str, Function]:
    return {each.name: each for each in app.functions.values() if each.handlers.get(event)}


def _accept_rule(heard: dict[str, Function]) -> AcceptRule | None:
    def rule(id: str, asked: Submission, at: float) -> Sequence[Publish | Put]:
        function = heard.get(asked.function)
        if function is None:
            return []
        job = Job(
            id=id,
            function=function.name,
            status=Status.PENDING,
            owner=Owner(asked.owner),
            name=asked.name,
            args=json.loads(asked.args),
            upload=asked.upload,
            created=at,
        )
        return _tell(function, Event.ACCEPTED, job, at)

    return rule if heard else None


def _cancel_rule(heard: dict[str, Function]) -> CancelRule | None:
    def rule(job: Job) -> Sequence[Publish | Put]:
        function = heard.get(job.function)
        at = job.finished or job.created
        return [] if function is None else _tell(function, Event.CANCELLED, job, at)

    return rule if heard else None


def _tell(function: Function, event: Event, job: Job, at: float) -> list[Publish | Put]:
    sink = Gatherer(topics=function.topics, about=f"{job.id}:{event}", at=at)
    told = replace(job, _sink=sink)
    try:
        for handler in function.handlers[event]:
            handler(told)
    finally:
        sink.tidy()
    return [_checked(function, event, effect) for effect in sink.effects]


def _checked(function: Function, event: Event, effect: object) -> Publish | Put:
    if isinstance(effect, (Publish, Put)):
        return effect
    raise DeclarationError(
        f"{function.name}: a handler of Event.{event.name} can publish and put; within this step "
        "nobody is told by mail or webhook"
    )
