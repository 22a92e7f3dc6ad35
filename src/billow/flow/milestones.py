"""Named points between the steps of work that moves files."""

from __future__ import annotations


def passed(point: str) -> None:
    """Do nothing. Tests replace this, to stop the work at any point and see what is left."""
