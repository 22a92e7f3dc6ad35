"""Signed forms: one file, of one owner, under one key; everything else is refused."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import httpx
import pytest

from billow.clock import VirtualClock
from billow.home import Home
from billow.job import Job
from billow.testing import run_jobs
from tests.direct.conftest import As, app

pytestmark = pytest.mark.anyio

FORMS = "/api/v1/functions/size/forms"


async def ask(client: httpx.AsyncClient, **asked: Any) -> dict[str, Any]:
    answer = await client.post(FORMS, json=asked)
    assert answer.status_code == 201, answer.text
    form: dict[str, Any] = answer.json()
    return form


async def post(
    client: httpx.AsyncClient, form: dict[str, Any], data: bytes = b"text", name: str = "b.txt"
) -> httpx.Response:
    return await client.post(form["url"], data=form["fields"], files={"file": (name, data)})


def jobs(home: Home) -> list[Job]:
    return home.ledger.find().jobs


async def test_a_form_brings_a_file_and_the_job_with_it(
    client: httpx.AsyncClient, home: Home
) -> None:
    form = await ask(client, name="ä b.txt", fields={"unit": "KiB", "least": "3"})
    answer = await post(client, form)
    assert answer.status_code == 204, answer.text
    [job] = jobs(home)
    assert (job.name, job.owner, job.args) == ("ä b.txt", "anna", {"unit": "KiB", "least": 3})
    assert job.upload == f"demo-work/{form['fields']['key']}"
    [done] = run_jobs(home, app)
    assert done.result == 4


async def test_the_key_is_ours_and_cannot_be_guessed(client: httpx.AsyncClient) -> None:
    keys = [(await ask(client, name="../../a.txt"))["fields"]["key"] for _ in range(3)]
    assert all(re.fullmatch(r"anna/[0-9a-f]{32}/a\.txt", key) for key in keys)
    assert len(set(keys)) == 3


async def test_a_form_has_the_fields_of_s3(client: httpx.AsyncClient) -> None:
    fields = (await ask(client, name="a.txt"))["fields"]
    assert {
        "key", "policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature",
        "Content-Type", "success_action_status",
    } <= set(fields)  # fmt: skip
    policy = json.loads(base64.b64decode(fields["policy"]))
    assert {"bucket": "demo-entry"} in policy["conditions"]
    assert {"key": fields["key"]} in policy["conditions"]
    assert ["content-length-range", 0, 1000] in policy["conditions"]
    covered = {name for each in policy["conditions"] if isinstance(each, dict) for name in each}
    assert set(fields) - covered == {"policy", "x-amz-signature"}


async def test_the_browser_is_sent_on(client: httpx.AsyncClient) -> None:
    form = await ask(client, name="a.txt", redirect="/sent?x=1")
    answer = await post(client, form)
    assert answer.status_code == 303
    place = answer.headers["location"]
    assert place.startswith("/sent?x=1&bucket=demo-entry&key=anna%2F")
    assert "&etag=%22" in place


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "/\\evil", "x"])
async def test_nobody_is_sent_elsewhere_on_our_word(client: httpx.AsyncClient, place: str) -> None:
    answer = await client.post(FORMS, json={"name": "a.txt", "redirect": place})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("size", "status"), [(0, 204), (999, 204), (1000, 204), (1001, 413), (200_000, 413)]
)
async def test_the_size_is_bound(
    client: httpx.AsyncClient, home: Home, size: int, status: int
) -> None:
    answer = await post(client, await ask(client, name="a.txt"), b"x" * size)
    assert answer.status_code == status
    assert len(jobs(home)) == (status == 204)


async def test_a_plan_can_bind_the_size_further(client: httpx.AsyncClient, people: As) -> None:
    people.most = 3
    form = await ask(client, name="a.txt")
    people.most = None
    assert (await post(client, form, b"1234")).status_code == 413
    assert (await post(client, form, b"123")).status_code == 204


@pytest.mark.parametrize("field", ["key", "Content-Type", "success_action_status", "x-amz-date",
                                   "x-amz-credential", "x-amz-algorithm", "policy",
                                   "x-amz-signature", "x-amz-meta-billow-owner",
                                   "x-amz-meta-billow-args", "x-amz-meta-billow-name"])  # fmt: skip
@pytest.mark.parametrize("how", ["altered", "dropped", "empty"])
async def test_every_field_is_signed(
    client: httpx.AsyncClient, home: Home, field: str, how: str
) -> None:
    form = await ask(client, name="a.txt")
    value = form["fields"].pop(field)
    if how != "dropped":
        form["fields"][field] = "" if how == "empty" else value[:-1] + "0Z"[value[-1] == "0"]
    assert (await post(client, form)).status_code == 403
    assert jobs(home) == []


@pytest.mark.parametrize(
    "extra",
    [{"acl": "public-read"}, {"x-amz-meta-billow-delay": "9"}, {"success_action_redirect": "/"},
     {"bucket": "demo-other"}, {"KEY": "other/key"}, {"x-ignore-me": "1"}],
)  # fmt: skip
async def test_nothing_can_be_added(
    client: httpx.AsyncClient, home: Home, extra: dict[str, str]
) -> None:
    form = await ask(client, name="a.txt")
    form["fields"] |= extra
    assert (await post(client, form)).status_code == 403
    assert jobs(home) == []


async def test_the_name_in_the_key_is_never_the_files(
    client: httpx.AsyncClient, home: Home
) -> None:
    form = await ask(client, name="a.txt")
    form["fields"]["key"] = "anna/${filename}"
    assert (await post(client, form)).status_code == 403


@pytest.mark.parametrize("store", ["demo-other", "demo-work", "demo-large-uploads", "nowhere"])
async def test_another_store_is_refused(client: httpx.AsyncClient, home: Home, store: str) -> None:
    form = await ask(client, name="a.txt")
    assert (await post(client, {**form, "url": f"/store/{store}"})).status_code == 403
    assert home.objects.stores() == []


async def test_a_form_expires(client: httpx.AsyncClient, home: Home, clock: VirtualClock) -> None:
    form = await ask(client, name="a.txt")
    assert 0 < form["expires"] - clock.now() <= 300
    clock.advance(299)
    assert (await post(client, form)).status_code == 204
    late = await ask(client, name="a.txt")
    clock.advance(300)
    assert (await post(client, late)).status_code == 403
    assert len(jobs(home)) == 1


async def test_a_signature_of_another_home_is_refused(
    client: httpx.AsyncClient, home: Home
) -> None:
    form = await ask(client, name="a.txt")
    (home.folder / "signing-keys.json").unlink()  # type: ignore[operator]
    assert (await post(client, form)).status_code == 403


async def test_posting_again_makes_no_second_job_and_never_another_file(
    client: httpx.AsyncClient, home: Home
) -> None:
    form = await ask(client, name="a.txt")
    assert (await post(client, form)).status_code == 204
    assert (await post(client, form)).status_code == 204
    assert (await post(client, form, b"other")).status_code == 409
    [job] = jobs(home)
    assert b"".join(home.objects.read("demo-entry", form["fields"]["key"])) == b"text"
    assert run_jobs(home, app)[0].id == job.id


async def test_an_address_cannot_pass_for_a_form(client: httpx.AsyncClient) -> None:
    """Both are signed with one key; what was signed for an address is no policy."""
    form = await ask(client, name="a.txt")
    form["fields"]["policy"] = "AWS4-HMAC-SHA256\n20231114T221320Z\nx\ny"
    assert (await post(client, form)).status_code == 403


async def test_a_file_may_bring_its_own_name(client: httpx.AsyncClient, home: Home) -> None:
    form = await ask(client)
    assert (await post(client, form, name="../x/own.txt")).status_code == 204
    assert [job.name for job in jobs(home)] == ["own.txt"]


async def test_its_own_name_must_still_fit(client: httpx.AsyncClient, home: Home) -> None:
    assert (await post(client, await ask(client), name="own.exe")).status_code == 415
    assert jobs(home) == []


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"name": "a.exe"}, 415),
        ({"name": "a.txt", "args": {"nonsense": 1}}, 422),
        ({"name": "a.txt", "args": {"unit": "x" * 3000}}, 422),
        ({"name": "a.txt", "owner": "bert"}, 422),
        ({"name": 3}, 422),
        ({"name": "a.txt", "type": "text/plain\r\nx: y"}, 422),
    ],
)
async def test_what_cannot_be_signed(
    client: httpx.AsyncClient, asked: dict[str, Any], status: int
) -> None:
    assert (await client.post(FORMS, json=asked)).status_code == status


@pytest.mark.parametrize(("function", "status"), [("add", 422), ("nothing", 404)])
async def test_only_functions_with_files_have_forms(
    client: httpx.AsyncClient, function: str, status: int
) -> None:
    answer = await client.post(f"/api/v1/functions/{function}/forms", json={"name": "a.txt"})
    assert answer.status_code == status


async def test_a_form_without_a_file_or_with_much_before_it(client: httpx.AsyncClient) -> None:
    form = await ask(client, name="a.txt")
    fields = {name: (None, value) for name, value in form["fields"].items()}
    assert (await client.post(form["url"], files=fields)).status_code == 422
    form["fields"]["x"] = "x" * 30_000
    assert (await post(client, form)).status_code == 422
    assert (await client.post(form["url"], json={})).status_code == 422


async def test_a_form_that_breaks_off_leaves_nothing(client: httpx.AsyncClient, home: Home) -> None:
    form = await ask(client, name="a.txt")
    request = client.build_request(
        "POST", form["url"], data=form["fields"], files={"file": ("a.txt", b"text")}
    )
    cut = request.read()[:-30]
    kind = {"content-type": request.headers["content-type"]}
    assert (await client.post(form["url"], content=cut, headers=kind)).status_code == 422
    assert home.objects.stores() == []
