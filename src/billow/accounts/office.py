"""What the parts of the account service share: the books, the time, the rules, audit and mail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from billow.accounts import audit
from billow.accounts.errors import NotLoggedIn
from billow.clock import Clock
from billow.errors import NotFound
from billow.mail.intent import mail_job
from billow.ports.accounts import Account, Accounts, Books
from billow.ports.ledger import Submission

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Rules:
    """How long things last, and how many there may be. Durations are in seconds."""

    #: The app's name; it is no good password.
    app: str = "billow"
    #: Names of the app's plans, the one for new accounts first. None: there are no plans.
    plans: tuple[str, ...] = ()
    #: A session ends when it is not used for so long, and at last after so long.
    idle: float = 7 * _DAY
    absolute: float = 30 * _DAY
    #: How long the codes of a sign-up, and all others, are good.
    verify_for: float = _DAY
    code_for: float = 10 * _MINUTE
    #: How many sessions and API tokens an account may have; the oldest session makes room.
    sessions: int = 30
    tokens: int = 30


def _no_plan_jobs(account: str, old: str, new: str, event: str) -> list[Submission]:  # noqa: ARG001
    return []


def _no_jobs(account: str) -> list[Submission]:  # noqa: ARG001
    return []


@dataclass(frozen=True, slots=True)
class FollowUps:
    """The jobs that follow from a change, accepted in the same step. Pure functions."""

    #: (account, old plan, new plan, event) -> jobs; give them keys made of the event.
    plan_changed: Callable[[str, str, str, str], list[Submission]] = _no_plan_jobs
    #: (account) -> jobs, such as one that removes its files.
    deleted: Callable[[str], list[Submission]] = _no_jobs


@dataclass(frozen=True, slots=True)
class Office:
    """Handed to every part of the service."""

    store: Accounts
    clock: Clock
    rules: Rules
    follow: FollowUps

    def now(self) -> float:
        """The time, UNIX seconds."""
        return self.clock.now()

    def note(self, books: Books, actor: str, action: str, subject: str, **detail: Any) -> None:
        """Add to the audit log, as part of a step."""
        audit.note(books, self.store.key(), self.now(), actor, action, subject, **detail)

    def mail(self, books: Books, kind: str, to: str, key: str, **context: Any) -> None:
        """Have a mail sent if and when this step is done.

        Args:
            books: those of the step.
            kind: which mail; the template's name.
            to: the address.
            key: what it follows from; the same kind and key are sent once.
            context: for the template, no secrets. `code_kind` and `code_id` name a code, which
                the sender makes at the last moment by `billow.accounts.codes.reveal`.
        """
        books.submit(mail_job(kind, about=key, at=self.now(), to=to, context=context))

    def account(self, books: Books, id: str) -> Account:
        """An account by id.

        Raises:
            NotFound: there is none.
        """
        found = books.accounts.get(id)
        if found is None:
            raise NotFound(f"there is no account {id!r}")
        return found

    def active(self, books: Books, id: str) -> Account:
        """An account as it is now, if it may be used.

        Raises:
            NotLoggedIn: it is gone, or disabled.
        """
        found = books.accounts.get(id)
        if found is None or found.disabled_at is not None:
            raise NotLoggedIn("this account cannot be used any more")
        return found


def by_email(books: Books, key: str) -> Account | None:
    """The account of an address."""
    return next(iter(books.accounts.find(email_key=key, limit=1)), None)
