"""What letters say: templates, headers nobody can add to, addresses, and where mail goes."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import billow
from billow.errors import BadInput, DeclarationError, SettingError
from billow.mail.address import check_address, check_sender
from billow.mail.compose import MAX_SUBJECT, compose, one_line
from billow.mail.place import Inbox, Smtp, Tls, read_place
from billow.mail.templates import write
from billow.ports.mail import Letter
from billow.settings import in_force

LETTER = Letter("id1", Address("GAS", addr_spec="gas@example.org"), "ann@example.net", "s", "t\n")
SITE = {"app": "GAS", "url": "https://gas.test"}


def read(letter: Letter) -> EmailMessage:
    message = message_from_bytes(compose(letter).as_bytes(), policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


@given(st.text())
def test_no_subject_adds_a_header_or_a_line(subject: str) -> None:
    made = read(replace(LETTER, subject=subject))
    plain = read(replace(LETTER, subject="s"))
    assert made.keys() == plain.keys()
    assert made.get_content() == plain.get_content()
    assert len(one_line(subject)) <= MAX_SUBJECT


def test_a_subject_with_a_header_in_it_stays_a_subject() -> None:
    made = read(replace(LETTER, subject="Hi\r\nBcc: eve@example.com\r\n\r\nbody"))
    assert made["Subject"] == "Hi Bcc: eve@example.com body"
    assert made["Bcc"] is None


def test_headers_say_that_a_machine_wrote_and_how_to_end_it() -> None:
    letter = replace(LETTER, reply_to="help@example.org", unsubscribe="https://gas.test/u?x=1")
    made = read(letter)
    assert made["Auto-Submitted"] == "auto-generated"
    assert made["Reply-To"] == "help@example.org"
    assert made["List-Unsubscribe"] == "<https://gas.test/u?x=1>"
    assert made["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert made["Date"] == read(letter)["Date"]


@pytest.mark.parametrize(
    "text",
    ["ann@example.net", "a.b+c@sub.example.co", "o'hara@example.org", "x@localhost", "a@b-c.de"],
)
def test_an_address_is_taken(text: str) -> None:
    assert check_address(text) == text


def test_a_domain_in_other_letters_gets_its_ascii_form() -> None:
    assert check_address("ann@bücher.example") == "ann@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "text",
    [
        "", "ann", "@example.net", "ann@", "ann@@example.net", "ann b@example.net", ".a@b.c",
        "a..b@c.d", "a.@b.c", "ann@example..net", "ann@-a.net", "ann@a-.net", "ann@exa mple.net",
        "ann@example.net\n", "ann\r\nBcc:x@example.net", "<ann@example.net>", "ann@[127.0.0.1]",
        '"a b"@example.net', "ann@example.net,bob@example.net", "a" * 65 + "@b.c", "é@example.net",
        "a@" + "b." * 130 + "c", "a@" + "b" * 64 + ".c", "ann@example.net>", "a@b\x00.c",
    ],
)  # fmt: skip
def test_anything_else_is_no_address(text: str) -> None:
    with pytest.raises(BadInput):
        check_address(text)


def test_a_sender_has_a_name_or_none() -> None:
    assert check_sender("GAS ü <gas@example.org>") == Address("GAS ü", addr_spec="gas@example.org")
    assert check_sender('"GAS, Inc." <gas@example.org>').display_name == "GAS, Inc."
    assert check_sender("gas@example.org").display_name == ""
    for text in ("", "GAS", "GAS <gas@example.org", "G\nAS <gas@example.org>", "<>"):
        with pytest.raises(BadInput):
            check_sender(text)


@pytest.mark.parametrize(
    ("kind", "context", "page"),
    [
        ("verify", {"code": "c0de", "hours": 24}, "/verify?code=c0de"),
        ("reset", {"code": "c0de", "minutes": 10}, "/reset?code=c0de"),
        ("email", {"code": "c0de", "minutes": 10}, "/email?code=c0de"),
        ("known", {}, "/login"),
        ("moved", {}, "/"),
        ("password", {}, "/login"),
    ],
)
def test_the_mails_about_accounts_say_where_to_go_on(
    kind: str, context: dict[str, object], page: str
) -> None:
    words = write(kind, {**SITE, **context, "name": "BUY NOW http://spam.test"})
    assert "GAS" in words.subject
    assert f"https://gas.test{page}" in words.text
    assert f'href="https://gas.test{page}"' in words.html
    assert "spam" not in words.text + words.html


def test_what_comes_from_outside_is_escaped_in_html_only() -> None:
    said = {**SITE, "subject": "<b>&", "text": "<script>alert(1)</script>", "link": ""}
    words = write("message", said)
    assert "<script>" in words.text
    assert "<script>" not in words.html
    assert "&lt;script&gt;" in words.html


def test_what_looks_like_a_template_is_not_one() -> None:
    words = write("message", {**SITE, "subject": "{{ 7*7 }}", "text": "{{ app }}", "link": ""})
    assert "{{ app }}" in words.text
    assert words.subject == "{{ 7*7 }}"


def test_an_app_says_it_its_own_way(tmp_path: Path) -> None:
    (tmp_path / "results.txt").write_text("Subject: {{ n }} done\n\nHello {{ n }}\n")
    (tmp_path / "known.txt").write_text("no subject\n")
    assert write("results", {"n": 3}, tmp_path) == ("3 done", "Hello 3\n", "")
    assert write("known", SITE, tmp_path).text == "no subject\n"
    assert write("moved", SITE, tmp_path).html
    app = billow.App("demo")
    app.mail(templates=tmp_path)
    assert app.mail_templates == tmp_path
    for wrong in (Path("mail"), tmp_path / "none"):
        with pytest.raises(DeclarationError):
            app.mail(templates=wrong)


@pytest.mark.parametrize("kind", ["none", "../verify", "", "verify.txt", "Verify"])
def test_a_template_that_does_not_exist_is_an_error_that_names_it(kind: str) -> None:
    with pytest.raises(DeclarationError):
        write(kind, SITE)


def test_a_template_that_wants_more_is_an_error() -> None:
    with pytest.raises(DeclarationError, match="'code' is undefined"):
        write("verify", {**SITE, "hours": 24})


def test_the_places_that_mail_can_go_to(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from file\n")
    assert read_place("inbox") == Inbox()
    assert read_place("smtp://mx.test") == Smtp("mx.test", 587, Tls.STARTTLS)
    assert read_place("smtps://mx.test") == Smtp("mx.test", 465, Tls.IMPLICIT)
    assert read_place("smtp://a%40b:p%3Aw@mx.test:25?tls=implicit&timeout=5") == Smtp(
        "mx.test", 25, Tls.IMPLICIT, "a@b", "p:w", 5.0
    )
    from_file = read_place(f"smtp://ann@mx.test?password_file={tmp_path}/secret")
    assert isinstance(from_file, Smtp)
    assert from_file.password == "from file"


@pytest.mark.parametrize(
    "text",
    ["", "mail", "smtp://", "http://mx.test", "smtp://mx.test/x", "smtp://mx.test?tls=maybe",
     "smtp://mx.test?timeout=0", "smtp://mx.test?timeout=x", "smtp://mx.test?what=1",
     "smtp://ann:hunter2@mx.test?tls=none", "smtp://mx.test:99999",
     "smtp://ann:hunter2@mx.test:0x", "smtp://ann@mx.test?password_file=/nowhere"],
)  # fmt: skip
def test_an_impossible_place_is_an_error_without_the_password(text: str) -> None:
    with pytest.raises(SettingError) as caught:
        in_force("mail", None, {"BILLOW_MAIL": text})
    assert "hunter2" not in str(caught.value)
    assert "BILLOW_MAIL" in str(caught.value)


def test_a_password_is_never_shown() -> None:
    held = in_force("mail", None, {"BILLOW_MAIL": "smtp://ann:hunter2@mx.test"})
    assert held.shown == "smtp://ann:***@mx.test:587?tls=starttls"
    assert "hunter2" not in repr(held)
    assert held.value.password == "hunter2"


def test_an_address_of_the_site_is_one() -> None:
    assert in_force("url", None, {"BILLOW_URL": "https://gas.test/"}).value == "https://gas.test"
    for text in ("gas.test", "ftp://gas.test", "https://", "https://gas.test?a=b"):
        with pytest.raises(SettingError):
            in_force("url", None, {"BILLOW_URL": text})


def test_senders_are_checked_where_they_are_set() -> None:
    held = in_force("mail_from", None, {"BILLOW_MAIL_FROM": "GAS <gas@example.org>"})
    assert held.shown == "GAS <gas@example.org>"
    with pytest.raises(SettingError):
        in_force("mail_from", None, {"BILLOW_MAIL_FROM": "GAS"})
