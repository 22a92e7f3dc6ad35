"""The verbs that are about incidents and who is told of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from icalendar import Calendar

from billow.home import open_home
from billow.loading import load_app
from billow.ops.pager.loop import Loop
from billow.ops.pager.opening import open_channels, open_desk, open_words
from tests.cli.conftest import Billow

APP = """
import billow

app = billow.App("shop")
rota = billow.Rota("web", people=["ana", "ben"], turn="1 week", zone="Europe/Paris")
app.oncall(billow.Page(rota))
"""


@pytest.fixture(autouse=True)
def place(here: Path) -> Path:
    """A service with a rota, which ran here once."""
    (here / "app.py").write_text(APP)
    open_home(here / ".billow")
    return here


def send_all(folder: Path) -> None:
    """Be the pager for a moment."""
    home, app = open_home(folder / ".billow"), load_app(folder / "app.py")
    loop = Loop(open_desk(home, app), open_channels(home, app), open_words(home, app))
    while loop.fire() + loop.send_all():
        pass


def test_who_is_on_call(billow: Billow) -> None:
    [row] = billow("oncall", "--json").lines
    assert {*row["now"], *row["next"]} == {"ana", "ben"}
    assert "on call" in billow("oncall").out
    found = billow("oncall", "shifts", "--for", "4w", "--json").lines
    assert {each["people"][0] for each in found} == {"ana", "ben"}


def test_gaps_and_balance(billow: Billow) -> None:
    whole = billow("oncall", "gaps", "--json")
    assert (whole.status, whole.document["score"]) == (0, 100)
    assert "score 100 of 100" in billow("oncall", "gaps").out


def test_overrides_are_made_listed_and_taken_back(billow: Billow) -> None:
    made = billow("oncall", "override", "web", "override", "now", "+2h", "cho", "--json").document
    assert billow("oncall", "--json").lines[0]["now"] == ["cho"]
    clash = billow("oncall", "override", "web", "override", "now", "+1h", "cho")
    assert (clash.status, "already" in clash.err) == (2, True)
    assert [each["id"] for each in billow("oncall", "changes", "--json").lines] == [made["id"]]
    assert billow("oncall", "changes", "--remove", made["id"], "--json").lines == []


def test_a_swap_is_asked_for_and_taken(billow: Billow) -> None:
    [on] = billow("oncall", "--json").lines[0]["now"]
    asked = ("oncall", "override", "web", "swap", "now", "+2h", "--for", on, "--json")
    made = billow(*asked).document
    assert billow("oncall", "--json").lines[0]["now"] == [on]
    assert billow("oncall", "swap", made["id"], "cho").status == 0
    assert billow("oncall", "--json").lines[0]["now"] == ["cho"]
    assert billow("oncall", "swap", made["id"], "dan").status == 2


def test_the_calendar(billow: Billow) -> None:
    text = billow("oncall", "ical", "--for", "8w").out
    assert len(list(Calendar.from_ical(text).walk("VEVENT"))) >= 8


def test_contacts_are_added_verified_and_removed(billow: Billow, place: Path) -> None:
    added = billow("oncall", "contact", "ana", "mail", "ana@example.org", "--wait", "5 min")
    id_ = added.out.strip()
    [shown] = billow("oncall", "contact", "--json").lines
    assert (shown["person"], shown["verified"], shown["wait"]) == ("ana", None, 300)
    assert "example.org" not in str(shown)
    wrong = billow("oncall", "contact", id_, "--verify", "x")
    assert wrong.status == 2
    send_all(place)
    home = open_home(place / ".billow")
    [letter] = home.tables.query("billow-inbox")
    code = letter.value["subject"].split()[-1]
    assert billow("oncall", "contact", id_, "--verify", code).status == 0
    assert billow("oncall", "contact", "--json").lines[0]["verified"]
    assert billow("oncall", "contact", id_, "--off", "on leave").status == 0
    off = billow("oncall", "contact").out
    assert "switched off by" in off
    assert "on leave" in off
    gaps = billow("oncall", "gaps", "--json")
    assert (gaps.status, gaps.document["gaps"]) == (1, [])
    assert [each["person"] for each in gaps.document["unreachable"]] == ["ana"]
    assert "cannot be reached: their contacts are switched off" in billow("oncall", "gaps").out
    assert billow("oncall", "contact", id_, "--on").status == 0
    assert billow("oncall", "gaps").status == 0
    assert billow("oncall", "contact", "nobody", "--off", "x").status == 2
    assert billow("oncall", "contact", id_, "--remove", "--json").lines == []
    for bad in (("mail", "x"), ("webhook", "http://127.0.0.1/"), ("pagerduty", "x"), ("owl", "x")):
        assert billow("oncall", "contact", "ana", *bad).status == 2


def test_the_life_of_an_incident(billow: Billow, place: Path) -> None:
    assert billow("incidents").out.strip() == "nothing is wrong"
    made = billow("incidents", "trigger", "disk", "the disk is full", "--json").lines[0]
    assert (made["number"], made["state"], made["service"]) == (1, "triggered", "shop")
    send_all(place)
    assert billow("incidents", "note", "1", "looking").status == 0
    assert "acked" in billow("incidents", "ack", "1", "--as", "ana").out
    assert billow("incidents", "snooze", "1", "2h").status == 0
    shown = billow("incidents", "show", "1", "--json").document
    kinds = [each["kind"] for each in shown["events"]]
    assert kinds == ["triggered", "paged", "told", "note", "acked", "snoozed"]
    assert shown["notices"][0]["state"] == "sent"
    assert "the disk is full" in billow("incidents", "show", "1").out
    assert "resolved" in billow("incidents", "resolve", "1").out
    assert billow("incidents", "--json").lines == []
    assert billow("incidents", "--all", "--json").lines[0]["state"] == "resolved"
    assert billow("incidents", "ack", "9").status == 2


def test_silences(billow: Billow) -> None:
    made = billow(
        "incidents", "silence", "--for", "2h", "--match", "key=disk*", "--why", "known", "--json"
    ).lines[0]
    assert (made["kind"], made["match"]) == ("silence", {"key": "disk*"})
    muted = billow("incidents", "trigger", "disk full", "full", "--json").lines[0]
    assert muted["muted"] == f"silence {made['id']}"
    assert "muted" in billow("incidents").out
    assert billow("incidents", "silence", "--end", made["id"], "--json").lines == []
    assert billow("incidents", "silence", "--for", "2h", "--match", "x").status == 2


def test_keys_are_shown_once(billow: Billow) -> None:
    made = billow("incidents", "keys", "--add", "shop", "--json").document
    assert len(made["secret"]) == 32
    listed = billow("incidents", "keys", "--json")
    assert made["secret"] not in listed.out
    assert billow("incidents", "keys", "--remove", made["id"], "--json").lines == []


def test_page_me_now_proves_the_chain(billow: Billow, place: Path) -> None:
    assert billow("page", "ana", "--no-wait").status == 0
    send_all(place)
    home = open_home(place / ".billow")
    [letter] = home.tables.query("billow-inbox")
    assert letter.value["subject"] == "shop: test alert for ana"
    assert billow("page", "oncall", "--no-wait", "--json").document[0]["state"] == "waiting"


def test_heartbeats(billow: Billow) -> None:
    made = billow("heartbeat", "add", "backup", "--every", "1d", "--json").document
    assert "/api/v1/heartbeats/" in made["address"]
    [listed] = billow("heartbeat", "--json").lines
    assert (listed["name"], listed["every"]) == ("backup", 86400)
    assert billow("heartbeat", "add", "backup", "--every", "1d").status == 2
    assert billow("heartbeat", "remove", "backup").status == 0
    assert billow("heartbeat").out.strip() == "no heartbeats"


def test_availability(billow: Billow, place: Path) -> None:
    nothing = billow("availability")
    assert (nothing.status, "promises nothing" in nothing.err) == (2, True)
    (place / "app.py").write_text(APP + "\napp.availability(99.5)\n")
    told = billow("availability", "--by", "week", "--last", "2", "--json").document
    assert (told["target"], len(told["weeks"])) == (0.995, 2)
    assert told["budget"]["share"] == 1.0
    assert "promised 99.5 %" in billow("availability").out
