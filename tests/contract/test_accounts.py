"""Accounts: shelves of records, changed in steps that hold together."""

from __future__ import annotations

import stat
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from billow.clock import VirtualClock
from billow.errors import Conflict
from billow.home import Home, open_home
from billow.ports.accounts import Account, Books, Session, Throttle, Usage
from billow.ports.ledger import Submission
from tests.contract.homes import in_threads

ANNA = Account("a1", "Anna@x.org", "anna@x.org", "Anna", None, "", "user", None, 1.0)
BERT = Account("b1", "b@x.org", "b@x.org", "Bert", "hash", "free", "admin", 2.5, 2.0, 3.0)


class Oops(Exception):
    pass


def session(hash: str, account: str = "a1", expires: float = 10.0) -> Session:
    return Session(hash, account, 1.0, 1.0, expires, "agent", "::1")


def add(home: Home, *records: Account | Session) -> None:
    def work(books: Books) -> None:
        for record in records:
            if isinstance(record, Account):
                books.accounts.add(record)
            else:
                books.sessions.add(record)

    home.accounts.change(work)


def test_a_record_comes_back_as_it_was_added(home: Home) -> None:
    add(home, ANNA)
    add(home, BERT)
    assert home.accounts.look(lambda books: books.accounts.get("a1")) == ANNA
    assert home.accounts.look(lambda books: books.accounts.get("b1")) == BERT
    assert home.accounts.look(lambda books: books.accounts.get("c1")) is None


def test_the_key_of_a_record_is_taken_once(home: Home) -> None:
    add(home, ANNA)
    with pytest.raises(Conflict):
        home.accounts.change(lambda books: books.accounts.add(BERT._replace(id="a1")))


def test_an_address_is_taken_once(home: Home) -> None:
    add(home, ANNA)
    with pytest.raises(Conflict):
        home.accounts.change(lambda b: b.accounts.add(BERT._replace(email_key="anna@x.org")))
    add(home, BERT)
    with pytest.raises(Conflict):
        home.accounts.change(lambda b: b.accounts.put(BERT._replace(email_key="anna@x.org")))
    assert home.accounts.look(lambda books: books.accounts.get("b1")) == BERT


def _put(account: Account, books: Books) -> None:
    books.accounts.put(account)


def test_put_adds_or_replaces(home: Home) -> None:
    for account in (ANNA, ANNA._replace(name="Anne")):
        home.accounts.change(partial(_put, account))
    assert home.accounts.look(lambda b: b.accounts.find()) == [ANNA._replace(name="Anne")]


def test_remove_tells_whether_there_was_one(home: Home) -> None:
    add(home, ANNA)
    assert home.accounts.change(lambda books: books.accounts.remove("a1"))
    assert not home.accounts.change(lambda books: books.accounts.remove("a1"))


def test_find_goes_by_values_and_in_the_order_of_keys(home: Home) -> None:
    add(home, session("c"), session("a"), session("b", "b1"))

    def find(**asked: Any) -> list[str]:
        found = home.accounts.look(lambda books: books.sessions.find(**asked))
        return [each.hash for each in found]

    assert find() == ["a", "b", "c"]
    assert find(account="a1") == ["a", "c"]
    assert find(account="a1", after="a") == ["c"]
    assert find(limit=2) == ["a", "b"]
    assert find(limit=0) == []
    assert find(account="a1", expires=11.0) == []


def test_find_takes_none_for_a_value(home: Home) -> None:
    add(home, ANNA, BERT)
    assert home.accounts.look(lambda books: books.accounts.find(disabled_at=None)) == [ANNA]


def test_a_field_that_does_not_exist_is_an_error(home: Home) -> None:
    add(home, ANNA)
    with pytest.raises(TypeError):
        home.accounts.look(lambda books: books.accounts.find(nickname="x"))
    with pytest.raises(TypeError):
        home.accounts.change(lambda books: books.accounts.remove_before("1=1 or id", 0))


def test_last_has_the_greatest_key(home: Home) -> None:
    assert home.accounts.look(lambda books: books.sessions.last()) is None
    add(home, *(session(hash_) for hash_ in "bca"))
    last = home.accounts.look(lambda books: books.sessions.last())
    assert last is not None
    assert last.hash == "c"


def test_remove_before_removes_what_is_older_only(home: Home) -> None:
    add(home, *(session(hash_, expires=at) for hash_, at in [("a", 5), ("b", 10), ("c", 15)]))
    assert home.accounts.change(lambda books: books.sessions.remove_before("expires", 10.0)) == 1
    assert [s.hash for s in home.accounts.look(lambda b: b.sessions.find())] == ["b", "c"]


@pytest.mark.parametrize("durable", [True, False])
def test_nothing_remains_of_work_that_raises(home: Home, durable: bool) -> None:
    add(home, ANNA, session("s"))

    def work(books: Books) -> None:
        books.accounts.put(ANNA._replace(name="changed"))
        books.accounts.add(BERT)
        books.sessions.remove("s")
        books.submit(Submission("mail"))
        raise Oops

    with pytest.raises(Oops):
        home.accounts.change(work, durable=durable)
    assert home.accounts.look(lambda books: books.accounts.find()) == [ANNA]
    assert home.accounts.look(lambda books: books.sessions.find()) == [session("s")]
    assert home.ledger.find().jobs == []


def test_a_relaxed_change_is_seen_as_any_other(home: Home) -> None:
    home.accounts.change(lambda books: books.throttles.put(Throttle("k", 1, 2, 3)), durable=False)
    assert home.accounts.look(lambda b: b.throttles.get("k")) == Throttle("k", 1, 2, 3)


def test_a_job_is_submitted_with_the_change_that_asks_for_it(home: Home) -> None:
    def work(books: Books) -> None:
        books.accounts.add(ANNA)
        books.submit(Submission("billow.mail", '{"to":"x"}', owner="a1", key="welcome"))

    home.accounts.change(work)
    (job,) = home.ledger.find().jobs
    assert (job.function, job.args, job.owner) == ("billow.mail", {"to": "x"}, "a1")


def test_a_job_whose_key_is_known_is_not_submitted_again(home: Home) -> None:
    for _ in range(2):
        home.accounts.change(lambda b: b.submit(Submission("billow.mail", owner="a1", key="k")))
    assert len(home.ledger.find().jobs) == 1


def test_looking_submits_nothing(home: Home) -> None:
    with pytest.raises(TypeError):
        home.accounts.look(lambda books: books.submit(Submission("mail")))


def test_changes_of_many_threads_follow_each_other(home: Home) -> None:
    def count(books: Books) -> None:
        held = books.throttles.get("k") or Throttle("k", 0, 0, 0)
        books.throttles.put(held._replace(tries=held.tries + 1))

    def work(durable: bool) -> None:
        for _ in range(10):
            home.accounts.change(count, durable=durable)

    in_threads([partial(work, durable) for durable in (True, True, False, False)])
    held = home.accounts.look(lambda books: books.throttles.get("k"))
    assert held is not None
    assert held.tries == 40


def test_usage_counts_an_owners_jobs_and_bytes(home: Home, clock: VirtualClock) -> None:
    home.ledger.submit([Submission("annotate", owner="a1")])
    clock.advance(100)
    since = clock.now()
    asked = [Submission("annotate", owner="a1") for _ in range(3)]
    done = home.ledger.submit([*asked, Submission("annotate", owner="b1")])
    home.ledger.submit([Submission("billow.mail", owner="a1")])
    home.ledger.cancel(done[0].id)
    home.objects.put("s", [b"12345"], owner="a1")
    home.objects.put("t", [b"123"], owner="a1")
    home.objects.put("t", [b"1"], owner="b1")
    assert home.accounts.look(lambda books: books.usage("a1", since)) == Usage(3, 3, 8)
    assert home.accounts.look(lambda books: books.usage("c1", since)) == Usage(0, 0, 0)


def test_usage_within_a_change_is_that_of_the_moment(home: Home) -> None:
    """So two requests at the same time cannot both take the last job of a day."""

    def take(books: Books) -> bool:
        if books.usage("a1", 0.0).jobs >= 2:
            return False
        books.submit(Submission("annotate", owner="a1"))
        return True

    def work() -> None:
        home.accounts.change(take)

    in_threads([work] * 6)
    assert len(home.ledger.find(owner="a1").jobs) == 2


def test_the_homes_key_stays_the_same(home: Home, clock: VirtualClock) -> None:
    key = home.accounts.key()
    assert len(key) == 32
    assert home.accounts.key() == key
    if home.folder is not None:
        again = open_home(home.folder, clock=clock)
        assert again.accounts.key() == key
        mode = (home.folder / "accounts.key").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600


def test_each_home_has_a_key_of_its_own(make_home: Callable[[], Home]) -> None:
    assert make_home().accounts.key() != make_home().accounts.key()
