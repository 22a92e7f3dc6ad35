"""Fixtures for tests of worker processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worker.harness import Trial


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    """A home, and the worker processes that a test starts on it."""
    made = Trial(tmp_path)
    yield made
    made.close()
