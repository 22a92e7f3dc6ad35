"""Demos of apps in a browser: started, waited for, and logged in to."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page

#: Seconds in which a demo must be up, and gone.
START, STOP = 120.0, 60.0


class Demo(NamedTuple):
    """Where a demo is, and its administrator."""

    url: str
    admin: str
    password: str
    #: Where the service keeps its data.
    folder: Path


@contextmanager
def started(app: Path, folder: Path, *options: str, **environment: str) -> Iterator[Demo]:
    """The demo of an app on a free port, until the end of the block; then it leaves in peace."""
    told, data = folder / "told.txt", folder / "data"
    command = [sys.executable, str(app / "demo.py"), "--port", "0", "--folder", str(data), *options]
    with told.open("w") as out:
        demo = subprocess.Popen(command, stdout=out, env={**os.environ, **environment})
    try:
        deadline, found = time.monotonic() + START, None
        while found is None:
            assert time.monotonic() < deadline, told.read_text()
            assert demo.poll() is None, told.read_text()
            found = re.search(
                r"mails (?:are at)? *(\S+)/inbox, .*: (\S+), password (\S+)", told.read_text()
            )
            time.sleep(0.05)
        yield Demo(found[1], found[2], found[3], data)
    finally:
        demo.send_signal(signal.SIGINT)
        assert demo.wait(STOP) == 0


def log_in(page: Page, url: str, address: str, password: str) -> None:
    """Log in, and be led to wherever that leads."""
    page.goto(f"{url}/login")
    page.get_by_label("Email address").fill(address)
    page.get_by_label("Password").fill(password)
    page.locator("main").get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda at: not at.startswith(f"{url}/login"))
