"""Measured values that a test makes up."""

from __future__ import annotations

from billow.ops.summary import Summary, summary_of


class Values:
    """A source of what a test puts in."""

    def __init__(self, kinds: dict[str, str] | None = None) -> None:
        self._values: dict[str, list[tuple[float, Summary]]] = {}
        self._kinds = kinds or {}

    def put(self, name: str, at: float, *values: float) -> None:
        self._values.setdefault(name, []).append((at, summary_of(values)))

    def kind(self, name: str) -> str:
        return self._kinds.get(name, "gauge")

    def summaries(self, name: str, since: float, until: float, step: float) -> list[Summary | None]:
        made: list[Summary | None] = [None] * round((until - since) / step)
        for at, summary in self._values.get(name, []):
            place = int((at - since) // step)
            if since <= at < until:
                before = made[place]
                made[place] = summary if before is None else before + summary
        return made
