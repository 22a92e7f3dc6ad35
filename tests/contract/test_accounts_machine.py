"""A random walk: shelves against simple models, with steps that fail half-way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from billow.errors import Conflict
from billow.ports.accounts import Account, Books
from tests.contract.machine import Machine, walk

KEYS = st.sampled_from(["a", "b", "c", "ä", "z"])
EMAILS = st.sampled_from(["x@x.org", "y@x.org", "z@x.org"])
ACCOUNTS = st.builds(
    lambda key, email, created: Account(key, email, email, "", None, "", "user", None, created),
    KEYS,
    EMAILS,
    st.integers(0, 5).map(float),
)
#: What is done in a step: the name of a method of the shelf, and its arguments.
DEEDS = st.one_of(
    st.tuples(st.just("add"), ACCOUNTS),
    st.tuples(st.just("put"), ACCOUNTS),
    st.tuples(st.just("remove"), KEYS),
    st.tuples(st.just("remove_before"), st.just("created"), st.integers(0, 6).map(float)),
)
Model = dict[str, Account]


class GiveUp(Exception):
    pass


def expected(model: Model, deed: tuple[object, ...]) -> object:
    """Do to the model what the shelf should do; what it should answer, or the error's type."""
    match deed:
        case ("add" | "put" as how, Account() as account):
            twins = (a for a in model.values() if a.email_key == account.email_key)
            taken = how == "add" and account.id in model
            if taken or any(twin.id != account.id for twin in twins):
                return Conflict
            model[account.id] = account
            return None
        case ("remove", str() as key):
            return model.pop(key, None) is not None
        case ("remove_before", _, float() as time):
            old = [key for key, account in model.items() if account.created < time]
            for key in old:
                del model[key]
            return len(old)
    raise AssertionError(deed)


class ShelfMachine(Machine):
    """A step is done as a whole or not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.model: Model = {}

    @rule(
        deeds=st.lists(DEEDS, min_size=1, max_size=4), gives_up=st.booleans(), durable=st.booleans()
    )
    def step(self, deeds: list[tuple[object, ...]], gives_up: bool, durable: bool) -> None:
        model = dict(self.model)
        answers = []
        for deed in deeds:
            answers.append(expected(model, deed))
            if answers[-1] is Conflict:
                break

        def work(books: Books) -> list[object]:
            done = []
            for name, *arguments in deeds:
                method: Callable[..., object] = getattr(books.accounts, str(name))
                done.append(method(*arguments))
            if gives_up:
                raise GiveUp
            return done

        if Conflict in answers or gives_up:
            with pytest.raises(Conflict if Conflict in answers else GiveUp):
                self.home.accounts.change(work, durable=durable)
            return
        assert self.home.accounts.change(work, durable=durable) == answers
        self.model = model

    @rule(after=st.none() | KEYS, limit=st.integers(0, 4), email=EMAILS)
    def find(self, after: str | None, limit: int, email: str) -> None:
        fitting = [a for k, a in sorted(self.model.items()) if after is None or k > after]
        look = self.home.accounts.look
        assert look(lambda b: b.accounts.find(after=after, limit=limit)) == fitting[:limit]
        wanted = [account for account in fitting if account.email_key == email]
        assert look(lambda b: b.accounts.find(after=after, email_key=email)) == wanted

    @invariant()
    def the_shelf_is_the_model(self) -> None:
        held = [account for _, account in sorted(self.model.items())]
        assert self.home.accounts.look(lambda books: books.accounts.find()) == held
        last = self.home.accounts.look(lambda books: books.accounts.last())
        assert last == (held[-1] if held else None)


def test_shelves_behave_like_their_model(driver: str) -> None:
    walk(ShelfMachine, driver)
