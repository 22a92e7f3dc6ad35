"""Uploads that break off: the server is killed, the browser is reloaded, and nothing is lost."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from billow.home import Home, open_home
from billow.units import MiB

ROOT = Path(__file__).parents[2]
WHOLE = random.Random(7).randbytes(20 * MiB)
PART = 8 * MiB


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A web process; it is killed at the end, if it was not before."""
    command = [sys.executable, "-m", "tests.direct.served", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}", process
        finally:
            process.kill()


def uploaded(home: Home) -> bytes:
    [job] = home.ledger.find().jobs
    assert job.upload is not None
    store, _, key = job.upload.partition("/")
    return b"".join(home.objects.read(store, key))


def send_part(client: httpx.Client, id: str, number: int) -> dict[str, object]:
    data = WHOLE[(number - 1) * PART : number * PART]
    asked = {"parts": [{"number": number, "sha256": hashlib.sha256(data).hexdigest()}]}
    answer = client.post(f"/api/v1/uploads/{id}/addresses", json=asked).raise_for_status()
    [place] = answer.json()["addresses"]
    sent = client.put(place["url"], content=data, headers=place["headers"]).raise_for_status()
    return {"number": number, "etag": sent.headers["etag"]}


@pytest.mark.drill
def test_parts_survive_a_kill_of_the_server(tmp_path: Path) -> None:
    with served(tmp_path) as (url, process), httpx.Client(base_url=url, timeout=30) as client:
        asked = {"name": "big.bin", "size": len(WHOLE)}
        begun = client.post("/api/v1/functions/large/uploads", json=asked).raise_for_status()
        id_ = begun.json()["id"]
        parts = [send_part(client, id_, 1)]
        process.kill()
    with served(tmp_path) as (url, process), httpx.Client(base_url=url, timeout=30) as client:
        found = client.get(f"/api/v1/uploads/{id_}").raise_for_status().json()["parts"]
        assert [(part["number"], part["etag"]) for part in found] == [(1, parts[0]["etag"])]
        parts += [send_part(client, id_, 2), send_part(client, id_, 3)]
        process.kill()
    with served(tmp_path) as (url, process), httpx.Client(base_url=url, timeout=30) as client:
        made = client.post(f"/api/v1/uploads/{id_}/complete", json={"parts": parts})
        job = made.raise_for_status().json()["job"]
        process.kill()
    with served(tmp_path) as (url, _), httpx.Client(base_url=url, timeout=30) as client:
        again = client.post(f"/api/v1/uploads/{id_}/complete", json={"parts": parts})
        assert again.raise_for_status().json()["job"]["id"] == job["id"]
    assert uploaded(open_home(tmp_path)) == WHOLE


@pytest.mark.browser
def test_a_browser_goes_on_after_a_reload_where_it_stopped(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "big.bin"
    file.write_bytes(WHOLE)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    puts: list[str] = []
    with served(tmp_path / "data") as (url, _):
        home = open_home(tmp_path / "data")

        def first_only(route: Route) -> None:
            number = route.request.url.partition("partNumber=")[2].partition("&")[0]
            route.continue_() if number == "1" else route.abort()

        page.route("**/store/**", first_only)
        page.goto(f"{url}/try")
        page.set_input_files("input[type=file]", file)
        with page.expect_response("**/store/**"):
            page.click("text=Send")
        [upload] = home.uploads.unfinished("local")
        assert [part.number for part in home.uploads.parts(upload.id)] == [1]
        expect(page.get_by_role("progressbar")).to_be_visible()

        page.reload()  # before the way is free again: the page that stopped still tries
        page.unroute_all()
        page.on("request", lambda r: puts.append(r.url) if r.method == "PUT" else None)
        page.set_input_files("input[type=file]", file)
        page.click("text=Send")
        page.wait_for_url("**/jobs/*")
        assert uploaded(home) == WHOLE
        assert sorted(put.partition("partNumber=")[2][:1] for put in puts) == ["2", "3"]
        assert home.uploads.unfinished("local") == []
    assert errors == []


@pytest.mark.browser
def test_the_console_sends_large_files_in_parts(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "big.bin"
    file.write_bytes(WHOLE)
    puts: list[str] = []
    page.on("request", lambda r: puts.append(r.url) if r.method == "PUT" else None)
    with served(tmp_path / "data") as (url, _):
        page.goto(f"{url}/functions/large")
        page.set_input_files("input[type=file]", file)
        page.click("text=Upload and run")
        page.wait_for_url("**/jobs/*")
        assert uploaded(open_home(tmp_path / "data")) == WHOLE
    assert len(puts) == 3


@pytest.mark.browser
def test_a_refusal_is_told_and_a_form_without_a_script_still_works(
    page: Page, tmp_path: Path
) -> None:
    small = tmp_path / "small.bin"
    small.write_bytes(b"small")
    huge = tmp_path / "huge.bin"
    with huge.open("wb") as file:
        file.truncate(64 * MiB + 1)
    with served(tmp_path / "data") as (url, _):
        page.goto(f"{url}/try")
        page.set_input_files("input[type=file]", huge)
        page.click("text=Send")
        expect(page.get_by_role("status")).to_have_text("larger than the allowed 64.0 MiB")
        page.route("**/upload.js", lambda route: route.abort())
        page.goto(f"{url}/try")
        page.set_input_files("input[type=file]", small)
        page.click("text=Send")
        page.wait_for_url("**/jobs**")
        assert uploaded(open_home(tmp_path / "data")) == b"small"
