"""A job that a worker has in hand."""

from __future__ import annotations

from typing import NamedTuple

from billow.flow.followup import FollowUp
from billow.ports.ledger import Lease


class Held(NamedTuple):
    """A job in hand."""

    lease: Lease
    #: When it was handed to the child, on the monotonic clock.
    since: float
    #: Set if not the function is to run, but one of its handlers again.
    followup: FollowUp | None = None
