"""A real mail server that behaves as a test wants it to."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

#: Closes the connection instead of answering.
DROP = "drop"
#: Never answers, until the server is closed.
HANG = "hang"


class _Server(SMTP):
    """Drops the connection where the handler says so."""

    async def push(self, status: Any) -> None:
        if status == DROP:
            assert self.transport is not None
            self.transport.close()
        else:
            await super().push(status)


@dataclass
class MailServer:
    """Takes mail while it is open. Each answer is used once, the last for ever; "" is a yes."""

    mail: list[str] = field(default_factory=lambda: [""])
    rcpt: list[str] = field(default_factory=lambda: [""])
    data: list[str] = field(default_factory=lambda: [""])
    #: Letters that were passed on whole, taken or not.
    letters: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    context: ssl.SSLContext | None = None
    implicit: bool = False
    password: bytes = b""
    #: Seconds between having a letter and saying so.
    slow: float = 0.0
    port: int = 0
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    @contextlib.contextmanager
    def open(self) -> Iterator[MailServer]:
        loop, opened = asyncio.new_event_loop(), threading.Event()
        closing = asyncio.Event()

        async def serve() -> None:
            self._closing = closing
            tls = self.context if self.implicit else None
            server = await loop.create_server(self._converse, "127.0.0.1", 0, ssl=tls)
            self.port = server.sockets[0].getsockname()[1]
            opened.set()
            await closing.wait()
            server.close()
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
            await asyncio.sleep(0)  # connections hear that they are closed

        thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
        thread.start()
        assert opened.wait(5)
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(closing.set)
            thread.join(5)
            assert not thread.is_alive()
            loop.close()

    def _converse(self) -> SMTP:
        starttls = None if self.implicit else self.context
        with warnings.catch_warnings(action="ignore"):  # passwords without TLS are wanted here
            return _Server(
                self,
                hostname="test",
                tls_context=starttls,
                require_starttls=starttls is not None,
                authenticator=self.log_in if self.password else None,
                auth_required=bool(self.password),
                auth_require_tls=False,
                loop=asyncio.get_running_loop(),
            )

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := _next(self.mail):
            return answer
        self.senders.append(address)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := _next(self.rcpt):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Session, envelope: Envelope
    ) -> str:
        raw = envelope.content
        assert isinstance(raw, bytes)
        self.raw.append(raw)
        letter = message_from_bytes(raw, policy=POLICY)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.secured.append(session.ssl is not None or self.implicit)
        answer = _next(self.data)
        await asyncio.sleep(self.slow)
        if answer == HANG:
            await self._closing.wait()
            return DROP
        return answer or "250 taken"

    def log_in(self, server: Any, session: Any, envelope: Any, kind: str, data: Any) -> AuthResult:
        self.logins.append((data.login, data.password))
        right = data.password == self.password
        return AuthResult(success=right, handled=right)


def _next(answers: list[str]) -> str:
    return answers.pop(0) if len(answers) > 1 else answers[0]
