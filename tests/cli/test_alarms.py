"""`billow alarms`."""

from __future__ import annotations

import pytest

from billow.home import Home
from billow.ops import controls
from billow.ops.engine import Memory
from billow.ops.judging import AlarmState, Verdict
from tests.cli.conftest import Billow


@pytest.fixture
def alarms(home: Home) -> None:
    """Two alarms as a service left them, and what happened to one."""
    told = {"when": "host.cpu > 90 %", "about": "", "do": [], "dry": True, "page": "shop",
            "severity": "error", "default": True, "off": False}  # fmt: skip
    now = home.clock.now()
    for name, state in (("cool", AlarmState.OK), ("hot", AlarmState.ALARM)):
        memory = Memory(Verdict(state, 95.0), now, now, now)
        controls.show(home.journal, name, {**told, **memory.pack()})
    home.journal.write("watch.ok", "cool", "cool: INSUFFICIENT_DATA -> OK, 50")
    home.journal.write("alarm.alarm", "hot", "hot: OK -> ALARM, 95")


@pytest.mark.usefixtures("alarms")
def test_alarms_are_listed_with_those_in_alarm_first(billow: Billow) -> None:
    assert [line["name"] for line in billow("alarms", "--json").lines] == ["cool", "hot"]
    shown = billow("alarms").out
    assert shown.index("ALARM  hot") < shown.index("OK     cool")
    assert "page shop" in shown


@pytest.mark.usefixtures("alarms")
def test_their_history(billow: Billow) -> None:
    found = billow("alarms", "history", "hot", "--json").lines
    assert [entry["kind"] for entry in found] == ["alarm.alarm"]
    assert "cool: INSUFFICIENT_DATA" in billow("alarms", "history").out


@pytest.mark.usefixtures("alarms")
def test_states_set_by_hand_and_switches_are_left_for_the_service(
    billow: Billow, home: Home
) -> None:
    assert billow("alarms", "set-state", "cool", "ALARM", "--reason", "a test").status == 0
    assert billow("alarms", "disable", "cool").status == 0
    told = controls.control(home.journal, "cool")
    assert (told["state"], told["reason"], told["off"]) == ("ALARM", "a test", True)
    assert billow("alarms", "enable", "cool").status == 0
    assert not controls.control(home.journal, "cool")["off"]


@pytest.mark.usefixtures("alarms")
def test_what_is_not_there_is_named(billow: Billow) -> None:
    ran = billow("alarms", "disable", "warm")
    assert (ran.status, ran.err) == (
        2, "billow: there is no alarm 'warm'; there are: cool, hot\n",
    )  # fmt: skip
    assert billow("alarms", "set-state", "hot", "FINE").status == 2


@pytest.mark.usefixtures("home")
def test_no_alarms_yet(billow: Billow) -> None:
    assert "no alarms yet" in billow("alarms").out
