"""Traces: spans along the way of a request, sent to a collector by OpenTelemetry's protocol.

Off unless the setting `otlp_url` names a collector; then nothing of this costs more than a look at
a variable. What a span belongs to is the `Origin` of the work at hand, which goes with jobs.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from billow.errors import SettingError
from billow.ops.otlp import Collector, read_headers
from billow.origin import Origin, current, using
from billow.settings import in_force

#: Kinds of spans, as OpenTelemetry numbers them.
INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5

#: Spans that wait at most; further ones are dropped. Spans sent together, and seconds between.
ROOM = 5000
BATCH = 1000
EVERY = 1.0

_NANO = 1_000_000_000
_ERROR = 2
_SAMPLED = "01"


class Span(NamedTuple):
    """A piece of work; times are UNIX seconds."""

    name: str
    kind: int
    trace: str
    span: str
    #: The id of the span it is part of; "" for the first of a trace.
    parent: str
    begin: float
    end: float
    attributes: Mapping[str, str | int | float]
    #: What went wrong; "" if nothing did.
    error: str = ""


class Tracer:
    """Gathers a process's spans and sends them, from a thread of its own.

    Args:
        send: takes a batch; what it cannot take is lost.
        room: spans that wait at most.
    """

    def __init__(self, send: Callable[[Sequence[Span]], object], room: int = ROOM) -> None:
        self._send = send
        self._room = room
        self._spans: deque[Span] = deque()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)

    def start(self) -> Tracer:
        """Begin to send."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Send what is left, and end; the collector is not waited for longer than a moment."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2)

    def add(self, span: Span) -> None:
        """Note a span that is over."""
        if len(self._spans) < self._room:
            self._spans.append(span)

    def flush(self) -> None:
        """Send what waits."""
        while count := min(BATCH, len(self._spans)):
            self._send([self._spans.popleft() for _ in range(count)])

    def _run(self) -> None:
        while not self._over.wait(EVERY):
            self.flush()
        self.flush()


_tracer: Tracer | None = None


def use(tracer: Tracer | None) -> None:
    """Let this process's spans go to `tracer`, or nowhere."""
    global _tracer  # noqa: PLW0603 - one a process, as with logging
    _tracer = tracer


def on() -> bool:
    """Whether this process notes spans."""
    return _tracer is not None


@contextlib.contextmanager
def tracing(process: str) -> Iterator[None]:
    """Note this process's spans during the block, if the settings say where they go.

    Raises:
        SettingError: the extra `otel` is not installed.
    """
    address = in_force("otlp_url").value
    if not address:
        yield
        return
    try:
        encode({}, ())
    except ModuleNotFoundError:
        raise SettingError(
            "otlp_url needs OpenTelemetry's protocol; install it by `pip install billow[otel]`"
        ) from None
    headers = read_headers(in_force("otlp_headers").value)
    collector = Collector(f"{address.rstrip('/')}/v1/traces", headers, process)
    tracer = Tracer(lambda spans: collector.send(encode(collector.resource, spans))).start()
    use(tracer)
    try:
        yield
    finally:
        use(None)
        tracer.stop()


def begin(origin: Origin) -> Origin:
    """What is done in a new span that is part of `origin`'s, or is the first of a new trace."""
    if not origin.traceparent:
        return origin._replace(traceparent=f"00-{_random(16)}-{_random(8)}-{_SAMPLED}")
    return _within(origin, _random(8))


def try_of(origin: Origin, job: str, token: int) -> Origin:
    """What is done in the span of a job's try; every process makes the same of it."""
    if not origin.traceparent:
        return origin
    return _within(origin, hashlib.sha256(f"{job}:{token}".encode()).hexdigest()[:16])


def note(
    name: str,
    kind: int,
    within: Origin,
    parent: Origin,
    times: tuple[float, float],
    attributes: Mapping[str, str | int | float],
    error: str = "",
) -> None:
    """Note that the span of `within` is over, unless its trace is not to be recorded."""
    if _tracer is not None and within.traceparent.endswith(_SAMPLED):
        _tracer.add(
            Span(name, kind, within.trace, within.span, parent.span, *times, attributes, error)
        )


@contextlib.contextmanager
def span(name: str, kind: int = INTERNAL, **attributes: str) -> Iterator[None]:
    """The block as a span, part of the work at hand; nothing where nobody traces."""
    parent = current()
    if _tracer is None or not parent.traceparent:
        yield
        return
    within, began, error = begin(parent), time.time(), ""
    try:
        with using(within):
            yield
    except BaseException as problem:
        error = f"{type(problem).__name__}: {problem}"
        raise
    finally:
        note(name, kind, within, parent, (began, time.time()), attributes, error)


def encode(resource: Mapping[str, str], spans: Sequence[Span]) -> bytes:
    """The request's body."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: PLC0415 - extra
        ExportTraceServiceRequest,
    )

    asked = ExportTraceServiceRequest()
    group = asked.resource_spans.add()
    for key, value in resource.items():
        group.resource.attributes.add(key=key).value.string_value = value
    scope = group.scope_spans.add()
    scope.scope.name = "billow"
    for each in spans:
        made = scope.spans.add(name=each.name, kind=each.kind)
        made.trace_id, made.span_id = bytes.fromhex(each.trace), bytes.fromhex(each.span)
        made.parent_span_id = bytes.fromhex(each.parent)
        made.start_time_unix_nano = int(each.begin * _NANO)
        made.end_time_unix_nano = int(max(each.begin, each.end) * _NANO)
        for key, told in each.attributes.items():
            attribute = made.attributes.add(key=key).value
            if isinstance(told, str):
                attribute.string_value = told
            elif isinstance(told, int):
                attribute.int_value = told
            else:
                attribute.double_value = told
        if each.error:
            made.status.code, made.status.message = _ERROR, each.error[:500]
    body: bytes = asked.SerializeToString()
    return body


def _within(origin: Origin, span: str) -> Origin:
    told = origin.traceparent
    return origin._replace(traceparent=f"{told[:36]}{span}{told[52:]}")


def _random(size: int) -> str:
    return os.urandom(size).hex()
