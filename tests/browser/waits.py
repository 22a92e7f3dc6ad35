"""Waiting for what no locator tells: sizes, and pictures that have arrived.

Playwright's `wait_for_function` evaluates inside the page, where the content policy of Billow's
pages forbids it as soon as the first look is not yet true; asking from outside is always allowed.
"""

from __future__ import annotations

import time

from playwright.sync_api import Page

PATIENCE = 20.0
NOT_WIDER = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def comes_true(page: Page, expression: str, argument: object = None) -> None:
    """Look until `expression` (JavaScript) holds in the page.

    Raises:
        AssertionError: if it does not within `PATIENCE` seconds.
    """
    deadline = time.monotonic() + PATIENCE
    while not page.evaluate(expression, argument):
        assert time.monotonic() < deadline, f"{page.url}: never true: {expression}"
        page.wait_for_timeout(50)
