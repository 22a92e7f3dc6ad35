"""What a function tells beside its result: messages to the owner, and what it measured."""

from __future__ import annotations

from typing import Any

from billow.flow.work import Measure, Wish
from billow.ops.recorder import check_own
from billow.owner import Mail, Owner
from billow.ports.ledger import Submit


class Telling:
    """Turns what is told into wishes; a message is a job, accepted together with the outcome."""

    def __init__(self) -> None:
        self.effects: list[Wish] = []

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What was measured."""
        return tuple(wish for wish in self.effects if isinstance(wish, Measure))

    def metric(self, name: str, value: float, unit: str) -> None:
        """Measure something of the app's own.

        Raises:
            BadInput: it can be no metric.
        """
        self.effects.append(Measure(*check_own(name, value, unit)))

    def email(self, to: Owner, mail: Mail, about: str, at: float) -> None:
        """Send a mail to an owner.

        Raises:
            BadInput: JSON cannot say the context, or an address is none.
        """
        from billow.mail.intent import Manner, mail_job  # noqa: PLC0415 - only who sends pays for it

        manner = Manner(mail.once, mail.reply_to, mail.unsubscribe)
        topic = f"{about} {mail.subject}"
        asked = mail_job(
            mail.template,
            about=topic,
            at=at,
            owner=to,
            subject=mail.subject,
            context=mail.context,
            manner=manner,
        )
        self.effects.append(Submit(asked))

    def webhook(self, to: Owner, type: str, data: Any, about: str, at: float) -> None:
        """Tell an owner's webhook endpoints.

        Raises:
            BadInput: `type` is none, or `data` is not JSON or too large.
        """
        from billow.webhooks.events import announce, message  # noqa: PLC0415 - likewise

        told = message(type, data, at, f"{to} {about} {type}")
        self.effects.append(Submit(announce(to, told)))
