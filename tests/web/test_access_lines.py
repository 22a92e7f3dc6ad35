"""The lines of requests without a front: each in the file, some in the log of all."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from billow.front.log import AccessLog
from billow.web.access_lines import GATHER, MOST, AccessLines, Answer

OK = Answer("page", 200, 5, 0.0125)


def scope(raw_path: bytes = b"/a%20b", **more: Any) -> dict[str, Any]:
    return {
        "method": "GET", "path": "/a b", "raw_path": raw_path, "query_string": b"token=hidden",
        "http_version": "1.1", "client": ("10.1.2.3", 7), "billow.id": "r1",
        "headers": [(b"host", b"x"), (b"user-agent", b'a "browser"')], **more,
    }  # fmt: skip


class Told:
    """What is told: to the file, and to the log of all."""

    def __init__(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "billow.web.access")
        self.now = 100.0
        self.path = tmp_path / "access.log"
        self.lines = AccessLines(AccessLog(str(self.path), "json", 10**6), lambda: self.now)
        self._caplog = caplog

    def file(self) -> list[dict[str, Any]]:
        self.lines.flush()
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def events(self) -> list[str]:
        return [record.getMessage() for record in self._caplog.records]


@pytest.fixture
def told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Told:
    return Told(tmp_path, caplog)


def test_a_line_says_what_was_asked_and_answered(told: Told) -> None:
    told.lines.note(scope(), OK)
    [line] = told.file()
    del line["at"]
    assert line == {
        "id": "r1", "client": "10.1.2.3", "method": "GET", "target": "/a%20b", "http": "1.1",
        "status": 200, "bytes": 5, "ms": 12.5, "server_ms": None, "server": None, "tries": 0,
        "agent": 'a "browser"',
    }  # fmt: skip
    assert told.events() == ["GET /a b 200"]


@pytest.mark.parametrize(
    ("raw", "target"),
    [(b'/"\\x', "/%22%5Cx"), (b"/a\nb", "/a%0Ab"), (b"/\xc3\xa4", "/%C3%A4"), (b"/\x7f", "/%7F")],
)
def test_no_path_can_make_another_line(told: Told, raw: bytes, target: str) -> None:
    told.lines.note(scope(raw, client=None), OK)
    [line] = told.file()
    assert (line["target"], line["client"]) == (target, "")


def test_of_very_many_requests_all_are_in_the_file_and_some_in_the_log(told: Told) -> None:
    for _ in range(MOST + 7):
        told.lines.note(scope(), OK)
    for _ in range(MOST + 2):
        told.lines.note(scope(), OK._replace(status=503))
    told.now = 101.0
    told.lines.note(scope(), OK)
    assert len(told.file()) == 2 * MOST + 10
    assert told.events() == [
        *["GET /a b 200"] * MOST,
        *["GET /a b 503"] * MOST,
        "9 further requests are only in access.log",
        "GET /a b 200",
    ]


@pytest.mark.parametrize("count", [1, GATHER - 1, GATHER, 2 * GATHER + 3])
def test_lines_gather_and_none_is_lost(told: Told, count: int) -> None:
    for number in range(count):
        told.lines.note(scope(b"/%d" % number, http_version="1.0"), OK)
    assert [line["target"] for line in told.file()] == [f"/{number}" for number in range(count)]


def test_other_formats(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    lines = AccessLines(AccessLog(str(file), "combined", 10**6), lambda: 100.0)
    lines.note(scope(), OK)
    lines.flush()
    assert file.read_text() == (
        '10.1.2.3 - - [01/Jan/1970:00:01:40 +0000] "GET /a%20b HTTP/1.1" 200 5 "-" '
        '"a \\x22browser\\x22"\n'
    )


def test_what_has_no_folder_has_no_file(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "billow.web.access")
    lines = AccessLines(AccessLog("", "json", 1))
    lines.note(scope(), OK)
    lines.flush()
    assert len(caplog.records) == 1
