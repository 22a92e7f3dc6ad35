"""One try in this process: arguments, upload, job, effects, handlers, failures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import billow
from billow.drivers.memory.home import open_memory
from billow.flow.perform import perform, run_handler
from billow.flow.task import Task, task_of
from billow.flow.work import Performed
from billow.function import Function
from billow.job import Failure
from billow.ports.ledger import Lease, Publish, Put

TASK = Task("id1", "{}", "a.txt", None, None, "local", 0, 0, 5.0, 9, "w1")


def declare(call: Any, **options: Any) -> Function:
    return billow.App("demo").function(name="f", **options)(call)


def test_arguments_come_by_name() -> None:
    def power(base: int, exponent: int = 2) -> int:
        return int(base**exponent)

    performed = perform(declare(power), TASK._replace(args='{"base":3}'))
    assert performed.result == "9"
    assert performed.started <= performed.finished


def test_the_upload_is_bound(tmp_path: Path) -> None:
    place = tmp_path / "blob"
    place.write_bytes(b"abc")

    def show(file: billow.Upload) -> list[Any]:
        return [file.read_text(), file.name, file.size, file.sha256, file.store, file.key]

    task = TASK._replace(upload="store/k/e.txt", file=(str(place), "e.txt", 3, "ff"))
    assert perform(declare(show), task).result == '["abc","e.txt",3,"ff","store","k/e.txt"]'


def test_a_task_of_a_lease_finds_the_file() -> None:
    home = open_memory()
    stored = home.objects.put("texts", [b"abc"], name="x.txt")
    lease = Lease(1, 2, "id", "f", "{}", "n", f"texts/{stored.info.key}", "local", 0, 0, 1.0)
    task = task_of(lease, home.objects, "w1")
    assert isinstance(task, Task)
    assert task.file is not None
    assert Path(task.file[0]).read_bytes() == b"abc"
    assert task.file[1:] == ("x.txt", 3, stored.info.sha256)
    gone = task_of(lease._replace(upload="texts/no"), home.objects, "w1")
    assert gone == Failure("lost", "the uploaded file texts/no is gone")


def test_what_the_job_is_asked_for_is_gathered() -> None:
    def ask(job: billow.Job) -> str:
        job.publish("q", {"é": 1})
        job.put("t", "k", {"a": [1]})
        return job.id

    performed = perform(declare(ask), TASK)
    assert performed.result == '"id1"'
    assert performed.effects == (Publish("q", '{"é":1}'), Put("t", "k", '{"a":[1]}'))


def test_what_a_failed_try_asked_for_is_dropped() -> None:
    def ask(job: billow.Job) -> None:
        job.publish("q", 1)
        raise ValueError

    assert perform(declare(ask), TASK).effects == ()


@pytest.mark.parametrize(
    "ask",
    [
        lambda job: job.publish("q", {1}),
        lambda job: job.publish("q", "x" * (1 << 20)),
        lambda job: job.publish("a/b", 1),
        lambda job: job.put("t", "", {}),
        lambda job: job.put("t", "k", {"x": float("inf")}),
        lambda job: job.put("../t", "k", {}),
    ],
)
def test_impossible_wishes_are_refused_where_they_are_made(ask: Any) -> None:
    def function(job: billow.Job) -> str:
        with pytest.raises(billow.Error):
            ask(job)
        return "refused"

    performed = perform(declare(function), TASK)
    assert (performed.result, performed.effects) == ('"refused"', ())


def test_progress_is_a_share() -> None:
    told: list[float] = []

    def count(job: billow.Job) -> None:
        for done, total in [(1, 4), (0.5, None), (9, 4), (-1, 4), (float("nan"), 4)]:
            job.report(done, total)

    perform(declare(count), TASK, told.append)
    assert told == [0.25, 0.5, 1.0, 0.0]


def test_completed_handlers_see_the_result_as_it_is_stored() -> None:
    function = declare(lambda: (1, 2))
    seen: list[billow.Job] = []
    function.on(billow.Event.COMPLETED)(seen.append)
    function.on(billow.Event.COMPLETED)(lambda job: job.publish("q", job.result))
    performed = perform(function, TASK)
    assert performed.effects == (Publish("q", "[1,2]"),)
    assert seen[0].result == [1, 2]
    assert seen[0].status is billow.Status.COMPLETED
    assert seen[0].finished == performed.finished


def test_a_handler_that_raises_leaves_the_others_effects(
    capsys: pytest.CaptureFixture[str],
) -> None:
    function = declare(lambda: 1)

    @function.on(billow.Event.COMPLETED)
    def bad(job: billow.Job) -> None:
        job.publish("q", "lost")
        raise SystemExit("no")

    function.on(billow.Event.COMPLETED)(lambda job: job.publish("q", "kept"))
    performed = perform(function, TASK)
    assert performed.result == "1"
    assert performed.effects == (Publish("q", '"kept"'),)
    assert performed.undone == (0,)
    assert "SystemExit: no" in capsys.readouterr().err


def fail() -> None:
    raise ValueError("bad\nluck")


def test_failed_handlers_run_only_when_the_job_ends() -> None:
    function = declare(fail, retry=billow.Retry(attempts=2))

    @function.on(billow.Event.FAILED)
    def tell(job: billow.Job) -> None:
        assert job.failure is not None
        job.publish("q", [job.failure.message, job.failures, job.status])

    assert perform(function, TASK).effects == ()
    last = perform(function, TASK._replace(failures=1))
    assert last.effects == (Publish("q", '["ValueError: bad luck",2,"failed"]'),)


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (FileNotFoundError("no x\udc80.txt"), "raised", "FileNotFoundError: no x\\udc80.txt"),
        (billow.Rejected("no x\udc80.txt"), "rejected", "no x\\udc80.txt"),
        (billow.Rejected(404), "rejected", "404"),  # type: ignore[arg-type]
        (ValueError("x" * 1000), "raised", "ValueError: " + "x" * 487 + "…"),
        (SystemExit("x" * 1000), "exited", "it called sys.exit('" + "x" * 479 + "…"),
    ],
)
def test_any_message_can_be_stored(error: BaseException, kind: str, message: str) -> None:
    def fail() -> None:
        raise error

    failure = perform(declare(fail), TASK).failure
    assert failure is not None
    assert (failure.kind, failure.message) == (kind, message)
    assert failure.detail.encode() or kind == "rejected"


def test_a_traceback_begins_with_the_authors_code() -> None:
    failure = perform(declare(fail), TASK).failure
    assert failure is not None
    lines = failure.detail.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert f'"{__file__}", line' in lines[1]
    assert lines[-2:] == ["ValueError: bad", "luck"]


def test_a_handler_can_be_run_alone() -> None:
    function = declare(lambda: 1)
    function.on(billow.Event.FAILED)(lambda job: job.publish("q", job.name))
    job = billow.Job("id", "f", billow.Status.FAILED, name="n")
    assert run_handler(function, billow.Event.FAILED, 0, job) == (Publish("q", '"n"'),)


@pytest.mark.parametrize("value", [None, True, 0, -1.5, "é☃", [], {"a": [{}]}, "x" * 98])
def test_results_up_to_the_limit_are_kept(value: Any) -> None:
    function = declare(lambda: value, limits=billow.Limits(result=100))
    assert perform(function, TASK).failure is None


def test_the_limit_counts_bytes() -> None:
    function = declare(lambda: "é" * 50, limits=billow.Limits(result=100))
    performed: Performed = perform(function, TASK)
    assert performed.result is None
    assert performed.failure == Failure(
        "bad result", "the result has 102 bytes as JSON; the limit is 100 bytes"
    )
