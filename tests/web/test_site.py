"""An app's own site: pages, forms, files, templates, and who may use them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

import billow
from billow import site
from billow.errors import DeclarationError
from billow.testing import memory_home
from billow.web.rules import Level, site_rules
from tests.web import site_app
from tests.web.people import BASE, HTML, PASSWORD, Person, Town

pytestmark = pytest.mark.anyio
RULES = site_rules(site_app.app.routes)


@pytest.fixture
def town() -> Iterator[Town]:
    site_app.notes.clear()
    made = Town(memory_home(site_app.app), site_app.app)
    yield made
    made.context.close()


def page(app: billow.App, path: str = "/x", **more: object) -> None:
    """Declare a page that does nothing."""

    def handler(request: site.Request) -> None:
        return None

    app.page(path, **{"who": "anybody", **more})(handler)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "more", "message"),
    [
        ("x", {}, "one slash"),
        ("/jobs", {}, "Billow's own"),
        ("/api/v2/x", {}, "Billow's own"),
        ("/x", {"methods": ["LOOK"]}, "methods are"),
        ("/x", {"methods": []}, "methods are"),
        ("/x", {"who": "everybody"}, "who= is one of"),
        ("/x", {"scope": "admin"}, "scope= is"),
        ("/x/{id:number}", {}, "is written"),
        ("/{id}", {}, "Billow's own"),
        ("/x/{id}/{id}", {}, "is written"),
        ("/x/{id}", {}, "called with the request and"),
    ],
)
def test_what_cannot_work_is_not_declared(path: str, more: dict[str, object], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        page(billow.App("a"), path, **more)


def test_a_page_is_declared_once() -> None:
    app = billow.App("a")
    page(app)
    page(app, methods=["POST"])
    with pytest.raises(DeclarationError, match="POST /x is declared twice"):
        page(app, methods=["PUT", "POST"])


@pytest.mark.parametrize("folder", ["static", "templates"])
def test_a_folder_must_be_there(folder: str) -> None:
    with pytest.raises(DeclarationError, match="give a folder"):
        getattr(billow.App("a"), folder)(site_app.HERE / "nowhere")


# Who may come in


def paths() -> list[str]:
    return sorted(key for key in RULES if "{path" not in key)


@pytest.mark.parametrize("key", paths())
async def test_a_rule_holds_for_everybody(town: Town, key: str) -> None:
    method, _, path = key.partition(" ")
    owner, admin = town.person("owner"), town.person("boss", role="admin")
    people: dict[str, Person | None] = {
        "anonymous": None,
        "other": town.person("other"),
        "owner": owner,
        "admin": admin,
        "reader": town.program(owner.account, "read"),
        "sender": town.program(owner.account, "submit"),
    }
    rule = RULES[key]
    scopes = {"reader": "read", "sender": "submit"}
    for who, person in people.items():
        more = {"x-billow-form": person.form} if person and person.form else {}
        async with town.client(person, **more) as client:
            answer = await client.request(method, path.replace("{number:int}", "7"))
        if rule.level is Level.ANYBODY:
            allowed = answer.status_code not in (401, 403)
            assert allowed, (who, answer.text)
            continue
        expected = "in"
        if who == "anonymous":
            expected = "log in"
        elif (who in scopes and rule.scope != scopes[who]) or (
            rule.level is Level.ADMIN and who != "admin"
        ):
            expected = "refused"
        found = {401: "log in", 403: "refused"}.get(answer.status_code, "in")
        assert found == expected, (who, answer.text)


async def test_a_token_counts_only_where_a_page_takes_it(town: Town) -> None:
    account = town.account("anna")
    reader, sender = town.program(account, "read"), town.program(account, "submit")
    async with town.client(reader) as client:
        assert (await client.get("/who")).json()["owner"] == account.id
        assert (await client.get("/sessions-only")).text == "not known"
        assert (await client.get("/notes")).status_code == 403
    async with town.client(sender) as client:
        assert (await client.get("/who")).status_code == 204
        assert (await client.post("/notes", data={"text": "hm"})).status_code == 303


async def test_people_are_led_to_the_log_in_and_back(town: Town) -> None:
    async with town.client(None, **HTML) as client:
        answer = await client.get("/notes?page=2")
        assert answer.headers["location"] == "/login?next=%2Fnotes%3Fpage%3D2"
        site_app.notes.append(("x", "y"))
        answer = await client.get("/notes/0")
        assert answer.headers["location"] == "/login?next=%2Fnotes%2F0"
    async with town.client(None) as client:
        assert (await client.get("/notes/0")).status_code == 401


async def test_a_form_of_another_session_is_refused(town: Town) -> None:
    anna, ben = town.person("anna"), town.person("ben")
    async with town.client(anna) as client:
        for wrong in ("", "?form=", f"?form={ben.form}"):
            assert (await client.post(f"/notes{wrong}", data={"text": "a"})).status_code == 403
        form = re.search(r'action="(/notes[^"]*)"', (await client.get("/")).text)
        assert form is not None
        assert (await client.post(form[1], data={"text": "a"})).status_code == 303
    async with town.client(anna, **{"sec-fetch-site": "cross-site"}) as client:
        assert (await client.post(form[1], data={"text": "a"})).status_code == 403
    assert site_app.notes == [(anna.owner, "a")]


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil", "x"])
async def test_a_redirect_stays_here(town: Town, elsewhere: str) -> None:
    async with town.client(anna := town.person("anna")) as client:
        sent = {"text": "a", "next": elsewhere}
        answer = await client.post(f"/notes?form={anna.form}", data=sent)
    assert answer.headers["location"] == "/notes"


# What pages are asked, and what they answer


async def test_a_page_is_rendered(town: Town) -> None:
    async with town.client(town.person("anna")) as client:
        answer = await client.get("/", params={"words": "<script>{{ 7 * 7 }}</script>"})
    assert "anna sees &lt;script&gt;{{ 7 * 7 }}" in answer.text
    nonce = re.search(r'nonce="([^"]+)"', answer.text)
    assert nonce is not None
    assert f"style-src 'self' 'nonce-{nonce[1]}'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_nonce_is_for_one_answer(town: Town) -> None:
    async with town.client() as client:
        first, second = [await client.get("/") for _ in range(2)]
    policies = {each.headers["content-security-policy"] for each in (first, second)}
    assert len(policies) == 2


async def test_head_comes_with_get(town: Town) -> None:
    async with town.client() as client:
        answer = await client.head("/")
        assert (answer.status_code, answer.content) == (200, b"")
        assert (await client.put("/")).status_code == 405


async def test_json_and_forms_are_told_apart(town: Town) -> None:
    async with town.client(town.program(town.account("anna"), "submit")) as client:
        assert (await client.post("/json", json={"a": 1})).json() == {"got": {"a": 1}}
        assert (await client.post("/json", content="{", headers=JSON)).status_code == 422
        assert (await client.post("/json", data={"a": "1"})).status_code == 415
        assert (await client.post("/notes", json={"text": "a"})).status_code == 415
        assert (await client.post("/notes", data={"text": ""})).status_code == 422
        much = {"text": "a" * (1 << 20)}
        assert (await client.post("/notes", data=much)).status_code == 413


JSON = {"content-type": "application/json"}


async def test_files_stream_in(town: Town) -> None:
    async with town.client(anna := town.person("anna"), **{"x-billow-form": ""}) as client:
        client.headers["x-billow-form"] = anna.form
        files = [("file", (f"{n}.bin", b"x" * n * 100_000)) for n in (1, 9)]
        answer = await client.post("/files", data={"caption": "ä"}, files=files)
        assert answer.json() == {"caption": "ä", "1.bin": 100_000, "9.bin": 900_000}
        assert (await client.post("/files", data={"a": "b"})).status_code == 415
        many = [("f", (f"{n}", b"")) for n in range(1001)]
        assert (await client.post("/files", files=many)).status_code == 422


async def test_an_unexpected_error_tells_nothing(town: Town) -> None:
    async with town.client() as client:
        answer = await client.get("/broken")
    assert answer.status_code == 500
    assert "inside is nobody" not in answer.text


# The look


async def test_files_may_be_kept_for_ever_by_their_digest(town: Town) -> None:
    async with town.client() as client:
        found = re.search(r'href="(/assets/[^"]+)"', (await client.get("/")).text)
        assert found is not None
        answer = await client.get(found[1])
        assert answer.headers["cache-control"] == "max-age=31536000, immutable"
        assert answer.headers["content-type"].startswith("text/css")
        plain = await client.get("/assets/look.css")
        assert (plain.content, plain.headers["cache-control"]) == (answer.content, "no-cache")
        again = await client.get(
            "/assets/look.css", headers={"if-none-match": plain.headers["etag"]}
        )
        assert again.status_code == 304
        old = await client.get("/assets/look.0123456789ab.css")
        assert (old.status_code, old.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize("path", ["../site_app.py", "%2e%2e/site_app.py", "nothing.css", "", ".x"])
async def test_no_other_files_are_served(town: Town, path: str) -> None:
    async with town.client() as client:
        request = httpx.Request("GET", f"{BASE}/assets/{path}")
        assert (await client.send(request)).status_code == 404


async def test_the_way_in_has_the_look_of_the_site(town: Town) -> None:
    async with town.client(None, **HTML) as client:
        for path in ("/login", "/signup", "/forgot", "/verify?code=x"):
            text = (await client.get(path)).text
            assert 'id="own-look"' in text
            assert "<form" in text
        missing = await client.get("/nothing")
        assert (missing.status_code, "own-error" in missing.text) == (404, True)
    async with town.client(town.person("anna"), **HTML) as client:
        for path in ("/account", "/plan"):
            assert 'id="own-look"' in (await client.get(path)).text


async def test_the_console_moves_out_of_the_way(town: Town) -> None:
    async with town.client(town.person("boss", role="admin"), **HTML) as client:
        to = (await client.get("/console")).headers["location"]
        text = (await client.get(to)).text
        assert 'href="/console"' in text
        assert 'href="/"' not in text
        assert "own-look" not in text
    async with town.client(town.person("anna"), **HTML) as client:
        assert (await client.get("/console")).headers["location"] == "/jobs"


async def test_after_the_log_in_comes_the_site(town: Town) -> None:
    town.account("anna", password=PASSWORD)
    sent = {"email": "anna@example.org", "password": PASSWORD}
    async with town.client() as client:
        answer = await client.post("/login", data=sent)
        assert answer.headers["location"] == "/"
        assert "anna sees" in (await client.get("/")).text
