"""The one web server of a service without a pool is replaced when it hangs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from billow.keeper import health
from billow.keeper.health import LOOK, STILL, STOPPED, Health
from billow.keeper.how import WEB
from tests.keeper.helpers import running, until, write_app


class Server:
    """A supervised process that only notes that it is condemned."""

    def __init__(self, pid: int = 1) -> None:
        self.pid = pid
        self.condemned: list[str] = []

    def condemn(self, why: str) -> None:
        self.condemned.append(why)


class Watch:
    """A server's socket, and the time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.server = Server()
        made: Any = self.server
        self.health = Health(made, self.socket.getsockname(), lambda: self.now)

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.now += LOOK
            self.health.tick()

    def answer(self) -> None:
        taken, _ = self.socket.accept()
        taken.recv(1000)
        taken.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        taken.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    made = Watch()
    yield made
    made.health.close()
    made.socket.close()


def test_who_answers_is_well(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "process", lambda pid: ("S", 0))
    for _ in range(STILL + 2):
        watch.look()
        watch.answer()
        watch.look()
    assert watch.server.condemned == []


def test_who_is_stopped_is_replaced_at_once(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "process", lambda pid: ("T", 0))
    watch.look(1 + STOPPED)
    assert watch.server.condemned == ["has not answered for 1 s (state T); it is replaced"]


def test_who_does_nothing_is_replaced_after_a_while(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "process", lambda pid: ("S", 7))
    watch.look()
    watch.answer()
    watch.look()
    watch.look(STILL)
    assert watch.server.condemned == []
    watch.look(2)
    assert len(watch.server.condemned) == 1


def test_who_starts_or_works_is_given_time(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(1000))
    monkeypatch.setattr(health, "process", lambda pid: ("R", next(ticks)))
    watch.look(3 * STILL)
    assert watch.server.condemned == []
    watch.server.pid = 2
    watch.look(3 * STILL)
    assert watch.server.condemned == []


def test_a_keeper_that_looks_late_has_looked_once(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "process", lambda pid: ("S", 7))
    watch.look()
    watch.answer()
    watch.look(2)
    watch.now += 3600
    watch.health.tick()
    assert watch.server.condemned == []


@pytest.mark.drill
def test_a_stopped_web_server_is_replaced(tmp_path: Any) -> None:
    with running(write_app(tmp_path), tmp_path / "data", web=WEB) as made:
        first = until(lambda: made.view.of("process.started"), 30)[0].data["pid"]
        url = made.view.service["url"]
        ask = [sys.executable, "-c", "import sys, urllib.request as u; u.urlopen(sys.argv[1])"]
        until(lambda: subprocess.run([*ask, f"{url}/healthz"], check=False).returncode == 0, 60)
        os.kill(first, signal.SIGSTOP)
        (killed,) = until(lambda: made.view.of("process.killed"), 30)
        assert "state T" in killed.reason
        until(lambda: subprocess.run([*ask, f"{url}/healthz"], check=False).returncode == 0, 60)
        assert made.view.of("process.restarted")
