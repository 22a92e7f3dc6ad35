"""What all tests share."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings

from billow.clock import VirtualClock
from tests.postgres import postgres  # noqa: F401 - a fixture for all

#: Explaining a failure traces every line, which takes minutes where a step writes to a disk.
_PHASES = [phase for phase in Phase if phase is not Phase.explain]

# Every run tries the same examples; `--hypothesis-profile=explore` tries new ones.
settings.register_profile(
    "explore", deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=_PHASES
)
settings.register_profile("same", settings.get_profile("explore"), derandomize=True, database=None)
settings.load_profile("same")


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands still until the test moves it."""
    return VirtualClock()


@pytest.fixture
def anyio_backend() -> str:
    """What runs the tests that are coroutines."""
    return "asyncio"
