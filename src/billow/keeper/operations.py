"""What keeps a service in order besides its control: measuring it."""

from __future__ import annotations

from billow.home import Home
from billow.keeper.measuring import Measuring
from billow.ops.shipping import Shipper


class Operations:
    """Runs in threads of its own, so that control never waits for it.

    Args:
        home: whose metrics are written.
    """

    def __init__(self, home: Home) -> None:
        self._shipper = Shipper(home.recorder, home.metrics, Measuring(home).look)

    def start(self) -> None:
        """Begin."""
        self._shipper.start()

    def stop(self) -> None:
        """End, with what was measured shipped."""
        self._shipper.stop()
