"""Plans, usage, administrators and the audit log."""

from __future__ import annotations

import itertools
import random
import sqlite3
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.accounts import audit
from billow.accounts.admin import OPERATOR
from billow.accounts.errors import Forbidden
from billow.accounts.opening import open_accounts
from billow.accounts.plans import Applied, fold
from billow.accounts.roles import Principal
from billow.app import App
from billow.clock import VirtualClock
from billow.errors import BadInput, Conflict, NotFound
from billow.home import open_home
from billow.plan import Plan
from billow.ports.accounts import Books, PlanEvent, Usage
from billow.ports.ledger import Submission
from billow.testing import memory_home
from tests.accounts.conftest import ANNA, FAR_NET, OTHER, PASSWORD, People
from tests.contract.homes import in_threads


def event(id: str, account: str, plan: str, at: float) -> PlanEvent:
    return PlanEvent(id, account, plan, at, 0.0)


def test_new_accounts_are_on_the_first_plan(people: People) -> None:
    account = people.join().account
    assert people.service.plans.plan_of(account.id) == "free"
    assert people.service.plans.plan_of("local") == "free"


def test_a_plan_event_is_applied_once(people: People) -> None:
    account, now = people.join().account, people.clock.now()
    paid = event("evt_1", account.id, "premium", now)
    assert people.service.plans.apply(paid) == Applied(True, "free", "premium")
    assert people.service.plans.apply(paid) == Applied(False, "premium", "premium")
    assert people.service.plans.plan_of(account.id) == "premium"
    (job,) = people.home.ledger.find(function="billow.plan").jobs
    assert (job.name, job.owner) == ("free>premium", account.id)


def test_events_at_the_same_time_are_applied_once(people: People) -> None:
    paid = event("evt_1", people.join().account.id, "premium", people.clock.now())
    applied: list[Applied] = []
    in_threads([lambda: applied.append(people.service.plans.apply(paid))] * 4)
    assert sum(each.new for each in applied) == 1
    assert len(people.home.ledger.find(function="billow.plan").jobs) == 1


def test_events_out_of_order_amount_to_the_same(people: People) -> None:
    now = people.clock.now()
    said = [("a", "premium", now - 30), ("b", "free", now - 20), ("c", "premium", now - 10)]
    for number, order in enumerate(itertools.permutations(said)):
        account = people.service.admin.create(OPERATOR, f"a{number}@example.org")
        for id_, plan, at in order:
            people.service.plans.apply(event(f"{id_}{number}", account.id, plan, at))
        assert people.service.plans.plan_of(account.id) == "premium"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), min_size=1), st.randoms())
def test_the_order_of_events_makes_no_difference(
    said: list[tuple[str, int]], chance: random.Random
) -> None:
    events = [event(f"e{n}", "x", plan, at) for n, (plan, at) in enumerate(said)]
    shuffled = events.copy()
    chance.shuffle(shuffled)
    assert fold(events) == fold(shuffled)


def test_an_event_that_changes_nothing_sets_off_nothing(people: People) -> None:
    account = people.join().account
    people.service.plans.apply(event("e", account.id, "free", people.clock.now()))
    assert people.home.ledger.find(function="billow.plan").jobs == []


@pytest.mark.parametrize(
    ("id", "plan", "ahead"),
    [("e", "gold", 0.0), ("e", "", 0.0), ("", "free", 0.0), ("e", "free", 7200.0),
     ("e", "free", float("nan")), ("e", "free", float("inf"))],
)  # fmt: skip
def test_impossible_events_are_refused(people: People, id: str, plan: str, ahead: float) -> None:
    account = people.join().account
    with pytest.raises(BadInput):
        people.service.plans.apply(event(id, account.id, plan, people.clock.now() + ahead))


def test_an_event_is_for_an_account_and_is_not_reused(people: People) -> None:
    now = people.clock.now()
    with pytest.raises(NotFound):
        people.service.plans.apply(event("e", "nobody", "premium", now))
    account = people.join().account
    people.service.plans.apply(event("e", account.id, "premium", now))
    with pytest.raises(Conflict):
        people.service.plans.apply(event("e", account.id, "free", now))


def test_the_plans_of_an_app_are_those_that_there_are(clock: VirtualClock) -> None:
    app = App("gas")
    app.plans(Plan("free", keep="30 min", then="archive"), Plan("premium"))
    home = memory_home(app, clock)
    service = open_accounts(home, app)
    account = service.admin.create(OPERATOR, ANNA)
    assert service.plans.plan_of(account.id) == "free"
    service.plans.apply(event("e", account.id, "premium", clock.now()))
    (job,) = home.ledger.find(function="billow.plan").jobs
    assert job.args == {"owner": account.id, "old": "free", "new": "premium"}
    with pytest.raises(BadInput):
        service.admin.set_plan(OPERATOR, account.id, "gold")


def test_usage_is_that_of_the_day(people: People) -> None:
    account = people.join().account
    people.home.ledger.submit([Submission("annotate", owner=account.id)])
    people.clock.advance(86400)
    people.home.ledger.submit([Submission("annotate", owner=account.id)])
    people.home.objects.put("s", [b"123"], owner=account.id)
    spent = people.service.plans.spent(account.id)
    assert (spent.plan, spent.usage) == ("free", Usage(1, 2, 3))
    assert 0 <= people.clock.now() - spent.since < 86400
    assert spent.since % 86400 == 0


def test_an_administrator_puts_somebody_on_a_plan(people: People) -> None:
    boss, account = people.boss(), people.join().account
    people.service.plans.apply(event("e", account.id, "premium", people.clock.now() + 60))
    people.service.admin.set_plan(boss, account.id, "free")
    assert people.service.plans.plan_of(account.id) == "free"
    entry = people.service.admin.log(boss, subject=account.id)[-1]
    assert (entry.actor, entry.action) == (boss.owner, "plan event")


def test_only_administrators_do_what_administrators_do(people: People) -> None:
    user = people.known(people.join().token)
    other = people.join("other@example.org").account
    admin = people.service.admin
    forbidden: list[Callable[[Principal], object]] = [
        admin.accounts,
        partial(admin.find, name=ANNA),
        partial(admin.create, email="x@example.org"),
        partial(admin.disable, id=other.id),
        partial(admin.enable, id=other.id),
        partial(admin.set_role, id=user.owner, role="admin"),
        partial(admin.set_plan, id=user.owner, plan="premium"),
        partial(admin.end_sessions, id=other.id),
        partial(admin.delete, id=other.id),
        admin.log,
        admin.verify_log,
    ]
    public = {name for name in dir(admin) if not name.startswith("_")}
    assert len(forbidden) == len(public)
    before = people.actions()
    for attempt in forbidden:
        with pytest.raises(Forbidden):
            attempt(user)
    assert people.actions() == before


def test_what_an_administrator_does_is_in_the_audit_log(people: People) -> None:
    boss, account = people.boss(), people.join().account
    admin = people.service.admin
    admin.set_role(boss, account.id, "admin")
    admin.disable(boss, account.id)
    admin.enable(boss, account.id)
    admin.end_sessions(boss, account.id)
    admin.delete(boss, account.id)
    told = [e.action for e in admin.log(boss, subject=account.id) if e.actor == boss.owner]
    assert told == [
        "changed a role", "disabled an account", "enabled an account", "ended all sessions",
        "deleted an account",
    ]  # fmt: skip


def test_accounts_are_found_and_listed(people: People) -> None:
    boss, anna = people.boss(), people.join().account
    admin = people.service.admin
    assert admin.find(boss, ANNA.upper()) == anna
    assert admin.find(boss, anna.id) == anna
    with pytest.raises(NotFound):
        admin.find(boss, "nobody@example.org")
    listed = admin.accounts(boss)
    assert [each.id for each in listed] == [boss.owner, anna.id]
    assert admin.accounts(boss, after=boss.owner) == [anna]


def test_an_address_has_one_account(people: People) -> None:
    people.join()
    with pytest.raises(Conflict):
        people.service.admin.create(OPERATOR, ANNA.upper())


def test_the_audit_log_tells_who_came_and_who_failed_to(people: People) -> None:
    people.join()
    people.service.sessions.end(people.service.log_ins.log_in(ANNA, PASSWORD).token)
    with pytest.raises(Exception, match="wrong"):
        people.service.log_ins.log_in(ANNA, OTHER, FAR_NET)
    entries = people.service.admin.log(OPERATOR)
    assert [entry.action for entry in entries] == [
        "signed up", "made an account", "logged in", "logged out", "log-in failed",
    ]  # fmt: skip
    assert FAR_NET.address in entries[-1].detail


def test_nothing_secret_is_in_the_audit_log_or_in_any_job(people: People) -> None:
    done = people.join()
    people.service.profile.ask_reset(ANNA)
    code = people.code("reset")
    people.service.profile.reset(code, OTHER)
    again = people.service.log_ins.log_in(ANNA, OTHER)
    made = people.service.tokens.create(people.known(again.token), "ci", ["read"])
    told = repr(people.service.admin.log(OPERATOR)) + repr(people.home.ledger.find().jobs)
    secrets = (PASSWORD, OTHER, code, done.token, again.token, made.secret)
    assert [secret for secret in secrets if secret.reveal() in told] == []
    assert "argon2" not in told
    assert ANNA not in repr(people.service.admin.log(OPERATOR))


def test_an_intact_log_holds(people: People) -> None:
    assert people.service.admin.verify_log(OPERATOR) == audit.Report(0, None, "")
    people.join()
    report = people.service.admin.verify_log(OPERATOR)
    assert (report.entries, report.broken) == (2, None)
    people.boss()
    assert audit.holds(people.home.accounts, report.head)
    assert not audit.holds(people.home.accounts, report.head.replace(":", ":0"))
    assert not audit.holds(people.home.accounts, "x")


ON_FILES = pytest.mark.parametrize("people", ["embedded"], indirect=True)


@ON_FILES
@pytest.mark.parametrize(
    "tampering",
    [
        "update audit set action = 'x' where seq = 2",
        "update audit set at = at + 1 where seq = 2",
        "update audit set subject = 'x' where seq = 2",
        "update audit set detail = '{\"a\":1}' where seq = 2",
        "update audit set actor = 'boss' where seq = 2",
        "update audit set mac = 'x' where seq = 2",
        "delete from audit where seq = 2",
        "delete from audit where seq = 1",
        "insert into audit select seq + 9, at, actor, action, subject, detail, mac, mac "
        "from audit where seq = 3",
    ],
)
def test_tampering_with_the_log_is_found(people: People, tampering: str) -> None:
    assert people.home.folder is not None
    people.join()
    people.boss()
    with sqlite3.connect(people.home.folder / "core.db") as connection:
        assert connection.execute(tampering).rowcount == 1
    connection.close()
    assert people.service.admin.verify_log(OPERATOR).broken is not None


@ON_FILES
def test_a_log_that_was_sealed_anew_with_another_key_is_found(
    people: People, clock: VirtualClock
) -> None:
    """Somebody who can write the database, but not read the key, seals their own story."""
    assert people.home.folder is not None
    people.join()
    entries = people.service.admin.log(OPERATOR)
    forged, previous = [], ""
    for entry in entries:
        made = entry._replace(actor="somebody else", previous=previous, mac="")
        forged.append(made._replace(mac=audit._seal(b"guessed", made)))
        previous = forged[-1].mac

    def replace(books: Books) -> None:
        for each in forged:
            books.audit.put(each)

    people.home.accounts.change(replace)
    again = open_home(people.home.folder, clock=clock)
    assert audit.verify(again.accounts).broken == 1


def test_a_log_cut_off_at_the_end_does_not_have_the_head_noted_before(people: People) -> None:
    people.join()
    head = people.service.admin.verify_log(OPERATOR).head
    people.home.accounts.change(lambda books: books.audit.remove(2))
    assert people.service.admin.verify_log(OPERATOR).broken is None
    assert not audit.holds(people.home.accounts, head)
