"""Who a request comes from, and what they may see of the service."""

from __future__ import annotations

from dataclasses import dataclass

from billow.accounts.roles import Principal
from billow.accounts.sessions import NOWHERE, Visit
from billow.owner import LOCAL


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who asks for something: known by a session or a token, or not known."""

    #: None: nobody who is known.
    who: Principal | None = None
    #: Where the request comes from.
    visit: Visit = NOWHERE
    #: False where the app has no accounts: whoever reaches the service runs it.
    accounts: bool = True
    #: Proves that a form was made for this session; empty without a session.
    form: str = ""
    #: Bytes that an upload of theirs may have by their plan; None is as many as a function accepts.
    most: int | None = None
    #: Why a token that was shown is not taken; empty if none was, or it is good.
    wrong: str = ""

    @property
    def runs_it(self) -> bool:
        """Whether they see everything: an administrator, or anybody where there are no accounts."""
        return not self.accounts or (self.who is not None and self.who.is_admin)

    @property
    def owner(self) -> str:
        """The owner of what they send; "" if nobody is known, which nothing belongs to."""
        if not self.accounts:
            return LOCAL
        return "" if self.who is None else self.who.owner


#: Everybody, where the app has no accounts.
EVERYBODY = Visitor(accounts=False)
#: Somebody who is not known, where it has.
NOBODY = Visitor()
