"""`billow accounts`."""

from __future__ import annotations

import io
import sqlite3
import sys
from pathlib import Path

import pytest

from billow.accounts.secret import Secret
from billow.accounts.service import AccountService
from billow.home import Home
from tests.cli.conftest import Billow

ANNA = "anna@example.org"


def test_no_accounts_at_first(home: Home, billow: Billow) -> None:
    assert billow("accounts") == (0, "no accounts\n", "")
    assert billow("accounts", "--json") == (0, "", "")


def test_the_first_administrator(
    home: Home, billow: Billow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse battery\n"))
    assert billow("accounts", "admin", ANNA, "--password").out == (
        f"{ANNA}: created, an administrator\n"
    )
    done = AccountService(home).log_ins.log_in(ANNA, Secret("correct horse battery"))
    assert done.account.role == "admin"
    (listed,) = billow("accounts", "--json").lines
    assert (listed["email"], listed["role"]) == (ANNA, "admin")
    assert "argon2" not in str(listed)


def test_somebody_is_made_an_administrator(home: Home, billow: Billow) -> None:
    made = billow("accounts", "create", ANNA, "--name", "Anna", "--json").document
    assert (made["role"], made["has_password"]) == ("user", False)
    assert billow("accounts", "admin", ANNA, "--json").document["role"] == "admin"


def test_a_weak_password_is_refused(
    home: Home, billow: Billow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("password\n"))
    done = billow("accounts", "create", ANNA, "--password")
    assert done.status == 2
    assert "most used" in done.err
    assert billow("accounts").out == "no accounts\n"


def test_disabling_and_enabling(home: Home, billow: Billow) -> None:
    id_ = billow("accounts", "create", ANNA, "--json").document["id"]
    assert billow("accounts", "disable", ANNA).out == f"{ANNA}: disabled\n"
    assert "user, disabled" in billow("accounts").out
    assert billow("accounts", "enable", id_, "--json").document["disabled"] is None


def test_a_token_is_shown_once(home: Home, billow: Billow) -> None:
    billow("accounts", "create", ANNA)
    secret = billow("accounts", "token", ANNA, "--scope", "read", "--for", "1 d").out.strip()
    found = AccountService(home).tokens.need(Secret(secret), "read")
    assert found.account.email == ANNA
    assert found.token is not None
    assert found.token.scopes == "read"
    assert secret not in billow("accounts", "audit", "--json").out


def test_a_token_for_administrators_needs_one(home: Home, billow: Billow) -> None:
    billow("accounts", "create", ANNA)
    done = billow("accounts", "token", ANNA, "--scope", "admin")
    assert (done.status, done.out) == (2, "")


@pytest.mark.parametrize("verb", ["disable", "enable", "token"])
def test_an_account_that_does_not_exist(home: Home, billow: Billow, verb: str) -> None:
    assert billow("accounts", verb, ANNA) == (2, "", f"billow: there is no account '{ANNA}'\n")


def test_what_was_done_is_in_the_audit_log(home: Home, billow: Billow) -> None:
    billow("accounts", "create", "other@example.org")
    id_ = billow("accounts", "create", ANNA, "--json").document["id"]
    billow("accounts", "disable", ANNA)
    entries = billow("accounts", "audit", "--of", ANNA, "--json").lines
    assert [(e["actor"], e["action"], e["subject"]) for e in entries] == [
        ("cli", "created an account", id_),
        ("cli", "disabled an account", id_),
    ]
    assert "disabled an account" in billow("accounts", "audit").out


def test_the_audit_log_is_verified(here: Path, home: Home, billow: Billow) -> None:
    billow("accounts", "create", ANNA)
    head = billow("accounts", "verify", "--json").document["head"]
    billow("accounts", "disable", ANNA)
    assert billow("accounts", "verify", "--head", head).status == 0
    lost = billow("accounts", "verify", "--head", "9:beef")
    assert (lost.status, "does not contain the head" in lost.out) == (1, True)
    connection = sqlite3.connect(here / ".billow" / "core.db")
    with connection:
        connection.execute("update audit set actor = 'nobody' where seq = 1")
    connection.close()
    assert billow("accounts", "verify") == (1, "entry 1 is not as it was written\n", "")


def test_without_the_extra_it_says_what_to_install(
    home: Home, billow: Billow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "argon2", None)
    for name in ("service", "passwords", "admin"):
        monkeypatch.delitem(sys.modules, f"billow.accounts.{name}", raising=False)
    done = billow("accounts")
    assert (done.status, done.out) == (2, "")
    assert "pip install billow[accounts]" in done.err
