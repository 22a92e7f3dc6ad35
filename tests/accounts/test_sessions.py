"""Sessions and API tokens, tried by people and by attackers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from billow.accounts.admin import OPERATOR
from billow.accounts.errors import Forbidden, NotLoggedIn
from billow.accounts.roles import Principal
from billow.accounts.secret import Secret, digest, new_secret
from billow.accounts.sessions import Visit
from billow.accounts.tokens import PREFIX
from billow.clock import VirtualClock
from billow.errors import BadInput, Conflict, NotFound
from billow.testing import memory_home
from tests.accounts.conftest import ANNA, FAR_NET, HOME_NET, OTHER, PASSWORD, RULES, People

DAY = 86400.0


def log_in(people: People, visit: Visit = HOME_NET) -> Secret:
    return people.service.log_ins.log_in(ANNA, PASSWORD, visit).token


def test_only_the_digest_of_a_session_is_kept(people: People) -> None:
    token = people.join().token
    (kept,) = people.home.accounts.look(lambda books: books.sessions.find())
    assert token.reveal() not in repr(kept)
    assert kept.hash == digest(token)
    assert people.service.sessions.find(Secret(kept.hash)) is None


def test_a_made_up_token_is_no_session(people: People) -> None:
    people.join()
    for token in (new_secret(), Secret(""), Secret("\ud800"), Secret("x" * 10**6)):
        assert people.service.sessions.find(token) is None


def test_every_log_in_has_a_new_token_and_ends_the_one_before(people: People) -> None:
    """An attacker who plants a session of their own in a browser gains nothing by it."""
    planted = people.join().token
    token = log_in(people, HOME_NET._replace(before=planted))
    assert token != planted
    assert people.service.sessions.find(planted) is None
    assert people.service.sessions.find(token) is not None


def test_a_session_is_over_after_log_out(people: People) -> None:
    token, other = people.join().token, log_in(people)
    people.service.sessions.end(token)
    people.service.sessions.end(token)
    assert people.service.sessions.find(token) is None
    assert people.service.sessions.find(other) is not None


def test_a_session_ends_when_it_is_not_used(people: People) -> None:
    token = people.join().token
    people.clock.advance(7 * DAY - 1)
    assert people.service.sessions.find(token) is not None
    people.clock.advance(7 * DAY - 1)
    assert people.service.sessions.find(token) is not None
    people.clock.advance(7 * DAY)
    assert people.service.sessions.find(token) is None


def test_a_session_ends_at_last_however_much_it_is_used(people: People) -> None:
    token = people.join().token
    for _ in range(29):
        people.clock.advance(DAY)
        assert people.service.sessions.find(token) is not None
    people.clock.advance(DAY)
    assert people.service.sessions.find(token) is None


def test_sessions_are_listed_with_what_people_know_them_by(people: People) -> None:
    account = people.join().account
    people.clock.advance(5)
    log_in(people, FAR_NET)
    listed = people.service.sessions.all(account.id)
    assert [(s.agent, s.address) for s in listed] == [tuple(FAR_NET[1::-1]), tuple(HOME_NET[1::-1])]
    people.clock.advance(30 * DAY)
    assert people.service.sessions.all(account.id) == []


def test_one_of_the_own_sessions_can_be_ended(people: People) -> None:
    token, other = people.join().token, log_in(people)
    people.service.sessions.end_one(people.known(token), digest(other))
    assert people.service.sessions.find(other) is None
    assert people.service.sessions.find(token) is not None


def test_somebody_elses_session_cannot_be_ended(people: People) -> None:
    anna = people.join().token
    eve = people.known(people.join("eve@example.org").token)
    for hash_ in (digest(anna), "no such hash"):
        with pytest.raises(NotFound, match="there is no such session"):
            people.service.sessions.end_one(eve, hash_)
    assert people.service.sessions.find(anna) is not None


def test_all_other_sessions_can_be_ended(people: People) -> None:
    token = people.join().token
    others = [log_in(people) for _ in range(3)]
    eve = people.join("eve@example.org").token
    assert people.service.sessions.end_others(people.known(token)) == 3
    assert all(people.service.sessions.find(other) is None for other in others)
    assert people.service.sessions.find(token) is not None
    assert people.service.sessions.find(eve) is not None


def test_the_oldest_session_makes_room(clock: VirtualClock) -> None:
    people = People(memory_home(clock=clock), clock, RULES.__class__(sessions=3))
    tokens = [people.join().token]
    for _ in range(3):
        clock.advance(1)
        tokens.append(log_in(people))
    assert [people.service.sessions.find(t) is not None for t in tokens] == [
        False,
        True,
        True,
        True,
    ]


def end_by_disabling(people: People, id: str, token: Secret) -> None:
    people.service.admin.disable(OPERATOR, id)


def end_by_deleting(people: People, id: str, token: Secret) -> None:
    people.service.admin.delete(OPERATOR, id)


def end_by_leaving(people: People, id: str, token: Secret) -> None:
    people.service.profile.delete(people.known(token), PASSWORD)


def end_by_reset(people: People, id: str, token: Secret) -> None:
    people.service.profile.ask_reset(ANNA)
    people.service.profile.reset(people.code("reset"), OTHER)


@pytest.mark.parametrize("end", [end_by_disabling, end_by_deleting, end_by_leaving, end_by_reset])
def test_every_way_in_ends_with_the_account_or_its_password(
    people: People, end: Callable[[People, str, Secret], None]
) -> None:
    done = people.join()
    token = people.service.tokens.create(people.known(done.token), "ci", ["read"]).secret
    other = log_in(people)
    end(people, done.account.id, other)
    assert [people.service.sessions.find(each) for each in (done.token, other)] == [None, None]
    assert people.service.tokens.find(token) is None
    with pytest.raises(NotLoggedIn):
        people.service.log_ins.log_in(ANNA, PASSWORD, HOME_NET)


def test_enabling_brings_no_session_back(people: People) -> None:
    done = people.join()
    people.service.admin.disable(OPERATOR, done.account.id)
    people.service.admin.enable(OPERATOR, done.account.id)
    assert people.service.sessions.find(done.token) is None
    log_in(people)


def test_what_is_over_is_swept_away(people: People) -> None:
    people.join()
    people.service.profile.ask_reset(ANNA)
    people.clock.advance(30 * DAY)
    token = log_in(people)
    assert people.service.sweep() > 2
    assert people.service.sessions.find(token) is not None
    assert len(people.home.accounts.look(lambda books: books.sessions.find())) == 1
    assert people.home.accounts.look(lambda books: books.codes.find()) == []


def test_a_token_lets_a_program_in_for_what_it_is_good_for(people: People) -> None:
    anna = people.known(people.join().token)
    made = people.service.tokens.create(anna, "ci", ["submit", "read", "read"])
    assert made.token.scopes == "read submit"
    assert made.secret.reveal().startswith(PREFIX)
    assert made.secret.reveal() not in repr(made)
    found = people.service.tokens.need(made.secret, "submit")
    assert (found.owner, found.token, found.session) == (anna.owner, made.token, None)
    with pytest.raises(Forbidden):
        people.service.tokens.need(made.secret, "admin")


def test_only_the_digest_of_a_token_is_kept(people: People) -> None:
    made = people.service.tokens.create(people.known(people.join().token), "ci", ["read"])
    (kept,) = people.home.accounts.look(lambda books: books.tokens.find())
    assert made.secret.reveal() not in repr(kept)
    with pytest.raises(NotLoggedIn):
        people.service.tokens.need(Secret(kept.hash), "read")


def test_a_token_ends(people: People) -> None:
    anna = people.known(people.join().token)
    made = people.service.tokens.create(anna, "ci", ["read"], lifetime=60)
    people.clock.advance(59)
    assert people.service.tokens.find(made.secret) is not None
    people.clock.advance(1)
    assert people.service.tokens.find(made.secret) is None


def test_when_a_token_was_used_is_noted(people: People) -> None:
    anna = people.known(people.join().token)
    made = people.service.tokens.create(anna, "ci", ["read"])
    people.clock.advance(100)
    people.service.tokens.find(made.secret)
    assert [t.used for t in people.service.tokens.all(anna.owner)] == [people.clock.now()]


def test_a_token_can_be_ended_by_its_owner_only(people: People) -> None:
    anna = people.known(people.join().token)
    eve = people.known(people.join("eve@example.org").token)
    made = people.service.tokens.create(anna, "ci", ["read"])
    with pytest.raises(NotFound):
        people.service.tokens.end(eve, made.token.hash)
    people.service.tokens.end(anna, made.token.hash)
    assert people.service.tokens.find(made.secret) is None


def test_a_token_cannot_change_the_account_or_make_further_tokens(people: People) -> None:
    anna = people.known(people.join().token)
    made = people.service.tokens.create(anna, "ci", ["read", "submit"])
    program = people.service.tokens.need(made.secret, "read")
    forbidden: list[Callable[[], object]] = [
        lambda: people.service.tokens.create(program, "more", ["read"]),
        lambda: people.service.tokens.end(program, made.token.hash),
        lambda: people.service.sessions.end_others(program),
        lambda: people.service.sessions.end_one(program, "x"),
        lambda: people.service.profile.rename(program, "Eve"),
        lambda: people.service.profile.change_password(program, PASSWORD, OTHER),
        lambda: people.service.profile.ask_email(program, PASSWORD, "eve@example.org"),
        lambda: people.service.profile.delete(program, PASSWORD),
    ]
    for attempt in forbidden:
        with pytest.raises(Forbidden):
            attempt()


def test_a_user_cannot_make_a_token_for_administrators(people: People) -> None:
    anna = people.known(people.join().token)
    with pytest.raises(Forbidden):
        people.service.tokens.create(anna, "ci", ["admin"])
    promoted = Principal(anna.account._replace(role="admin"), session=anna.session)
    with pytest.raises(Forbidden):
        people.service.tokens.create(promoted, "ci", ["admin"])


def test_an_administrators_token_needs_the_scope_and_the_role(people: People) -> None:
    boss = people.boss()
    people.boss("other@example.org")
    reader = people.service.tokens.create(boss, "r", ["read"]).secret
    full = people.service.tokens.create(boss, "a", ["admin"]).secret
    assert not people.service.tokens.need(reader, "read").is_admin
    with pytest.raises(Forbidden):
        people.service.admin.accounts(people.service.tokens.need(reader, "read"))
    assert people.service.tokens.need(full, "admin").is_admin
    people.service.admin.set_role(OPERATOR, boss.owner, "user")
    with pytest.raises(Forbidden):
        people.service.tokens.need(full, "admin")


@pytest.mark.parametrize(
    ("name", "scopes", "lifetime"),
    [
        ("", ["read"], None),
        ("x" * 61, ["read"], None),
        ("a\nb", ["read"], None),
        ("x", [], None),
        ("x", ["write"], None),
        ("x", ["read submit"], None),
        ("x", ["read"], 0),
        ("x", ["read"], float("nan")),
        ("x", ["read"], float("inf")),
    ],
)
def test_impossible_tokens_are_refused(
    people: People, name: str, scopes: list[str], lifetime: float | None
) -> None:
    anna = people.known(people.join().token)
    with pytest.raises(BadInput):
        people.service.tokens.create(anna, name, scopes, lifetime)


def test_there_are_not_too_many_tokens(clock: VirtualClock) -> None:
    people = People(memory_home(clock=clock), clock, RULES.__class__(tokens=2))
    anna = people.known(people.join().token)
    for number in range(2):
        people.service.tokens.create(anna, f"t{number}", ["read"])
    with pytest.raises(Conflict):
        people.service.tokens.create(anna, "t3", ["read"])
