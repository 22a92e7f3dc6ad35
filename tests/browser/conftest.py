"""Debian's chromium, and services for it to look at: real processes on ports of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from billow.flow.arrivals import arrival_rule
from billow.home import Home, open_home
from tests.browser.demo_app import app
from tests.browser.seed import seed

CHROMIUM = shutil.which("chromium")
APP = Path(__file__).parent / "demo_app.py"
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


class Service(NamedTuple):
    """A running web process and the home behind it."""

    url: str
    home: Home


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a past, in which nothing changes by itself."""
    folder = tmp_path_factory.mktemp("seeded")
    seed(folder)
    with serve(folder) as service:
        yield service


@pytest.fixture
def working(tmp_path: Path) -> Iterator[Service]:
    """An empty service with a worker."""
    with serve(tmp_path) as service, lifeline() as line:
        worker = subprocess.Popen(
            [
                sys.executable, "-m", "billow.worker", "--app", str(APP), "--folder", str(tmp_path),
                "--function", "top_words", "--id", "top_words-1", "--lifeline", str(line),
            ],
            pass_fds=[line],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        yield service
        stop(worker)


@contextmanager
def serve(folder: Path, target: Path = APP) -> Iterator[Service]:
    """A web process for the home in `folder`."""
    with socket.create_server(("127.0.0.1", 0)) as listening, lifeline() as line:
        descriptor = listening.fileno()
        web = subprocess.Popen(
            [
                sys.executable, "-m", "billow.web", "--app", str(target), "--folder", str(folder),
                "--fd", str(descriptor), "--lifeline", str(line),
            ],
            pass_fds=[descriptor, line],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            wait_until_up(url, web)
            yield Service(url, open_home(folder, arrivals=arrival_rule(app)))
        finally:
            stop(web)


@contextmanager
def lifeline() -> Iterator[int]:
    """The reading end of a pipe that ends with this process."""
    reader, writer = os.pipe()
    yield reader
    os.close(writer)
    os.close(reader)


def wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:
                answer.read()
            return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"the web process did not come up; exit status {process.poll()}")


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
