"""The file of settings: one place for a service's configuration, checked name by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from billow.errors import SettingError
from billow.settings import in_force, settings_file
from tests.cli.conftest import Billow


def written(folder: Path, text: str, name: str = "billow.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_it_comes_after_the_environment_and_before_the_default(tmp_path: Path) -> None:
    file = written(tmp_path, "port = 81\nspeed = 2.5\nwebhooks_local = true\n")
    around = {"BILLOW_CONFIG": str(file)}
    assert in_force("port", "83", {**around, "BILLOW_PORT": "82"})[1:] == (83, "option")
    assert in_force("port", None, {**around, "BILLOW_PORT": "82"})[1:] == (82, "environment")
    assert in_force("port", None, around)[1:] == (81, "file")
    assert in_force("webhooks_local", None, around).value is True
    assert in_force("host", None, around).source == "default"


def test_a_change_of_the_file_is_seen(tmp_path: Path) -> None:
    file = written(tmp_path, "port = 81\n")
    around = {"BILLOW_CONFIG": str(file)}
    assert in_force("port", None, around).value == 81
    written(tmp_path, "port = 8100\n")
    assert in_force("port", None, around).value == 8100


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prot = 81", r"has 'prot', which is no setting; did you mean port\?"),
        ("config = 'x'", r"has 'config', which is no setting"),
        ("port_file = 'x'", r"has 'port_file', which is no setting"),
        ("port = [1]", r"port is text, a number, true or false"),
        ("port = ", r"cannot be read: .*line 1"),
        ("env = 3", r"env is a table"),
        ("[env]\nBILLOW_PORT = 1", r"write BILLOW_PORT above it, as port"),
        ("[mail]\nport = 1", r"mail is text"),
    ],
)
def test_what_cannot_be_is_told_with_the_name_of_the_file(
    tmp_path: Path, text: str, told: str
) -> None:
    file = written(tmp_path, text + "\n")
    with pytest.raises(SettingError, match=told) as caught:
        settings_file({"BILLOW_CONFIG": str(file)})
    assert str(file) in caught.value.detail


def test_an_impossible_value_names_the_file_and_the_setting(tmp_path: Path) -> None:
    file = written(tmp_path, "port = 70000\n")
    with pytest.raises(SettingError, match=rf"{file}: port='70000' is impossible"):
        in_force("port", None, {"BILLOW_CONFIG": str(file)})


@pytest.mark.parametrize("name", ["missing.toml", "a\0b"])
def test_a_file_that_is_not_there(name: str) -> None:
    with pytest.raises(SettingError, match="cannot be read"):
        in_force("port", None, {"BILLOW_CONFIG": name})


def test_a_secret_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    written(tmp_path, "sk_test_one\nmore\n", "key")
    file = written(tmp_path, "stripe_key_file = 'key'\n")
    held = in_force("stripe_key", None, {"BILLOW_CONFIG": str(file)})
    assert (held.value.reveal(), held.shown, held.source) == ("sk_test_one", "Secret(…)", "file")
    held = in_force("stripe_key", None, {"BILLOW_STRIPE_KEY_FILE": str(tmp_path / "key")})
    assert (held.value.reveal(), held.source) == ("sk_test_one", "environment")


def test_a_secret_is_given_once_and_never_told(tmp_path: Path) -> None:
    written(tmp_path, "sk_test_one\n", "key")
    both = {"BILLOW_STRIPE_KEY": "sk_two", "BILLOW_STRIPE_KEY_FILE": str(tmp_path / "key")}
    with pytest.raises(SettingError, match="both given") as caught:
        in_force("stripe_key", None, both)
    assert "sk_" not in caught.value.detail
    with pytest.raises(SettingError, match=r"BILLOW_STRIPE_KEY_FILE: .*cannot be read"):
        in_force("stripe_key", None, {"BILLOW_STRIPE_KEY_FILE": str(tmp_path / "none")})


def test_the_file_beside_the_app_counts(billow: Billow, here: Path) -> None:
    written(here, "speed = 7\nstripe_key = 'sk_hidden'\n[env]\nDEMO_WORD = 'hush'\n")
    ran = billow("config", "--json")
    told = ran.document
    rows = {row["name"]: (row["value"], row["source"]) for row in told["settings"]}
    assert rows["speed"] == (7.0, "file")
    assert rows["config"] == (str(here / "billow.toml"), "beside the app")
    assert rows["stripe_key"] == ("Secret(…)", "file")
    assert told["env"] == ["DEMO_WORD"]
    assert not {"sk_hidden", "hush"} & set(ran.out.split('"'))
    assert "DEMO_WORD" in billow("config").out
    assert "BILLOW_CONFIG" not in os.environ
    assert "DEMO_WORD" not in os.environ


def test_a_named_file_may_say_which_app_is_meant(
    billow: Billow, here: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service = tmp_path / "service"
    service.mkdir()
    (here / "app.py").rename(service / "app.py")
    file = written(service, "app = 'app.py'\nfolder = 'data'\n", "gas.toml")
    for arguments in (("config", "--config", str(file)), ("--config", str(file), "config")):
        told = billow(*arguments, "--json").document
        assert (told["app"], told["folder"]) == (str(service / "app.py"), str(service / "data"))
    monkeypatch.setenv("BILLOW_CONFIG", str(file))
    assert billow("config", "--json").document["app"] == str(service / "app.py")


def test_a_module_stays_a_module(tmp_path: Path) -> None:
    file = written(tmp_path, "app = 'package.module:name'\n")
    assert in_force("app", None, {"BILLOW_CONFIG": str(file)}).value == "package.module:name"


@pytest.mark.parametrize("verb", ["config", "jobs", "up"])
def test_a_wrong_file_stops_every_verb(billow: Billow, here: Path, verb: str) -> None:
    written(here, "prot = 1\n")
    ran = billow(verb)
    assert ran.status == 2
    assert ran.err.count("\n") == 1
    assert "did you mean port?" in ran.err


def test_a_service_does_not_begin_with_a_setting_that_cannot_be(billow: Billow, here: Path) -> None:
    written(here, "mail = 'pigeon://loft'\n")
    ran = billow("up")
    assert ran.status == 2
    assert f"{here}/billow.toml: mail is impossible" in ran.err


def test_processes_that_are_started_from_here_see_the_same(here: Path) -> None:
    written(here, "url = 'https://gas.test'\n[env]\nDEMO_WORD = 'seen'\n")
    program = (
        "import json, os, subprocess, sys\n"
        "from billow.cli.place import find_place\n"
        "find_place()\n"
        "ask = 'import os; from billow.settings import in_force;'\n"
        'ask += \'print(in_force("url").value, os.environ["DEMO_WORD"])\'\n'
        "ran = subprocess.run([sys.executable, '-c', ask], cwd='/', capture_output=True)\n"
        "print(json.dumps(ran.stdout.decode()))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=here, capture_output=True, check=True)
    assert json.loads(ran.stdout) == "https://gas.test seen\n"
