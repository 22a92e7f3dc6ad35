"""The service under load: started for the drill in a folder of its own, or found where it runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import billow
from billow.app import App
from billow.drill.load.target import Target
from billow.errors import BadInput, Unavailable
from billow.flow.client import connect
from billow.service_file import read_service
from billow.visits import Person

#: Seconds in which a service must be up, and gone.
START_LIMIT = 60.0
STOP_LIMIT = 60.0


@dataclass(frozen=True, slots=True)
class Running:
    """A service that runs."""

    url: str
    #: Its keeper, whose descendants are the service; None if it is not known.
    keeper: int | None


@contextmanager
def started(target: str, folder: Path, more: Mapping[str, str] | None = None) -> Iterator[Running]:
    """The service that an app declares, started in `folder`, until the end of the block.

    Args:
        target: the app.
        folder: where it keeps its data; its words go to a log beside it.
        more: of the environment, beside the drill's own.

    Raises:
        Unavailable: it does not come up; its words are in the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = str(Path(billow.__file__).parents[1])
    paths = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "billow.cli.main", "up", target, "--plain"]
    with (folder.parent / "service.log").open("ab") as log:
        keeper = subprocess.Popen(
            [*command, "--folder", str(folder), "--port", "0"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": paths, **(more or {})},
            start_new_session=True,  # Ctrl-C ends the drill, which then ends the service
        )
    try:
        yield _wait_until_up(keeper, folder)
    finally:
        _stop(keeper)


def found(folder: str) -> Running:
    """The service that keeps its data in `folder`.

    Raises:
        BadInput: none runs there.
    """
    told = read_service(Path(folder))
    if told is None or not Path(f"/proc/{told.get('pid')}").exists():
        raise BadInput(f"no service runs in {folder}")
    return Running(str(told["url"]), int(told["pid"]))


class Set:
    """The stage that an app's `setup` finds.

    Args:
        app: the app.
        folder: where its service keeps its data.
        url: the service's address.
        cookie: what the cookie of a session is called.
    """

    def __init__(self, app: App, folder: Path, url: str, cookie: str) -> None:
        self.url = url
        self.client = connect(app, folder)
        self._cookie = cookie
        self._people = 0

    def people(self, count: int) -> list[Person]:
        """Make so many accounts, each logged in."""
        names = [f"visitor-{number}" for number in range(self._people, self._people + count)]
        self._people += count
        return self._log_in(names)

    def observer(self) -> dict[str, str]:
        """The cookies of somebody who runs the service, to look at its console."""
        if not self.client.app.plan_by_name:
            return {}
        return self._log_in(["observer"], admin=True)[0].cookies

    def set_up(self) -> Any:
        """What the app's `setup` returns, after it has prepared the service.

        Raises:
            BadInput: it raised, or returned something that is not JSON.
        """
        visiting = self.client.app.visiting
        if visiting is None or visiting.setup is None:
            return None
        try:
            return json.loads(json.dumps(visiting.setup(self)))
        except Exception as problem:
            told = f"the setup of the app: {type(problem).__name__}: {problem}"
            raise BadInput(told) from problem

    def _log_in(self, names: list[str], *, admin: bool = False) -> list[Person]:
        from billow.drill.load.people import log_in  # noqa: PLC0415 - needs the extra `accounts`

        client = self.client
        return log_in(client.home, client.app, names, cookie=self._cookie, admin=admin)


def lives_there(running: Running, target: Target) -> bool:
    """Whether the service that was found is the one that is to be drilled."""
    return running.url.rpartition(":")[2].rstrip("/") == str(target.port)


def _wait_until_up(keeper: subprocess.Popen[bytes], folder: Path) -> Running:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline and keeper.poll() is None:
        told = read_service(folder)
        if told is not None and told.get("pid") == keeper.pid and told.get("up"):
            return Running(str(told["url"]), keeper.pid)
        time.sleep(0.05)
    raise Unavailable(f"the service does not start; see {folder.parent / 'service.log'}")


def _stop(keeper: subprocess.Popen[bytes]) -> None:
    keeper.send_signal(signal.SIGTERM)
    try:
        keeper.wait(timeout=STOP_LIMIT)
    except subprocess.TimeoutExpired:
        keeper.kill()
        keeper.wait()
