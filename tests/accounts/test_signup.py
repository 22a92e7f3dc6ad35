"""Signing up, tried by people and by attackers."""

from __future__ import annotations

import contextlib

import pytest

from billow.accounts import codes
from billow.accounts.errors import NotLoggedIn, TooMany
from billow.accounts.secret import Secret, new_secret
from billow.accounts.sessions import Visit
from billow.errors import BadInput
from tests.accounts.conftest import ANNA, FAR_NET, HOME_NET, OTHER, PASSWORD, People
from tests.contract.homes import in_threads


def test_somebody_signs_up_verifies_and_is_logged_in(people: People) -> None:
    people.service.sign_ups.ask(f" {ANNA} ", PASSWORD, " Anna ", HOME_NET)
    (mail,) = people.mails()
    assert (mail.kind, mail.to, mail.context["name"]) == ("verify", ANNA, "Anna")
    done = people.service.sign_ups.verify(people.code("verify"), PASSWORD, HOME_NET)
    account = people.known(done.token).account
    assert (account.email, account.email_key) == (ANNA, "anna@example.org")
    assert (account.role, account.plan, account.disabled_at) == ("user", "", None)
    assert account.verified_at == people.clock.now()


def test_there_is_no_account_before_the_mail_was_answered(people: People) -> None:
    people.service.sign_ups.ask(ANNA, PASSWORD)
    with pytest.raises(NotLoggedIn):
        people.service.log_ins.log_in(ANNA, PASSWORD)
    assert people.home.accounts.look(lambda books: books.accounts.find()) == []


def test_the_mail_job_carries_no_secret(people: People) -> None:
    people.service.sign_ups.ask(ANNA, PASSWORD)
    (job,) = people.home.ledger.find(function="billow.mail").jobs
    told = repr(job)
    assert people.code("verify").reveal() not in told
    assert PASSWORD.reveal() not in told
    assert "argon2" not in told


def test_the_answer_is_the_same_if_the_address_has_an_account(people: People) -> None:
    people.join()
    for email in (ANNA, "nobody@example.org"):
        people.service.sign_ups.ask(email, OTHER, "Eve", FAR_NET)
    (known, new) = people.mails()[1:]
    assert (known.kind, known.to) == ("known", ANNA)
    assert "code_id" not in known.context
    assert (new.kind, new.to) == ("verify", "nobody@example.org")


def test_signing_up_again_changes_nothing_of_an_account(people: People) -> None:
    account = people.join().account
    people.service.sign_ups.ask(ANNA, OTHER, "Eve", FAR_NET)
    assert people.account(account.id) == account


def test_a_link_caused_by_an_attacker_is_no_good_to_the_owner_of_the_address(
    people: People,
) -> None:
    """Eve signs up with Anna's address; Anna clicks on the link, but does not know the password."""
    people.service.sign_ups.ask(ANNA, OTHER, "Eve", FAR_NET)
    eves = people.code("verify")
    people.service.sign_ups.ask(ANNA, PASSWORD, "Anna", HOME_NET)
    with pytest.raises(NotLoggedIn):
        people.service.sign_ups.verify(eves, PASSWORD, HOME_NET)
    people.service.sign_ups.verify(people.code("verify"), PASSWORD, HOME_NET)
    with pytest.raises(NotLoggedIn):
        people.service.log_ins.log_in(ANNA, OTHER, FAR_NET)


def test_once_verified_all_other_links_to_the_address_are_void(people: People) -> None:
    people.service.sign_ups.ask(ANNA, OTHER, "Eve", FAR_NET)
    eves = people.code("verify")
    people.join()
    with pytest.raises(NotLoggedIn):
        people.service.sign_ups.verify(eves, OTHER, FAR_NET)


def test_a_link_is_good_once(people: People) -> None:
    people.join()
    with pytest.raises(NotLoggedIn):
        people.service.sign_ups.verify(people.code("verify"), PASSWORD)


def test_a_link_is_good_for_a_day(people: People) -> None:
    people.service.sign_ups.ask(ANNA, PASSWORD)
    people.clock.advance(24 * 3600)
    with pytest.raises(NotLoggedIn):
        people.service.sign_ups.verify(people.code("verify"), PASSWORD)


def test_a_wrong_password_does_not_use_up_the_link(people: People) -> None:
    people.service.sign_ups.ask(ANNA, PASSWORD)
    with pytest.raises(NotLoggedIn):
        people.service.sign_ups.verify(people.code("verify"), OTHER)
    people.service.sign_ups.verify(people.code("verify"), PASSWORD)


def test_passwords_of_a_link_cannot_be_guessed(people: People) -> None:
    people.service.sign_ups.ask(ANNA, PASSWORD)
    code = people.code("verify")
    refused = 0
    for number in range(30):
        visit = Visit(f"198.51.100.{number}")
        try:
            people.service.sign_ups.verify(code, Secret(f"guess number {number}"), visit)
        except TooMany:
            refused += 1
        except NotLoggedIn:
            pass
    assert refused >= 24


def test_codes_cannot_be_guessed(people: People) -> None:
    people.service.sign_ups.ask(ANNA, PASSWORD)
    outcomes = []
    for _ in range(30):
        with pytest.raises((NotLoggedIn, TooMany)) as caught:
            people.service.sign_ups.verify(new_secret(), PASSWORD, FAR_NET)
        outcomes.append(caught.type)
    assert outcomes.count(TooMany) >= 8


def test_a_code_is_good_for_its_kind_only(people: People) -> None:
    people.join()
    people.service.profile.ask_reset(ANNA)
    with pytest.raises(NotLoggedIn):
        people.service.sign_ups.verify(people.code("reset"), PASSWORD)
    people.service.sign_ups.ask("new@example.org", PASSWORD)
    with pytest.raises(NotLoggedIn):
        people.service.profile.reset(people.code("verify"), OTHER)
    with pytest.raises(NotLoggedIn):
        people.service.profile.change_email(people.code("verify"))


def test_nobody_can_have_many_mails_sent_to_somebody(people: People) -> None:
    for number in range(40):
        visit = Visit(f"198.51.100.{number}")
        people.service.sign_ups.ask(ANNA, PASSWORD, visit=visit)
        people.service.profile.ask_reset(ANNA, visit)
    assert len(people.mails()) <= 6
    people.clock.advance(3 * 3600)
    people.service.sign_ups.ask(ANNA, PASSWORD)
    assert len(people.mails()) <= 7
    people.service.sign_ups.verify(people.code("verify"), PASSWORD)


def test_one_network_cannot_sign_up_without_end(people: People) -> None:
    let_in = 0
    with contextlib.suppress(TooMany):
        for number in range(30):
            people.service.sign_ups.ask(f"a{number}@example.org", PASSWORD, visit=FAR_NET)
            let_in += 1
    assert let_in == 20
    people.service.sign_ups.ask("b@example.org", PASSWORD, visit=HOME_NET)


def test_what_can_be_set_at_sign_up_is_what_is_asked_for(people: People) -> None:
    """Neither plan nor role nor owner can come in by the form."""
    with pytest.raises(TypeError):
        people.service.sign_ups.ask(ANNA, PASSWORD, plan="premium")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        people.service.sign_ups.ask(ANNA, PASSWORD, role="admin")  # type: ignore[call-arg]


@pytest.mark.parametrize("name", ["a" * 101, "Anna\nBcc: all@example.org", "a\u202eb", "\ud800"])
def test_impossible_names_are_refused(people: People, name: str) -> None:
    with pytest.raises(BadInput):
        people.service.sign_ups.ask(ANNA, PASSWORD, name)


def test_one_link_used_by_many_at_once_makes_one_account(people: People) -> None:
    people.service.sign_ups.ask(ANNA, PASSWORD)
    code = people.code(codes.VERIFY)
    made: list[str] = []

    def work() -> None:
        with contextlib.suppress(NotLoggedIn):
            made.append(people.service.sign_ups.verify(code, PASSWORD).account.id)

    in_threads([work] * 4)
    assert len(made) == 1
    assert len(people.home.accounts.look(lambda books: books.accounts.find())) == 1
