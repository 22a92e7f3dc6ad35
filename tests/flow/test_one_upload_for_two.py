"""One upload that reaches two functions."""

from __future__ import annotations

import billow
from billow.flow.client import Client
from billow.testing import memory_home, run_jobs


def make_app() -> billow.App:
    app = billow.App("twice")
    first, second = app.store("first"), app.store("second")
    first.copy_to(second)

    @app.function(store=first)
    def size(file: billow.Upload) -> int:
        return file.size

    @app.function(store=second)
    def head(file: billow.Upload, count: int = 1) -> str:
        return file.read_text()[:count]

    return app


def test_the_job_that_was_asked_for_is_the_answer_and_has_the_arguments() -> None:
    app = make_app()
    home = memory_home(app)
    client = Client(home, app)
    asked = client.send_file("head", [b"hello"], name="a.txt", args={"count": 4})
    run_jobs(home, app)
    job = client.job(asked.id)
    assert (job.function, job.result) == ("head", "hell")
    assert {each.result for each in home.ledger.find().jobs} == {5, "hell"}


def test_an_idempotency_key_makes_one_job_of_each_function() -> None:
    app = make_app()
    home = memory_home(app)
    client = Client(home, app)
    first = client.send_file("head", [b"hello"], name="a.txt", key="k")
    again = client.send_file("head", [b"hello"], name="a.txt", key="k")
    assert (again.id, again.new) == (first.id, False)
    assert sorted(each.function for each in home.ledger.find().jobs) == ["head", "size"]
