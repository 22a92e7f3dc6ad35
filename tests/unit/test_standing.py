"""Processes of an app's own, as they are declared."""

from __future__ import annotations

from typing import Any

import pytest

import billow
from billow.errors import DeclarationError


async def clerk(process: Any) -> None:
    """Does nothing."""


def test_a_process_is_declared_by_its_function() -> None:
    app = billow.App("site")
    assert app.process(clerk) is clerk
    assert app.processes == {"clerk": clerk}
    with pytest.raises(DeclarationError, match="taken"):
        app.process(clerk)


async def web(process: Any) -> None: ...


async def nothing() -> None: ...


async def Clerk(process: Any) -> None: ...  # noqa: N802 - a name that is refused


def plain(process: Any) -> None: ...


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (web, "the name is taken"),
        (Clerk, "or is none"),
        (plain, "write async def plain"),
        (nothing, "write async def nothing"),
    ],
)
def test_what_cannot_be_a_process(function: Any, told: str) -> None:
    app = billow.App("site")
    with pytest.raises(DeclarationError, match=told):
        app.process(function)
    assert app.processes == {}
