"""`kill -9` in the middle of signing people up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from billow.accounts import audit
from billow.home import open_home

SCRIPT = str(Path(__file__).with_name("signing_up.py"))


@pytest.mark.drill
def test_who_was_told_to_read_their_mail_gets_one_and_nobody_else_does(tmp_path: Path) -> None:
    accepted: set[str] = set()
    for turn in range(5):
        domain = f"turn{turn}"
        with subprocess.Popen(
            [sys.executable, SCRIPT, str(tmp_path / "home"), domain],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            for _ in range(10 + 7 * turn):
                number = process.stdout.readline().strip()
                accepted.add(f"a{number}@{domain}.example.org")
            process.kill()
            rest = process.stdout.read().split()
            accepted |= {f"a{number}@{domain}.example.org" for number in rest}
    home = open_home(tmp_path / "home")
    jobs = home.ledger.find(function="billow.mail", limit=100_000).jobs
    held = home.accounts.look(lambda books: books.codes.find(limit=100_000))
    mailed = {job.args["to"] for job in jobs}
    assert accepted <= mailed
    assert mailed == {code.subject for code in held}
    assert len(jobs) == len(mailed)
    report = audit.verify(home.accounts)
    assert (report.entries, report.broken) == (len(mailed), None)
