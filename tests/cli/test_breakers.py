"""`billow breakers`."""

from __future__ import annotations

from billow.flow.breakers import Breakers
from billow.home import Home
from tests.cli.conftest import Billow


def test_they_are_opened_shown_and_closed(billow: Billow, home: Home) -> None:
    assert "none is open" in billow("breakers").out
    assert billow("breakers", "open", "mail", "--reason", "moved").out.endswith("mail is open\n")
    assert billow("breakers", "open", "mail").out.endswith("was open already\n")
    [told] = billow("breakers", "--json").lines
    assert (told["name"], told["reason"], told["failed"], told["trying"]) == (
        *("mail", "moved", 0),
        False,
    )
    shown = billow("breakers").out
    assert "moved" in shown
    assert "in 1" in shown  # the first try comes in 15 s
    assert billow("breakers", "close", "mail").out == "the breaker of mail is closed\n"
    assert Breakers(home).all() == []


def test_what_is_not_there_is_named(billow: Billow, home: Home) -> None:
    assert Breakers(home).all() == []
    opened = billow("breakers", "open", "maps")
    assert opened.status == 2
    assert "nothing calls 'maps'; there are: archive, mail, payments" in opened.err
    closed = billow("breakers", "close", "mail")
    assert closed.status == 2
    assert "the breaker of 'mail' is not open" in closed.err
