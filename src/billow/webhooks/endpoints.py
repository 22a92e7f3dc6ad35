"""An owner's endpoints: where webhooks go, which events, and how each delivery went."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from billow.errors import BadInput, Conflict, NotFound
from billow.home import Home
from billow.ids import is_id, new_id
from billow.ports.tables import ABSENT, Item
from billow.units import Duration, seconds
from billow.webhooks import events
from billow.webhooks.address import read_url
from billow.webhooks.post import Answer
from billow.webhooks.signature import new_secret

ENDPOINTS, DELIVERIES = "billow-webhooks", "billow-webhook-deliveries"

#: Endpoints of an owner, event types of an endpoint, and deliveries that are remembered of one.
MOST_ENDPOINTS = 10
MOST_TYPES = 50
KEPT_DELIVERIES = 100
#: Tries in a row, within so many seconds, that show that an endpoint takes nothing.
IN_A_ROW, RECENT = 5, 600.0
#: Secrets that are good at the same time.
_MOST_SECRETS = 4


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an owner wants to be told."""

    id: str
    owner: str
    url: str
    #: Types of events it wants; a type also stands for all below it, and none for every event.
    types: tuple[str, ...] = ()
    enabled: bool = True
    #: Why it is off, if not by its owner.
    reason: str = ""
    #: UNIX seconds.
    created: float = 0.0
    #: The number of the secret in force, and until when older ones count too.
    secret: int = 1
    older: tuple[tuple[int, float], ...] = ()

    def wants(self, type: str) -> bool:
        """Whether it is to be told of events of this type."""
        below = any(type == each or type.startswith(f"{each}.") for each in self.types)
        return self.enabled and (not self.types or below)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One try to tell an endpoint."""

    message: str
    type: str
    #: UNIX seconds.
    at: float
    status: int | None
    reason: str
    #: How long it took.
    seconds: float


class Webhooks:
    """The endpoints in a home.

    Args:
        home: where they are kept.
        local: whether they may be on this machine, without https, for development.
    """

    def __init__(self, home: Home, local: bool = False) -> None:
        self._home = home
        self._local = local

    def add(self, owner: str, url: str, types: Iterable[str] = ()) -> Endpoint:
        """A new endpoint.

        Raises:
            Forbidden: webhooks cannot go to `url`.
            BadInput: a type is not one, or the owner has too many endpoints.
        """
        read_url(url, self._local)
        if len(self.all(owner)) >= MOST_ENDPOINTS:
            raise BadInput(f"an account has at most {MOST_ENDPOINTS} webhook endpoints")
        now = self._home.clock.now()
        made = Endpoint(new_id(), _checked(owner), url, _types(types), created=now)
        self._home.tables.put(ENDPOINTS, _key(owner, made.id), _item(made), expect=ABSENT)
        return made

    def all(self, owner: str) -> list[Endpoint]:
        """An owner's endpoints, oldest first."""
        found = self._home.tables.query(ENDPOINTS, f"{_checked(owner)}/", limit=2 * MOST_ENDPOINTS)
        return [_endpoint(item) for item in found]

    def get(self, owner: str, id: str) -> Endpoint:
        """One of an owner's endpoints.

        Raises:
            NotFound: the owner has no such endpoint.
        """
        return _endpoint(self._item(owner, id))

    def change(
        self,
        owner: str,
        id: str,
        *,
        url: str | None = None,
        types: Iterable[str] | None = None,
        enabled: bool | None = None,
    ) -> Endpoint:
        """Change an endpoint; what is None stays.

        Raises:
            NotFound: the owner has no such endpoint.
            Forbidden: webhooks cannot go to `url`.
            BadInput: a type is not one.
        """
        if url is not None:
            read_url(url, self._local)
        wanted = None if types is None else _types(types)

        def changed(old: Endpoint) -> Endpoint:
            return replace(
                old,
                url=old.url if url is None else url,
                types=old.types if wanted is None else wanted,
                enabled=old.enabled if enabled is None else enabled,
                reason=old.reason if enabled is None else "",
            )

        return self._change(owner, id, changed)

    def switch_off(self, owner: str, id: str, reason: str) -> None:
        """Send nothing there any more, until its owner switches it on again."""
        self._change(owner, id, lambda old: replace(old, enabled=False, reason=reason))

    def remove(self, owner: str, id: str) -> None:
        """Forget an endpoint and its deliveries.

        Raises:
            NotFound: the owner has no such endpoint.
        """
        self._item(owner, id)
        self._home.tables.delete(ENDPOINTS, _key(owner, id))
        while found := self._home.tables.query(DELIVERIES, f"{_key(owner, id)}/"):
            for item in found:
                self._home.tables.delete(DELIVERIES, item.key)

    def rotate(self, owner: str, id: str, keep: Duration = "24 h") -> str:
        """A new secret; messages carry a signature by the old one too for as long as `keep`.

        Raises:
            NotFound: the owner has no such endpoint.
        """
        now = self._home.clock.now()
        until = now + seconds(keep)

        def changed(old: Endpoint) -> Endpoint:
            older = [each for each in ((old.secret, until), *old.older) if each[1] > now]
            return replace(old, secret=old.secret + 1, older=tuple(older[: _MOST_SECRETS - 1]))

        return self.secrets(self._change(owner, id, changed))[0]

    def secrets(self, endpoint: Endpoint) -> list[str]:
        """The secrets that count now, the newest first."""
        now = self._home.clock.now()
        numbers = [endpoint.secret, *(number for number, until in endpoint.older if until > now)]
        return [self._secret(endpoint, number) for number in numbers]

    def test(self, owner: str, id: str) -> str:
        """Send a message to try the endpoint, also while it is off; returns the message's id.

        Raises:
            NotFound: the owner has no such endpoint.
        """
        self._item(owner, id)
        data = {"endpoint": id}
        told = events.message(events.TEST, data, self._home.clock.now(), f"test:{new_id()}")
        self._home.ledger.submit([events.deliver(owner, id, told)])
        return told.id

    def deliveries(self, owner: str, id: str) -> list[Delivery]:
        """The latest tries, newest first.

        Raises:
            NotFound: the owner has no such endpoint.
        """
        self._item(owner, id)
        prefix = f"{_key(owner, id)}/"
        found = self._home.tables.query(DELIVERIES, prefix, limit=KEPT_DELIVERIES)
        return [Delivery(**item.value) for item in found]

    def takes_nothing(self, endpoint: Endpoint) -> bool:
        """Whether the latest tries show that its server takes nothing at present."""
        latest = self.deliveries(endpoint.owner, endpoint.id)[:IN_A_ROW]
        since = self._home.clock.now() - RECENT
        taken = any(_is_taken(each) or each.at < since for each in latest)
        return len(latest) == IN_A_ROW and not taken

    def note(self, endpoint: Endpoint, message: str, type: str, answer: Answer) -> None:
        """Remember a try, and forget the oldest ones."""
        now = self._home.clock.now()
        tables, prefix = self._home.tables, f"{_key(endpoint.owner, endpoint.id)}/"
        facts = {"message": message, "type": type, "at": now, "status": answer.status}
        facts |= {"reason": answer.reason, "seconds": round(answer.seconds, 3)}
        # Counted down from far ahead, so that the latest come first.
        tables.put(DELIVERIES, f"{prefix}{1e14 - now * 1000:015.0f}-{new_id()}", facts)
        for item in tables.query(DELIVERIES, prefix, limit=2 * KEPT_DELIVERIES)[KEPT_DELIVERIES:]:
            tables.delete(DELIVERIES, item.key)

    def _secret(self, endpoint: Endpoint, number: int) -> str:
        """Made of the home's own key, so that no table, backup of one or page holds a secret."""
        what = f"webhook\0{_key(endpoint.owner, endpoint.id)}\0{number}"
        key = self._home.accounts.key()
        return new_secret(hmac.digest(key, what.encode(), hashlib.sha256))

    def _item(self, owner: str, id: str) -> Item:
        found = self._home.tables.get(ENDPOINTS, _key(owner, id)) if is_id(id) else None
        if found is None:
            raise NotFound("there is no such webhook endpoint")
        return found

    def _change(self, owner: str, id: str, changed: Callable[[Endpoint], Endpoint]) -> Endpoint:
        while True:
            item = self._item(owner, id)
            made = changed(_endpoint(item))
            try:
                self._home.tables.put(ENDPOINTS, item.key, _item(made), expect=item.version)
            except Conflict:
                continue  # someone else changed it meanwhile
            return made


def _is_taken(delivery: Delivery) -> bool:
    return delivery.status is not None and 200 <= delivery.status < 300


def _checked(owner: str) -> str:
    if not owner or "/" in owner:
        raise BadInput("an owner's id has at least one character, and no slash")
    return owner


def _key(owner: str, id: str) -> str:
    return f"{_checked(owner)}/{id}"


def _types(types: Iterable[str]) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(events.check_type(each) for each in types))
    if len(chosen) > MOST_TYPES:
        raise BadInput(f"an endpoint names at most {MOST_TYPES} types of events")
    return chosen


def _item(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "url": endpoint.url,
        "types": list(endpoint.types),
        "enabled": endpoint.enabled,
        "reason": endpoint.reason,
        "created": endpoint.created,
        "secret": endpoint.secret,
        "older": [list(each) for each in endpoint.older],
    }


def _endpoint(item: Item) -> Endpoint:
    owner, _, id_ = item.key.partition("/")
    facts = dict(item.value)
    facts["types"] = tuple(facts["types"])
    facts["older"] = tuple((number, until) for number, until in facts["older"])
    return Endpoint(id_, owner, **facts)
