"""Secrets, addresses and passwords."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.accounts.emails import check_email
from billow.accounts.passwords import check_password
from billow.accounts.secret import Secret, derive, digest, new_secret
from billow.accounts.throttle import Limit, network
from billow.errors import BadInput


def test_a_secret_does_not_show_itself(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("hunter2hunter2")
    logging.getLogger("x").warning("%s %r %s", secret, [secret], f"{secret:>30}")
    try:
        raise ValueError(secret)
    except ValueError:
        told = traceback.format_exc()
    assert "hunter2" not in caplog.text + told + str({secret: secret})


@pytest.mark.parametrize("write", [pickle.dumps, copy.deepcopy])
def test_a_secret_is_not_written_anywhere(write: object) -> None:
    assert callable(write)
    with pytest.raises(TypeError):
        write(Secret("x"))


def test_secrets_are_compared_by_what_they_are() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_new_secrets_have_256_bits_and_are_all_different() -> None:
    made = [new_secret().reveal() for _ in range(100)]
    assert len(set(made)) == 100
    assert {len(each) for each in made} == {43}


def test_a_derived_secret_depends_on_key_and_purpose() -> None:
    assert derive(b"k", "p") == derive(b"k", "p")
    assert len({derive(k, p) for k in (b"k", b"l") for p in ("p", "q")}) == 4
    assert len(digest(derive(b"k", "p"))) == 64


@pytest.mark.parametrize(
    "text",
    ["a@b.co", "A.B+c@Example.ORG", "x@xn--mller-kva.de", "o'hara@x.org", f"{'a' * 64}@x.org"],
)
def test_addresses_that_are_taken(text: str) -> None:
    email = check_email(f" {text}\t")
    assert (email.text, email.key) == (text, text.lower())


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "@x.org", "a@", "a@x", "a@@x.org", "a b@x.org", "a@x..org", ".a@x.org", "a.@x.org",
        "a..b@x.org", "a@-x.org", "a@x-.org", "a@x.org.", "a@127.0.0.1", "a@[127.0.0.1]",
        "a@x.org\nBcc: b@x.org", "a@x.org\r", "a@x.org\n", "a\0@x.org", '"a b"@x.org',
        "a@x.org,b@x.org", "a@x.org;b@x.org", "<a@x.org>", f"{'a' * 65}@x.org",
        f"a@{'x' * 64}.org", f"a@{'x.' * 130}org", "ä@x.org", "a@müller.de", "m\u0131ke@x.org",
        "\u212aate@x.org", "a@x.or\u0261", "\uff41@x.org", "a@x\u3002org", "\ud800@x.org",
        "a@x.org\u200b", "\u00a0a@x.org",
    ],
)  # fmt: skip
def test_addresses_that_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        check_email(text)


@given(st.text())
def test_an_address_that_is_taken_is_ascii_on_one_line(text: str) -> None:
    try:
        email = check_email(text)
    except BadInput:
        return
    assert email.text.isascii()
    assert email.text.isprintable()
    assert " " not in email.text


@pytest.mark.parametrize(
    "text",
    ["a b c d e", "äöüßäöüß", "👩💻👩💻👩💻!!", " " * 7 + "x", "x" * 255 + "y", "\t\n\0abcdef"],
)
def test_passwords_that_are_taken(text: str) -> None:
    check_password(Secret(text), "anna@x.org", "anna", "x.org")


@pytest.mark.parametrize(
    "text",
    [
        "", "1234567", "x" * 257, "password", "PassWord", "12345678", "qwertyuiop", "Anna@X.org",
        "anna.miller", "abcdefg\ud800",
    ],
)  # fmt: skip
def test_passwords_that_are_refused(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_password(Secret(text), "anna@x.org", "anna.miller")
    assert text in ("", "password") or text not in caught.value.detail


def test_a_limit_doubles_from_the_first_wait_to_the_longest() -> None:
    limit = Limit("x", free=3, first=2, longest=20)
    assert [limit.rest(tries) for tries in range(1, 9)] == [0, 0, 2, 4, 8, 16, 20, 20]
    assert limit.rest(10**6) == 20


@pytest.mark.parametrize(
    ("address", "whole"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_the_network_of_an_address(address: str, whole: str) -> None:
    assert network(address) == whole
