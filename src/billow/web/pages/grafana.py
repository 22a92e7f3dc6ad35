"""A dashboard for Grafana with the same panels, on what `/metrics` gives a Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from billow.app import App


class _Panel(NamedTuple):
    title: str
    unit: str
    #: What each line is called, and its expression in PromQL.
    lines: dict[str, str]


def dashboard(app: App) -> dict[str, Any]:
    """The dashboard, to be imported into Grafana; it asks for the data source then."""
    return {
        "__inputs": [
            {
                "name": "DS_PROMETHEUS",
                "label": "Prometheus",
                "type": "datasource",
                "pluginId": "prometheus",
            }
        ],
        "title": f"Billow: {app.name}",
        "uid": f"billow-{app.name}"[:40],
        "tags": ["billow"],
        "timezone": "browser",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "panels": [_shape(panel, place) for place, panel in enumerate(_panels(app))],
    }


def _panels(app: App) -> Iterator[_Panel]:
    rate = "sum(rate(billow_http_requests_total{}[5m]))"
    yield _Panel("Requests", "reqps", {
        "Requests": rate.format(""),
        "Errors": rate.format('{status=~"5.."}'),
    })  # fmt: skip
    bucket = "sum(rate(billow_http_request_seconds_bucket[5m])) by (le)"
    yield _Panel("Time to answer", "s", {
        "95 of 100 within": f"histogram_quantile(0.95, {bucket})",
        "Half within": f"histogram_quantile(0.5, {bucket})",
    })  # fmt: skip
    for name, function in app.functions.items():
        yield _Panel(f"{name}: jobs", "short", {
            state: f'billow_jobs{{function="{name}", state="{state}"}}'
            for state in ("pending", "running", "completed", "failed")
        })  # fmt: skip
        yield _Panel(f"{name}: workers", "short", {
            state: f'billow_workers{{function="{name}", state="{state}"}}'
            for state in ("busy", "idle", "starting", "draining")
        })  # fmt: skip
        yield _Panel(f"{name}: oldest waiting job", "s", {
            "Oldest": f'billow_queue_oldest_seconds{{queue="{function.queue}"}}'
        })  # fmt: skip
    yield _Panel("Memory of the web server", "bytes", {"Resident": "process_resident_memory_bytes"})


def _shape(panel: _Panel, place: int) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
    return {
        "id": place + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": source,
        "gridPos": {"x": 12 * (place % 2), "y": 8 * (place // 2), "w": 12, "h": 8},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [
            {"refId": chr(65 + line), "expr": expr, "legendFormat": label, "datasource": source}
            for line, (label, expr) in enumerate(panel.lines.items())
        ],
    }
