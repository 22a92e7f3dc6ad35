"""Signed addresses: one object, one method, for an hour at most."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from billow.clock import VirtualClock
from billow.errors import BadInput
from billow.flow.presign import presign_get
from billow.home import Home
from billow.web.download import disposition

pytestmark = pytest.mark.anyio

KEY = "anna/1/ä b+c%2F.txt"


@pytest.fixture
def url(home: Home) -> str:
    home.objects.put("demo-entry", [b"0123456789"], key=KEY)
    return presign_get(home, "demo-entry", KEY, disposition=disposition("result “1”.txt"))


def changed(url: str, **changes: str | None) -> str:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query)) | changes
    kept = {name: value for name, value in query.items() if value is not None}
    return f"{parts.path}?{urlencode(kept)}"


async def test_it_fetches_the_object(client: httpx.AsyncClient, url: str) -> None:
    answer = await client.get(url)
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert answer.headers["content-disposition"] == disposition("result “1”.txt")
    assert answer.headers["x-content-type-options"] == "nosniff"
    part = await client.get(url, headers={"range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "POST"])
async def test_it_is_for_one_method(
    client: httpx.AsyncClient, home: Home, url: str, method: str
) -> None:
    assert (await client.request(method, url)).status_code in (403, 405, 422)
    assert home.objects.head("demo-entry", KEY) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"X-Amz-Signature": None},
        {"X-Amz-Signature": ""},
        {"X-Amz-Signature": "0" * 64},
        {"X-Amz-Signature": "ä"},
        {"X-Amz-Expires": "604800"},
        {"X-Amz-Date": "20991231T000000Z"},
        {"X-Amz-Date": "yesterday"},
        {"X-Amz-Algorithm": "none"},
        {"X-Amz-Credential": "x/20231114/local/s3/aws4_request"},
        {"X-Amz-SignedHeaders": ""},
        {"X-Amz-SignedHeaders": "host;x-unheard-of"},
        {"response-content-disposition": "inline"},
        {"response-content-disposition": None},
    ],
)
async def test_everything_in_it_is_signed(
    client: httpx.AsyncClient, url: str, changes: dict[str, str | None]
) -> None:
    assert (await client.get(changed(url, **changes))).status_code == 403


async def test_it_is_for_one_object_in_one_store(
    client: httpx.AsyncClient, home: Home, url: str
) -> None:
    home.objects.put("demo-entry", [b"secret"], key="anna/1/other.txt")
    home.objects.put("demo-other", [b"secret"], key=KEY)
    query = urlsplit(url).query
    assert (await client.get(f"/store/demo-entry/anna/1/other.txt?{query}")).status_code == 403
    other = url.replace("/store/demo-entry/", "/store/demo-other/")
    assert (await client.get(other)).status_code == 403


@pytest.mark.parametrize("query", ["", "?X-Amz-Signature=x"])
async def test_without_a_signature_there_is_nothing(
    client: httpx.AsyncClient, url: str, query: str
) -> None:
    assert (await client.get(urlsplit(url).path + query)).status_code == 403


async def test_a_parameter_cannot_be_given_twice(client: httpx.AsyncClient, url: str) -> None:
    assert (await client.get(f"{url}&X-Amz-Expires=3600")).status_code == 422


async def test_it_expires(client: httpx.AsyncClient, url: str, clock: VirtualClock) -> None:
    clock.advance(3599)
    assert (await client.get(url)).status_code == 200
    clock.advance(2)
    assert (await client.get(url)).status_code == 403


@pytest.mark.parametrize("seconds", [0, 3601, float("nan")])
async def test_how_long_it_may_be_valid(home: Home, seconds: float) -> None:
    with pytest.raises(BadInput):
        presign_get(home, "demo-entry", "k", seconds=seconds)


@pytest.mark.parametrize("text", ["attachment\r\nx: y", "attachment; filename=“x”"])
async def test_a_disposition_is_a_header(home: Home, text: str) -> None:
    with pytest.raises(BadInput):
        presign_get(home, "demo-entry", "k", disposition=text)


async def test_an_object_that_is_gone_is_not_found(
    client: httpx.AsyncClient, home: Home, url: str
) -> None:
    home.objects.delete("demo-entry", KEY)
    assert (await client.get(url)).status_code == 404
