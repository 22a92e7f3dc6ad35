"""What an arriving object sets off: copies to other stores, and jobs."""

from __future__ import annotations

import hashlib

from billow.app import App
from billow.ports.ledger import Submission
from billow.ports.objects import ArrivalRule, Copy, ObjectInfo

#: Metadata of an object that tells of its job: the function that was asked for (others that the
#: object reaches get no arguments), arguments as JSON text, seconds of delay, idempotency key, and
#: the digest of what was asked.
FUNCTION = "billow-function"
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
            made.append(_job_of(function.name, arrived))
        return made

    return rule


def _job_of(function: str, arrived: ObjectInfo) -> Submission:
    told = arrived.metadata
    asked_for = told.get(FUNCTION, function) == function
    key = told.get(KEY)
    if key is not None and not asked_for:
        key = f"{function}:{key}"
    return Submission(
        function,
        args=told.get(ARGS, "{}") if asked_for else "{}",
        name=arrived.name or arrived.key,
        upload=f"{arrived.store}/{arrived.key}",
        owner=arrived.owner,
        key=key,
        digest="" if key is None else upload_digest(told.get(DIGEST, ""), arrived.sha256),
        delay=float(told.get(DELAY, 0)),
    )
