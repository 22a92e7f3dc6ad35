"""What an author may say about the web servers."""

from __future__ import annotations

from typing import Any

import pytest

import billow
from billow.errors import DeclarationError


def test_a_pool_is_declared_once() -> None:
    app = billow.App("site")
    assert app.web.options is None
    web = billow.Web(min=3, max=8, scale=billow.TargetTracking(requests_per_server=60))
    app.web(web)
    assert app.web.options is web
    with pytest.raises(DeclarationError, match="once"):
        app.web(billow.Web())


def test_its_fleet_has_its_bounds_and_its_policy() -> None:
    web = billow.Web(min=2, max=5, scale=billow.Fixed(3))
    assert (web.fleet.min, web.fleet.max, web.fleet.scale) == (2, 5, billow.Fixed(3))


@pytest.mark.parametrize(
    "options",
    [
        {"min": 0},
        {"min": 3, "max": 2},
        {"shed_after": 0},
        {"queue": 0},
        {"in_flight": 0},
        {"memory": 1},
        {"age": 0},
        {"per_client": "100"},
        {"per_account": "-1/s"},
        {"connections": 0},
        {"head": 10},
        {"head_time": "soon"},
        {"slowest": 0},
    ],
)
def test_impossible_values_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError):
        billow.Web(**options)
