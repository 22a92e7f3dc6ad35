"""Password, address, name and leaving, tried by people and by attackers."""

from __future__ import annotations

import contextlib

import pytest

from billow.accounts.admin import OPERATOR
from billow.accounts.errors import NotLoggedIn, TooMany
from billow.accounts.secret import Secret
from billow.errors import BadInput, Conflict
from tests.accounts.conftest import ANNA, FAR_NET, HOME_NET, OTHER, PASSWORD, People
from tests.contract.homes import in_threads

NEW = "anna@new.example.org"


def test_a_forgotten_password_is_reset(people: People) -> None:
    people.join()
    people.service.profile.ask_reset(ANNA.upper(), HOME_NET)
    assert people.mails()[-1].to == ANNA
    people.service.profile.reset(people.code("reset"), OTHER, HOME_NET)
    people.service.log_ins.log_in(ANNA, OTHER, HOME_NET)
    assert people.mails()[-1].kind == "password"


def test_asking_for_a_reset_tells_nothing_of_who_has_an_account(people: People) -> None:
    people.join()
    before = len(people.mails())
    for email in ("nobody@example.org", "junk", "", "ann\u0430@example.org"):
        people.service.profile.ask_reset(email, HOME_NET)
    assert len(people.mails()) == before


def test_the_link_goes_to_the_address_of_the_account_never_to_the_one_typed(
    people: People,
) -> None:
    people.join("mike@example.org")
    for typed in ("m\u0131ke@example.org", "mi\u212ae@example.org", "MIKE@EXAMPLE.ORG"):
        people.service.profile.ask_reset(typed, HOME_NET)
    assert {mail.to for mail in people.mails()} == {"mike@example.org"}


def test_a_reset_link_is_good_once(people: People) -> None:
    people.join()
    people.service.profile.ask_reset(ANNA)
    people.service.profile.reset(people.code("reset"), OTHER)
    with pytest.raises(NotLoggedIn):
        people.service.profile.reset(people.code("reset"), Secret("a third password"))
    people.service.log_ins.log_in(ANNA, OTHER)


def test_a_reset_link_used_twice_at_once_is_good_once(people: People) -> None:
    people.join()
    people.service.profile.ask_reset(ANNA)
    code, outcomes = people.code("reset"), []

    def work() -> None:
        with contextlib.suppress(NotLoggedIn):
            people.service.profile.reset(code, OTHER)
            outcomes.append("done")

    in_threads([work] * 4)
    assert outcomes == ["done"]


def test_a_reset_link_is_good_for_ten_minutes(people: People) -> None:
    people.join()
    people.service.profile.ask_reset(ANNA)
    people.clock.advance(600)
    with pytest.raises(NotLoggedIn):
        people.service.profile.reset(people.code("reset"), OTHER)


def test_only_the_latest_reset_link_is_good(people: People) -> None:
    people.join()
    people.service.profile.ask_reset(ANNA)
    first = people.code("reset")
    people.service.profile.ask_reset(ANNA)
    with pytest.raises(NotLoggedIn):
        people.service.profile.reset(first, OTHER)
    people.service.profile.reset(people.code("reset"), OTHER)


def test_a_refused_password_does_not_use_up_the_link(people: People) -> None:
    people.join()
    people.service.profile.ask_reset(ANNA)
    for bad in ("short", "password123", ANNA.lower()):
        with pytest.raises(BadInput):
            people.service.profile.reset(people.code("reset"), Secret(bad))
    people.service.profile.reset(people.code("reset"), OTHER)


def test_a_disabled_account_gets_no_link(people: People) -> None:
    account = people.join().account
    people.service.profile.ask_reset(ANNA)
    code, before = people.code("reset"), len(people.mails())
    people.service.admin.disable(OPERATOR, account.id)
    people.service.profile.ask_reset(ANNA)
    assert len(people.mails()) == before
    with pytest.raises(NotLoggedIn):
        people.service.profile.reset(code, OTHER)


def test_changing_the_password_ends_all_sessions_and_begins_a_new_one(people: People) -> None:
    token = people.join().token
    other = people.service.log_ins.log_in(ANNA, PASSWORD, FAR_NET).token
    done = people.service.profile.change_password(people.known(token), PASSWORD, OTHER, HOME_NET)
    assert [people.service.sessions.find(each) for each in (token, other)] == [None, None]
    assert people.known(done.token).account.email == ANNA
    people.service.log_ins.log_in(ANNA, OTHER, HOME_NET)
    with pytest.raises(NotLoggedIn):
        people.service.log_ins.log_in(ANNA, PASSWORD, HOME_NET)


def test_changing_the_password_needs_the_current_one(people: People) -> None:
    token = people.join().token
    outcomes = []
    for _ in range(8):
        with pytest.raises((NotLoggedIn, TooMany)) as caught:
            people.service.profile.change_password(people.known(token), OTHER, OTHER, FAR_NET)
        outcomes.append(caught.type)
    assert outcomes == [NotLoggedIn] * 5 + [TooMany] * 3
    people.service.log_ins.log_in(ANNA, PASSWORD, HOME_NET)


def test_changing_the_password_voids_a_reset_link_that_is_under_way(people: People) -> None:
    token = people.join().token
    people.service.profile.ask_reset(ANNA)
    people.service.profile.change_password(people.known(token), PASSWORD, OTHER)
    with pytest.raises(NotLoggedIn):
        people.service.profile.reset(people.code("reset"), PASSWORD)


def test_an_address_changes_when_the_new_one_has_answered(people: People) -> None:
    done = people.join()
    people.service.profile.ask_email(people.known(done.token), PASSWORD, NEW, HOME_NET)
    assert people.mails()[-1][:2] == ("email", NEW)
    assert people.known(done.token).account.email == ANNA
    people.service.profile.change_email(people.code("email"))
    assert people.known(done.token).account.email == NEW
    assert people.mails()[-1][:2] == ("moved", ANNA)
    people.service.log_ins.log_in(NEW, PASSWORD)
    with pytest.raises(NotLoggedIn):
        people.service.log_ins.log_in(ANNA, PASSWORD)


def test_a_link_sent_to_the_old_address_is_void_after_the_change(people: People) -> None:
    """Whoever reads the old mailbox must not get in by a reset asked for before."""
    done = people.join()
    people.service.profile.ask_reset(ANNA)
    people.service.profile.ask_email(people.known(done.token), PASSWORD, NEW)
    people.service.profile.change_email(people.code("email"))
    with pytest.raises(NotLoggedIn):
        people.service.profile.reset(people.code("reset"), OTHER)


def test_an_address_that_is_taken_tells_its_owner_and_nobody_else(people: People) -> None:
    people.join(NEW)
    anna = people.known(people.join().token)
    people.service.profile.ask_email(anna, PASSWORD, NEW.upper())
    assert people.mails()[-1][:2] == ("known", NEW)


def test_an_address_taken_meanwhile_stays_with_whoever_was_first(people: People) -> None:
    anna = people.known(people.join().token)
    people.service.profile.ask_email(anna, PASSWORD, NEW)
    people.join(NEW)
    with pytest.raises(NotLoggedIn):
        people.service.profile.change_email(people.code("email"))


def test_a_new_address_needs_the_password(people: People) -> None:
    anna = people.known(people.join().token)
    with pytest.raises(NotLoggedIn):
        people.service.profile.ask_email(anna, OTHER, NEW)


def test_somebody_renames_themselves(people: People) -> None:
    done = people.join()
    people.service.profile.rename(people.known(done.token), " Anna Ä. ")
    assert people.known(done.token).account.name == "Anna Ä."
    with pytest.raises(BadInput):
        people.service.profile.rename(people.known(done.token), "a\r\nb")


def test_somebody_leaves(people: People) -> None:
    done = people.join()
    with pytest.raises(NotLoggedIn):
        people.service.profile.delete(people.known(done.token), OTHER)
    people.service.profile.delete(people.known(done.token), PASSWORD)
    assert people.account(done.account.id) is None
    (job,) = people.home.ledger.find(function="billow.leave").jobs
    assert job.owner == done.account.id
    assert people.join().account.id != done.account.id


def test_the_only_administrator_cannot_leave(people: People) -> None:
    boss = people.boss()
    with pytest.raises(Conflict):
        people.service.profile.delete(boss, PASSWORD)
    other = people.boss("other@example.org")
    people.service.profile.delete(boss, PASSWORD)
    with pytest.raises(Conflict):
        people.service.admin.disable(other, other.owner)


def test_without_a_password_leaving_needs_a_session_that_has_just_begun(people: People) -> None:
    done = people.join()
    bare = done.account._replace(password=None)
    people.home.accounts.change(lambda books: books.accounts.put(bare))
    people.clock.advance(601)
    with pytest.raises(NotLoggedIn):
        people.service.profile.delete(people.known(done.token), Secret(""))
    people.clock.advance(-2)
    people.service.profile.delete(people.known(done.token), Secret(""))
