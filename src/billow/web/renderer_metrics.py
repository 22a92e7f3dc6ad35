"""How the render pool is, for Prometheus, as it shows itself on the board."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from billow.home import Home

#: The key of the board.
BOARD = "renderer"

_GAUGES = {
    "waiting": "Renditions that wait to be made.",
    "running": "Renditions that are being made.",
    "files": "Renditions in the cache.",
    "bytes": "Bytes of the cache.",
    "limit": "Bytes that the cache may have.",
}
_COUNTERS = {
    "renders": "Renditions made, or tried to be.",
    "failures": "Renditions that could not be made.",
    "seconds": "Time it took to make them.",
    "refused": "Renditions refused because too many waited.",
    "expired": "Renditions that nobody waited for any more.",
    "evicted": "Renditions that went to make room.",
}


class RendererCollector(Collector):
    """The render pool's metrics; none where there is no pool."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def describe(self) -> list[Metric]:
        """Nothing before there is a pool."""
        return []

    def collect(self) -> Iterator[Metric]:
        """What the pool told last."""
        shown = self._home.journal.shown(BOARD)
        if shown is None:
            return
        for name, text in _GAUGES.items():
            yield GaugeMetricFamily(f"billow_renderer_{name}", text, value=shown[0][name])
        for name, text in _COUNTERS.items():
            yield CounterMetricFamily(f"billow_renderer_{name}", text, value=shown[0][name])
