"""Accounts: people, their sessions, tokens, codes and plans, and the record of what was done.

The records are plain rows on shelves. `Accounts.change` runs a piece of work on all shelves in one
step, so that a rule and everything that follows from it (an audit entry, a mail to be sent) hold
together or not at all. The rules themselves are in `billow.accounts`, once for every home.

Nothing here can be used to log in: sessions, tokens and codes are kept as SHA-256 digests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

from billow.ports.ledger import Submission

#: What a record is found by: its first field.
Key: TypeAlias = str | int


class Account(NamedTuple):
    """A person. `id` is the owner of everything that is theirs. Times are UNIX seconds."""

    id: str
    #: As the person wrote it; mail goes here.
    email: str
    #: In lower case; no two accounts share one.
    email_key: str
    name: str
    #: An Argon2id hash; None if the person logs in elsewhere only.
    password: str | None
    #: Name of a plan of the app; "" is the plan that new accounts get.
    plan: str
    #: `user` or `admin`.
    role: str
    verified_at: float | None
    created: float
    disabled_at: float | None = None

    def __repr__(self) -> str:
        return f"<Account {self.id}>"


class Identity(NamedTuple):
    """Who an account is at an OpenID provider."""

    #: Issuer and subject, apart by a space.
    key: str
    account: str
    created: float


class Session(NamedTuple):
    """A log-in. The token itself is with the browser only."""

    hash: str
    account: str
    created: float
    #: When it was last used, about a minute exact.
    seen: float
    #: It ends then, used or not.
    expires: float
    agent: str
    address: str


class Token(NamedTuple):
    """An API token. `scopes` are words apart by spaces: read, submit, admin."""

    hash: str
    account: str
    name: str
    scopes: str
    created: float
    expires: float | None
    used: float | None = None


class Code(NamedTuple):
    """A one-time code that was sent to somebody, or that a browser holds for a while."""

    hash: str
    #: What it is good for: verify, reset, email, oidc.
    kind: str
    #: The account, or the address of somebody who has none yet.
    subject: str
    #: What is to be done with it, a JSON object as text.
    data: str
    created: float
    expires: float

    def __repr__(self) -> str:
        return f"<Code for {self.kind}>"


class PlanEvent(NamedTuple):
    """That an account was put on a plan, as a payment provider or an administrator said."""

    #: The provider's id of the event; applied once.
    id: str
    account: str
    plan: str
    #: When it happened, by the provider's clock: the latest event counts.
    at: float
    received: float


class Customer(NamedTuple):
    """Who an account is at a payment provider, and how their subscription stood when last asked.

    It stays when the account goes, so that nobody pays on for nothing.
    """

    #: The provider's id.
    id: str
    account: str
    created: float
    #: The provider's id of the subscription; "" if there has been none.
    subscription: str = ""
    #: In the provider's word, such as `active` or `past_due`.
    status: str = ""
    #: When the provider was asked.
    seen: float = 0.0


class AuditEntry(NamedTuple):
    """Something that was done. `mac` seals the entry and, through `previous`, all before it."""

    seq: int
    at: float
    #: An account's id, `cli`, `provider`, or "" for somebody unknown.
    actor: str
    action: str
    #: The account or thing it was done to.
    subject: str
    #: A JSON object as text; never holds a secret.
    detail: str
    previous: str
    mac: str


class Throttle(NamedTuple):
    """How often something was tried of late; `key` is a digest of what is counted."""

    key: str
    tries: int
    #: It may be tried again then.
    until: float
    #: The count begins anew then.
    forget: float


class Usage(NamedTuple):
    """What an owner uses. Jobs of the service itself (`billow.…`) do not count."""

    #: Jobs accepted since a given time, whatever became of them.
    jobs: int
    #: Jobs that wait or run.
    concurrent: int
    #: Bytes of the objects that are the owner's, copies included.
    bytes: int


#: The kinds of records by the names of their shelves.
SHELVES: Mapping[str, type[Any]] = {
    "accounts": Account,
    "identities": Identity,
    "sessions": Session,
    "tokens": Token,
    "codes": Code,
    "plan_events": PlanEvent,
    "customers": Customer,
    "audit": AuditEntry,
    "throttles": Throttle,
}
#: Fields that no two records of a shelf share, beside the key.
UNIQUE: Mapping[str, str] = {"accounts": "email_key"}

R = TypeVar("R")
T = TypeVar("T")


class Shelf(Protocol[R]):
    """The records of one kind, ordered by key."""

    def get(self, key: Key) -> R | None:
        """A record by key."""
        ...

    def add(self, record: R) -> None:
        """Add a record.

        Raises:
            Conflict: its key, or a field that must be unique, is taken.
        """
        ...

    def put(self, record: R) -> None:
        """Add a record, or replace the one of the same key.

        Raises:
            Conflict: a field that must be unique is another record's.
        """
        ...

    def remove(self, key: Key) -> bool:
        """Remove a record; False if there is none."""
        ...

    def find(
        self, *, after: Key | None = None, limit: int = 1000, **equal: str | float | None
    ) -> list[R]:
        """Records whose fields have these values, by key, from the first greater than `after`."""
        ...

    def last(self) -> R | None:
        """The record with the greatest key."""
        ...

    def until(self, field: str, time: float, limit: int = 1000) -> list[R]:
        """Records whose `field` is a time up to `time`, the earliest first."""
        ...

    def remove_before(self, field: str, time: float) -> int:
        """Remove records whose `field` is a time before `time`; returns how many went."""
        ...


class Books(NamedTuple):
    """All shelves, within one step."""

    accounts: Shelf[Account]
    identities: Shelf[Identity]
    sessions: Shelf[Session]
    tokens: Shelf[Token]
    codes: Shelf[Code]
    plan_events: Shelf[PlanEvent]
    customers: Shelf[Customer]
    audit: Shelf[AuditEntry]
    throttles: Shelf[Throttle]
    #: Accept a job if and when this step is done; nothing happens if its key is known.
    submit: Callable[[Submission], None]
    #: What an owner uses, with the jobs since a time.
    usage: Callable[[str, float], Usage]


class Accounts(Protocol):
    """All accounts of a service."""

    def key(self) -> bytes:
        """256 random bits of this home, made at the first call and kept apart from the records.

        Whoever has a copy of the records alone can neither make codes nor seal audit entries.

        Raises:
            Unavailable: they cannot be kept.
        """
        ...

    def change(self, work: Callable[[Books], T], *, durable: bool = True) -> T:
        """Run `work` in one step; durable when it returns, unless `durable` is false.

        Nothing remains of work that raises. Work must be short, must reach for nothing but the
        books, and must not keep them.

        Raises:
            Exception: what `work` raised.
            Conflict: the idempotency key of a job was used for something else.
            Unavailable: the disk is full or the file cannot be written.
        """
        ...

    def look(self, work: Callable[[Books], T]) -> T:
        """Run `work`, which only reads, on one state of all shelves."""
        ...
