"""Plans: what the people who use a service may do, and how long their results are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from billow.errors import Conflict, DeclarationError
from billow.units import Duration, seconds


@dataclass(frozen=True, slots=True)
class Plan:
    """What an account may do; `app.plans(...)` declares them. None is no limit.

    Raises:
        DeclarationError: a limit is impossible, or `keep` and `then` are not given together.
    """

    name: str
    #: Bytes of an upload.
    max_upload: int | None = None
    #: Jobs accepted in a day, and jobs that wait or run at the same time.
    jobs_a_day: int | None = None
    concurrent: int | None = None
    #: How long the files of a result are kept after the job completed; None is for ever.
    keep: Duration | None = None
    #: What becomes of them then: `archive` moves them to the cold tier, from which they can be
    #: restored; `delete` removes them.
    then: Literal["archive", "delete"] | None = None
    #: The payment provider's name of its price; None is free.
    price: str | None = None

    def __post_init__(self) -> None:
        for limit in ("max_upload", "jobs_a_day", "concurrent"):
            value = getattr(self, limit)
            if value is not None and value < 1:
                raise DeclarationError(f"Plan({self.name!r}, {limit}={value}): must be at least 1")
        if (self.keep is None) != (self.then is None):
            raise DeclarationError(
                f"Plan({self.name!r}): keep= and then= are given together: how long, and what then"
            )
        if self.then not in (None, "archive", "delete"):
            raise DeclarationError(
                f"Plan({self.name!r}, then={self.then!r}): must be 'archive' or 'delete'"
            )
        if self.keep is not None:
            seconds(self.keep)


class Restorer(Protocol):
    """Where an account's wishes go."""

    def restore_all(self, owner: str) -> int:
        """Have everything restored that is archived for `owner`; returns how many files."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody whose plan has changed, as a handler of `Event.PLAN_CHANGED` sees them."""

    #: What their jobs and files have as `owner`.
    id: str
    #: The plan they are on now, and the one before.
    plan: Plan
    before: Plan | None = None
    _restorer: Restorer | None = field(default=None, repr=False, compare=False)

    def restore_all(self) -> int:
        """Restore everything that is archived of theirs; returns how many files that are.

        It takes effect when the handler has returned. Asking twice does no more than asking once.

        Raises:
            Conflict: called outside of a handler that is given the account.
        """
        if self._restorer is None:
            raise Conflict("this is possible only inside a handler that is given the account")
        return self._restorer.restore_all(self.id)
