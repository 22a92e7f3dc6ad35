"""Escalation policies as they are declared."""

from __future__ import annotations

import pytest

import billow
from billow.ops.page import read_page

ROTA = billow.Rota("web", people=["ana", "ben", "cho"])


def test_the_default_levels_are_the_primary_the_secondary_and_all() -> None:
    levels = billow.Page(ROTA, after="5 min").spec()["levels"]
    assert levels == [["on call", 300], ["next", 600], ["everyone", 600]]


def test_a_policy_survives_being_written_down() -> None:
    page = billow.Page(
        ROTA, levels=[("ana", 60), ("everyone", 0)], repeat=9, all_answer=True, quiet="22:00-07:00"
    )
    assert read_page(page.spec()).spec() == page.spec()


@pytest.mark.parametrize(
    "wrong",
    [
        {"levels": []},
        {"levels": [("dan", 60)]},
        {"levels": [("ana", "often")]},
        {"repeat": -1},
        {"quiet": "at night"},
        {"repeat": 10},
        {"inhibit": [{"while": {}}]},
        {"rota": "web"},
    ],
)
def test_a_policy_that_cannot_work_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(billow.DeclarationError):
        billow.Page(**{"rota": ROTA, **wrong})  # type: ignore[arg-type]


def test_an_app_declares_who_is_paged_for_what() -> None:
    app = billow.App("shop")
    page, other = billow.Page(ROTA), billow.Page(ROTA, after="1 min")
    app.oncall(page)
    app.oncall(other, service="checkout")
    assert app.policies == {"shop": page, "checkout": other}
    assert app.rotas == {"web": ROTA}
    with pytest.raises(billow.DeclarationError, match="twice"):
        app.oncall(page)
    with pytest.raises(billow.DeclarationError, match="differ"):
        app.oncall(billow.Page(billow.Rota("web", ["dan"])), service="search")
