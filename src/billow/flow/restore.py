"""From cold to hot: asked for, awaited, copied back, and only then deleted from the cold tier.

Three jobs on `billow.thaw`, each submitted in the transaction that records the one before: ask;
fetch, which makes the file hot with its outcome; and clean, which deletes the cold copy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from billow.app import App
from billow.flow.done import Done
from billow.flow.milestones import passed
from billow.flow.retention import SERVICE, THAW, archiving, due, result_stores, standing
from billow.home import Home
from billow.outputs import folder_of
from billow.ports.cold import Damaged, Frozen, NoCapacity, Tier
from billow.ports.ledger import Keep, Publish, Submission, Submit
from billow.ports.objects import Staged

_PAGE = 500


def thawing(frozen: Frozen) -> Submission:
    """The job that brings a file back; the same however often it is asked for."""
    return _submission(frozen, {}, key=f"thaw:{frozen.claim}")


def _submission(
    frozen: Frozen, more: dict[str, Any], delay: float = 0.0, key: str | None = None
) -> Submission:
    args = {"store": frozen.store, "key": frozen.key, **more}
    name = f"restore {frozen.name or frozen.key}"
    return Submission(THAW, json.dumps(args), name, None, SERVICE, key, delay=max(0.0, delay))


def restore_all(home: Home, app: App, owner: str) -> list[Submission]:
    """The jobs that bring back everything that is archived for an owner."""
    return [thawing(frozen) for frozen in archived(home, app, owner)]


def archived(home: Home, app: App, owner: str) -> Iterable[Frozen]:
    """An owner's files that are in the cold tier."""
    for store in result_stores(app):
        after = None
        while page := home.cold.list(store, folder_of(owner), after, _PAGE):
            yield from page
            after = page[-1].key


def restore(home: Home, app: App, store: str, key: str, claim: str | None) -> Done:
    """Do the next step of bringing a file back.

    Args:
        home: whose tiers are meant.
        app: whose queue is told.
        store: the file's store.
        key: the file's key.
        claim: the file is hot; delete its cold copy, if it is still this one.

    Raises:
        Damaged: the cold copy is not what was archived; it is reported, and not served.
        Unavailable: a tier is full or cannot be written.
    """
    if claim is not None:
        return _clean(home, app, store, key, claim)
    frozen = home.cold.head(store, key)
    if frozen is None:
        return Done({"nothing": "it is not archived"})
    if home.objects.head(store, key) is None:
        if frozen.ready is None:
            frozen = _ask(home, store, key)
            passed("thaw: asked")
        assert frozen.ready is not None
        if (wait := frozen.ready - home.clock.now()) > 0:
            return Done({"ready": frozen.ready}, (Submit(_submission(frozen, {}, wait)),))
    return _fetch(home, app, frozen)


def _ask(home: Home, store: str, key: str) -> Frozen:
    try:
        return home.cold.ask(store, key, Tier.EXPEDITED, home.speed)
    except NoCapacity:
        return home.cold.ask(store, key, Tier.STANDARD, home.speed)


def _fetch(home: Home, app: App, frozen: Frozen) -> Done:
    """Make a new version of the hot file, whether or not there is one that may be going."""
    staged = _stage(home, frozen)
    passed("thaw: staged")
    keep = Keep(frozen.store, frozen.key, *staged, frozen.type, frozen.name, frozen.owner)
    clean = Submit(_submission(frozen, {"claim": frozen.claim}))
    told = {"owner": frozen.owner, "store": frozen.store, "key": frozen.key, "name": frozen.name}
    news = Publish(f"{app.name}-restored", json.dumps(told, ensure_ascii=False))
    return Done({"restored": frozen.name}, (keep, clean, news))


def _stage(home: Home, frozen: Frozen) -> Staged:
    store, key = frozen.store, frozen.key
    hot = home.objects.head(store, key) is not None
    try:
        staged = home.objects.stage((home.objects if hot else home.cold).read(store, key))
    except Damaged as problem:
        if frozen.damaged is None:
            report_damage(home, store, key, problem)
        raise
    if staged.sha256 != frozen.sha256:
        told = f"the {'hot' if hot else 'archived'} copy of {frozen.name} is damaged"
        home.journal.write("files.damaged", key, told, {"store": store})
        raise Damaged(told)
    return staged


def _clean(home: Home, app: App, store: str, key: str, claim: str) -> Done:
    if home.objects.head(store, key) is None:
        return Done({"nothing": "it was archived again"})
    passed("thaw: cleaning")
    gone = home.cold.delete(store, key, claim)
    passed("thaw: cleaned")
    if gone:
        home.journal.write("files.restored", key, "restored from the archive", {"store": store})
    return Done({"cleaned": gone}, _anew(home, app, key))


def _anew(home: Home, app: App, key: str) -> tuple[Submit, ...]:
    """If the owner is on a plan that does not keep files for ever by now, their end."""
    job = home.ledger.get(key.split("/")[1])
    if job is None:
        return ()
    at = due(home, standing(home, app, job.owner), job)
    if at is None:
        return ()
    return (Submit(archiving(job.id, at, home.clock.now(), key=None)),)


def report_damage(home: Home, store: str, key: str, problem: Damaged) -> None:
    """Put into the journal that a cold copy is damaged, as an event and as an alarm."""
    facts = {"store": store, "key": key}
    home.journal.write("cold.damaged", key, problem.detail, facts)
    home.journal.write("alarm.alarm", "archive", f"{problem.detail}; it is not served", facts)
