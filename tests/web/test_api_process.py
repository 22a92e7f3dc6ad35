"""The web process itself: starting, leaving, and what only a real server shows."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from billow.web.guard import is_loopback

APP = """
import billow

app = billow.App("tiny")


@app.function()
def add(a: int, b: int = 1) -> int:
    return a + b


@app.function(accepts=billow.File(max_size=1000))
def size(file: billow.Upload) -> int:
    return file.size
"""

#: How long a test waits for the process before it gives up, seconds.
PATIENCE = 20.0


class Served:
    """A web process and its address."""

    def __init__(self, process: subprocess.Popen[str], url: str, lifeline: int) -> None:
        self.process = process
        self.url = url
        self.lifeline = lifeline

    def cut(self) -> None:
        """Let go of the lifeline, as a keeper does that is killed."""
        if self.lifeline >= 0:
            os.close(self.lifeline)
            self.lifeline = -1

    def gone(self) -> int:
        """Its exit status, once it has left."""
        return self.process.wait(PATIENCE)


@contextmanager
def served(folder: Path, listener: socket.socket | None = None) -> Iterator[Served]:
    """A web process that listens on a free port, or on `listener`."""
    (folder / "app.py").write_text(APP)
    read, write = os.pipe()
    fds = (read,) if listener is None else (read, listener.fileno())
    where = ["--port", "0"] if listener is None else ["--fd", str(listener.fileno())]
    command = [sys.executable, "-m", "billow.web", "--app", str(folder / "app.py")]
    command += ["--folder", str(folder / "data"), "--lifeline", str(read), *where]
    process = subprocess.Popen(command, pass_fds=fds, stderr=subprocess.PIPE, text=True)
    os.close(read)
    assert process.stderr is not None
    made = Served(process, "", write)
    try:
        line = json.loads(process.stderr.readline())
        made.url = f"http://{line['host']}:{line['port']}"
        yield made
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
        made.cut()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as made:
        yield made


def test_it_takes_a_job_and_leaves_in_good_order_on_sigterm(web: Served) -> None:
    with httpx.Client(base_url=web.url) as client:
        sent = client.post("/api/v1/functions/add/jobs", json={"args": {"a": 1}})
        assert sent.status_code == 202
        assert client.get(sent.headers["location"]).json()["status"] == "pending"
        web.process.send_signal(signal.SIGTERM)
        assert web.gone() == 0


def test_it_leaves_when_its_keeper_is_gone(tmp_path: Path) -> None:
    with served(tmp_path) as web:
        os.write(web.lifeline, b"still here")
        assert httpx.get(f"{web.url}/healthz").status_code == 200
        web.cut()
        assert web.gone() == 0


def test_streams_and_waits_end_when_it_leaves(web: Served) -> None:
    with httpx.Client(base_url=web.url, timeout=PATIENCE) as client:
        job = client.post("/api/v1/functions/add/jobs", json={"args": {"a": 1}}).json()
        with client.stream("GET", job["links"]["events"]) as stream:
            lines = stream.iter_lines()
            while not next(lines).startswith("data:"):
                pass
            began = time.monotonic()
            web.process.send_signal(signal.SIGTERM)
            assert not [line for line in lines if line.startswith("data:")]
        assert web.gone() == 0
        assert time.monotonic() - began < PATIENCE


def test_a_socket_that_is_handed_over_outlives_the_process(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for _ in range(2):
            with served(tmp_path, listener) as web:
                assert web.url.endswith(f":{listener.getsockname()[1]}")
                assert httpx.get(f"{web.url}/healthz").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_it_listens_to_this_machine_only(tmp_path: Path, host: str) -> None:
    (tmp_path / "app.py").write_text(APP)
    command = [sys.executable, "-m", "billow.web", "--app", str(tmp_path)]
    command += ["--folder", str(tmp_path / "data"), "--host", host, "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 2
    assert "without encryption" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    with socket.create_server(("127.0.0.1", 0)) as other:
        command = [sys.executable, "-m", "billow.web", "--app", str(tmp_path)]
        command += ["--folder", str(tmp_path / "data")]
        command += ["--port", str(other.getsockname()[1])]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    assert done.returncode == 2
    assert "in use" in done.stderr
    assert "Traceback" not in done.stderr


def spoken(url: str, data: bytes) -> bytes:
    """What the server answers to bytes, until it closes or falls silent."""
    _, _, address = url.rpartition("/")
    host, _, port = address.partition(":")
    answer = b""
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        with suppress(OSError):  # it may close before it had everything
            connection.sendall(data)
        while select.select([connection], [], [], 1.0)[0]:
            try:
                block = connection.recv(65536)
            except ConnectionResetError:
                break
            if not block:
                break
            answer += block
    return answer


def test_endless_headers_are_cut_off(web: Served) -> None:
    endless = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"X: " + b"x" * 4_000_000
    answer = spoken(web.url, endless)
    assert not answer or answer.split()[1] in (b"431", b"400")
    assert httpx.get(f"{web.url}/healthz").status_code == 200


@pytest.mark.parametrize(
    "data",
    [
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1, 2\r\n\r\nx",
        b"GET /healthz\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"GET /health\0z HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_ambiguous_requests_are_not_guessed_at(web: Served, data: bytes) -> None:
    answer = spoken(web.url, data)
    assert b" 200 " not in answer
    assert httpx.get(f"{web.url}/healthz").status_code == 200


def test_a_refusal_in_the_middle_of_an_upload_arrives(web: Served) -> None:
    url = f"{web.url}/api/v1/functions/size/jobs?name=x"
    headers = {"Content-Type": "application/octet-stream"}

    def blocks() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 10_000

    refused = httpx.post(url, content=blocks(), headers=headers)
    assert refused.status_code == 413


@pytest.mark.parametrize(
    ("address", "own"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("10.0.0.1", False), ("x", False)],
)
def test_loopback(address: str, own: bool) -> None:
    assert is_loopback(address) is own
