"""Log-in by OpenID Connect, at a real provider in a process of its own."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from billow.accounts.admin import OPERATOR
from billow.accounts.errors import NotLoggedIn
from billow.accounts.oidc import OpenId, Provider
from billow.accounts.secret import Secret, new_secret
from billow.accounts.sessions import LoggedIn
from billow.clock import VirtualClock
from billow.errors import SettingError, Unavailable
from billow.testing import memory_home
from tests.accounts.conftest import ANNA, HOME_NET, PASSWORD, People
from tests.accounts.provider import CLIENT, SECRET
from tests.accounts.site import REDIRECT, Site, running_site

PERSON = {"sub": "s1", "email": ANNA, "email_verified": True, "name": "Anna\n A."}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as found:
        yield found


class RealTime(VirtualClock):
    """Stands still at the real time, which the provider's tokens carry."""

    def __init__(self) -> None:
        super().__init__(time.time())


@pytest.fixture
def clock() -> VirtualClock:
    return RealTime()


@pytest.fixture
def people(clock: VirtualClock) -> People:
    return People(memory_home(clock=clock), clock)


@pytest.fixture
def openid(people: People, site: Site) -> OpenId:
    site.expect(PERSON)
    return OpenId(people.service, site.provider, REDIRECT)


def log_in(openid: OpenId, site: Site) -> LoggedIn:
    begun = openid.begin()
    return openid.finish(site.visit(begun.url), begun.state, HOME_NET)


def test_somebody_new_gets_an_account(people: People, openid: OpenId, site: Site) -> None:
    done = log_in(openid, site)
    account = people.known(done.token).account
    assert (account.email, account.name, account.role) == (ANNA, "Anna A.", "user")
    assert account.verified_at == people.clock.now()
    assert account.password is None
    with pytest.raises(NotLoggedIn):
        people.service.log_ins.log_in(ANNA, Secret(""))


def test_who_comes_again_has_the_same_account(people: People, openid: OpenId, site: Site) -> None:
    first = log_in(openid, site)
    site.expect(PERSON | {"email": "elsewhere@example.org", "email_verified": False})
    second = log_in(openid, site)
    assert second.account.id == first.account.id
    assert second.account.email == ANNA
    assert second.token != first.token


def test_an_account_is_linked_by_a_verified_address(
    people: People, openid: OpenId, site: Site
) -> None:
    account = people.join().account
    site.expect(PERSON | {"email": ANNA.upper()})
    assert log_in(openid, site).account.id == account.id
    assert "linked a provider" in people.actions()
    people.service.log_ins.log_in(ANNA, PASSWORD)


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": "false"},
        {"email_verified": "True"},
        {"email_verified": None},
        {"email_verified": 1},
        {"email": ""},
        {"email": "ann\u0430@example.org"},
    ],
)
def test_no_account_is_linked_or_made_by_an_address_that_is_not_verified(
    people: People, openid: OpenId, site: Site, claims: dict[str, Any]
) -> None:
    """Eve enters Anna's address at the provider, which does not check it."""
    people.join()
    site.expect(PERSON | claims)
    with pytest.raises(NotLoggedIn):
        log_in(openid, site)
    assert len(people.home.accounts.look(lambda books: books.accounts.find())) == 1
    assert people.home.accounts.look(lambda books: books.identities.find()) == []


def test_a_provider_may_say_true_as_text(openid: OpenId, site: Site) -> None:
    site.expect(PERSON | {"email_verified": "true"})
    assert log_in(openid, site).account.email == ANNA


def test_a_disabled_account_stays_so(people: People, openid: OpenId, site: Site) -> None:
    account = log_in(openid, site).account
    people.service.admin.disable(OPERATOR, account.id)
    with pytest.raises(NotLoggedIn):
        log_in(openid, site)


def test_the_identity_goes_with_the_account(people: People, openid: OpenId, site: Site) -> None:
    first = log_in(openid, site)
    people.service.admin.delete(OPERATOR, first.account.id)
    assert log_in(openid, site).account.id != first.account.id


@pytest.mark.parametrize(
    "twist",
    ["nonce", "no nonce", "audience", "party", "issuer", "expired", "key", "alg none", "altered"],
)
def test_a_token_with_one_thing_wrong_lets_nobody_in(
    people: People, openid: OpenId, site: Site, twist: str
) -> None:
    site.expect(PERSON, twist)
    with pytest.raises(NotLoggedIn):
        log_in(openid, site)
    assert people.home.accounts.look(lambda books: books.accounts.find()) == []


def test_an_answer_is_good_once(openid: OpenId, site: Site) -> None:
    begun = openid.begin()
    answer = site.visit(begun.url)
    openid.finish(answer, begun.state)
    with pytest.raises(NotLoggedIn):
        openid.finish(answer, begun.state)


def test_an_answer_is_good_for_the_browser_that_asked(openid: OpenId, site: Site) -> None:
    """Eve has Anna's browser open the answer to a log-in that Eve began."""
    eves, annas = openid.begin(), openid.begin()
    answer = site.visit(eves.url)
    for state in (annas.state, None, new_secret(), Secret("")):
        with pytest.raises(NotLoggedIn):
            openid.finish(answer, state)


def test_a_code_is_good_for_the_log_in_that_it_was_made_for(openid: OpenId, site: Site) -> None:
    """Eve puts a stolen code into an answer of her own: neither PKCE nor the nonce fit."""
    annas, eves = openid.begin(), openid.begin()
    stolen = site.visit(annas.url)["code"]
    with pytest.raises(NotLoggedIn):
        openid.finish({"code": stolen, "state": eves.state.reveal()}, eves.state)


def test_an_answer_comes_in_time(people: People, openid: OpenId, site: Site) -> None:
    begun = openid.begin()
    answer = site.visit(begun.url)
    people.clock.advance(600)
    with pytest.raises(NotLoggedIn):
        openid.finish(answer, begun.state)


@pytest.mark.parametrize(
    "change",
    [{"error": "access_denied"}, {"code": ""}, {"code": "made up"}, {"iss": "https://x.org"}],
)
def test_a_refusal_lets_nobody_in(openid: OpenId, site: Site, change: dict[str, str]) -> None:
    begun = openid.begin()
    answer = site.visit(begun.url)
    with pytest.raises(NotLoggedIn):
        openid.finish(answer | change, begun.state)


def test_somebody_who_is_refused_there_is_refused_here(openid: OpenId, site: Site) -> None:
    site.expect({})
    begun = openid.begin()
    answer = site.visit(begun.url)
    assert "code" not in answer
    with pytest.raises(NotLoggedIn):
        openid.finish(answer, begun.state)


def test_keys_that_have_changed_are_asked_for_again(openid: OpenId, site: Site) -> None:
    site.expect(PERSON, "old keys")
    openid.begin()
    site.expect(PERSON)
    assert log_in(openid, site).account.email == ANNA


def test_a_provider_that_calls_itself_something_else_is_not_used(
    people: People, site: Site
) -> None:
    site.expect(PERSON, "about")
    with pytest.raises(Unavailable):
        OpenId(people.service, site.provider, REDIRECT).begin()


def test_a_provider_that_does_not_answer_is_said_so(people: People) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = Provider(
            "Test", f"http://127.0.0.1:{closed.getsockname()[1]}", CLIENT, Secret(SECRET)
        )
        with pytest.raises(Unavailable):
            OpenId(people.service, nobody, REDIRECT).begin()


def test_a_provider_is_reached_by_https(people: People, site: Site) -> None:
    plain = site.provider._replace(issuer="http://login.example.org")
    with pytest.raises(SettingError):
        OpenId(people.service, plain, REDIRECT)


def test_nothing_secret_is_shown(openid: OpenId, site: Site) -> None:
    begun = openid.begin()
    assert SECRET not in repr(site.provider) + begun.url
    assert openid._verifier(begun.state).reveal() not in begun.url
