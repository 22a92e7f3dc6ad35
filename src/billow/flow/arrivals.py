"""What an arriving object sets off: copies to other stores, and jobs."""

from __future__ import annotations

from billow.app import App
from billow.ports.ledger import Submission
from billow.ports.objects import ArrivalRule, Copy, ObjectInfo

#: Metadata of an object that tells of its job: arguments as JSON text, idempotency key, digest.
ARGS = "billow-args"
KEY = "billow-key"
DIGEST = "billow-digest"


def arrival_rule(app: App) -> ArrivalRule:
    """The rule that the declarations of `app` amount to."""
    watchers = {f.store: f for f in app.functions.values() if f.upload_parameter is not None}

    def rule(arrived: ObjectInfo) -> list[Copy | Submission]:
        store = app.stores.get(arrived.store)
        made: list[Copy | Submission] = [Copy(name) for name in store.copies] if store else []
        if function := watchers.get(arrived.store):
            told = arrived.metadata
            made.append(
                Submission(
                    function.name,
                    args=told.get(ARGS, "{}"),
                    name=arrived.name or arrived.key,
                    upload=f"{arrived.store}/{arrived.key}",
                    owner=arrived.owner,
                    key=told.get(KEY),
                    digest=told.get(DIGEST, ""),
                )
            )
        return made

    return rule
