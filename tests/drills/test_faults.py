"""The fault drill with real processes, and that its verdict tells right from wrong."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from dataclasses import replace
from email.headerregistry import Address
from pathlib import Path

import pytest

from billow.drill.faults.drill import small_disk
from billow.drill.faults.report import Looks, Report
from billow.drill.faults.scene import Course
from billow.drill.faults.sinks import MailServer, Oracle, Phone
from billow.drill.load.probe import Probed
from billow.drill.processes import find
from billow.mail.place import Smtp, Tls
from billow.mail.smtp import SmtpMailer
from billow.ports.mail import Letter, Verdict

HEALED = Course("leaking worker", "much", began=100.0, noticed=110.0, well=130.0, alarm="leak")
CALLED = replace(HEALED, fault="dead mailer", alarm="mail", must_page=1)
PAGE, OTHER = "alarm:drill:mail", "alarm:drill:leak"


def report(*courses: Course) -> Report:
    made = list(courses) or [replace(HEALED), replace(CALLED)]
    return Report(
        made, 100.0, 140.0, Looks(200, [Probed("health", 3.0, 5.0, False)]), jobs=9, letters=5
    )


def judged(made: Report, pages: list[str], still_open: list[str]) -> bool:
    made.count_pages(pages, still_open)
    return made.passed


def test_all_well_and_one_page_where_nothing_else_could_be_done_passes() -> None:
    made = report()
    assert judged(made, [PAGE], [PAGE])
    told = made.document()
    assert [each["pages"] for each in told["faults"]] == [0, 1]
    assert told["faults"][0]["noticed"] == 10.0
    assert told["faults"][0]["well"] == 30.0
    assert told["availability"]["share"] == 0.995
    assert (told["availability"]["bound"], told["availability"]["passed"]) == (0.95, True)
    assert "ok   available 99.50%, at least 95% is due: 1 of 200 looks failed" in made.lines()
    assert made.lines()[-1] == "PASSED"


@pytest.mark.parametrize(
    ("pages", "still_open"),
    [
        ([], []),
        ([PAGE, PAGE], []),
        ([PAGE, OTHER], []),
        ([PAGE, "remediation_exhausted:leak"], []),
        ([PAGE, "alarm:drill:what"], []),
        ([PAGE], [OTHER]),
    ],
)
def test_pages_that_are_missing_too_many_or_still_to_come_do_not(
    pages: list[str], still_open: list[str]
) -> None:
    assert not judged(report(), pages, still_open)


@pytest.mark.parametrize("course", [replace(HEALED, noticed=None), replace(HEALED, well=None)])
def test_what_was_not_noticed_or_is_not_over_does_not(course: Course) -> None:
    made = report(course, replace(CALLED))
    assert not judged(made, [PAGE], [])
    assert made.lines()[-1] == "FAILED"
    assert any("never; " in line for line in made.lines())


@pytest.mark.parametrize("wrong", ["lost", "repeated", "doubled"])
def test_what_was_lost_or_done_twice_does_not(wrong: str) -> None:
    made = report()
    setattr(made, wrong, 1)
    assert not judged(made, [PAGE], [])


@pytest.mark.parametrize(
    ("made", "failed", "passes"),
    [(200, 10, True), (200, 11, False), (50, 0, True), (49, 0, False), (0, 0, False)],
)
def test_it_must_be_available_to_nineteen_of_twenty_looks(
    made: int, failed: int, passes: bool
) -> None:
    judged_one = report()
    judged_one.looks = Looks(made, [Probed("health", 3.0, 5.0, False)] * failed)
    assert judged(judged_one, [PAGE], [PAGE]) is passes
    assert judged_one.document()["availability"]["passed"] is passes


def test_what_is_left_out_is_told_with_the_reason() -> None:
    made = report()
    made.skipped = {"full disk": "only root can"}
    assert "--   full disk: left out, only root can" in made.lines()


@pytest.mark.parametrize(
    ("user", "mount", "why"),
    [
        (1000, "", "only root can give the service a small disk of its own"),
        (0, "no tmpfs", "the service can have no disk of its own: no tmpfs"),
    ],
)
def test_without_a_disk_of_its_own_it_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, user: int, mount: str, why: str
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr("billow.drill.faults.drill.told_by", lambda *_: mount)
    with small_disk(tmp_path) as told:
        assert told == why


def letter(number: int) -> Letter:
    sender = Address("Drill", "drill", "example.org")
    return Letter(f"{number}", sender, "ben@example.org", "Mail", "Words.\n.\n", "", "message", 1.0)


def test_the_mail_server_is_dead_until_it_is_revived() -> None:
    server = MailServer()
    mailer = SmtpMailer(Smtp("127.0.0.1", server.port, Tls.NONE, timeout=30))
    try:
        assert mailer.send(letter(1)).verdict is Verdict.LATER
        server.revive()
        assert [mailer.send(letter(number)).verdict for number in (1, 2, 1)] == [Verdict.SENT] * 3
        assert len(server.letters) == 3
        assert len(set(server.letters)) == 2
    finally:
        server.close()


def test_the_service_that_is_called_is_dead_until_it_is_revived() -> None:
    oracle = Oracle()
    try:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", oracle.port), 30)
        oracle.revive()
        with socket.create_connection(("127.0.0.1", oracle.port), 30) as line:
            assert line.recv(1)
    finally:
        oracle.close()


def ring(phone: Phone, id_: str, kind: str, *incidents: int) -> None:
    about = [{"number": each, "key": f"alarm:drill:{each}"} for each in incidents]
    body = json.dumps({"type": f"incident.{kind}", "incidents": about}).encode()
    asked = urllib.request.Request(phone.url, body, {"webhook-id": id_}, method="POST")
    with urllib.request.urlopen(asked, timeout=30) as reply:
        assert reply.status == 200


def test_the_phone_counts_a_page_that_is_sent_again_once() -> None:
    phone = Phone()
    try:
        for id_, kind, incidents in (
            ("a", "page", [1, 2]),
            ("a", "page", [1, 2]),
            ("b", "page", [1]),
            ("c", "resolved", [1]),
        ):
            ring(phone, id_, kind, *incidents)
        assert [(page.incident, page.key[-1]) for page in phone.pages] == [
            (1, "1"),
            (2, "2"),
            (1, "1"),
        ]
    finally:
        phone.close()


@pytest.mark.drill
@pytest.mark.timeout(420)
def test_six_faults_at_once_are_healed_and_one_person_is_called_once(tmp_path: Path) -> None:
    place = tmp_path / "drill"
    command = [sys.executable, "-m", "billow.cli.main", "drill", "faults", "--json"]
    made = subprocess.run(
        [*command, "--report", str(place)], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, (made.stdout, made.stderr)
    told = json.loads(made.stdout)
    by_name = {each["fault"]: each for each in told["faults"]}
    assert {*by_name, *told["skipped"]} == {
        "hung server",
        "leaking worker",
        "full disk",
        "dead mailer",
        "dead service",
        "surge",
    }
    assert set(told["skipped"]) <= {"full disk"}
    assert {name for name, each in by_name.items() if each["pages"]} == {"dead mailer"}
    assert told["pages"] == 1
    assert (told["jobs"]["lost"], told["letters"]["arrived"]) == (0, 5)
    assert told["availability"]["passed"]
    assert json.loads((place / "report.json").read_text()) == told
    assert (place / "service.log").exists()
    assert any(folder.joinpath("front.log").exists() for folder in place.glob("**/logs"))
    assert find(str(place)) == []
