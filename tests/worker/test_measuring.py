"""What a worker measures of batches of tries."""

from __future__ import annotations

from billow.flow.work import Measure
from billow.job import Failure
from billow.ops.recorder import Recorder
from billow.ports.ledger import Completed, Failed, Lease, Publish, Put
from billow.worker.held import Held
from billow.worker.measuring import Measuring


def held(created: float) -> Held:
    return Held(Lease(1, 1, "job1", "f", "{}", "", None, "local", 0, 0, created), 0.0)


def test_a_batch_of_tries_is_measured_as_each_of_them() -> None:
    recorder = Recorder()
    measuring = Measuring(recorder, "f")
    measuring.completed([])
    measuring.failed([])
    assert recorder.take() == []
    # The second one was accepted by a clock that was ahead.
    done = [
        (Completed(1, 1, "1", 10.0, 10.5), held(8.0)),
        (Completed(1, 1, "1", 11.0, 11.25), held(12.0)),
    ]
    measuring.completed(done)
    failure = Failure("raised", "no")
    again, ended = Failed(1, 1, failure, 5.0, 6.0, retry_in=1.0), Failed(1, 1, failure, 5.0, 7.0)
    measuring.failed([(again, held(4.0)), (ended, held(4.0))])
    measuring.asked([Measure("size", 3.0, "bytes"), Put("words", "a", "{}"), Publish("q", "1")])
    found = {each.name: each.summary for each in recorder.take()}
    assert {name: (each.count, each.total) for name, each in found.items()} == {
        "function.f.wait": (2, 2.0),
        "function.f.completed": (2, 2),
        "function.f.duration": (4, 3.75),
        "function.f.tries": (4, 4),
        "function.f.errors": (2, 2),
        "function.f.failed": (1, 1),
        "app.size": (1, 3.0),
        "table.words.writes": (1, 1),
    }
    assert (found["function.f.wait"].low, found["function.f.wait"].high) == (0.0, 2.0)
