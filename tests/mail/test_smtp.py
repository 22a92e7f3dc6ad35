"""Handing letters over to a real mail server that does not always want them."""

from __future__ import annotations

import socket
import ssl
from email.headerregistry import Address

import pytest
import trustme

from billow.mail.place import Smtp, Tls
from billow.mail.smtp import SmtpMailer
from billow.ports.mail import Handover, Letter, Verdict
from tests.mail.server import DROP, HANG, MailServer

LETTER = Letter(
    id="abc123",
    sender=Address("GAS ü", addr_spec="gas@example.org"),
    to="ann@example.net",
    subject="Ready: ü",
    text="Hello\n.\n.dot\nFrom here: é\n" + "long " * 300 + "\n",
    html="<p>Hello é</p>",
    at=1_700_000_000.0,
)


def send(server: MailServer, timeout: float = 5.0) -> Handover:
    return SmtpMailer(Smtp("127.0.0.1", server.port, Tls.NONE, timeout=timeout)).send(LETTER)


def test_a_letter_arrives_as_it_was_written() -> None:
    with MailServer().open() as server:
        assert send(server) == (Verdict.SENT, "taken", False)
    [letter] = server.letters
    assert letter["Message-ID"] == "<abc123@example.org>"
    assert letter["From"] == "GAS ü <gas@example.org>"
    assert (letter["To"], letter["Subject"]) == ("ann@example.net", "Ready: ü")
    text, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == LETTER.text
    assert html.get_content().strip() == "<p>Hello é</p>"
    assert server.senders == ["gas@example.org"]
    assert max(len(line) for line in server.raw[0].split(b"\r\n")) < 1000
    assert server.raw[0].isascii()


@pytest.mark.parametrize(
    ("where", "answer", "verdict", "bad"),
    [
        ("mail", "451 later", Verdict.LATER, False),
        ("mail", "550 you may not send", Verdict.LATER, False),
        ("rcpt", "450 greylisted", Verdict.LATER, False),
        ("rcpt", "421 closing", Verdict.LATER, False),
        ("rcpt", "550 5.1.1 no such user", Verdict.NEVER, True),
        ("rcpt", "550 no such user", Verdict.NEVER, True),
        ("rcpt", "553 5.1.3 bad address", Verdict.NEVER, True),
        ("rcpt", "552 5.2.2 mailbox full", Verdict.NEVER, False),
        ("rcpt", "550 5.2.2 mailbox full", Verdict.NEVER, False),
        ("rcpt", "550 5.7.1 relaying denied", Verdict.NEVER, False),
        ("rcpt", "554 no", Verdict.NEVER, False),
        ("data", "451 try again", Verdict.LATER, False),
        ("data", "452 disk full", Verdict.LATER, False),
        ("data", "554 5.7.1 looks like spam", Verdict.NEVER, False),
    ],
)
def test_what_a_refusal_means(where: str, answer: str, verdict: Verdict, bad: bool) -> None:
    with MailServer(**{where: [answer]}).open() as server:  # type: ignore[arg-type]
        handover = send(server)
    assert (handover.verdict, handover.bad_address) == (verdict, bad)
    assert answer in handover.detail


@pytest.mark.parametrize("where", ["mail", "rcpt"])
def test_a_connection_that_breaks_before_the_letter_went_is_tried_again(where: str) -> None:
    with MailServer(**{where: [DROP]}).open() as server:  # type: ignore[arg-type]
        assert send(server).verdict is Verdict.LATER
    assert server.letters == []


@pytest.mark.parametrize("how", [DROP, HANG])
def test_nobody_knows_about_a_letter_whose_answer_did_not_come(how: str) -> None:
    with MailServer(data=[how]).open() as server:
        assert send(server, timeout=0.4).verdict is Verdict.UNSURE
    assert len(server.letters) == 1


def test_no_server_or_no_mail_server_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        silent = SmtpMailer(Smtp("127.0.0.1", port, Tls.NONE, timeout=0.2)).send(LETTER)
    nobody = SmtpMailer(Smtp("127.0.0.1", port, Tls.NONE, timeout=0.2)).send(LETTER)
    assert silent.verdict is nobody.verdict is Verdict.LATER


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def contexts(authority: trustme.CA, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
def test_mail_and_password_go_encrypted(authority: trustme.CA, tls: Tls) -> None:
    theirs, ours = contexts(authority, "127.0.0.1")
    implicit = tls is Tls.IMPLICIT
    with MailServer(context=theirs, implicit=implicit, password=b"s3cret").open() as server:
        place = Smtp("127.0.0.1", server.port, tls, "ann", "s3cret", 5.0)
        assert SmtpMailer(place, ours).send(LETTER).verdict is Verdict.SENT
    assert server.secured == [True]
    assert server.logins == [(b"ann", b"s3cret")]


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
def test_a_wrong_certificate_gets_neither_mail_nor_password(
    authority: trustme.CA, tls: Tls
) -> None:
    theirs, ours = contexts(authority, "other.example.org")
    implicit = tls is Tls.IMPLICIT
    with MailServer(context=theirs, implicit=implicit, password=b"s3cret").open() as server:
        place = Smtp("127.0.0.1", server.port, tls, "ann", "s3cret", 5.0)
        assert SmtpMailer(place, ours).send(LETTER).verdict is Verdict.LATER
    assert server.logins == []
    assert server.letters == []


def test_a_server_that_cannot_encrypt_gets_neither() -> None:
    with MailServer(password=b"s3cret").open() as server:
        place = Smtp("127.0.0.1", server.port, Tls.STARTTLS, "ann", "s3cret", 5.0)
        handover = SmtpMailer(place).send(LETTER)
    assert handover.verdict is Verdict.LATER
    assert "STARTTLS" in handover.detail
    assert server.logins == []
    assert server.letters == []


def test_a_wrong_password_is_ours_to_mend_and_never_told() -> None:
    with MailServer(password=b"s3cret").open() as server:
        place = Smtp("127.0.0.1", server.port, Tls.NONE, "ann", "wrong-one", 5.0)
        handover = SmtpMailer(place).send(LETTER)
    assert handover.verdict is Verdict.LATER
    assert "535" in handover.detail
    assert "wrong-one" not in handover.detail
