"""What all tests share."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from billow.clock import VirtualClock

settings.register_profile(
    "billow", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("billow")


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands still until the test moves it."""
    return VirtualClock()
