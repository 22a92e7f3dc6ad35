"""Result files over HTTP: listed with the job, downloadable, and only those of the job."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

import billow
from billow.flow.client import Client
from billow.flow.whereabouts import FileState, Whereabouts
from billow.home import Home
from billow.job import Job
from billow.ports.cold import Damaged, Tier
from billow.testing import run_jobs
from billow.web.files import words

pytestmark = pytest.mark.anyio

BASE = "http://127.0.0.1:8420"
HTML = {"accept": "text/html"}

app = billow.App("made")


@app.function()
def make(text: str = "0123456789") -> billow.Outputs:
    return billow.Outputs({".annot.vcf": text, ".ä “x”.log": b"done"}, value={"variants": 12})


@app.function()
def echo(value: dict[str, Any]) -> Any:
    return value


@pytest.fixture
def declared() -> billow.App:
    return app


@pytest.fixture
async def client(web: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(web, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as made:
        yield made


def done(home: Home, function: str = "make", **args: Any) -> Job:
    Client(home, app).submit(function, args, name="sample.vcf")
    [job] = run_jobs(home, app)
    return job


async def test_a_job_lists_its_files_and_each_can_be_fetched(
    client: httpx.AsyncClient, home: Home
) -> None:
    job = done(home)
    answer = (await client.get(f"/api/v1/jobs/{job.id}")).json()
    first, second = answer["files"]
    assert (first["name"], first["ending"], first["size"]) == ("sample.annot.vcf", ".annot.vcf", 10)
    assert (await client.get(second["href"])).content == b"done"
    fetched = await client.get(first["href"])
    assert fetched.text == "0123456789"
    assert fetched.headers["etag"] == f'"{first["sha256"]}"'
    assert fetched.headers["content-disposition"].startswith("attachment; ")
    assert fetched.headers["x-content-type-options"] == "nosniff"


async def test_ranges_and_etags_work(client: httpx.AsyncClient, home: Home) -> None:
    here = f"/api/v1/jobs/{done(home).id}/files/sample.annot.vcf"
    part = await client.get(here, headers={"range": "bytes=2-4"})
    assert (part.status_code, part.text) == (206, "234")
    same = await client.get(here, headers={"if-none-match": part.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


@pytest.mark.parametrize("name", ["other.vcf", "sample.annot.vcf%00", "..%2F..%2Fcore.db"])
async def test_only_files_of_the_job_are_found(
    client: httpx.AsyncClient, home: Home, name: str
) -> None:
    answer = await client.get(f"/api/v1/jobs/{done(home).id}/files/{name}")
    assert answer.status_code == 404


async def test_a_result_cannot_claim_the_file_of_another_job(
    client: httpx.AsyncClient, home: Home
) -> None:
    secret = done(home).files[".annot.vcf"]._asdict()
    ending = secret.pop("ending")
    forged = done(home, "echo", value={"files": {ending: secret}, "value": None})
    answer = await client.get(f"/api/v1/jobs/{forged.id}/files/{secret['name']}")
    assert answer.status_code == 404
    assert (await client.get(f"/api/v1/jobs/{forged.id}")).json()["files"] == []


async def test_a_file_that_is_not_kept_any_more_is_not_found(
    client: httpx.AsyncClient, home: Home
) -> None:
    job = done(home)
    file = job.files[".annot.vcf"]
    home.objects.delete(file.store, file.key)
    answer = await client.get(f"/api/v1/jobs/{job.id}/files/{file.name}")
    assert answer.status_code == 404
    assert "not kept any more" in answer.json()["detail"]


async def test_an_archived_file_says_so_and_when_it_is_back(
    client: httpx.AsyncClient, home: Home
) -> None:
    job = done(home)
    file = job.files[".annot.vcf"]
    info = home.objects.head(file.store, file.key)
    assert info is not None

    async def seen() -> tuple[Any, ...]:
        answer = await client.get(f"/api/v1/jobs/{job.id}/files/{file.name}")
        [first, _] = (await client.get(f"/api/v1/jobs/{job.id}")).json()["files"]
        page = (await client.get(f"/jobs/{job.id}", headers=HTML)).text
        assert (first["href"] is None) == (f'files/{file.name}" download' not in page)
        assert first["note"] in page
        return answer.status_code, answer.json().get("state"), first["state"], first["note"]

    home.cold.put(info, home.objects.read(file.store, file.key))
    [first, _] = (await client.get(f"/api/v1/jobs/{job.id}")).json()["files"]
    assert (first["state"], first["note"]) == ("archiving", "")
    assert (await client.get(first["href"])).status_code == 200

    home.objects.delete(file.store, file.key)
    assert await seen() == (409, "cold", "cold", "archived")
    home.cold.ask(file.store, file.key, Tier.EXPEDITED)
    assert await seen() == (409, "restoring", "restoring", "being restored, about 3 min")
    [path] = [each for each in (tmp_of(home) / "cold" / "packed").rglob("*") if each.is_file()]
    path.write_bytes(b"rot")
    with pytest.raises(Damaged):
        home.cold.verify(file.store, file.key)
    damaged = "its archived copy is damaged; it cannot be served"
    assert await seen() == (409, "damaged", "damaged", damaged)


def tmp_of(home: Home) -> Path:
    assert home.folder is not None
    return home.folder


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (179, "being restored, about 3 min"),
        (75, "being restored, about 1 min"),
        (40, "being restored, about 40 s"),
        (3, "being restored, back in a moment"),
        (-5, "being restored, back in a moment"),
        (4 * 3600, "being restored, about 4 h"),
    ],
)
def test_the_time_left_is_told_roughly(left: float, expected: str) -> None:
    assert words(Whereabouts(FileState.RESTORING, 1000.0 + left), 1000.0) == expected


async def test_the_page_of_a_job_leads_to_its_files(client: httpx.AsyncClient, home: Home) -> None:
    job = done(home)
    page = (await client.get(f"/jobs/{job.id}", headers=HTML)).text
    assert f'href="/api/v1/jobs/{job.id}/files/sample.annot.vcf" download' in page
    assert "variants" in page.casefold()
    assert "sha256" not in page


async def test_the_files_of_the_final_event_are_those_of_the_job(
    client: httpx.AsyncClient, home: Home
) -> None:
    job = done(home)
    events = (await client.get(f"/api/v1/jobs/{job.id}/events")).text
    final = next(part for part in events.split("\n\n") if "event: final" in part)
    data = next(line for line in final.splitlines() if line.startswith("data: "))
    assert [file["name"] for file in json.loads(data[6:])["files"]] == [
        file.name for file in job.files.values()
    ]
