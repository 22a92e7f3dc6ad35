"""Topics: what is published reaches every subscribed queue, together with the outcome."""

from __future__ import annotations

import json
from typing import Any

import pytest

import billow
from billow.clock import VirtualClock
from billow.errors import BadInput, DeclarationError
from billow.flow.client import Client
from billow.home import Home
from billow.testing import memory_home, run_jobs


@pytest.fixture
def app() -> billow.App:
    made = billow.App("gas")
    made.topic("ends").subscribe("first")
    made.topic("ends").subscribe("second")
    made.topic("ends").subscribe("bare", raw=True)
    made.topic("nobody")

    @made.function(retry=billow.Retry(attempts=1))
    def work(ok: bool = True) -> str:
        if not ok:
            raise ValueError("no")
        return "done"

    @work.on(billow.Event.COMPLETED)
    def tell(job: billow.Job) -> None:
        job.publish("ends", {"job": job.id})
        job.publish("ends", "again")
        job.publish("nobody", 1)
        job.publish("a-queue", 2)

    return made


def bodies(home: Home, queue: str) -> list[Any]:
    return [json.loads(message.body) for message in home.queues.peek(queue)]


def test_each_queue_gets_each_message_once(app: billow.App, clock: VirtualClock) -> None:
    home = memory_home(app, clock)
    job = Client(home, app).submit("work")
    run_jobs(home, app)
    first, second = bodies(home, "first"), bodies(home, "second")
    assert first == second
    assert [json.loads(each["Message"]) for each in first] == [{"job": job.id}, "again"]
    assert len({each["MessageId"] for each in first}) == 2
    assert first[0]["Type"] == "Notification"
    assert first[0]["TopicArn"].endswith(":ends")
    assert first[0]["Timestamp"].startswith("2023-11-14T")
    assert bodies(home, "bare") == [{"job": job.id}, "again"]
    assert bodies(home, "a-queue") == [2]
    assert home.queues.names() == ["a-queue", "bare", "first", "second"]


def test_nothing_is_published_without_the_outcome(app: billow.App) -> None:
    home = memory_home(app)
    Client(home, app).submit("work", {"ok": False})
    run_jobs(home, app)
    assert home.queues.names() == []


def test_a_functions_queue_has_the_job_and_no_copy(app: billow.App) -> None:
    work = app.get("work")
    app.topic("requests").subscribe(work)
    app.topic("requests").subscribe("log")

    @work.on(billow.Event.ACCEPTED)
    def told(job: billow.Job) -> None:
        job.publish("requests", {"job": job.id, "status": job.status})

    home = memory_home(app)
    job = Client(home, app).submit("work")
    [envelope] = bodies(home, "log")
    assert json.loads(envelope["Message"]) == {"job": job.id, "status": "pending"}
    assert home.queues.names() == ["log"]
    assert home.ledger.counts("work").visible == 1
    assert app.topics_of(work.queue) == ["requests"]
    assert app.subscribed == {"first", "second", "bare", "log"}


def test_nobody_is_mailed_before_the_job_is_there(app: billow.App) -> None:
    app.get("work").on(billow.Event.ACCEPTED)(lambda job: job.owner.email("Hello"))
    home = memory_home(app)
    with pytest.raises(DeclarationError, match="can publish and put"):
        Client(home, app).submit("work")
    assert home.ledger.find().jobs == []


def test_a_handler_can_refuse_the_job(app: billow.App) -> None:
    @app.get("work").on(billow.Event.ACCEPTED)
    def check(job: billow.Job) -> None:
        if not job.args.get("ok", True):
            raise BadInput("only what is ok")

    home = memory_home(app)
    with pytest.raises(BadInput, match="only what is ok"):
        Client(home, app).submit("work", {"ok": False})
    Client(home, app).submit("work")
    assert len(home.ledger.find().jobs) == 1


@pytest.mark.parametrize("queue", ["", "A", "a b", "x" * 64])
def test_a_queue_needs_a_name(queue: str) -> None:
    with pytest.raises(DeclarationError, match="no queue can be called"):
        billow.App("gas").topic("t").subscribe(queue)


def test_a_queue_is_subscribed_once() -> None:
    topic = billow.App("gas").topic("t")
    topic.subscribe("q")
    with pytest.raises(DeclarationError, match="subscribed to 't' already"):
        topic.subscribe("q", raw=True)
    with pytest.raises(DeclarationError, match="a name is"):
        billow.App("gas").topic("T")
