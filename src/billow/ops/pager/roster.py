"""What people set up: contacts, changes of rotas, silences, routing keys."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from typing import NamedTuple

from billow.errors import BadInput, Conflict, NotFound
from billow.home import Home
from billow.ids import new_id
from billow.mail.address import check_address
from billow.ops.incidents.desk import PAGER
from billow.ops.incidents.muting import check_mute
from billow.ops.rota.changes import Change, check_change, clashes
from billow.ports.accounts import Shelf
from billow.ports.incidents import Books, Contact, Mute, Notice, RotaChange, RoutingKey
from billow.units import Duration, seconds
from billow.webhooks.address import read_url
from billow.webhooks.signature import new_secret

#: Ways to reach a person; see docs/oncall.md.
KINDS = ("mail", "webhook", "pagerduty", "push", "sms", "voice")
#: Kinds that go through the library apprise, by its addresses.
BY_APPRISE = ("push", "sms", "voice")
#: Characters of a key for events, as PagerDuty has it.
KEY_LENGTH = 32

_PERSON = re.compile(r"\*|[A-Za-z0-9][\w.@+-]{0,99}")
_HEX = re.compile(r"[0-9a-zA-Z]{32}")
_APPRISE = re.compile(r"[a-z0-9]+://\S{1,1000}")
_LONGEST_WHY = 500


class Made(NamedTuple):
    """Something that was made, with the one secret that is shown this once."""

    id: str
    secret: str


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Roster:
    """Sets up contacts, changes, silences and keys."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._books = home.incidents

    def add_contact(
        self,
        person: str,
        kind: str,
        address: str,
        *,
        wait: Duration = 0,
        vouched: bool = False,
        local: bool = False,
    ) -> Made:
        """Add a way to reach somebody; unless vouched for, it is sent a code that verifies it.

        Args:
            person: somebody of a rota, or `*` for one that is told of every incident.
            kind: one of `KINDS`.
            address: mail address, https address, PagerDuty routing key, or address of apprise.
            wait: how long after a page it is used, if there is no answer yet.
            vouched: whether it counts as verified at once.
            local: whether webhooks may go to this machine itself.

        Returns:
            Its id, and for a webhook the secret that its messages are signed with.

        Raises:
            BadInput: the person, kind or address is none.
        """
        if not _PERSON.fullmatch(person):
            raise BadInput("write a person as the rota names them, or * for every incident")
        checked = _check(kind, address.strip(), local)
        now = self._home.clock.now()
        secret = new_secret(secrets.token_bytes(32)) if kind == "webhook" else ""
        verified = now if vouched or kind == "pagerduty" else None
        contact = Contact(
            new_id(), person, kind, checked, seconds(wait), now, verified, secret=secret
        )
        self._books.change(lambda books: books.contacts.add(contact))
        if verified is None:
            self.send_code(contact.id)
        return Made(contact.id, secret)

    def send_code(self, id: str) -> None:
        """Send a contact the code that verifies it.

        Raises:
            NotFound: there is no such contact.
        """
        contact = self.contact(id)
        now = self._home.clock.now()
        key = f"0:code:{now:.3f}:{id}"
        notice = Notice(key, 0, contact.person, id, "code", "code", now, "waiting", now, 1)
        self._books.change(lambda books: books.notices.put(notice))
        self._home.wake.notify(PAGER)

    def code(self, id: str) -> str:
        """The six digits that verify a contact; made from the home's key, and kept nowhere."""
        mac = hmac.digest(self._home.accounts.key(), f"contact {id}".encode(), "sha256")
        return f"{int.from_bytes(mac[:8]) % 10**6:06d}"

    def verify(self, id: str, code: str) -> None:
        """Take a contact for somebody's, as they know the code that it was sent.

        Raises:
            NotFound: there is no such contact.
            BadInput: this is not the code.
        """
        self.contact(id)
        if not hmac.compare_digest(self.code(id), code.strip()):
            raise BadInput("this is not the code that was sent")
        now = self._home.clock.now()
        self._change(id, lambda contact: contact._replace(verified=now))

    def switch_contact(self, id: str, off: str) -> None:
        """Switch a contact off, so that nothing is sent there, or on again.

        Args:
            id: the contact's.
            off: why it is off; empty to switch it on.

        Raises:
            NotFound: there is no such contact.
        """
        why = " ".join(off.split())[:_LONGEST_WHY]
        contact = self._change(id, lambda contact: contact._replace(disabled=why))
        told = f"the {contact.kind} contact of {contact.person} is "
        told += f"off: {why}" if why else "on again"
        self._home.journal.write("contact.off" if why else "contact.on", contact.person, told)
        self._home.wake.notify(PAGER)

    def _change(self, id: str, changed: Callable[[Contact], Contact]) -> Contact:
        def work(books: Books) -> Contact:
            found = books.contacts.get(id)
            if found is None:
                raise NotFound(f"there is no contact {id}")
            made = changed(found)
            books.contacts.put(made)
            return made

        return self._books.change(work)

    def contact(self, id: str) -> Contact:
        """A contact.

        Raises:
            NotFound: there is none of that id.
        """
        found = self._books.look(lambda books: books.contacts.get(id))
        if found is None:
            raise NotFound(f"there is no contact {id}")
        return found

    def contacts(self) -> list[Contact]:
        """All contacts, by person."""
        every = self._books.look(lambda books: books.contacts.find(limit=10_000))
        return sorted(every, key=lambda each: (each.person, each.wait, each.id))

    def remove_contact(self, id: str) -> None:
        """Remove a contact.

        Raises:
            NotFound: there is none of that id.
        """
        if not self._books.change(lambda books: books.contacts.remove(id)):
            raise NotFound(f"there is no contact {id}")

    def add_change(self, change: Change) -> Change:
        """Change a rota for a while.

        Raises:
            BadInput: the change makes no sense.
            Conflict: the same person has an override at that time already.
        """
        checked = check_change(change)
        made = RotaChange(*checked._replace(id=checked.id or new_id()))

        self._books.change(lambda books: _add_change(books.changes, made))
        return Change(*made)

    def take_swap(self, id: str, person: str) -> Change:
        """Take a swap that somebody asks for.

        Raises:
            NotFound: there is no such swap.
            Conflict: somebody took it already.
        """
        if not _PERSON.fullmatch(person) or person == "*":
            raise BadInput("say who takes it")
        taken = self._books.change(lambda books: _take(books.changes, id, person))
        return Change(*taken)

    def changes(self, rota: str | None = None) -> list[Change]:
        """Changes of a rota, or of all, by their begin."""
        equal = {} if rota is None else {"rota": rota}
        every = self._books.look(lambda books: books.changes.find(limit=10_000, **equal))
        return sorted((Change(*each) for each in every), key=lambda each: (each.start, each.id))

    def remove_change(self, id: str) -> None:
        """Take a change back.

        Raises:
            NotFound: there is none of that id.
        """
        if not self._books.change(lambda books: books.changes.remove(id)):
            raise NotFound(f"there is no change {id}")

    def add_mute(
        self, kind: str, match: Mapping[str, str], start: float, end: float, why: str, who: str
    ) -> Mute:
        """Let incidents that match page nobody in [start, end).

        Raises:
            BadInput: it makes no sense.
        """
        now = self._home.clock.now()
        text, reason = json.dumps(dict(match)), why.strip()[:_LONGEST_WHY]
        mute = Mute(new_id(), kind, text, start, end, reason, who, now)
        checked = check_mute(mute)
        self._books.change(lambda books: books.mutes.add(checked))
        return checked

    def mutes(self) -> list[Mute]:
        """Silences and maintenance windows that are not over, by their begin."""
        now = self._home.clock.now()
        every = self._books.look(lambda books: books.mutes.find(limit=10_000))
        return sorted((m for m in every if m.end > now), key=lambda each: (each.start, each.id))

    def end_mute(self, id: str) -> Mute:
        """End a silence or maintenance window now.

        Raises:
            NotFound: there is none of that id.
        """
        now = self._home.clock.now()
        ended = self._books.change(lambda books: _end(books, id, now))
        self._home.wake.notify(PAGER)
        return ended

    def add_key(self, service: str) -> Made:
        """Make a key by which a program sends events for a service; it is shown this once."""
        key = secrets.token_hex(KEY_LENGTH // 2)
        now = self._home.clock.now()
        row = RoutingKey(digest(key), service, now, key[:4])
        self._books.change(lambda books: books.keys.add(row))
        return Made(row.hash[:12], key)

    def keys(self) -> list[RoutingKey]:
        """The keys for events."""
        return self._books.look(lambda books: books.keys.find(limit=10_000))

    def remove_key(self, id: str) -> None:
        """Let a key count no more.

        Raises:
            NotFound: there is no key whose id begins so, or there are several.
        """
        found = [each for each in self.keys() if id and each.hash.startswith(id)]
        if len(found) != 1:
            raise NotFound(f"there is no key {id}")
        self._books.change(lambda books: books.keys.remove(found[0].hash))


def _check(kind: str, address: str, local: bool) -> str:
    if kind == "mail":
        return check_address(address)
    if kind == "webhook":
        read_url(address, local)
        return address
    if kind == "pagerduty":
        if not _HEX.fullmatch(address):
            raise BadInput("a PagerDuty routing key has 32 letters and digits")
        return address
    if kind in BY_APPRISE:
        if not _APPRISE.fullmatch(address):
            raise BadInput("write an address of apprise, such as ntfy://host/topic")
        return address
    raise BadInput(f"a contact is one of: {', '.join(KINDS)}", allowed=list(KINDS))


def _add_change(shelf: Shelf[RotaChange], made: RotaChange) -> None:
    for each in shelf.find(rota=made.rota, limit=10_000):
        if clashes(Change(*made), Change(*each)):
            raise Conflict(f"{made.person} has an override at that time already")
    shelf.add(made)


def _take(shelf: Shelf[RotaChange], id: str, person: str) -> RotaChange:
    found = shelf.get(id)
    if found is None or found.kind != "swap":
        raise NotFound(f"there is no swap {id}")
    if found.person:
        raise Conflict(f"{found.person} took it already")
    taken = found._replace(person=person)
    shelf.put(taken)
    return taken


def _end(books: Books, id: str, now: float) -> Mute:
    mute = books.mutes.get(id)
    if mute is None:
        raise NotFound(f"there is no silence {id}")
    ended = mute._replace(end=max(mute.start, now))
    books.mutes.put(ended)
    for timer in books.timers.find(kind="unmute", limit=100_000):
        books.timers.put(timer._replace(due=min(timer.due, now)))
    return ended
