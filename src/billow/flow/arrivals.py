"""What an arriving object sets off: copies to other stores, and jobs."""

from __future__ import annotations

import hashlib

from billow.app import App
from billow.ports.ledger import Submission
from billow.ports.objects import ArrivalRule, Copy, ObjectInfo

#: Metadata of an object that tells of its job: arguments as JSON text, seconds of delay,
#: idempotency key, and the digest of what was asked.
ARGS = "billow-args"
DELAY = "billow-delay"
KEY = "billow-key"
DIGEST = "billow-digest"


def upload_digest(asked: str, sha256: str) -> str:
    """Tells requests with a file apart: by the digest of what was asked, and of the file."""
    return hashlib.sha256(f"{asked}\0{sha256}".encode()).hexdigest()


def arrival_rule(app: App) -> ArrivalRule:
    """The rule that the declarations of `app` amount to."""
    watchers = {f.store: f for f in app.functions.values() if f.upload_parameter is not None}

    def rule(arrived: ObjectInfo) -> list[Copy | Submission]:
        store = app.stores.get(arrived.store)
        made: list[Copy | Submission] = [Copy(name) for name in store.copies] if store else []
        if function := watchers.get(arrived.store):
            told = arrived.metadata
            digest = upload_digest(told.get(DIGEST, ""), arrived.sha256) if KEY in told else ""
            made.append(
                Submission(
                    function.name,
                    args=told.get(ARGS, "{}"),
                    name=arrived.name or arrived.key,
                    upload=f"{arrived.store}/{arrived.key}",
                    owner=arrived.owner,
                    key=told.get(KEY),
                    digest=digest,
                    delay=float(told.get(DELAY, 0)),
                )
            )
        return made

    return rule
