"""The answers that the front makes itself."""

from __future__ import annotations

import json

from billow.front.pages import STARTING, page


def test_a_browser_that_comes_too_early_looks_again_by_itself() -> None:
    headers, body = page(503, STARTING, "r1", b"text/html,*/*", 1)
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert (headers["retry-after"], headers["cache-control"]) == ("1", "no-store")
    assert headers["refresh"] == "1"
    assert b"<h1>Just a moment</h1>" in body
    assert len(body) < 600


def test_a_program_that_comes_too_early_is_told_when_to_come_again() -> None:
    headers, body = page(503, STARTING, "r1", b"application/json", 1)
    assert "refresh" not in headers
    assert headers["content-type"] == "application/problem+json"
    told = json.loads(body)
    assert (told["status"], told["retry_after"], told["detail"]) == (503, 1, STARTING)


def test_other_pages_stay_as_they_are_lest_a_crowd_comes_again_at_once() -> None:
    for status, why in ((503, "more comes in than can be served"), (502, STARTING[:10])):
        assert "refresh" not in page(status, why, "r1", b"text/html", 1)[0]
