"""Shelves of incidents: the same on every driver, and a step is done as a whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_type_hints

import pytest

from billow.home import Home
from billow.ports.incidents import SHELVES, Books, Contact, Incident, Meter, Timer


def incident(number: int, state: str = "triggered") -> Incident:
    texts = ("shop", f"k{number}", state, "error", "slow", "alarm", "{}", "{}")
    return Incident(number, *texts, 1.0, 2.0)


def test_records_come_back_as_they_were(home: Home) -> None:
    full = incident(1)._replace(acked=3.5, resolved=None, snoozed=4.0, flags="paged")
    contact = Contact("c", "ana", "mail", "a@x.org", 60.0, 1.0, None, "", "whsec")

    def write(books: Books) -> None:
        books.incidents.add(full)
        books.contacts.add(contact)

    home.incidents.change(write)
    assert home.incidents.look(lambda books: books.incidents.get(1)) == full
    assert home.incidents.look(lambda books: books.contacts.find(person="ana")) == [contact]
    assert "a@x.org" not in repr(contact)


def test_every_shelf_takes_a_record(home: Home) -> None:
    values = {str: "a", int: 1, float: 1.0, float | None: None}

    def work(books: Books) -> None:
        shelves: Sequence[Any] = books
        for shelf, kind in zip(shelves, SHELVES.values(), strict=True):
            hints = get_type_hints(kind)
            record = kind(*(values[hints[field]] for field in kind._fields))
            shelf.put(record)
            assert shelf.get(record[0]) == record

    home.incidents.change(work)


def test_a_step_that_raises_leaves_nothing(home: Home) -> None:
    def work(books: Books) -> None:
        books.incidents.add(incident(1))
        books.timers.put(Timer("1/page", 1, "page", 5.0))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        home.incidents.change(work)
    assert home.incidents.look(lambda books: books.incidents.last()) is None
    assert home.incidents.look(lambda books: books.timers.find()) == []


def test_what_is_due_comes_first_to_last(home: Home) -> None:
    def write(books: Books) -> None:
        for id_, due in (("a", 9.0), ("b", 3.0), ("c", 5.0), ("d", 5.0)):
            books.timers.put(Timer(id_, 1, "page", due))

    home.incidents.change(write)

    def due(until: float, limit: int = 10) -> list[str]:
        found = home.incidents.look(lambda books: books.timers.until("due", until, limit))
        return [each.id for each in found]

    assert due(2.9) == []
    assert due(5.0) == ["b", "c", "d"]
    assert due(float("inf"), 2) == ["b", "c"]


def test_a_relaxed_step_is_a_step_too(home: Home) -> None:
    home.incidents.change(lambda books: books.meters.put(Meter("c", "[1]")), durable=False)
    assert home.incidents.look(lambda books: books.meters.get("c")) == Meter("c", "[1]")
