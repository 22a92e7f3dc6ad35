"""The home under test: every contract test runs once on each driver."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from billow.clock import VirtualClock
from billow.home import Home
from billow.ports.objects import ArrivalRule
from tests.contract.homes import DRIVERS, MakeHome, open_driver


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def make_home(driver: str, tmp_path: Path, clock: VirtualClock) -> MakeHome:
    """Opens new homes, each with a folder of its own."""
    numbers = itertools.count()

    def make(arrivals: ArrivalRule | None = None) -> Home:
        return open_driver(driver, tmp_path / f"home{next(numbers)}", clock, arrivals)

    return make


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    """A home whose arriving objects set nothing off."""
    return make_home()
