"""When the keeper has a pager."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import billow
from billow.clock import VirtualClock
from billow.home import Home
from billow.keeper.how import Settings
from billow.keeper.listen import listen
from billow.keeper.parts import Parts
from billow.ops.pager.opening import open_desk
from billow.testing import memory_home


@contextmanager
def parts(folder: Path, app: billow.App, home: Home) -> Iterator[Parts]:
    settings = Settings("app.py", folder, web=None)
    with closing(listen("127.0.0.1", 0)) as bound:
        made = Parts(settings, app, home, bound, home.clock)
        yield made
        made.close()


def names(made: Parts) -> list[str]:
    made.call_in_pager()
    return [process.name for process in made.processes]


@pytest.fixture
def home() -> Home:
    return memory_home(clock=VirtualClock())


def test_an_app_that_declares_whom_to_page_has_one(tmp_path: Path, home: Home) -> None:
    app = billow.App("shop")
    app.oncall(billow.Page(billow.Rota("web", ["ana"])))
    with parts(tmp_path, app, home) as made:
        assert names(made) == ["pager"]
        assert names(made) == ["pager"]


def test_an_app_that_promises_availability_has_one(tmp_path: Path, home: Home) -> None:
    app = billow.App("shop")
    app.availability(95)
    with parts(tmp_path, app, home) as made:
        assert names(made) == ["pager"]


def test_any_other_has_one_from_the_first_incident_on(tmp_path: Path, home: Home) -> None:
    app = billow.App("shop")
    with parts(tmp_path, app, home) as made:
        assert names(made) == []
        open_desk(home, app).trigger("shop", "disk", "full", "error", "test", {})
        assert names(made) == ["pager"]
