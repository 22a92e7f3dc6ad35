"""Who asks, and what is theirs: sessions, tokens, forms, owners, limits, as an attacker tries."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from billow.accounts.admin import OPERATOR
from billow.clock import VirtualClock
from billow.flow.arrivals import arrival_rule
from billow.flow.client import Client
from billow.home import open_home
from billow.job import Job
from billow.ports.ledger import Submission
from billow.testing import memory_home, run_jobs
from billow.web import auth
from billow.web.session_cookie import Cookie
from tests.web.people import HTML, Person, Town, app
from tests.web.stream import opened

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/functions/double/jobs"
FILES = "/api/v1/functions/count/jobs"


def job_of(town: Town, person: Person, function: str = "double") -> Job:
    """A job of somebody's."""
    made = Client(town.home, app).submit(function, owner=person.owner)
    job = town.home.ledger.get(made.id)
    assert job is not None
    return job


async def ask(town: Town, who: Person | None, method: str, path: str, **more: Any) -> Any:
    async with town.client(who) as client:
        return await client.request(method, path, **more)


async def test_people_see_their_own_jobs_only(town: Town) -> None:
    anna, ben = town.person("anna"), town.person("ben")
    own, other = job_of(town, anna), job_of(town, ben)
    listed = (await ask(town, anna, "GET", "/api/v1/jobs")).json()["jobs"]
    assert [job["id"] for job in listed] == [own.id]
    page = (await ask(town, anna, "GET", "/jobs", headers=HTML)).text
    assert own.id in page
    assert other.id not in page


async def test_asking_for_the_jobs_of_another_owner_gives_none(town: Town) -> None:
    anna, ben = town.person("anna"), town.person("ben")
    job_of(town, ben)
    listed = await ask(town, anna, "GET", f"/api/v1/jobs?owner={ben.owner}")
    assert listed.json()["jobs"] == []


async def test_an_administrator_sees_everybodys_jobs(town: Town) -> None:
    anna, boss = town.person("anna"), town.person("boss", role="admin")
    job = job_of(town, anna)
    listed = (await ask(town, boss, "GET", "/api/v1/jobs")).json()["jobs"]
    assert [each["id"] for each in listed] == [job.id]
    assert (await ask(town, boss, "GET", f"/api/v1/jobs/{job.id}")).status_code == 200


async def test_pages_of_jobs_are_whole_among_those_of_others_and_of_the_service(town: Town) -> None:
    anna, ben = town.person("anna", "premium"), town.person("ben")
    theirs = []
    for _ in range(7):
        theirs.append(job_of(town, anna).id)
        job_of(town, ben)
        asked = Submission("billow.archive", owner=anna.owner)
        town.home.ledger.submit([asked])
    seen: list[str] = []
    place = "/api/v1/jobs?limit=3"
    while place:
        page = (await ask(town, anna, "GET", place)).json()
        seen += [job["id"] for job in page["jobs"]]
        place = page["next"]
    assert seen == theirs[::-1]
    newer = (await ask(town, anna, "GET", "/api/v1/jobs?after=0&limit=3")).json()
    assert [job["id"] for job in newer["jobs"]] == theirs[:3][::-1]


async def test_a_refusal_of_anothers_job_is_the_same_as_of_none_and_is_written_down(
    town: Town,
) -> None:
    anna, ben = town.person("anna"), town.person("ben")
    job = job_of(town, ben)
    real = (await ask(town, anna, "GET", f"/api/v1/jobs/{job.id}")).json()
    none = (await ask(town, anna, "GET", "/api/v1/jobs/none")).json()
    assert real["detail"] == none["detail"].replace("none", job.id)
    for path in (f"/api/v1/jobs/{job.id}", f"/jobs/{job.id}"):
        await ask(town, anna, "GET", path)
    assert town.actions(anna.owner).count("was refused") == 1


async def test_nobody_changes_the_jobs_of_another(town: Town) -> None:
    anna, ben = town.person("anna"), town.person("ben")
    job = job_of(town, ben)
    form = {"x-billow-form": anna.form}
    await ask(town, anna, "POST", "/jobs", headers=form, data={"id": job.id, "do": "cancel"})
    assert (await ask(town, anna, "POST", f"/api/v1/jobs/{job.id}/cancel", headers=form)).is_error
    after = town.home.ledger.get(job.id)
    assert after is not None
    assert after.status == "pending"


async def test_what_is_sent_belongs_to_who_sent_it(town: Town) -> None:
    anna = town.person("anna")
    token = town.program(anna.account, "submit")
    sent = await ask(town, token, "POST", JOBS, json={"args": {"number": 2}})
    [job] = town.home.ledger.find(owner=anna.owner).jobs
    assert job.id == sent.json()["id"]
    files = {"file": ("a.txt", b"abc")}
    place = f"/functions/count?form={anna.form}"
    page = await ask(town, anna, "POST", place, files=files)
    assert page.status_code == 303
    assert {job.owner for job in town.home.ledger.find().jobs} == {anna.owner}


async def test_the_same_key_of_two_people_makes_two_jobs(town: Town) -> None:
    ids = set()
    for name in ("anna", "ben"):
        token = town.program(town.account(name), "submit")
        sent = await ask(town, token, "POST", JOBS, json={}, headers={"idempotency-key": "k"})
        ids.add(sent.json()["id"])
    assert len(ids) == 2


async def test_a_session_that_ended_lets_nobody_in(town: Town) -> None:
    anna = town.person("anna")
    assert (await ask(town, anna, "GET", "/api/v1/jobs")).status_code == 200
    town.service.admin.end_sessions(OPERATOR, anna.owner)
    assert (await ask(town, anna, "GET", "/api/v1/jobs")).status_code == 401


async def test_a_session_ends_when_it_is_not_used(town: Town, clock: VirtualClock) -> None:
    anna = town.person("anna")
    clock.advance(8 * 86400)
    assert (await ask(town, anna, "GET", "/api/v1/jobs")).status_code == 401


async def test_a_disabled_account_is_out_at_once(town: Town) -> None:
    anna = town.person("anna")
    token = town.program(anna.account, "read")
    town.service.admin.disable(OPERATOR, anna.owner)
    for who in (anna, token):
        assert (await ask(town, who, "GET", "/api/v1/jobs")).status_code == 401


async def test_a_stream_ends_with_its_session(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "STREAM_LOOK", 0.0)
    anna = town.person("anna")
    job = job_of(town, anna)
    kinds = []
    async with opened(town.web, f"/api/v1/jobs/{job.id}/events", **anna.headers) as stream:
        async for event in stream.events():
            kinds.append(event.kind)
            town.service.admin.end_sessions(OPERATOR, anna.owner)
            run_jobs(town.home, app)
    assert kinds == ["step"]


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer ", "bearer billow_x"])
async def test_a_wrong_token_is_not_taken_even_beside_a_good_session(
    town: Town, header: str
) -> None:
    anna = town.person("anna")
    answer = await ask(town, anna, "GET", "/api/v1/jobs", headers={"authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_an_admin_token_of_somebody_who_is_no_admin_any_more_opens_nothing(
    town: Town,
) -> None:
    town.person("first", role="admin")
    boss = town.account("boss", role="admin")
    token = town.program(boss, "admin")
    assert (await ask(town, token, "GET", "/metrics")).status_code == 200
    town.service.admin.set_role(OPERATOR, boss.id, "user")
    assert (await ask(town, token, "GET", "/metrics")).status_code == 403


@pytest.mark.parametrize("form", [None, "", "0" * 32, "another's"])
async def test_a_form_of_no_page_of_this_session_changes_nothing(
    town: Town, form: str | None
) -> None:
    anna, ben = town.person("anna"), town.person("ben")
    job = job_of(town, anna)
    token = ben.form if form == "another's" else form
    query = "" if token is None else f"?form={token}"
    answer = await ask(town, anna, "POST", f"/jobs/{job.id}/cancel{query}")
    assert answer.status_code == 403
    assert job_of(town, anna).status == "pending"
    assert town.home.ledger.get(job.id) == job
    ok = await ask(town, anna, "POST", f"/jobs/{job.id}/cancel?form={anna.form}")
    assert ok.headers["location"] == f"/jobs/{job.id}"


async def test_a_page_of_another_site_changes_nothing(town: Town) -> None:
    anna = town.person("anna")
    job = job_of(town, anna)
    answer = await ask(
        town, anna, "POST", f"/jobs/{job.id}/cancel?form={anna.form}",
        headers={"origin": "https://evil.test"},
    )  # fmt: skip
    assert answer.status_code == 403
    assert town.home.ledger.get(job.id) == job


async def test_programs_with_a_token_need_no_form(town: Town) -> None:
    token = town.program(town.account("anna"), "submit")
    assert (await ask(town, token, "POST", JOBS, json={})).status_code == 202


async def test_json_needs_no_form_since_no_form_can_send_it(town: Town) -> None:
    anna = town.person("anna")
    assert (await ask(town, anna, "POST", JOBS, json={})).status_code == 202
    plain = await ask(
        town, anna, "POST", JOBS, content=b"{}", headers={"content-type": "text/plain"}
    )
    assert plain.status_code == 403


async def test_the_size_of_an_upload_is_the_plans(town: Town) -> None:
    anna, rich = town.person("anna"), town.person("rich", "premium")
    token, other = (town.program(each.account, "submit") for each in (anna, rich))
    body, headers = b"x" * 101, {"content-type": "text/plain"}
    place = f"{FILES}?name=a.txt"
    refused = await ask(town, token, "POST", place, content=body, headers=headers)
    assert refused.status_code == 413
    assert "100 bytes that the plan 'free' allows" in refused.json()["detail"]
    form = await ask(town, token, "POST", FILES, files={"file": ("a.txt", body)})
    assert (form.status_code, form.json()["limit"]) == (413, 100)
    assert (await ask(town, other, "POST", place, content=body, headers=headers)).is_success
    assert [job.owner for job in town.home.ledger.find(function="count").jobs] == [rich.owner]


async def test_a_form_that_was_signed_holds_to_the_plan(town: Town) -> None:
    anna = town.person("anna")
    made = await ask(town, anna, "POST", "/api/v1/functions/count/forms", json={"name": "a.txt"})
    fields, url = made.json()["fields"], made.json()["url"]
    body = {"data": fields, "files": {"file": ("a.txt", b"x" * 101)}}
    refused = await ask(town, None, "POST", url, **body)
    assert refused.status_code == 413
    taken = await ask(town, None, "POST", url, data=fields, files={"file": ("a.txt", b"x" * 9)})
    assert taken.status_code == 204
    assert [job.owner for job in town.home.ledger.find(function="count").jobs] == [anna.owner]


async def test_no_limit_holds_for_administrators(town: Town) -> None:
    boss = town.person("boss", role="admin")
    made = await ask(town, boss, "POST", "/api/v1/functions/count/forms", json={"name": "a.txt"})
    fields, url = made.json()["fields"], made.json()["url"]
    taken = await ask(town, None, "POST", url, data=fields, files={"file": ("a.txt", b"x" * 200)})
    assert taken.status_code == 204
    for _ in range(7):
        assert (await ask(town, boss, "POST", JOBS, json={})).status_code == 202
    assert {job.owner for job in town.home.ledger.find().jobs} == {boss.owner}


async def test_jobs_at_a_time_are_the_plans(town: Town) -> None:
    token = town.program(town.account("anna"), "submit")
    for _ in range(4):
        assert (await ask(town, token, "POST", JOBS, json={})).status_code == 202
    refused = await ask(town, token, "POST", JOBS, json={})
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert (refused.json()["limit"], refused.json()["used"]) == (4, 4)
    assert (
        "allows 4 jobs at a time; 4 count now (jobs that wait or run)" in refused.json()["detail"]
    )
    run_jobs(town.home, app)
    assert (await ask(town, token, "POST", JOBS, json={})).status_code == 202


async def test_jobs_a_day_are_the_plans_until_midnight(town: Town, clock: VirtualClock) -> None:
    anna = town.account("anna")
    token = town.program(anna, "submit")
    for _ in range(6):
        assert (await ask(town, token, "POST", JOBS, json={})).status_code == 202
        run_jobs(town.home, app)
    refused = await ask(town, token, "POST", JOBS, json={})
    assert refused.status_code == 429
    assert "6 jobs a day; 6 count today" in refused.json()["detail"]
    clock.advance(float(refused.headers["retry-after"]) + 1)
    assert (await ask(town, token, "POST", JOBS, json={})).status_code == 202


async def test_forms_that_were_signed_before_cannot_pass_the_limit(town: Town) -> None:
    anna = town.person("anna")
    asked = [
        (await ask(town, anna, "POST", "/api/v1/functions/count/forms", json={})).json()
        for _ in range(5)
    ]
    statuses = [
        (await ask(town, None, "POST", f["url"], data=f["fields"], files={"file": ("a.txt", b"x")}))
        .status_code
        for f in asked
    ]  # fmt: skip
    assert statuses == [204] * 4 + [429]


async def test_many_at_the_same_time_cannot_pass_the_limit_together(town: Town) -> None:
    token = town.program(town.account("anna"), "submit")
    answers = await asyncio.gather(*(ask(town, token, "POST", JOBS, json={}) for _ in range(12)))
    assert sum(answer.status_code == 202 for answer in answers) == 4
    assert len(town.home.ledger.find(function="double").jobs) == 4


async def test_many_at_several_servers_cannot_pass_the_limit_together(tmp_path: Path) -> None:
    """As above, at three servers that share a home and nothing else."""
    towns = [Town(open_home(tmp_path, arrivals=arrival_rule(app))) for _ in range(3)]
    anna = towns[0].account("anna")
    token = towns[0].program(anna, "submit")
    text = {"file": ("a.txt", b"x")}
    answers = await asyncio.gather(
        *(ask(towns[n % 3], token, "POST", JOBS, json={}) for n in range(9)),
        *(ask(towns[n % 3], token, "POST", FILES, files=text) for n in range(9)),
    )
    accepted = [answer for answer in answers if answer.status_code in (201, 202)]
    assert len(accepted) == 4, [answer.status_code for answer in answers]
    assert {answer.status_code for answer in answers} == {202, 429}
    assert len(towns[0].home.ledger.find(owner=anna.id).jobs) == 4
    for town in towns:
        town.context.close()


async def test_a_repetition_is_no_further_job(town: Town) -> None:
    token = town.program(town.account("anna"), "submit")
    for key in ("1", "2", "3", "4", "4"):
        headers = {"idempotency-key": key}
        assert (await ask(town, token, "POST", JOBS, json={}, headers=headers)).status_code == 202


def test_the_cookie_is_bound_to_the_host_by_https() -> None:
    assert Cookie(secure=True).name == "__Host-billow"
    assert Cookie(secure=False).name == "billow"


async def test_the_service_answers_to_its_own_name_and_its_proxy_tells_who_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BILLOW_URL", "https://gas.example.org")
    town = Town(memory_home(app))
    town.account("anna", password="correct horse battery")
    asked = {"host": "gas.example.org", "x-forwarded-for": "10.9.9.9, 203.0.113.9"}
    sent = {"email": "anna@example.org", "password": "correct horse battery"}
    answer = await ask(town, None, "POST", "/login", headers=asked, data=sent)
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-billow=")
    for word in ("HttpOnly", "Secure", "Path=/", "SameSite=lax"):
        assert word in cookie
    assert "Domain" not in cookie
    anna = town.service.admin.find(OPERATOR, "anna@example.org")
    [session] = town.service.sessions.all(anna.id)
    assert session.address == "203.0.113.9"
    other = await ask(town, None, "GET", "/login", headers={"host": "evil.test"})
    assert other.status_code == 421
    town.context.close()


async def test_without_a_proxy_nobody_says_where_they_come_from(town: Town) -> None:
    town.account("anna", password="correct horse battery")
    sent = {"email": "anna@example.org", "password": "correct horse battery"}
    asked = {"x-forwarded-for": "203.0.113.9"}
    answer = await ask(town, None, "POST", "/login", headers=asked, data=sent)
    assert answer.headers["set-cookie"].startswith("billow=")
    anna = town.service.admin.find(OPERATOR, "anna@example.org")
    assert town.service.sessions.all(anna.id)[0].address == "127.0.0.1"


async def test_an_error_page_tells_a_stranger_nothing_of_the_inside(town: Town) -> None:
    page = await ask(town, None, "GET", "/nothing", headers=HTML)
    assert page.status_code == 404
    for word in ("/fleet", "/dead", "/data", "/functions"):
        assert word not in page.text
