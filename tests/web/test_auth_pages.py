"""The pages of accounts, used as a person without a script uses them."""

from __future__ import annotations

import httpx
import pytest

from billow.accounts.admin import OPERATOR
from billow.web.replies import local
from tests.web.people import HTML, PASSWORD, Person, Town, form_in

pytestmark = pytest.mark.anyio

EMAIL = "anna@example.org"
OTHER = "another good one"


async def log_in(
    client: httpx.AsyncClient, password: str = PASSWORD, **more: str
) -> httpx.Response:
    return await client.post("/login", data={"email": EMAIL, "password": password, **more})


async def send(client: httpx.AsyncClient, page: str, action: str, **fields: str) -> httpx.Response:
    """Fill in the form of a page and send it."""
    text = (await client.get(page)).text
    return await client.post(form_in(text, action), data=fields)


async def test_signing_up_takes_a_mail_and_the_password_again(town: Town) -> None:
    async with town.client(None, **HTML) as client:
        fields = {"email": EMAIL, "name": "Anna", "password": PASSWORD}
        asked = await send(client, "/signup", "/signup", **fields)
        assert asked.headers["location"] == "/login?told=mailed"
        assert "A mail is on its way" in (await client.get(asked.headers["location"])).text
        place = f"/verify?code={town.code('verify')}"
        assert (await client.get(place)).text.count(town.code("verify")) == 1
        wrong = await client.post("/verify", data={"code": town.code("verify"), "password": OTHER})
        assert wrong.status_code == 401
        assert "set-cookie" not in wrong.headers
        done = await client.post(
            "/verify", data={"code": town.code("verify"), "password": PASSWORD}
        )
        assert done.status_code == 303
        assert (await client.get("/jobs")).status_code == 200
        page = (await client.get("/account")).text
        assert EMAIL in page
        assert "Log out" in page


async def test_an_answer_does_not_tell_who_has_an_account(town: Town) -> None:
    town.account("anna", password=PASSWORD)
    async with town.client(None, **HTML) as client:
        answers = [
            await client.post("/signup", data={"email": email, "password": "a good password"})
            for email in (EMAIL, "nobody@example.org")
        ]
        assert answers[0].headers["location"] == answers[1].headers["location"]
        forgot = [
            await client.post("/forgot", data={"email": email})
            for email in (EMAIL, "nobody@example.org")
        ]
        assert forgot[0].headers["location"] == forgot[1].headers["location"]
        wrong = await log_in(client, OTHER)
        none = await client.post("/login", data={"email": "no@example.org", "password": OTHER})
        assert (wrong.status_code, none.status_code) == (401, 401)
        assert wrong.text.replace(EMAIL, "no@example.org") == none.text


async def test_a_password_that_cannot_be_taken_says_why_and_is_not_repeated(town: Town) -> None:
    async with town.client(None, **HTML) as client:
        answer = await client.post("/signup", data={"email": EMAIL, "password": "zyx<1"})
    assert answer.status_code == 422
    assert "8 to 256 characters" in answer.text
    assert "zyx" not in answer.text


async def test_log_in_leads_to_where_one_wanted_to_go_and_log_out_ends_it(town: Town) -> None:
    town.account("anna", password=PASSWORD)
    async with town.client(None, **HTML) as client:
        wanted = await client.get("/jobs?status=failed")
        page = await client.get(wanted.headers["location"])
        assert 'name="next" value="/jobs?status=failed"' in page.text
        done = await log_in(client, next="/jobs?status=failed")
        assert done.headers["location"] == "/jobs?status=failed"
        token = client.cookies["billow"]
        left = await send(client, "/jobs", "/logout")
        assert left.headers["location"] == "/login?told=logged-out"
        assert town.known(token) is None
        assert (await client.get("/jobs")).status_code == 303


@pytest.mark.parametrize(
    "place",
    ["https://evil.test/", "//evil.test", "/\\evil.test", "/%2Fevil.test", "jobs", "/a\r\nb", ""],
)
def test_a_log_in_leads_nowhere_else(place: str) -> None:
    assert local(place) == ""


async def test_a_log_in_ends_the_session_before_and_never_takes_one_that_it_is_given(
    town: Town,
) -> None:
    town.account("anna", password=PASSWORD)
    async with town.client(None, cookie="billow=chosen-by-somebody-else") as client:
        made = await log_in(client)
        assert "chosen" not in made.headers["set-cookie"]
        first = made.cookies["billow"]
    assert town.known("chosen-by-somebody-else") is None
    async with town.client(None, cookie=f"billow={first}") as client:
        form = form_in((await client.get("/account")).text, "/logout")
        await client.post(
            form.replace("/logout", "/login"), data={"email": EMAIL, "password": PASSWORD}
        )
    assert town.known(first) is None


async def test_too_many_tries_are_told_to_wait(town: Town) -> None:
    town.account("anna", password=PASSWORD)
    async with town.client(None, **HTML) as client:
        answers = [await log_in(client, OTHER) for _ in range(8)]
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) > 0
        assert "too many tries" in answers[-1].text


async def test_a_forgotten_password_is_set_by_a_link_once(town: Town) -> None:
    anna = town.person("anna", password=PASSWORD)
    async with town.client(None, **HTML) as client:
        await send(client, "/forgot", "/forgot", email=EMAIL)
        sent = {"code": town.code("reset"), "password": OTHER}
        done = await client.post("/reset", data=sent)
        assert done.headers["location"] == "/login?told=password-set"
        again = await client.post("/reset", data=sent)
        assert again.status_code == 401
        assert (await log_in(client, PASSWORD)).status_code == 401
        assert (await log_in(client, OTHER)).status_code == 303
    async with town.client(anna) as client:
        assert (await client.get("/api/v1/jobs")).status_code == 401


async def test_a_changed_password_ends_other_sessions_and_goes_on_in_a_new_one(town: Town) -> None:
    anna = town.person("anna", password=PASSWORD)
    async with town.client(None, **HTML) as client:
        await log_in(client)
        before = client.cookies["billow"]
        wrong = await send(client, "/account", "/account/password", current=OTHER, password="x" * 9)
        assert wrong.status_code == 422
        assert "the password is wrong" in wrong.text
        done = await send(client, "/account", "/account/password", current=PASSWORD, password=OTHER)
        assert done.headers["location"] == "/account?told=saved"
        assert client.cookies["billow"] != before
        assert (await client.get("/account")).status_code == 200
    assert town.known(before) is None
    async with town.client(anna) as client:
        assert (await client.get("/api/v1/jobs")).status_code == 401


async def test_a_new_address_counts_when_its_link_was_followed(town: Town) -> None:
    anna = town.person("anna", password=PASSWORD)
    async with town.client(anna, **HTML) as client:
        fields = {"email": "new@example.org", "current": PASSWORD}
        await send(client, "/account", "/account/email", **fields)
        assert EMAIL in (await client.get("/account")).text
        place = f"/email?code={town.code('email')}"
        await send(client, place, "/email", code=town.code("email"))
        assert "new@example.org" in (await client.get("/account")).text


async def test_sessions_are_listed_and_ended(town: Town) -> None:
    anna = town.person("anna", password=PASSWORD)
    async with town.client(None, **HTML) as client:
        await log_in(client)
        other = client.cookies["billow"]
    async with town.client(anna, **HTML) as client:
        page = (await client.get("/account")).text
        assert page.count("this one") == 1
        assert other not in page
        ended = await send(client, "/account", "/account/sessions", others="1")
        assert ended.headers["location"] == "/account?told=ended&n=1"
        assert (await client.get("/account")).status_code == 200
    assert town.known(other) is None


async def test_nobody_ends_the_session_or_token_of_another(town: Town) -> None:
    anna, ben = town.person("anna"), town.person("ben")
    town.program(ben.account, "read")
    [session], [token] = town.service.sessions.all(ben.owner), town.service.tokens.all(ben.owner)
    async with town.client(anna, **HTML) as client:
        for place, hash_ in (("sessions", session.hash), ("tokens/end", token.hash)):
            answer = await client.post(f"/account/{place}?form={anna.form}", data={"end": hash_})
            assert answer.status_code == 404
    assert town.service.sessions.all(ben.owner)
    assert town.service.tokens.all(ben.owner)


async def test_a_token_is_shown_once_and_works(town: Town) -> None:
    anna = town.person("anna")
    async with town.client(anna, **HTML) as client:
        fields = {"token": "my script", "scope": "read", "days": "30"}
        page = (await send(client, "/account", "/account/tokens", **fields)).text
        token = page.partition('id="new-token">')[2].partition("<")[0]
        assert token.startswith("billow_")
        assert token not in (await client.get("/account")).text
    program = Person(anna.account, {"authorization": f"Bearer {token}"})
    async with town.client(program) as client:
        assert (await client.get("/api/v1/jobs")).status_code == 200
        assert (await client.post("/api/v1/functions/double/jobs", json={})).status_code == 403
        assert (await client.get("/account")).status_code == 403


@pytest.mark.parametrize("fields", [{"scope": "admin"}, {"scope": "read", "days": "-1"}, {}])
async def test_a_token_that_cannot_be_made_says_why(town: Town, fields: dict[str, str]) -> None:
    anna = town.person("anna")
    async with town.client(anna, **HTML) as client:
        answer = await send(client, "/account", "/account/tokens", token="x", **fields)
    assert answer.status_code in (403, 422)
    assert 'role="alert"' in answer.text
    assert town.service.tokens.all(anna.owner) == []


async def test_leaving_takes_the_password_and_ends_everything(town: Town) -> None:
    anna = town.person("anna", password=PASSWORD)
    async with town.client(anna, **HTML) as client:
        wrong = await send(client, "/account", "/account/delete", current=OTHER)
        assert wrong.status_code == 422
        gone = await send(client, "/account", "/account/delete", current=PASSWORD)
        assert gone.headers["location"] == "/login?told=left"
        assert (await client.get("/account")).status_code == 303


async def test_what_a_person_is_called_is_escaped_and_kept(town: Town) -> None:
    anna = town.person("anna")
    async with town.client(anna, **HTML) as client:
        fields = {"name": '"><script>alert(1)</script>', "role": "admin", "plan": "premium"}
        await send(client, "/account", "/account/name", **fields)
        page = (await client.get("/account")).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page
    account = town.service.admin.find(OPERATOR, anna.owner)
    assert (account.role, account.plan) == ("user", "")


async def test_the_plan_page_tells_the_limits_and_the_sums(town: Town) -> None:
    anna = town.person("anna")
    async with town.client(anna, **HTML) as client:
        await client.post("/api/v1/functions/double/jobs", json={})
        page = (await client.get("/plan")).text
    assert "jobs accepted since midnight UTC" in page
    assert "30 min, then archived" in page
    row = page.partition("Jobs today")[2].partition("</tr>")[0]
    assert '<td class="num">1</td><td class="num">6</td>' in row


async def test_people_see_no_operations_and_are_led_to_their_jobs(town: Town) -> None:
    anna, boss = town.person("anna"), town.person("boss", role="admin")
    async with town.client(anna, **HTML) as client:
        assert (await client.get("/")).headers["location"] == "/jobs"
        page = (await client.get("/jobs")).text
        assert 'href="/fleet"' not in page
        assert "My jobs" in page
        assert (await client.get("/fleet")).status_code == 403
    assert town.actions(anna.owner) == ["was refused"]
    async with town.client(boss, **HTML) as client:
        page = (await client.get("/")).text
        assert 'href="/fleet"' in page
        assert 'href="/admin"' in page


async def test_the_page_for_sending_tells_the_plans_limit(town: Town) -> None:
    anna, rich = town.person("anna"), town.person("rich", "premium")
    async with town.client(anna, **HTML) as client:
        assert "up to 100 bytes each" in (await client.get("/functions/count")).text
    async with town.client(rich, **HTML) as client:
        assert "up to 100 bytes each" not in (await client.get("/functions/count")).text


async def test_an_administrator_changes_accounts_and_reads_of_it(town: Town) -> None:
    boss, anna = town.person("boss", role="admin"), town.person("anna")
    place = f"/admin/{anna.owner}"
    async with town.client(boss, **HTML) as client:
        assert EMAIL in (await client.get("/admin")).text
        assert EMAIL in (await client.get("/admin?find=ANNA@example.org")).text
        assert "No account is found" in (await client.get("/admin?find=nobody")).text
        for fields in ({"do": "plan", "plan": "premium"}, {"do": "role", "role": "admin"}):
            done = await send(client, place, place, **fields)
            assert done.headers["location"] == f"{place}?told=saved"
        account = town.service.admin.find(OPERATOR, anna.owner)
        assert (account.plan, account.role) == ("premium", "admin")
        await send(client, place, place, do="disable")
        log = (await client.get("/admin/log")).text
        assert "disabled an account" in log
        assert boss.owner in log
        assert "changed a role" in (await client.get(f"/admin/log?of={anna.owner}")).text
        own = await send(client, f"/admin/{boss.owner}", f"/admin/{boss.owner}", do="disable")
        assert own.status_code == 409
        assert "only administrator" in own.text
        assert (await client.get("/admin/none")).status_code == 404
    async with town.client(anna) as client:
        assert (await client.get("/api/v1/jobs")).status_code == 401


async def test_a_long_audit_log_has_pages(town: Town) -> None:
    boss = town.person("boss", role="admin")
    for number in range(60):
        town.account(f"person{number}")
    async with town.client(boss, **HTML) as client:
        newest = (await client.get("/admin/log")).text
        assert "after=0" in newest or "Older" in newest
        assert 'rel="next"' not in newest
        oldest = (await client.get("/admin/log?after=0")).text
        assert '<td class="num">1</td>' in oldest
        assert 'rel="next"' in oldest
