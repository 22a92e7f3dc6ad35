"""The table of settings, and `billow config`."""

from __future__ import annotations

from pathlib import Path

import pytest

from billow.errors import SettingError
from billow.settings import check_environment, in_force, setting
from billow.settings_table import SETTINGS, Setting
from tests.cli.conftest import Billow


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: str(row.name))
def test_every_default_can_be_read(row: Setting) -> None:
    assert in_force(row.name, environment={}).source == "default"


def test_the_option_comes_before_the_environment() -> None:
    environment = {"BILLOW_PORT": "81"}
    assert in_force("port", "82", environment)[1:] == (82, "option")
    assert in_force("port", None, environment)[1:] == (81, "environment")
    assert in_force("port", None, {})[1:] == (8420, "default")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("port", "0", 0),
        ("port", "65535", 65535),
        ("speed", "2.5", 2.5),
        ("grace", "2 min", 120.0),
        ("grace", "7", 7.0),
        ("debug", "yes", True),
        ("debug", "", False),
    ],
)
def test_values_are_read(name: str, text: str, value: object) -> None:
    assert in_force(name, text).value == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "-1"), ("port", "65536"), ("port", "http"), ("port", ""),
        ("speed", "0"), ("speed", "-1"), ("speed", "inf"), ("speed", "fast"),
        ("grace", "soon"), ("grace", "-1"),
        ("debug", "maybe"),
    ],
)  # fmt: skip
def test_an_impossible_value_is_named_with_where_it_came_from(name: str, text: str) -> None:
    variable = setting(name).env
    with pytest.raises(SettingError, match=f"{variable}={text!r} is impossible: "):
        in_force(name, environment={variable: text})


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(SettingError, match=r"no setting 'prot'; did you mean port\?"):
        setting("prot")
    with pytest.raises(SettingError, match=r"no setting 'zzz'$"):
        setting("zzz")


def test_the_environment_is_checked() -> None:
    check_environment({"BILLOW_PORT": "1", "HOME": "/"})
    with pytest.raises(SettingError, match=r"BILLOW_FOLDERS.*did you mean BILLOW_FOLDER\?"):
        check_environment({"BILLOW_FOLDERS": "x"})


def test_config_shows_values_and_sources(
    billow: Billow, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLOW_SPEED", "60")
    told = billow("config", "--folder", "data", "--json").document
    found = {row["name"]: (row["value"], row["source"]) for row in told["settings"]}
    assert found["speed"] == (60.0, "environment")
    assert found["folder"] == ("data", "option")
    assert found["port"] == (8420, "default")
    assert (told["app"], told["folder"]) == ("app.py", "data")
    shown = billow("config").out
    assert all(row.env in shown for row in SETTINGS)
