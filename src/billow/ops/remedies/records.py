"""What was done, durably: written before it is begun, so that a crash forgets no action."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from billow.ops.remedies.guard import Done
from billow.ports.tables import Tables

TABLE = "remedies"

#: How long records are kept, seconds.
KEPT = 90 * 86400.0
#: Records that are looked through for those of the last hour: there can only be a few.
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Record:
    """An action: what asked for it, what spoke for it, and what came of it."""

    key: str
    done: Done
    reason: str
    evidence: str
    detail: str = ""

    def pack(self) -> dict[str, Any]:
        """As a table's item."""
        return {**self.done._asdict(), "reason": self.reason, "evidence": self.evidence,
                "detail": self.detail}  # fmt: skip


class Records:
    """The records of a service's actions.

    Args:
        tables: where they are kept.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def since(self, at: float) -> list[Record]:
        """The records from `at` on, oldest first.

        Raises:
            Unavailable: the store cannot tell.
        """
        found = self._tables.query(TABLE, after=_key(at, ""), limit=_MOST)
        return [_unpack(item.key, item.value) for item in found]

    def begin(self, told: Record) -> Record:
        """Write down that an action begins, under a key of its own; durable when it returns.

        Raises:
            Unavailable: it cannot be written; the action must not be taken.
        """
        done = told.done
        record = replace(told, key=_key(done.at, f"{done.kind} {done.target} {done.alarm}"))
        self._tables.put(TABLE, record.key, record.pack())
        return record

    def end(self, record: Record, outcome: str, detail: str = "") -> Record:
        """Write down what came of it."""
        done = record.done._replace(outcome=outcome)
        ended = replace(record, done=done, detail=detail or record.detail)
        self._tables.put(TABLE, ended.key, ended.pack())
        return ended

    def trim(self, now: float) -> None:
        """Forget what is too old."""
        for item in self._tables.query(TABLE, limit=_MOST):
            if item.value["at"] >= now - KEPT:
                return
            self._tables.delete(TABLE, item.key)


def _key(at: float, more: str) -> str:
    return f"{at:017.6f} {more}"[:200].rstrip() if more else f"{at:017.6f}"


def _unpack(key: str, item: dict[str, Any]) -> Record:
    fields = {name: item[name] for name in Done._fields}
    return Record(key, Done(**fields), item["reason"], item["evidence"], item["detail"])
