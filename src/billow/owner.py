"""Whose a job is: an id like any text, and in a handler also a way to reach the person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from billow.errors import Conflict


class Mail(NamedTuple):
    """What a mail to an owner is made of."""

    template: str
    subject: str
    context: Mapping[str, Any]
    once: bool
    reply_to: str
    unsubscribe: str


class Messages(Protocol):
    """What takes messages to an owner, to be sent if and when the job's outcome is recorded."""

    def email(self, to: Owner, mail: Mail, about: str, at: float) -> None:
        """Send a mail about a job and what became of it at that time."""
        ...

    def webhook(self, to: Owner, type: str, data: Any, about: str, at: float) -> None:
        """Send a webhook about a job and what became of it at that time."""
        ...


class Owner(str):
    """An account's id; "local" where there are no accounts."""

    _messages: Messages | None = None
    _about = ""
    _at = 0.0

    def bound(self, messages: Messages, about: str, at: float) -> Owner:
        """The same owner, reachable about the job `about`, which came to be what it is at `at`."""
        made = Owner(self)
        made._messages, made._about, made._at = messages, about, at
        return made

    def email(
        self,
        subject: str,
        text: str = "",
        *,
        link: str = "",
        template: str = "message",
        once: bool = False,
        reply_to: str = "",
        unsubscribe: str = "",
        **more: Any,
    ) -> None:
        """Send the owner a mail, together with the job's outcome; once for a job and a subject.

        Args:
            subject: one line.
            text: what it says, with an empty line between paragraphs.
            link: where the mail's button leads, such as `job.url`.
            template: name of the template; see docs/mail.md.
            once: rather not at all than twice: after a try of which nobody knows whether it
                succeeded, the mail is held for a person to decide.
            reply_to: the address that answers go to.
            unsubscribe: https address where mail of this kind can be ended by one click.
            more: what else the template is filled with.

        Raises:
            Conflict: called outside of a function or handler that is given the job.
            BadInput: JSON cannot say what the template is filled with, or an address is none.
        """
        context = {**more, "text": text, "link": link}
        mail = Mail(template, subject, context, once, reply_to, unsubscribe)
        self._need().email(self, mail, self._about, self._at)

    def webhook(self, type: str, data: Any) -> None:
        """Tell the owner's webhook endpoints, together with the job's outcome.

        Args:
            type: what kind of thing happened, such as `job.completed`.
            data: what to tell, anything JSON can say.

        Raises:
            Conflict: called outside of a function or handler that is given the job.
            BadInput: `type` is none, or `data` is not JSON or too large.
        """
        self._need().webhook(self, type, data, self._about, self._at)

    def _need(self) -> Messages:
        if self._messages is None:
            raise Conflict(
                "this is possible only inside a function or handler that is given the job"
            )
        return self._messages


#: Whose everything is where there are no accounts.
LOCAL = Owner("local")
