"""All that people, administrators and payments do with accounts, in one place.

Somebody unknown always gets the same answer, by the same steps, whether or not an address has an
account. Passwords are hashed outside of the steps that change the books, and few at a time.

Calls block: hashing takes tens of milliseconds, a durable step a flush of the disk. A web server
makes them from threads. Jobs that mail somebody are accepted in the step they follow from; see
`billow.accounts.office.Office.mail` for what they carry.
"""

from __future__ import annotations

from billow.accounts.admin import Admin
from billow.accounts.door import Door, LogIns
from billow.accounts.office import FollowUps, Office, Rules
from billow.accounts.passwords import Hasher
from billow.accounts.plans import Plans
from billow.accounts.profile import Profile
from billow.accounts.sessions import Sessions
from billow.accounts.signup import SignUps
from billow.accounts.tokens import Tokens
from billow.home import Home
from billow.ports.accounts import Books


class AccountService:
    """The parts of the service, each for one kind of visitor or errand.

    Args:
        home: where the accounts are kept.
        rules: how long things last, and which plans there are.
        follow: the jobs that follow when a plan changes or an account goes.
        hasher: how passwords are kept.
    """

    def __init__(
        self,
        home: Home,
        rules: Rules | None = None,
        follow: FollowUps | None = None,
        hasher: Hasher | None = None,
    ) -> None:
        self._office = Office(home.accounts, home.clock, rules or Rules(), follow or FollowUps())
        hasher = hasher or Hasher()
        #: Counts tries; for further ways of logging in.
        self.door = door = Door(self._office, hasher)
        #: Who is logged in: `find`, `end`, `all`, `end_one`, `end_others`.
        self.sessions = Sessions(self._office)
        #: Programs: `find`, `need`, `create`, `all`, `end`.
        self.tokens = Tokens(self._office)
        #: Those without an account: `ask`, `verify`.
        self.sign_ups = SignUps(self._office, hasher, door, self.sessions)
        #: Those with one: `log_in`.
        self.log_ins = LogIns(self._office, door, self.sessions)
        #: One's own account: password, address, name, leaving.
        self.profile = Profile(self._office, hasher, door, self.sessions)
        #: Plans and usage: `plan_of`, `spent`, `apply`.
        self.plans = Plans(self._office)
        #: Administrators, and the command line.
        self.admin = Admin(self._office, self.plans, hasher)

    @property
    def office(self) -> Office:
        """What the parts share; for further ways of logging in."""
        return self._office

    def sweep(self) -> int:
        """Remove what is over: sessions, codes and counts of tries; returns how many went."""
        now, rules = self._office.now(), self._office.rules

        def work(books: Books) -> int:
            return (
                books.sessions.remove_before("expires", now)
                + books.sessions.remove_before("seen", now - rules.idle)
                + books.codes.remove_before("expires", now)
                + books.throttles.remove_before("forget", now)
            )

        return self._office.store.change(work, durable=False)
