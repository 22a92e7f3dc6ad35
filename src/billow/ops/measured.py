"""Stores and tables that measure how much they are used."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from billow.home import Home
from billow.ops.recorder import Recorder
from billow.ports.objects import Objects
from billow.ports.tables import Tables

#: What reads and what writes, by the method's name.
_TABLES = {
    "put": "writes", "add": "writes", "delete": "writes",
    "get": "reads", "query": "reads", "count": "reads",
}  # fmt: skip
_OBJECTS = {
    "put": "writes", "copy": "writes", "delete": "writes",
    "read": "reads", "path": "reads", "head": "reads", "list": "reads",
}  # fmt: skip


class _Measured:
    """Passes everything on; what is named is counted, and timed if it is a table's."""

    _family = ""
    _methods: dict[str, str] = {}  # noqa: RUF012 - never changed
    _timed = False

    def __init__(self, inner: Any, recorder: Recorder) -> None:
        self._inner = inner
        self._recorder = recorder
        for name, direction in self._methods.items():
            setattr(self, name, self._wrap(getattr(inner, name), direction))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def _wrap(self, call: Callable[..., Any], direction: str) -> Callable[..., Any]:
        recorder, family, timed = self._recorder, self._family, self._timed

        def measured(place: str, *args: Any, **more: Any) -> Any:
            began = time.perf_counter()
            result = call(place, *args, **more)
            recorder.count(f"{family}.{place}.{direction}")
            if timed:
                recorder.observe(f"{family}.{place}.latency", time.perf_counter() - began)
            return result

        return measured


def measured(home: Home) -> Home:
    """The same home, whose stores and tables measure into its recorder."""
    return replace(
        home,
        tables=cast("Tables", MeasuredTables(home.tables, home.recorder)),
        objects=cast("Objects", MeasuredObjects(home.objects, home.recorder)),
    )


class MeasuredTables(_Measured):
    """Tables: reads, writes and how long they take, by table."""

    _family, _methods, _timed = "table", _TABLES, True


class MeasuredObjects(_Measured):
    """Objects: reads and writes, by store."""

    _family, _methods = "store", _OBJECTS
