"""Files as answers: whole, in part, unchanged, and left to the front."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from billow.errors import Error
from billow.handover import FILE, FilePart
from billow.web.replies import on_error
from billow.web.sendfile import PIECE, FileReply

BYTES = bytes(range(256)) * 40


def client(path: Path, *, front: str = "", etag: str | None = None) -> TestClient:
    async def show(_: object) -> FileReply:
        kept = {"Cache-Control": "max-age=60"}
        return FileReply(path, media_type="image/jpeg", headers=kept, etag=etag)

    made: ASGIApp = Starlette(
        routes=[Route("/", show)],
        exception_handlers={Error: on_error},
    )

    async def behind_front(scope: Scope, receive: Receive, send: Send) -> None:
        if front:
            scope["billow.front"] = front
        await made(scope, receive, send)

    return TestClient(behind_front)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "ä b.jpg"
    made.write_bytes(BYTES)
    return made


def test_a_whole_file(path: Path) -> None:
    reply = client(path).get("/")
    assert (reply.status_code, reply.content) == (200, BYTES)
    assert reply.headers["content-type"] == "image/jpeg"
    assert reply.headers["cache-control"] == "max-age=60"
    assert reply.headers["content-length"] == str(len(BYTES))
    assert FILE not in reply.headers


def test_a_large_file_comes_in_pieces(path: Path) -> None:
    path.write_bytes(os.urandom(PIECE * 2 + 7))
    assert client(path).get("/").content == path.read_bytes()


def test_head_has_the_length_and_no_body(path: Path) -> None:
    reply = client(path, front="t").head("/")
    assert reply.headers["content-length"] == str(len(BYTES))
    assert reply.content == b""
    assert FILE not in reply.headers


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        ("bytes=0-9", 206, BYTES[:10]),
        ("bytes=10-", 206, BYTES[10:]),
        ("bytes=-5", 206, BYTES[-5:]),
        ("bytes=5-99999999", 206, BYTES[5:]),
        ("bytes=99999999-", 416, b""),
        ("bytes=-0", 416, b""),
        ("bytes=9-5", 200, BYTES),
        ("bytes=0-1,4-5", 200, BYTES),
        ("pages=1-2", 200, BYTES),
    ],
)
def test_ranges(path: Path, asked: str, status: int, body: bytes) -> None:
    reply = client(path).get("/", headers={"Range": asked})
    assert (reply.status_code, reply.content) == (status, body)
    if status == 416:
        assert reply.headers["content-range"] == f"bytes */{len(BYTES)}"


def test_a_range_of_another_version_is_the_whole(path: Path) -> None:
    headers = {"Range": "bytes=0-9", "If-Range": '"other"'}
    assert client(path).get("/", headers=headers).content == BYTES


@pytest.mark.parametrize("told", ['"v1"', 'W/"v1"', '"a", "v1"', "*"])
def test_what_has_not_changed_is_not_sent_again(path: Path, told: str) -> None:
    reply = client(path, etag='"v1"').get("/", headers={"If-None-Match": told})
    assert (reply.status_code, reply.content) == (304, b"")
    assert reply.headers["etag"] == '"v1"'
    assert "content-length" not in reply.headers


def test_its_tag_changes_with_the_file(path: Path) -> None:
    before = client(path).get("/").headers["etag"]
    path.write_bytes(b"new")
    assert client(path).get("/", headers={"If-None-Match": before}).content == b"new"


def test_behind_the_front_only_headers_are_sent(path: Path) -> None:
    reply = client(path, front="secret").get("/", headers={"Range": "bytes=3-9"})
    assert (reply.status_code, reply.content) == (206, b"")
    assert FilePart.decode(reply.headers[FILE]) == ("secret", 3, 7, str(path))


def test_an_empty_file(path: Path) -> None:
    path.write_bytes(b"")
    for front in ("", "t"):
        reply = client(path, front=front).get("/")
        assert (reply.status_code, reply.content, FILE in reply.headers) == (200, b"", False)


def test_a_file_that_is_gone_is_not_found(path: Path) -> None:
    path.unlink()
    assert client(path).get("/").status_code == 404
