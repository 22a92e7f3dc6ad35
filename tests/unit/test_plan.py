"""Plans, and the handlers of their changes."""

from __future__ import annotations

import pytest

import billow
from billow.errors import Error


def test_plans_are_checked() -> None:
    with pytest.raises(Error, match="together"):
        billow.Plan("free", keep="30 min")
    with pytest.raises(Error, match="together"):
        billow.Plan("free", then="archive")
    with pytest.raises(Error, match="archive"):
        billow.Plan("free", keep=1, then="burn")  # type: ignore[arg-type]
    with pytest.raises(Error, match="max_upload=0"):
        billow.Plan("free", max_upload=0)
    with pytest.raises(Error, match="not a duration"):
        billow.Plan("free", keep="soon", then="delete")


def test_plans_are_declared_once_and_by_name() -> None:
    app = billow.App("demo")
    with pytest.raises(Error, match="one or more"):
        app.plans()
    with pytest.raises(Error, match="each by its name"):
        app.plans(billow.Plan("a"), billow.Plan("a"))
    with pytest.raises(Error, match="no such plan"):
        app.on(billow.Event.PLAN_CHANGED, to="a")
    app.plans(billow.Plan("a"), billow.Plan("b"))
    assert list(app.plan_by_name) == ["a", "b"]
    with pytest.raises(Error, match="once"):
        app.plans(billow.Plan("c"))
    with pytest.raises(Error, match="PLAN_CHANGED only"):
        app.on(billow.Event.COMPLETED)


def test_a_change_of_plan_happens_to_no_job() -> None:
    app = billow.App("demo")
    function = app.function(name="f")(lambda: None)
    with pytest.raises(Error, match="no such event"):
        function.on(billow.Event.PLAN_CHANGED)


def test_outside_of_a_handler_nothing_can_be_restored() -> None:
    with pytest.raises(Error, match="inside a handler"):
        billow.Account("ana", billow.Plan("free")).restore_all()
