"""Send mail by SMTP, and tell apart what may be tried again from what may not."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage

from billow.mail.compose import compose
from billow.mail.place import Smtp, Tls
from billow.ports.mail import Handover, Letter, Verdict

#: Answers to RCPT that say that there is no such mailbox, and stay so.
_NO_SUCH = (550, 551, 553, 556)
#: Enhanced codes that blame something else than the address: full, too large, our server, policy.
_NOT_ITS_FAULT = ("5.2.2", "5.2.3", "5.3", "5.4", "5.5", "5.7")
_MAX_TOLD = 300


class SmtpMailer:
    """Sends through a mail server, one connection for a letter.

    Args:
        place: the server.
        context: which certificates count; the machine's if not given.
    """

    def __init__(self, place: Smtp, context: ssl.SSLContext | None = None) -> None:
        self._place = place
        self._context = context

    def send(self, letter: Letter) -> Handover:
        """Hand a letter over."""
        message = compose(letter)
        try:
            smtp = self._connect(letter.sender.domain)
        except (OSError, smtplib.SMTPException, ValueError) as problem:
            return Handover(Verdict.LATER, f"cannot use the mail server: {_words(problem)}")
        try:
            return _converse(smtp, letter, message)
        finally:
            smtp.close()

    def _connect(self, domain: str) -> smtplib.SMTP:
        """A connection, encrypted and logged in as the place says; nothing less will do."""
        place = self._place
        context = self._context or ssl.create_default_context()
        if place.tls is Tls.IMPLICIT:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                place.host, place.port, domain, timeout=place.timeout, context=context
            )
        else:
            smtp = smtplib.SMTP(place.host, place.port, domain, timeout=place.timeout)
        try:
            if place.tls is Tls.STARTTLS:
                smtp.starttls(context=context)
            smtp.ehlo_or_helo_if_needed()
            if place.user:
                smtp.login(place.user, place.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


def _converse(smtp: smtplib.SMTP, letter: Letter, message: EmailMessage) -> Handover:
    passed_on = False
    try:
        for handover in (
            _sender(*smtp.mail(letter.sender.addr_spec)),
            _recipient(*smtp.rcpt(letter.to)),
            _data(*smtp.docmd("data")),
        ):
            if handover is not None:
                return handover
        passed_on = True
        smtp.send(_dotted(message))
        return _end(*smtp.getreply())
    except (OSError, smtplib.SMTPException) as problem:
        verdict = Verdict.UNSURE if passed_on else Verdict.LATER
        return Handover(verdict, f"the conversation broke off: {_words(problem)}")


def _sender(code: int, text: bytes) -> Handover | None:
    """A refusal of the sender is ours to mend, so it is tried again until someone did."""
    return None if code == 250 else Handover(Verdict.LATER, _told("sender", code, text))


def _recipient(code: int, text: bytes) -> Handover | None:
    if code in (250, 251):
        return None
    told = _told("recipient", code, text)
    if code < 500:
        return Handover(Verdict.LATER, told)
    words = text.decode("utf-8", "replace")
    return Handover(Verdict.NEVER, told, code in _NO_SUCH and not words.startswith(_NOT_ITS_FAULT))


def _data(code: int, text: bytes) -> Handover | None:
    if code == 354:
        return None
    verdict = Verdict.NEVER if code >= 500 else Verdict.LATER
    return Handover(verdict, _told("letter", code, text))


def _end(code: int, text: bytes) -> Handover:
    if code == 250:
        return Handover(Verdict.SENT, text.decode("utf-8", "replace")[:_MAX_TOLD])
    if code < 0:  # what came was no answer
        return Handover(Verdict.UNSURE, "the mail server's answer made no sense")
    verdict = Verdict.NEVER if code >= 500 else Verdict.LATER
    return Handover(verdict, _told("letter", code, text))


def _told(what: str, code: int, text: bytes) -> str:
    words = " ".join(text.decode("utf-8", "replace").split())
    return f"the {what} was refused: {code} {words}"[:_MAX_TOLD]


def _dotted(message: EmailMessage) -> bytes:
    """The message as the command DATA wants it: dots doubled, and the final one."""
    raw = message.as_bytes().replace(b"\r\n.", b"\r\n..")
    return raw + (b"" if raw.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _words(problem: BaseException) -> str:
    if isinstance(problem, smtplib.SMTPResponseException):
        told = problem.smtp_error
        words = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
        return " ".join(f"{problem.smtp_code} {words}".split())[:_MAX_TOLD]
    return (str(problem) or type(problem).__name__)[:_MAX_TOLD]
