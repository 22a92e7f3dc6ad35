"""Traces: spans continue from the request to the last job, and a collector understands them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)

import billow
from billow.errors import SettingError
from billow.flow.arrivals import arrival_rule
from billow.flow.work import Performed
from billow.home import open_home
from billow.job import Failure
from billow.ops import traces
from billow.ops.traced import traced
from billow.ops.traces import Span, Tracer
from billow.origin import NOWHERE, Origin, current, read_traceparent, using
from billow.ports.ledger import Completed, Failed, Lease, Released, Submission, Submit
from billow.testing import memory_home
from billow.web.server import make_app
from billow.worker import tracing
from billow.worker.desk import Desk
from billow.worker.held import Held
from tests.contract.homes import until
from tests.ops.collector import Collector, collecting
from tests.worker.harness import Trial

CLIENT = f"00-{'a' * 32}-{'b' * 16}-01"
UNSAMPLED = f"00-{'a' * 32}-{'b' * 16}-00"
MODULE = ExportTraceServiceRequest.__module__


def sent(collector: Collector, name: str | None = None) -> list[Any]:
    """The spans that a collector got, those of a name alone if one is given."""
    groups = [
        group
        for came in collector.came
        if came.path == "/v1/traces"
        for group in ExportTraceServiceRequest.FromString(came.body).resource_spans
    ]
    spans = [span for group in groups for span in group.scope_spans[0].spans]
    return [span for span in spans if name in (None, span.name)]


class _Kept(Tracer):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)
        self.spans: list[Span] = []

    def add(self, span: Span) -> None:
        self.spans.append(span)


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    made = Trial(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def noted() -> Iterator[list[Span]]:
    """The spans of this process, which is traced."""
    kept = _Kept()
    traces.use(kept)
    yield kept.spans
    traces.use(None)


def test_headers_are_read_strictly() -> None:
    assert read_traceparent(CLIENT) == CLIENT
    for wrong in ("", "00-", CLIENT[:-1], CLIENT + "-1", "01" + CLIENT[2:], CLIENT.upper(),
                  f"00-{'0' * 32}-{'b' * 16}-01", f"00-{'a' * 32}-{'0' * 16}-01"):  # fmt: skip
        assert read_traceparent(wrong) == ""


def test_nothing_is_noted_while_it_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    home = memory_home(billow.App("x"))
    assert traced(home) is home
    with traces.tracing("web"), using(Origin("r", CLIENT)), traces.span("step"):
        assert current() == Origin("r", CLIENT)
        assert not traces.on()
    lease = Lease(1, 1, "j", "f", "{}", "", None, "o", 0, 0, 0.0, f"r {CLIENT}")
    assert tracing.origin_of(lease) == lease.origin
    tracing.ended([(Completed(1, 1, "1", 1.0, 2.0), Held(lease, 0.0))], "f", (2.0, 3.0))
    monkeypatch.setenv("BILLOW_OTLP_URL", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, MODULE, None)
    with pytest.raises(SettingError, match=r"billow\[otel\]"), traces.tracing("web"):
        pass


def test_spans_are_nested_and_tell_what_went_wrong(noted: list[Span]) -> None:
    with traces.span("outside of any trace"):
        pass

    def fail() -> None:
        with using(Origin("r", CLIENT)), traces.span("outer", store="s"):
            with traces.span("inner", traces.PRODUCER):
                pass
            raise KeyError("gone")

    with pytest.raises(KeyError):
        fail()
    inner, outer = noted
    assert (inner.trace, inner.parent, inner.kind) == ("a" * 32, outer.span, traces.PRODUCER)
    assert (outer.trace, outer.parent, outer.attributes) == ("a" * 32, "b" * 16, {"store": "s"})
    assert (outer.error, inner.error) == ("KeyError: 'gone'", "")
    with using(Origin("r", UNSAMPLED)), traces.span("not to be recorded"):
        assert current().traceparent.endswith("-00")
    assert len(noted) == 2


def test_a_collector_understands_spans() -> None:
    spans = [
        Span(
            "first", traces.SERVER, "a" * 32, "b" * 16, "", 1.5, 2.5, {"n": 5, "s": "x", "f": 0.5}
        ),
        Span("second", traces.CONSUMER, "a" * 32, "c" * 16, "b" * 16, 2.0, 1.0, {}, "broke"),
    ]
    asked = ExportTraceServiceRequest.FromString(traces.encode({"service.name": "billow"}, spans))
    [group] = asked.resource_spans
    assert group.resource.attributes[0].value.string_value == "billow"
    first, second = group.scope_spans[0].spans
    assert (first.trace_id.hex(), first.span_id.hex(), first.parent_span_id) == (
        "a" * 32, "b" * 16, b"",
    )  # fmt: skip
    assert (first.kind, first.start_time_unix_nano) == (2, 1_500_000_000)
    assert [attribute.key for attribute in first.attributes] == ["n", "s", "f"]
    assert second.parent_span_id == first.span_id
    assert (second.status.code, second.status.message) == (2, "broke")
    assert second.end_time_unix_nano == second.start_time_unix_nano


def test_what_does_not_fit_is_dropped_and_the_rest_is_sent() -> None:
    sent: list[Span] = []
    tracer = Tracer(sent.extend, room=3)
    for number in range(5):
        tracer.add(Span(str(number), 1, "a" * 32, "b" * 16, "", 1.0, 2.0, {}))
    tracer.start()
    tracer.stop()
    assert [span.name for span in sent] == ["0", "1", "2"]


def test_a_try_is_a_span_that_its_consequences_continue(noted: list[Span]) -> None:
    origin = Origin("r", CLIENT)
    lease = Lease(1, 2, "j", "f", "{}", "", None, "o", 1, 0, 0.5, str(origin))
    work = Origin.parse(tracing.origin_of(lease))
    assert work == traces.try_of(origin, "j", 2)
    assert work.trace == origin.trace
    assert work.span not in (origin.span, traces.try_of(origin, "j", 3).span)
    held, failure = Held(lease, 0.0), Failure("raised", "no")
    tracing.ended([(Completed(1, 2, "1", 1.0, 2.0), held)], "billow.mail", (2.0, 3.0))
    failed = Failed(1, 2, failure, 1.0, 2.0)
    tracing.ended([(failed, held), (Released(1, 2), held)], "f", (2.0, 3.0))
    assert [(span.name, span.parent) for span in noted] == [
        ("notify by mail", origin.span), ("record", work.span),
        ("work f", origin.span), ("record", work.span),
    ]  # fmt: skip
    assert noted[0].span == work.span
    assert noted[0].attributes == {
        "billow.job": "j", "billow.function": "billow.mail", "billow.request": "r",
        "billow.try": 2, "billow.wait": 0.5,
    }  # fmt: skip
    assert noted[2].error == "raised: no"
    assert traces.try_of(NOWHERE, "j", 1) == NOWHERE


def test_jobs_that_a_job_asks_for_go_back_to_its_try(noted: list[Span]) -> None:
    home = memory_home(billow.App("x"))
    desk = Desk(home, "f", "w", 10.0)
    with using(Origin("r", CLIENT)):
        home.ledger.submit([Submission("f")])
    [lease] = desk.exchange(1)
    mail = Submit(Submission("billow.mail"))
    desk.settle(Held(lease, 0.0), Performed(1.0, 2.0, "1", effects=(mail,)))
    desk.exchange(0)
    [work, _] = noted
    [asked] = home.ledger.exchange("billow.mail", "w", (), 1, 10.0).leases
    assert Origin.parse(asked.origin) == Origin("r", f"00-{'a' * 32}-{work.span}-01")


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_request_is_a_span_that_its_steps_are_part_of(
    noted: list[Span], tmp_path: Path, anyio_backend: str
) -> None:
    app = billow.App("demo")

    @app.function(accepts=billow.File(".txt"))
    def size(text: billow.Upload) -> int:
        return text.size

    home = traced(open_home(tmp_path, arrivals=arrival_rule(app)))
    web = make_app(home, app)
    transport = httpx.ASGITransport(web)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as client:
        answer = await client.post(
            "/api/v1/functions/size/jobs",
            files={"file": ("a.txt", b"text")},
            headers={"traceparent": CLIENT},
        )
        await client.get("/healthz")
    web.state.context.close()
    store, request, health = noted
    assert store.name.startswith("store ")
    assert (request.name, request.parent) == (
        "POST /api/v1/functions/{name}/jobs", "b" * 16,
    )  # fmt: skip
    assert store.parent == request.span
    assert request.attributes["http.response.status_code"] == answer.status_code
    assert request.attributes["billow.request"] == answer.headers["x-request-id"]
    assert (health.parent, health.trace == request.trace) == ("", False)
    [lease] = home.ledger.exchange("size", "w", (), 1, 10.0).leases
    assert Origin.parse(lease.origin).span == store.span


APP = """
import billow
app = billow.App("talker")

@app.function()
def first(n: int) -> int:
    print("in the trace")
    return n
"""


def test_a_worker_continues_the_trace(
    tmp_path: Path, trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "talker.py"
    file.write_text(APP)
    with collecting() as collector:
        monkeypatch.setenv("BILLOW_OTLP_URL", collector.address)
        with using(Origin("r1", CLIENT)):
            accepted = trial.submit("first", {"n": 1})
        worker = trial.worker("first", app=str(file))
        trial.ended(accepted)
        until(lambda: bool(sent(collector, "record")), "the spans to come")
        worker.terminate()
        worker.wait()
    [work] = sent(collector, "work first")
    [record] = sent(collector, "record")
    assert work.trace_id.hex() == record.trace_id.hex() == "a" * 32
    assert work.parent_span_id.hex() == "b" * 16
    assert record.parent_span_id == work.span_id
    assert work.start_time_unix_nano <= work.end_time_unix_nano <= record.end_time_unix_nano
    assert {one.key: one.value.string_value for one in work.attributes}["billow.request"] == "r1"
