"""Logging in, tried by people and by attackers."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from billow.accounts import passwords
from billow.accounts.admin import OPERATOR
from billow.accounts.errors import NotLoggedIn, TooMany
from billow.accounts.gate import Gate
from billow.accounts.passwords import Hasher, Verdict
from billow.accounts.secret import Secret
from billow.accounts.service import AccountService
from billow.accounts.sessions import Visit
from billow.errors import Unavailable
from tests.accounts.conftest import (
    ANNA,
    FAR_NET,
    HOME_NET,
    OTHER,
    PASSWORD,
    RULES,
    People,
    fast_hasher,
)
from tests.contract.homes import in_threads, until


def test_log_in_takes_the_address_in_any_case(people: People) -> None:
    people.join()
    for email in (ANNA, ANNA.upper(), f"  {ANNA.lower()}\t"):
        done = people.service.log_ins.log_in(email, PASSWORD, HOME_NET)
        assert people.known(done.token).account.email == ANNA


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (ANNA, OTHER),
        ("nobody@example.org", PASSWORD),
        ("", PASSWORD),
        ("no address", PASSWORD),
        (ANNA, Secret("")),
        (ANNA, Secret("x" * 1_000_000)),
        (ANNA, Secret("\ud800")),
        (ANNA, Secret(PASSWORD.reveal().upper())),
        ("ann\u0430@example.org", PASSWORD),
        ("' or 1=1 --@example.org", PASSWORD),
    ],
    ids=[
        "password", "address", "no address", "junk", "empty", "huge", "surrogate", "case",
        "cyrillic", "injection",
    ],
)  # fmt: skip
def test_every_wrong_log_in_has_the_same_answer(
    people: People, email: str, password: Secret
) -> None:
    people.join()
    with pytest.raises(NotLoggedIn) as caught:
        people.service.log_ins.log_in(email, password, HOME_NET)
    assert caught.value.detail == "the email address or the password is wrong"
    assert people.actions()[-1] == "log-in failed"


class CountingHasher(Hasher):
    """Tells how often passwords were compared, and with what."""

    def __init__(self) -> None:
        super().__init__(memory=8, passes=1)
        self.compared: list[str | None] = []

    def verify(self, kept: str | None, password: Secret) -> Verdict:
        self.compared.append(kept)
        return super().verify(kept, password)


def test_an_unknown_address_costs_the_same_work(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One comparison of an Argon2 hash with the same parameters, whoever is asked for."""
    account = people.join().account
    people.service.admin.create(OPERATOR, "elsewhere@example.org")
    seen: list[str] = []
    compare = Hasher._compare

    def watched(self: Hasher, kept: str, password: Secret) -> bool:
        seen.append(kept.rpartition("$")[0].rpartition("$")[0])
        return compare(self, kept, password)

    monkeypatch.setattr(Hasher, "_compare", watched)
    for email in (ANNA, "nobody@example.org", "elsewhere@example.org", "junk"):
        with pytest.raises(NotLoggedIn):
            people.service.log_ins.log_in(email, OTHER, HOME_NET)
    assert account.password is not None
    assert seen == [account.password.rpartition("$")[0].rpartition("$")[0]] * 4


def test_nobody_gets_in_by_the_decoy(people: People) -> None:
    hasher = fast_hasher()
    assert not hasher.verify(None, Secret("")).right
    assert not hasher.verify("no hash at all", PASSWORD).right


def test_guessing_gets_slower_and_slower(people: People) -> None:
    people.join()
    for _ in range(5):
        with pytest.raises(NotLoggedIn):
            people.service.log_ins.log_in(ANNA, OTHER, FAR_NET)
    waits = []
    for _ in range(12):
        with pytest.raises(TooMany) as caught:
            people.service.log_ins.log_in(ANNA, OTHER, FAR_NET)
        waits.append(caught.value.extra["retry_after"])
        people.clock.advance(waits[-1])
        with pytest.raises(NotLoggedIn):
            people.service.log_ins.log_in(ANNA, OTHER, FAR_NET)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_the_wait_is_the_same_for_an_address_nobody_has(people: People) -> None:
    answers = []
    for _ in range(7):
        with pytest.raises((NotLoggedIn, TooMany)) as caught:
            people.service.log_ins.log_in("nobody@example.org", OTHER, FAR_NET)
        answers.append(caught.type)
    assert answers == [NotLoggedIn] * 5 + [TooMany] * 2


def test_the_right_password_does_not_shorten_the_wait(people: People) -> None:
    people.join()
    for _ in range(5):
        with pytest.raises(NotLoggedIn):
            people.service.log_ins.log_in(ANNA, OTHER, FAR_NET)
    with pytest.raises(TooMany):
        people.service.log_ins.log_in(ANNA, PASSWORD, FAR_NET)


def test_an_attacker_does_not_lock_the_owner_out(people: People) -> None:
    people.join()
    for number in range(90):
        with pytest.raises((NotLoggedIn, TooMany)):
            people.service.log_ins.log_in(ANNA, OTHER, Visit(f"203.0.113.{number}"))
    people.service.log_ins.log_in(ANNA, PASSWORD, HOME_NET)


def test_guesses_from_everywhere_are_bounded_too(people: People) -> None:
    people.join()
    outcomes = []
    for number in range(130):
        with pytest.raises((NotLoggedIn, TooMany)) as caught:
            people.service.log_ins.log_in(ANNA, OTHER, Visit(f"203.0.{number}.9"))
        outcomes.append(caught.type)
    assert outcomes == [NotLoggedIn] * 100 + [TooMany] * 30


def test_one_network_cannot_try_one_password_on_many(people: People) -> None:
    outcomes = []
    for number in range(40):
        with pytest.raises((NotLoggedIn, TooMany)) as caught:
            people.service.log_ins.log_in(f"a{number}@example.org", PASSWORD, FAR_NET)
        outcomes.append(caught.type)
    assert outcomes == [NotLoggedIn] * 30 + [TooMany] * 10


def test_addresses_of_one_ipv6_network_count_together(people: People) -> None:
    outcomes = []
    for number in range(8):
        with pytest.raises((NotLoggedIn, TooMany)) as caught:
            people.service.log_ins.log_in(ANNA, OTHER, Visit(f"2001:db8::{number:x}"))
        outcomes.append(caught.type)
    assert outcomes == [NotLoggedIn] * 5 + [TooMany] * 3


def test_an_own_account_does_not_wipe_out_the_count_of_guesses_at_others(people: People) -> None:
    people.join()
    outcomes: list[type[BaseException]] = []
    for number in range(40):
        with pytest.raises((NotLoggedIn, TooMany)) as caught:
            people.service.log_ins.log_in(f"a{number}@example.org", OTHER, FAR_NET)
        outcomes.append(caught.type)
        if number < 29:
            people.service.log_ins.log_in(ANNA, PASSWORD, FAR_NET)
    assert outcomes.index(TooMany) == 30


def test_logging_in_often_is_no_offence(people: People) -> None:
    people.join()
    for _ in range(50):
        people.service.log_ins.log_in(ANNA, PASSWORD, HOME_NET)


def test_a_disabled_account_has_the_answer_of_a_wrong_password(people: People) -> None:
    account = people.join().account
    people.service.admin.disable(OPERATOR, account.id)
    with pytest.raises(NotLoggedIn, match="address or the password is wrong"):
        people.service.log_ins.log_in(ANNA, PASSWORD, HOME_NET)


def test_old_parameters_are_replaced_at_the_next_log_in(people: People) -> None:
    account = people.join().account
    stronger = AccountService(people.home, RULES, hasher=Hasher(memory=16, passes=1))
    stronger.log_ins.log_in(ANNA, PASSWORD, HOME_NET)
    changed = people.account(account.id)
    assert changed is not None
    assert changed.password is not None
    assert changed.password.startswith("$argon2id$v=19$m=16,t=1,p=1$")
    stronger.log_ins.log_in(ANNA, PASSWORD, HOME_NET)
    assert people.account(account.id) == changed


def test_the_parameters_are_those_that_owasp_asks_for() -> None:
    assert Hasher().hash(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_password_changed_while_the_old_one_is_compared_lets_nobody_in(people: People) -> None:
    account = people.join().account
    verify = people.service.log_ins._door._hasher.verify

    def changed_meanwhile(kept: str | None, password: Secret) -> Verdict:
        verdict = verify(kept, password)
        new = account._replace(password=fast_hasher().hash(OTHER))
        people.home.accounts.change(lambda books: books.accounts.put(new))
        return verdict

    people.service.log_ins._door._hasher.verify = changed_meanwhile  # type: ignore[method-assign]
    with pytest.raises(NotLoggedIn):
        people.service.log_ins.log_in(ANNA, PASSWORD, HOME_NET)


class SlowHasher:
    """Stands in for Argon2: each comparison waits until it is let go; counts how many run."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.running = 0
        self.most = 0
        self._lock = threading.Lock()

    def verify(self, *_: Any) -> bool:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.go.wait(20)
        with self._lock:
            self.running -= 1
        return True

    hash = check_needs_rehash = lambda *_: ""


def test_of_a_thousand_log_ins_at_once_few_are_worked_on_and_most_turned_away() -> None:
    hasher, slow = Hasher(at_once=2, waiting=8), SlowHasher()
    hasher._hasher = slow  # type: ignore[assignment]
    refused: list[Unavailable] = []
    done: list[Verdict] = []

    def work() -> None:
        for _ in range(50):
            try:
                done.append(hasher.verify("kept", PASSWORD))
            except Unavailable as problem:
                refused.append(problem)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    until(lambda: len(refused) >= 10 * 50, "ten threads are inside, the others were refused")
    assert slow.running == 2
    slow.go.set()
    for thread in threads:
        thread.join()
    assert slow.most <= 2
    assert len(done) + len(refused) == 1000
    assert all(problem.extra["retry_after"] > 0 for problem in refused)


def test_a_log_in_that_was_turned_away_is_no_try(people: People) -> None:
    people.join()
    people.service.log_ins._door._hasher._gate = Gate(at_once=1, waiting=0)
    with people.service.log_ins._door._hasher._gate:
        for _ in range(10):
            with pytest.raises(Unavailable):
                people.service.log_ins.log_in(ANNA, PASSWORD, HOME_NET)
    people.service.log_ins.log_in(ANNA, PASSWORD, HOME_NET)


def test_a_gate_is_free_again_after_an_error() -> None:
    gate = Gate(at_once=1, waiting=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), gate:
            raise ZeroDivisionError


def test_a_wait_at_the_gate_ends() -> None:
    gate = Gate(at_once=1, waiting=5, patience=0.01)
    with gate:
        for _ in range(10):
            with pytest.raises(Unavailable), gate:
                pass


def test_many_guesses_at_the_same_time_are_all_counted(people: People) -> None:
    people.join()
    outcomes: list[str] = []

    def guess() -> None:
        try:
            people.service.log_ins.log_in(ANNA, OTHER, FAR_NET)
        except (NotLoggedIn, TooMany) as problem:
            outcomes.append(type(problem).__name__)

    in_threads([guess] * 20)
    assert outcomes.count("NotLoggedIn") <= 5
    assert len(outcomes) == 20


def test_the_list_of_passwords_holds_three_thousand_that_could_be_chosen() -> None:
    words = passwords._common()
    assert len(words) >= 2990
    assert all(len(word) >= passwords.SHORTEST for word in words)
