"""The mailer, killed again and again while it sends to a real server that sometimes says no."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from billow.home import Home, open_home
from billow.job import Status
from billow.mail.intent import mail_job
from billow.mail.records import Records, State
from tests.mail.server import DROP, MailServer

MAILS = 40
KILLS = 6

#: How long the drill waits for anything before it gives up, seconds.
PATIENCE = 60.0


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.005)


def worker(folder: Path, server: MailServer, name: str) -> subprocess.Popen[bytes]:
    app = str(Path(__file__).with_name("drill_app.py"))
    command = [sys.executable, "-m", "billow.worker", "--app", app, "--function", "billow.mail"]
    environment = os.environ | {
        "BILLOW_MAIL": f"smtp://127.0.0.1:{server.port}?tls=none&timeout=5",
        "BILLOW_MAIL_FROM": "GAS <gas@example.org>",
    }
    return subprocess.Popen(
        [*command, "--folder", str(folder), "--id", name],
        env=environment,
        start_new_session=True,
    )


def kill(home: Home, process: subprocess.Popen[bytes], name: str) -> None:
    """What a keeper does after a worker died: its jobs are free at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    home.ledger.abandon(name)


def unfinished(home: Home) -> int:
    jobs = home.ledger.find(function="billow.mail", limit=MAILS).jobs
    return sum(job.status is not Status.COMPLETED for job in jobs)


@pytest.mark.drill
@pytest.mark.timeout(240)
def test_no_mail_is_lost_and_each_copy_has_the_same_message_id(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    home = open_home(folder)
    intents = [
        mail_job("message", about=f"j{n}", at=1.0 * n, to="ann@example.net", subject=f"Mail {n}")
        for n in range(MAILS)
    ]
    home.ledger.submit(intents)
    with MailServer(slow=0.02).open() as server:
        for number in range(KILLS):
            before = len(server.letters)
            process = worker(folder, server, f"w{number}")
            until(lambda b=before: len(server.letters) > b + 2, "letters")  # type: ignore[misc]
            kill(home, process, f"w{number}")
        process = worker(folder, server, "last")
        until(lambda: unfinished(home) == 0, "all mails sent")
        kill(home, process, "last")
    copies = Counter(letter["Message-ID"] for letter in server.letters)
    subjects = {letter["Message-ID"]: letter["Subject"] for letter in server.letters}
    assert sorted(subjects.values()) == sorted(f"Mail {n}" for n in range(MAILS))
    assert copies.total() - MAILS <= KILLS
    assert {record.state for record in Records(home).latest(limit=MAILS)} == {State.SENT}


@pytest.mark.drill
@pytest.mark.timeout(120)
def test_a_server_that_drops_its_answers_gets_the_same_letter_again(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    home = open_home(folder)
    home.ledger.submit(
        [mail_job("message", about="j", at=1.0, to="ann@example.net", subject="Mail")]
    )
    with MailServer(data=[DROP, ""]).open() as server:
        process = worker(folder, server, "w")
        until(lambda: len(server.letters) == 1, "the first try")
        [job] = home.ledger.find(function="billow.mail").jobs
        until(lambda: home.ledger.attempts(job.id) != [], "the failed try")
        kill(home, process, "w")
    waiting = home.ledger.get(job.id)
    assert waiting is not None
    assert (waiting.status, waiting.failures) == (Status.PENDING, 1)
    assert Records(home).latest()[0].state is State.WAITING
