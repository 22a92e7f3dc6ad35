"""What authors test their apps with."""

from __future__ import annotations

import io

import pytest

import billow
from billow.flow.client import Client
from billow.job import Failure
from billow.testing import VirtualClock, memory_home, run_jobs


def make_app() -> billow.App:
    app = billow.App("demo")

    @app.function(retry=billow.Retry(attempts=2, backoff="10 s"))
    def double(n: int) -> int:
        if n < 0:
            raise ValueError("negative")
        if n == 13:
            raise billow.Rejected("13 brings bad luck")
        return 2 * n

    @double.on(billow.Event.COMPLETED)
    def tell(job: billow.Job) -> None:
        job.publish("doubled", job.result)

    @double.on(billow.Event.FAILED)
    def warn(job: billow.Job) -> None:
        assert job.failure is not None
        job.put("warnings", job.id, {"kind": job.failure.kind})

    @app.function(accepts=billow.File(".txt"))
    def measure(text: billow.Upload, job: billow.Job) -> int:
        job.report(0.5)
        return len(text.read_text())

    return app


def test_jobs_run_and_their_handlers_too() -> None:
    app = make_app()
    home = memory_home(app)
    [accepted] = Client(home, app).submit_many("double", [{"n": 21}])
    [job] = run_jobs(home, app)
    assert (job.id, job.status, job.result) == (accepted.id, billow.Status.COMPLETED, 42)
    assert job.finished == home.clock.now()
    assert [m.body for m in home.queues.receive("doubled", 10)] == ["42"]
    assert run_jobs(home, app) == []


def test_an_upload_becomes_a_job_with_its_file() -> None:
    app = make_app()
    home = memory_home(app)
    Client(home, app).send_file("measure", io.BytesIO(b"12345"), name="a.txt")
    [job] = run_jobs(home, app)
    assert (job.name, job.result) == ("a.txt", 5)


def test_a_job_whose_file_is_gone_fails() -> None:
    app = make_app()
    home = memory_home(app)
    client = Client(home, app)
    client.send_file("measure", io.BytesIO(b"12345"), name="a.txt")
    for store in home.objects.stores():
        for info in home.objects.list(store):
            home.objects.delete(store, info.key)
    [job] = run_jobs(home, app)
    assert job.status is billow.Status.FAILED
    assert job.failure is not None
    assert "gone" in job.failure.message


def test_a_failed_job_waits_for_the_clock_and_is_tried_again() -> None:
    app = make_app()
    clock = VirtualClock()
    home = memory_home(app, clock)
    Client(home, app).submit("double", {"n": -1})
    [job] = run_jobs(home, app)
    assert (job.status, job.failures, job.due) == (billow.Status.PENDING, 1, clock.now() + 10)
    assert run_jobs(home, app) == []
    clock.advance(10)
    [job] = run_jobs(home, app)
    assert (job.status, job.failures) == (billow.Status.FAILED, 2)
    assert [item.value for item in home.tables.query("warnings")] == [{"kind": "raised"}]
    assert [dead.id for dead in home.ledger.find(dead=True).jobs] == [job.id]


def test_a_rejected_job_is_not_tried_again() -> None:
    app = make_app()
    home = memory_home(app)
    Client(home, app).submit("double", {"n": 13})
    [job] = run_jobs(home, app)
    assert job.status is billow.Status.FAILED
    assert job.failure == Failure("rejected", "13 brings bad luck")
    assert home.ledger.find(dead=True).jobs == []


def test_a_handler_that_raised_is_tried_again_later(
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = billow.App("demo")
    calls: list[str] = []

    @app.function()
    def hello() -> str:
        return "hello"

    @hello.on(billow.Event.COMPLETED)
    def tell(job: billow.Job) -> None:
        calls.append(job.id)
        if len(calls) < 2:
            raise ConnectionError("the mail server is away")
        job.publish("told", job.result)

    clock = VirtualClock()
    home = memory_home(app, clock)
    accepted = Client(home, app).submit("hello")
    [job] = run_jobs(home, app)
    assert job.result == "hello"
    assert "mail server" in capsys.readouterr().err
    clock.advance(60)
    run_jobs(home, app)
    assert calls == [accepted.id] * 2
    assert [m.body for m in home.queues.receive("told", 10)] == ['"hello"']
    clock.advance(60)
    assert run_jobs(home, app) == []
