"""Uploads in parts over HTTP, by those they belong to and by those they do not."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx
import pytest

from billow.clock import VirtualClock
from billow.home import Home
from billow.testing import run_jobs
from billow.units import MiB
from tests.direct.conftest import As, app

pytestmark = pytest.mark.anyio

UPLOADS = "/api/v1/uploads"
FIRST, LAST = b"a" * (8 * MiB), b"the end"
WHOLE = FIRST + LAST


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def begin(client: httpx.AsyncClient, size: int = len(WHOLE)) -> dict[str, Any]:
    answer = await client.post(
        "/api/v1/functions/large/uploads", json={"name": "big.bin", "size": size}
    )
    assert answer.status_code == 201, answer.text
    upload: dict[str, Any] = answer.json()
    return upload


async def address(
    client: httpx.AsyncClient, upload: dict[str, Any], number: int, data: bytes
) -> dict[str, Any]:
    asked = {"parts": [{"number": number, "sha256": sha(data)}]}
    answer = await client.post(f"{UPLOADS}/{upload['id']}/addresses", json=asked)
    assert answer.status_code == 200, answer.text
    [made] = answer.json()["addresses"]
    return dict(made)


async def send(
    client: httpx.AsyncClient, upload: dict[str, Any], number: int, data: bytes
) -> dict[str, Any]:
    place = await address(client, upload, number, data)
    answer = await client.put(place["url"], content=data, headers=place["headers"])
    assert answer.status_code == 200, answer.text
    return {"number": number, "etag": answer.headers["etag"]}


async def complete(
    client: httpx.AsyncClient, upload: dict[str, Any], parts: list[dict[str, Any]]
) -> httpx.Response:
    return await client.post(f"{UPLOADS}/{upload['id']}/complete", json={"parts": parts})


async def test_a_large_file_in_parts_becomes_a_job(client: httpx.AsyncClient, home: Home) -> None:
    upload = await begin(client)
    assert (upload["count"], upload["part_size"]) == (2, len(FIRST))
    parts = [await send(client, upload, 1, FIRST), await send(client, upload, 2, LAST)]
    answer = await complete(client, upload, parts)
    assert answer.status_code == 200
    job = answer.json()["job"]
    assert (job["name"], job["owner"]) == ("big.bin", "anna")
    again = await complete(client, upload, parts)
    assert again.json()["job"]["id"] == job["id"]
    [done] = run_jobs(home, app)
    assert (done.id, done.result) == (job["id"], len(WHOLE))


async def test_what_broke_off_goes_on_where_it_stopped(client: httpx.AsyncClient) -> None:
    upload = await begin(client)
    first = await send(client, upload, 1, FIRST)
    [listed] = (await client.get(UPLOADS)).json()["uploads"]
    assert listed == upload
    found = (await client.get(f"{UPLOADS}/{upload['id']}")).json()
    assert found["parts"] == [{**first, "size": len(FIRST), "sha256": sha(FIRST)}]
    last = await send(client, upload, 2, LAST)
    assert (await complete(client, upload, [first, last])).status_code == 200


async def test_the_uploads_of_others_do_not_exist(
    client: httpx.AsyncClient, people: As, home: Home
) -> None:
    upload = await begin(client)
    part = await send(client, upload, 2, LAST)
    people.owner = "bert"
    here = f"{UPLOADS}/{upload['id']}"
    asked = {"parts": [{"number": 1, "sha256": sha(FIRST)}]}
    assert (await client.get(UPLOADS)).json() == {"uploads": []}
    assert (await client.get(here)).status_code == 404
    assert (await client.post(f"{here}/addresses", json=asked)).status_code == 404
    assert (await complete(client, upload, [part])).status_code == 404
    assert (await client.delete(here)).status_code == 404
    assert len(home.uploads.parts(upload["id"])) == 1


async def test_the_address_of_a_part_takes_that_part_only(
    client: httpx.AsyncClient, home: Home
) -> None:
    upload, other = await begin(client), await begin(client)
    place = await address(client, upload, 1, FIRST)
    url, headers = place["url"], place["headers"]
    false = {"x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(sha(LAST))).decode()}
    tries = [
        (url, LAST, headers, 422),
        (url, LAST, false, 403),
        (url, FIRST, {}, 403),
        (url.replace("partNumber=1", "partNumber=2"), LAST, headers, 403),
        (url.replace(upload["id"], other["id"]), FIRST, headers, 403),
        (url, FIRST + b"!", headers, 413),
    ]
    for place, data, told, status in tries:
        assert (await client.put(place, content=data, headers=told)).status_code == status
    assert (await client.get(url, headers=headers)).status_code == 422
    assert [home.uploads.parts(each["id"]) for each in (upload, other)] == [[], []]


async def test_an_address_expires(client: httpx.AsyncClient, clock: VirtualClock) -> None:
    upload = await begin(client)
    place = await address(client, upload, 2, LAST)
    clock.advance(3601)
    answer = await client.put(place["url"], content=LAST, headers=place["headers"])
    assert answer.status_code == 403


async def test_parts_cannot_be_swapped_or_left_out(client: httpx.AsyncClient, home: Home) -> None:
    upload = await begin(client)
    first, last = await send(client, upload, 1, FIRST), await send(client, upload, 2, LAST)
    swapped = [{"number": 1, "etag": last["etag"]}, {"number": 2, "etag": first["etag"]}]
    assert (await complete(client, upload, swapped)).status_code == 409
    assert (await complete(client, upload, [first])).status_code == 422
    assert (await complete(client, upload, [last, first])).status_code == 422
    assert home.ledger.find().jobs == []


async def test_giving_up_removes_the_parts(client: httpx.AsyncClient, home: Home) -> None:
    upload = await begin(client)
    await send(client, upload, 2, LAST)
    here = f"{UPLOADS}/{upload['id']}"
    assert (await client.delete(here)).status_code == 204
    assert (await client.get(here)).status_code == 404
    assert home.folder is not None
    assert [path for path in (home.folder / "parts").rglob("*") if path.is_file()] == []


async def test_only_so_many_may_be_unfinished(client: httpx.AsyncClient) -> None:
    for _ in range(20):
        await begin(client)
    asked = {"name": "big.bin", "size": 1}
    answer = await client.post("/api/v1/functions/large/uploads", json=asked)
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("function", "asked", "status"),
    [
        ("size", {"name": "a.txt", "size": 1001}, 413),
        ("size", {"name": "a.exe", "size": 1}, 415),
        ("size", {"name": "a.txt", "size": -1}, 422),
        ("size", {"name": "a.txt", "size": True}, 422),
        ("size", {"name": "a.txt", "size": 1, "args": []}, 422),
        ("size", {"name": "a.txt"}, 422),
        ("add", {"name": "a.txt", "size": 1}, 422),
        ("none", {"name": "a.txt", "size": 1}, 404),
    ],
)
async def test_what_cannot_be_begun(
    client: httpx.AsyncClient, function: str, asked: dict[str, Any], status: int
) -> None:
    answer = await client.post(f"/api/v1/functions/{function}/uploads", json=asked)
    assert answer.status_code == status


async def test_a_plan_can_bind_the_size(client: httpx.AsyncClient, people: As) -> None:
    people.most = 10
    asked = {"name": "a.txt", "size": 11}
    answer = await client.post("/api/v1/functions/size/uploads", json=asked)
    assert (answer.status_code, answer.json()["limit"]) == (413, 10)


@pytest.mark.parametrize("parts", [None, 1, [1], [{}], [{"number": "1", "sha256": "x"}],
                                   [{"number": 1, "sha256": "x"}], [{"number": 1}],
                                   [{"number": 3, "sha256": "0" * 64}],
                                   [{"number": 1, "sha256": "0" * 64}] * 101])  # fmt: skip
async def test_which_addresses_cannot_be_had(client: httpx.AsyncClient, parts: Any) -> None:
    upload = await begin(client)
    answer = await client.post(f"{UPLOADS}/{upload['id']}/addresses", json={"parts": parts})
    assert answer.status_code == 422


async def test_a_part_that_rotted_is_told_and_can_be_sent_again(
    client: httpx.AsyncClient, home: Home
) -> None:
    upload = await begin(client)
    parts = [await send(client, upload, 1, FIRST), await send(client, upload, 2, LAST)]
    assert home.folder is not None
    [small] = [
        path
        for path in (home.folder / "parts").rglob("*")
        if path.is_file() and path.stat().st_size == len(LAST)
    ]
    small.write_bytes(b"the eNd")
    answer = await complete(client, upload, parts)
    assert (answer.status_code, answer.json()["part"]) == (409, 2)
    assert home.ledger.find().jobs == []
    await send(client, upload, 2, LAST)
    assert (await complete(client, upload, parts)).status_code == 200
