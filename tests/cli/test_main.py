"""The command line as a whole: help, and errors in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from billow.cli.main import SECTIONS, main
from tests.cli.conftest import Billow

VERBS = [verb for verbs in SECTIONS.values() for verb in verbs]


def test_the_help_names_every_verb(billow: Billow) -> None:
    shown = billow("--help")
    assert shown.status == 0
    for verb in VERBS:
        assert f"\n  {verb} " in shown.out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(billow: Billow, verb: str) -> None:
    shown = billow(verb, "-h")
    assert shown.status == 0
    assert f"Usage: billow {verb}" in shown.out
    assert "--json" in shown.out


def test_the_command_line_starts_without_heavy_libraries() -> None:
    code = (
        "import sys; from billow.cli.main import billow; import click\n"
        "billow.get_help(click.Context(billow))\n"
        "print(sorted(sys.modules.keys() & {'rich', 'starlette', 'uvicorn', 'jinja2', 'sqlite3'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # `billow version` names SQLite, so its module is imported with that verb.
    assert done.stdout.strip() == "['sqlite3']"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nonsense"], "billow: No such command 'nonsense'; see `billow --help`"),
        (["jobs", "--nonsense"], "billow jobs: No such option"),
        (["jobs", "--limit", "many"], "billow jobs: Invalid value for '--limit'"),
        (["job"], "billow job: Missing argument 'ID'"),
        (["jobs"], "billow: no service keeps its data in .billow; start one by `billow up`"),
        (["jobs", "--folder", "a\0b"], "billow: a path cannot hold a NUL character"),
        (["up", "--port", "99999"], "billow: --port='99999' is impossible"),
        (["up", "--speed", "nan"], "billow: --speed='nan' is impossible"),
        (["up", "--grace", "soon"], "billow: --grace='soon' is impossible"),
        (["send", "nothing"], "billow: demo has no function 'nothing'; it has: divide, measure"),
        (["send", "divide", "--app", "other.py"], "billow: other.py: no such file"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    billow: Billow, arguments: list[str], told: str
) -> None:
    ran = billow(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(told)
    assert ran.err.count("\n") == 1


def test_without_an_app_the_cure_is_named(billow: Billow, here: Path) -> None:
    (here / "app.py").unlink()
    assert "--app or BILLOW_APP" in billow("send", "divide").err
    assert "billow up TARGET" in billow("up").err


def test_an_unknown_variable_is_an_error(billow: Billow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLOW_PROT", "80")
    ran = billow("config")
    assert ran.status == 2
    assert "BILLOW_PROT, which is no setting; did you mean BILLOW_PORT?" in ran.err


def break_version(monkeypatch: pytest.MonkeyPatch, problem: BaseException) -> None:
    def fail() -> str:
        raise problem

    monkeypatch.setattr("platform.python_version", fail)


def test_an_unexpected_error_is_one_line_too(
    billow: Billow, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_version(monkeypatch, RuntimeError("two\nlines"))
    ran = billow("version")
    assert ran.status == 2
    told = "billow: unexpected RuntimeError: two lines (BILLOW_DEBUG=1 shows where)\n"
    assert ran.err == told


def test_debug_shows_where_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    break_version(monkeypatch, RuntimeError("here"))
    monkeypatch.setenv("BILLOW_DEBUG", "1")
    with pytest.raises(RuntimeError, match="here"):
        main(["version"])


def test_ctrl_c_is_no_error_message(billow: Billow, monkeypatch: pytest.MonkeyPatch) -> None:
    break_version(monkeypatch, KeyboardInterrupt())
    ran = billow("version")
    assert (ran.status, ran.out, ran.err.strip()) == (130, "", "")


def test_a_reader_that_has_enough_is_no_error(here: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m billow.cli.main config --json | true",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""


def test_version(billow: Billow) -> None:
    assert billow("version").out.startswith("billow 0.")
    assert set(billow("version", "--json").document) == {"billow", "python", "sqlite"}
    assert billow("--version").out.startswith("billow, version 0.")
