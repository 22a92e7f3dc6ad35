"""What exists is documented, and what is documented exists."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import click
import pytest

import billow
from billow.cli.main import SECTIONS
from billow.cli.main import billow as command_line
from billow.settings_table import SETTINGS
from tests.docs.pages import ROOT, pages, read, rows, sections


def verbs() -> dict[str, click.Command]:
    """Every verb by its full name, verbs below verbs included."""
    found: dict[str, click.Command] = {}
    context = click.Context(command_line)
    for name in command_line.list_commands(context):
        verb = command_line.get_command(context, name)
        assert verb is not None
        found[f"billow {name}"] = verb
        if isinstance(verb, click.Group):
            found |= {f"billow {name} {below}": each for below, each in verb.commands.items()}
    return found


VERBS = verbs()
CLI = dict(sections(read("docs/cli.md")))


@pytest.mark.parametrize("name", VERBS)
def test_each_verb_and_option_is_in_its_section(name: str) -> None:
    text = CLI[name]
    assert f"`{name}" in text
    options = [option for option in VERBS[name].params if isinstance(option, click.Option)]
    missing = [flag for o in options for flag in o.opts if not re.search(rf"`{flag}\b", text)]
    assert missing == []


@pytest.mark.parametrize("name", VERBS)
def test_each_documented_option_exists(name: str) -> None:
    flags = {flag for option in VERBS[name].params for flag in option.opts}
    told = set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", CLI[name]))
    assert told <= flags


def test_no_verb_is_documented_that_does_not_exist() -> None:
    assert {name for name in CLI if name.startswith("billow ")} == set(VERBS)


def test_the_readme_names_every_verb() -> None:
    text = read("README.md")
    assert [v for names in SECTIONS.values() for v in names if f"`billow {v}`" not in text] == []


def test_the_table_of_settings_is_in_the_docs() -> None:
    told = [row for row in rows(read("docs/settings.md")) if row[1].startswith("`BILLOW_")]
    assert told == [
        [f"`{row.name}`", f"`{row.env}`", f"`{row.default}`" if row.default else "", row.help]
        for row in SETTINGS
    ]


def test_every_public_name_is_in_the_docs() -> None:
    cells = [row[0] for row in rows(read("docs/names.md"))]
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} == set(billow.__all__)


def test_every_page_is_in_the_table_of_contents() -> None:
    contents = read("docs/README.md")
    here = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {name for name in here if f"]({name})" not in contents} == set()


def test_every_make_target_that_is_told_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    told = {
        target for page in pages() for target in re.findall(r"`make ([a-z-]+)", page.read_text())
    }
    assert told <= targets
    assert targets >= {"run", "test", "test-fast", "check", "bench", "drill", "clean"}


LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    links = LINK.findall(page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


PATH = re.compile(r"`((?:src|apps|tests|docs|scripts)/[\w./-]+)`")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_no_path_in_the_text_leads_nowhere(page: Path) -> None:
    told = PATH.findall(page.read_text())
    assert [path for path in told if not (ROOT / path).exists() and not is_made(path)] == []


def is_made(path: str) -> bool:
    """Whether a path is one that a run makes, and that the repository leaves out."""
    asked = ["git", "check-ignore", "-q", path]
    return subprocess.run(asked, cwd=ROOT, check=False, capture_output=True).returncode == 0


def locked(name: str) -> set[str]:
    """The packages of a lock file, their names in the one normal form."""
    lines = [line for line in read(name).splitlines() if not line.startswith("#")]
    pins = [line.partition("==") for line in lines]
    assert all(version and re.fullmatch(r"[\w.]+", version) for _, _, version in pins)
    return {re.sub(r"[-_.]+", "-", package).lower() for package, _, _ in pins}


def wanted(requirements: list[str]) -> set[str]:
    names = [re.split(r"[<>=!~\[; ]", each)[0] for each in requirements]
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


def test_the_lock_files_hold_what_the_project_asks_for() -> None:
    told = tomllib.loads(read("pyproject.toml"))
    project = told["project"]
    core = wanted(project["dependencies"] + project["optional-dependencies"]["fast"])
    assert core <= locked("requirements.lock")
    extras = project["optional-dependencies"]
    paying = wanted(extras["accounts"] + extras["payments"])
    assert core | paying <= locked("requirements-gas.lock")
    assert locked("requirements-gas.lock") <= locked("requirements-dev.lock")
    photos = wanted(extras["accounts"] + extras["photos"])
    assert core | photos <= locked("requirements-fakeflickr.lock")
    assert locked("requirements-fakeflickr.lock") <= locked("requirements-dev.lock")
    assert wanted(told["dependency-groups"]["dev"]) <= locked("requirements-dev.lock")
    assert locked("requirements.lock") <= locked("requirements-dev.lock")


def test_every_dependency_of_the_core_is_justified() -> None:
    told = {row[0] for row in rows(read("docs/decisions/0001-core-dependencies.md"))}
    project = tomllib.loads(read("pyproject.toml"))["project"]
    assert wanted(project["dependencies"]) <= told
