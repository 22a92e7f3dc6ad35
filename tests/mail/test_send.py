"""The chore that sends mail: surely, with one identity, and twice only where nobody can know."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.headerregistry import Address
from pathlib import Path
from typing import Any

import pytest

import billow
from billow.chores import mail
from billow.chores.mail import NotSent, Post, send
from billow.clock import VirtualClock
from billow.errors import BadInput, Conflict, NotFound, Rejected
from billow.flow.client import Client
from billow.home import Home, open_home
from billow.job import Status
from billow.mail.intent import Manner, mail_job, send_mail
from billow.mail.records import InboxMailer, Record, Records, State, release
from billow.ports.accounts import Account
from billow.ports.mail import Handover, Letter, Verdict
from billow.testing import memory_home, run_jobs
from tests.mail.server import DROP, MailServer

SENDER = Address("GAS", addr_spec="gas@example.org")
ANN = Account("a1", "ann@example.net", "ann@example.net", "Ann", None, "", "user", 1.0, 1.0)


class Script:
    """A mailer that answers as it is told, the last answer for ever."""

    def __init__(self, *answers: Handover | BaseException) -> None:
        self.answers = list(answers)
        self.letters: list[Letter] = []

    def send(self, letter: Letter) -> Handover:
        self.letters.append(letter)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer


SENT = Handover(Verdict.SENT, "taken")
LATER = Handover(Verdict.LATER, "451 later")
UNSURE = Handover(Verdict.UNSURE, "broke off")
NO_USER = Handover(Verdict.NEVER, "550 no such user", bad_address=True)
SPAM = Handover(Verdict.NEVER, "554 spam")


class Killed(BaseException):
    """What a `kill -9` at this place would leave behind."""


@pytest.fixture(params=["memory", "embedded"])
def home(request: pytest.FixtureRequest, tmp_path: Path, clock: VirtualClock) -> Home:
    if request.param == "memory":
        return memory_home(clock=clock)
    return open_home(tmp_path / "home", clock=clock)


def args(home: Home, about: str = "j1", **more: Any) -> dict[str, Any]:
    asked = {"to": "ann@example.net", "subject": "Ready", **more}
    asked = asked if "owner" not in more else asked | {"to": ""}
    loaded: dict[str, Any] = json.loads(
        mail_job("message", about=about, at=home.clock.now(), **asked).args
    )
    return loaded


def only(home: Home) -> Record:
    [record] = Records(home).latest()
    return record


def test_a_mail_is_sent_once_though_its_job_runs_twice(home: Home) -> None:
    mailer = Script(SENT)
    asked = args(home)
    for _ in range(3):
        assert send(home, asked, Post(mailer, SENDER))["state"] == "sent"
    [letter] = mailer.letters
    assert (letter.to, letter.subject, letter.text) == ("ann@example.net", "Ready", "Ready\n")
    record = only(home)
    assert (record.state, record.to, record.detail, record.tries) == (
        State.SENT, "ann@example.net", "taken", 1,
    )  # fmt: skip


@pytest.mark.parametrize("first", [LATER, UNSURE])
def test_what_failed_is_sent_again_under_the_same_message_id(home: Home, first: Handover) -> None:
    mailer = Script(first, SENT)
    asked = args(home)
    with pytest.raises(NotSent):
        send(home, asked, Post(mailer, SENDER))
    assert only(home).state is State.WAITING
    send(home, asked, Post(mailer, SENDER))
    one, two = mailer.letters
    assert one == two
    assert one.message_id == two.message_id
    assert only(home).tries == 2


def test_a_crash_after_the_server_took_it_repeats_the_same_message(home: Home) -> None:
    mailer = Script(Killed(), SENT)
    asked = args(home)
    with pytest.raises(Killed):
        send(home, asked, Post(mailer, SENDER))
    send(home, asked, Post(mailer, SENDER))
    assert len({letter.message_id for letter in mailer.letters}) == 1


def test_different_mails_have_different_ids(home: Home) -> None:
    jobs = [
        mail_job("message", about="j1", at=0.0, to="ann@example.net"),
        mail_job("message", about="j2", at=0.0, to="ann@example.net"),
        mail_job("other", about="j1", at=0.0, to="ann@example.net"),
        mail_job("message", about="j1", at=0.0, to="bob@example.net"),
        mail_job("message", about="j1", at=0.0, owner="a1"),
    ]
    assert len({job.key for job in jobs}) == 5
    again = mail_job("message", about="j1", at=9.0, to="ann@example.net", subject="other")
    assert again.key == jobs[0].key
    home.ledger.submit(jobs)
    assert [each.new for each in home.ledger.submit(jobs)] == [False] * 5


def test_a_refusal_for_good_ends_the_job_and_marks_the_address(home: Home) -> None:
    mailer = Script(NO_USER)
    with pytest.raises(Rejected, match="no such user"):
        send(home, args(home), Post(mailer, SENDER))
    assert only(home).state is State.FAILED
    with pytest.raises(Rejected, match="refused mail before"):
        send(home, args(home, "j2", to="ANN@example.net"), Post(mailer, SENDER))
    assert len(mailer.letters) == 1


def test_a_refusal_of_the_letter_alone_does_not_mark_the_address(home: Home) -> None:
    with pytest.raises(Rejected):
        send(home, args(home), Post(Script(SPAM), SENDER))
    assert send(home, args(home, "j2"), Post(Script(SENT), SENDER))["state"] == "sent"


def test_a_mail_that_was_asked_for_is_tried_anyway_and_clears_the_mark(home: Home) -> None:
    Records(home).mark("ann@example.net", "550")
    context = {"code": "c0de", "minutes": 10}
    job = mail_job("reset", about="x", at=1.0, to="ann@example.net", context=context)
    send(home, json.loads(job.args), Post(Script(SENT), SENDER, app="GAS", url="https://gas.test"))
    assert Records(home).refusing("ann@example.net") == ""


def once(home: Home) -> dict[str, Any]:
    return args(home, manner=Manner(once=True))


def crash(home: Home, asked: dict[str, Any], mailer: Script) -> None:
    with pytest.raises(Killed):
        send(home, asked, Post(mailer, SENDER))


@pytest.mark.parametrize("first", [UNSURE, Killed()])
def test_at_most_once_holds_what_nobody_knows_about(
    home: Home, first: Handover | BaseException
) -> None:
    mailer, asked = Script(first, SENT), once(home)
    if isinstance(first, Killed):
        crash(home, asked, mailer)
    for _ in range(2):
        assert send(home, asked, Post(mailer, SENDER))["state"] == "held"
    assert len(mailer.letters) == 1
    assert only(home).state is State.HELD


def test_at_most_once_repeats_what_was_surely_not_taken(home: Home) -> None:
    mailer, asked = Script(LATER, SENT), once(home)
    with pytest.raises(NotSent):
        send(home, asked, Post(mailer, SENDER))
    assert send(home, asked, Post(mailer, SENDER))["state"] == "sent"


def test_of_two_tries_at_the_same_time_one_sends(home: Home) -> None:
    asked = once(home)

    class Racing(Script):
        def send(self, letter: Letter) -> Handover:
            with pytest.raises((Conflict, AssertionError)):
                assert send(home, asked, Post(other, SENDER))["state"] == "sent"
            return super().send(letter)

    other, mailer = Script(SENT), Racing(SENT)
    with pytest.raises(Conflict):  # the other noted that it is unsure
        send(home, asked, Post(mailer, SENDER))
    assert (len(mailer.letters), len(other.letters)) == (1, 0)


def test_a_person_can_release_what_is_held_once(home: Home) -> None:
    asked = once(home)
    send(home, asked, Post(Script(UNSURE), SENDER))
    key = only(home).key
    release(home, key)
    release(home, key)
    [job] = home.ledger.find(function="billow.mail").jobs
    mailer = Script(SENT)
    assert send(home, dict(job.args), Post(mailer, SENDER))["state"] == "sent"
    assert mailer.letters[0].id == asked["id"]
    with pytest.raises(NotFound):
        release(home, key)
    with pytest.raises(NotFound):
        release(home, "none")


def test_a_release_that_became_unsure_itself_is_held_again(home: Home) -> None:
    asked = once(home)
    send(home, asked, Post(Script(UNSURE), SENDER))
    release(home, only(home).key)
    [job] = home.ledger.find(function="billow.mail").jobs
    assert send(home, dict(job.args), Post(Script(UNSURE), SENDER))["state"] == "held"
    assert send(home, dict(job.args), Post(Script(SENT), SENDER))["state"] == "held"
    release(home, only(home).key)
    assert len(home.ledger.find(function="billow.mail").jobs) == 2


def add(home: Home, account: Account) -> None:
    home.accounts.change(lambda books: books.accounts.add(account))


def test_an_owners_mail_goes_to_the_address_of_the_moment(home: Home) -> None:
    asked = args(home, owner="a1")
    add(home, ANN)
    home.accounts.change(lambda books: books.accounts.put(ANN._replace(email="new@example.net")))
    mailer = Script(SENT)
    send(home, asked, Post(mailer, SENDER))
    assert mailer.letters[0].to == "new@example.net"


@pytest.mark.parametrize("change", [{"verified_at": None}, {"disabled_at": 5.0}])
def test_nothing_goes_to_an_address_nobody_confirmed_or_uses(
    home: Home, change: dict[str, Any]
) -> None:
    add(home, ANN._replace(**change))
    mailer = Script(SENT)
    with pytest.raises(Rejected):
        send(home, args(home, owner="a1"), Post(mailer, SENDER))
    assert mailer.letters == []
    assert only(home).state is State.FAILED


def test_without_accounts_mail_to_the_owner_lands_in_the_inbox_only(home: Home) -> None:
    asked = args(home, owner="local")
    with pytest.raises(Rejected, match="no account"):
        send(home, asked, Post(Script(SENT), SENDER))
    assert send(home, asked, Post(InboxMailer(home), SENDER, inbox=True))["state"] == "sent"
    letter = Records(home).letter(only(home).key)
    assert letter is not None
    assert letter["to"] == "local@localhost"


def test_a_code_stands_in_the_mail_and_nowhere_else(home: Home) -> None:
    from billow.accounts.codes import reveal  # noqa: PLC0415

    context = {"code_kind": "reset", "code_id": "c1", "minutes": 10}
    job = mail_job("reset", about="c1", at=1.0, to="ann@example.net", context=context)
    mailer = Script(SENT)
    send(home, json.loads(job.args), Post(mailer, SENDER, app="GAS", url="https://gas.test"))
    code = reveal(home.accounts.key(), "reset", "c1").reveal()
    assert f"https://gas.test/reset?code={code}" in mailer.letters[0].text
    assert f"https://gas.test/reset?code={code}" in mailer.letters[0].html
    kept = [item.value for name in home.tables.names() for item in home.tables.query(name)]
    assert code not in job.args + json.dumps(kept)


def test_old_records_make_room(home: Home, clock: VirtualClock) -> None:
    for about in range(3):
        send(home, args(home, str(about)), Post(Script(SENT), SENDER))
    clock.advance(31 * 86400)
    send(home, args(home, "new"), Post(Script(SENT), SENDER))
    assert [record.at for record in Records(home).latest()] == [clock.now()]


def test_a_mail_about_something_long_ago_is_remembered_all_the_same(home: Home) -> None:
    job = mail_job("message", about="x", at=1.0, to="ann@example.net", subject="Old")
    for _ in range(2):
        send(home, json.loads(job.args), Post(mailer := Script(SENT), SENDER))
    assert mailer.letters == []
    assert only(home).state is State.SENT


@pytest.mark.parametrize(
    "make",
    [
        lambda: mail_job("m", about="", at=0.0),
        lambda: mail_job("m", about="", at=0.0, to="ann@example.net", owner="a1"),
        lambda: mail_job("m", about="", at=0.0, to="ann@example.net\r\nBcc: x@y.z"),
        lambda: mail_job("m", about="", at=0.0, owner="a", context={"a": object()}),
        lambda: mail_job("m", about="", at=0.0, owner="a", context={"a": float("nan")}),
        lambda: mail_job("m", about="", at=0.0, owner="a", context={"a": "\ud800"}),
        lambda: mail_job("m", about="", at=0.0, owner="a", context={"a": "x" * 70_000}),
        lambda: mail_job("m", about="", at=0.0, owner="a", manner=Manner(reply_to="x")),
        lambda: mail_job("m", about="", at=0.0, owner="a", manner=Manner(unsubscribe="http://a.b")),
        lambda: mail_job("m", about="", at=0.0, owner="a", manner=Manner(unsubscribe="https://a>")),
    ],
)
def test_an_intent_that_could_not_be_sent_is_refused_at_once(make: Callable[[], object]) -> None:
    with pytest.raises(BadInput):
        make()


def test_send_mail_submits_the_job_by_itself(home: Home) -> None:
    first = send_mail(home, "message", about="x", to="ann@example.net", subject="s")
    assert send_mail(home, "message", about="x", to="ann@example.net", subject="s") == first
    job = home.ledger.get(first)
    assert job is not None
    assert (job.function, job.owner) == ("billow.mail", "billow")


def demo() -> billow.App:
    app = billow.App("demo")

    @app.function(retry=billow.Retry(attempts=1))
    def work(fail: bool = False) -> int:
        if fail:
            raise ValueError("no")
        return 42

    @work.on(billow.Event.COMPLETED)
    def mail(job: billow.Job) -> None:
        job.owner.email(f"Results available for job {job.id}", "It is done.", link=job.url)

    return app


def test_the_whole_way_from_a_handler_to_the_inbox(
    clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLOW_URL", "https://gas.test/")
    app = demo()
    home = memory_home(app, clock)
    id_ = Client(home, app).submit("work").id
    run_jobs(home, app)
    letter = Records(home).letter(only(home).key)
    assert letter is not None
    assert letter["subject"] == f"Results available for job {id_}"
    assert f"https://gas.test/jobs/{id_}" in letter["text"]
    assert f'href="https://gas.test/jobs/{id_}"' in letter["html"]


def test_a_job_that_failed_sends_no_mail_of_success(clock: VirtualClock) -> None:
    app = demo()
    home = memory_home(app, clock)
    Client(home, app).submit("work", {"fail": True})
    run_jobs(home, app)
    assert home.ledger.find(function="billow.mail").jobs == []


def test_the_whole_way_by_a_real_server_that_loses_its_answer(
    clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = demo()
    home = memory_home(app, clock)
    add(home, ANN)
    with MailServer(data=["451 busy", DROP, ""]).open() as server:
        place = f"smtp://127.0.0.1:{server.port}?tls=none&timeout=5"
        monkeypatch.setenv("BILLOW_MAIL", place)
        monkeypatch.setenv("BILLOW_MAIL_FROM", "GAS <gas@example.org>")
        Client(home, app).submit("work", owner="a1")
        for _ in range(4):
            run_jobs(home, app)
            clock.advance(3600)
    assert len(server.letters) == 3
    assert len({letter["Message-ID"] for letter in server.letters}) == 1
    [job] = home.ledger.find(function="billow.mail").jobs
    assert (job.status, job.failures) == (Status.COMPLETED, 2)
    assert only(home).tries == 3


def test_without_a_sender_mail_waits_until_someone_sets_it(
    clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLOW_MAIL", "smtp://127.0.0.1:1?tls=none")
    app = demo()
    home = memory_home(app, clock)
    send_mail(home, "message", about="x", to="ann@example.net", subject="s")
    [job] = run_jobs(home, app)
    assert job.status is Status.PENDING
    assert job.failure is not None
    assert "BILLOW_MAIL_FROM" in job.failure.message


def test_the_schedule_of_tries_lasts_about_a_day() -> None:
    rests = [mail.RETRY.rest(n, 0.5) for n in range(1, mail.RETRY.attempts)]
    assert rests[:3] == [30, 60, 120]
    assert 12 * 3600 < sum(rests) < 48 * 3600
