"""Messages and items, written as part of a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from billow.drivers.embedded.queue_names import note_queue
from billow.ports.ledger import Publish, Put


def apply_all(
    connection: sqlite3.Connection,
    effects: Iterable[Publish | Put],
    now: float,
    sent: dict[str, int],
) -> None:
    """Send messages, counted in `sent` by their queues, and write items."""
    for effect in effects:
        if isinstance(effect, Publish):
            apply_publish(connection, effect, now, sent)
        else:
            apply_put(connection, effect)


def apply_publish(
    connection: sqlite3.Connection, effect: Publish, now: float, sent: dict[str, int]
) -> None:
    """Send a message, and count it in `sent` by its queue."""
    if effect.queue not in sent:
        note_queue(connection, effect.queue)
    connection.execute(
        "insert into messages(queue, body, due, sent) values(?1, ?2, ?3 + coalesce("
        "(select delay from queues where name = ?1), 0), ?3)",
        (effect.queue, effect.body, now),
    )
    sent[effect.queue] = sent.get(effect.queue, 0) + 1


def apply_put(connection: sqlite3.Connection, effect: Put) -> None:
    """Write an item."""
    connection.execute(
        "insert into items values(?, ?, ?, 1) "
        "on conflict do update set value = excluded.value, version = version + 1",
        tuple(effect),
    )
