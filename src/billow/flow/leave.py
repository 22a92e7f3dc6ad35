"""That somebody leaves: the job that removes what is left of them."""

from __future__ import annotations

import json
from typing import Any

from billow.flow.retention import SERVICE
from billow.ports.ledger import Submission

#: The internal function that does it.
LEAVE = "billow.leave"

#: Seconds after which nothing is under way any more that began before: archiving and restoring may
#: take an hour, and their leases some time more.
SETTLED = 2 * 3600.0


def leaving(account: str, *, again: bool = False) -> list[Submission]:
    """The job that removes what is left of an account, at once, or again when all has settled.

    It is to be accepted in the transaction that deletes the account.
    """
    args: dict[str, Any] = {"owner": account, "again": again}
    return [
        Submission(
            LEAVE,
            json.dumps(args),
            f"what is left of {account}",
            owner=SERVICE,
            key=f"leave:{account}:{'again' if again else 'first'}",
            delay=SETTLED if again else 0.0,
        )
    ]
