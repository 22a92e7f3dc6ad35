"""A fleet that always has the same size."""

from __future__ import annotations

from dataclasses import dataclass

from billow.errors import DeclarationError
from billow.fleet.policy import Decision, Observation


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always `size` workers, within the fleet's bounds.

    Raises:
        DeclarationError: the size is negative.
    """

    size: int = 1

    def __post_init__(self) -> None:
        if self.size < 0:
            raise DeclarationError(f"Fixed({self.size}): a fleet cannot have less than 0 workers")

    def start(self) -> None:
        """It needs no memory."""

    def decide(self, seen: Observation, memory: None, now: float) -> tuple[Decision, None]:  # noqa: ARG002
        """The fixed size."""
        return Decision(self.size, f"fixed at {self.size}"), None
