"""Imports point the allowed ways only, and importing does nothing but define."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "billow"

#: Modules that hold nothing but values and rules about them.
VALUES = [
    "errors",
    "units",
    "clock",
    "ids",
    "names",
    "job",
    "upload",
    "outputs",
    "owner",
    "plan",
    "events",
    "origin",
    "ops.summary",
    "ops.recorder",
    "route",
]
#: What the render pool is made of, beside what it is about.
RENDERING = ["renditions", "flow.originals", "loading", "worker", "drivers.embedded.spawn"]
#: And what its lines take to the log of all.
TELLING = ["settings", "ops.logs"]
#: What an author declares with, and the policies that belong to it.
DECLARATIONS = ["options", "function", "collection", "app", "fleet.policy", "fleet.queue"]
DECLARATIONS += ["pages", "sql", "pool", "topic", "fleet.tracking", "ops.page", "ops.rota"]
DECLARATIONS += ["ops.oncall", "ops.availability.promise"]
DECLARATIONS += ["ops.declaring", "ops.watched", "ops.alarm", "ops.action", "ops.paging"]
DECLARATIONS += ["rendition", "standing", "visits"]
#: How a mail or webhook is asked for, and all that it takes to send one.
INTENTS = ["mail.intent", "webhooks.events"]
SENDING = ["mail", "webhooks", "settings", "accounts", "payments"]
#: What is counted of a service's availability.
COUNTED = ["ops.availability"]
#: What paying for a plan takes.
PAYMENTS = ["payments", "flow.retention", "flow.breakers"]
#: What a worker is made of besides.
WORKING = ["loading", "chores", "worker", "ops.shipping", "ops.logs", "ops.otlp", "ops.traces"]
#: How datapoints make alarms, those of fleets and all others.
JUDGING = ["ops.judging", "ops.threshold"]
#: What an alarm is, and what follows from it.
ALARMS = ["ops.watched", "ops.alarm", "ops.action", "ops.paging", "ops.engine", "ops.language"]
ALARMS += ["ops.conditions", "ops.composite", "ops.band", "ops.metric"]
#: Policies decide from what they are given, and from nothing else.
POLICIES = ["policy", "queue", "fixed", "step", "tracking", "alarm", "samples"]

#: What the modules below a name may import of Billow; the longest name that fits counts.
ALLOWED: dict[str, list[str]] = {
    **dict.fromkeys(VALUES, VALUES),
    "options": [*VALUES, *DECLARATIONS],
    "function": [*VALUES, *DECLARATIONS],
    "app": [*VALUES, *DECLARATIONS],
    "visits": VALUES,
    "collection": [*VALUES, *DECLARATIONS],
    "rendition": [*VALUES, *DECLARATIONS],
    "standing": VALUES,
    "process": [*VALUES, *DECLARATIONS, *RENDERING, "ports", "home", "flow", "process"],
    "pool": [*VALUES, *DECLARATIONS],
    "topic": [*VALUES, *DECLARATIONS],
    "pages": [*VALUES, *DECLARATIONS],
    "sql": [*VALUES, "sql", "settings"],
    "handover": VALUES,
    "lane": VALUES,
    "tallies": [],
    "front": [*VALUES, *DECLARATIONS, "handover", "lane", "front"],
    "ports": [*VALUES, "options", "ports"],
    "home": [*VALUES, "ports", "home", "drivers.embedded.home", "settings"],
    "drivers": [],
    "drivers.memory": [*VALUES, "ports", "home", "drivers.memory"],
    "drivers.embedded": [*VALUES, "options", "ports", "home", "drivers.embedded"],
    "fleet": [*VALUES, *DECLARATIONS, "ports", "home", "fleet"],
    **{f"fleet.{name}": [*VALUES, "fleet", *JUDGING] for name in POLICIES},
    "flow": [*VALUES, *DECLARATIONS, "ports", "home", "flow", "renditions", *INTENTS],
    "renditions": [*VALUES, *DECLARATIONS, "renditions"],
    "renderer": [*VALUES, *DECLARATIONS, *RENDERING, "ports", "home", "renderer", *TELLING],
    "mail": [*VALUES, "ports", "home", "mail"],
    "webhooks": [*VALUES, "ports", "home", "webhooks"],
    "chores": [*VALUES, *DECLARATIONS, "ports", "home", "flow", "chores", *SENDING, *COUNTED],
    "payments": [*VALUES, "app", "ports", "home", "settings", "accounts", *PAYMENTS],
    "ops.logs": [*VALUES, "ports", "ops.logs", "settings"],
    "ops.otlp": [*VALUES, "ports", "settings"],
    "ops.traces": [*VALUES, "ops.otlp", "settings"],
    "ops.page": [*VALUES, "ops.page", "ops.rota"],
    "ops.rota": [*VALUES, "ops.rota"],
    "ops.oncall": [*VALUES, "ops.page", "ops.rota", "ops.availability.promise"],
    "ops.availability.promise": [*VALUES, "ops.rota"],
    "ops.pager": [*VALUES, *DECLARATIONS, "ports", "home", "ops", "loading", *SENDING],
    "ops": [*VALUES, *DECLARATIONS, "ports", "home", "ops"],
    **{name: [*VALUES, *ALARMS, *JUDGING] for name in ALARMS},
    "testing": [*VALUES, *DECLARATIONS, "ports", "home", "flow", "chores", "drivers.memory"],
    "worker": [*VALUES, *DECLARATIONS, "ports", "home", "flow", *WORKING],
}

#: Modules that apps may import, beside `billow` itself.
PUBLIC = ["collection", "process", "rendition", "site", "sql", "testing", "visits"]

#: Who may not be imported from below: the programs that put everything together.
PROGRAMS = ["cli", "keeper", "web", "worker", "renderer"]

#: Modules of the standard library that reach out of the process, or to chance or the time.
# fmt: off
REACHING_OUT = {
    "asyncio", "concurrent", "ctypes", "fcntl", "glob", "http", "io", "logging", "mmap",
    "multiprocessing", "os", "pathlib", "random", "secrets", "select", "shutil", "signal",
    "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib",
    "uuid",
}
# fmt: on


class Import(NamedTuple):
    """Module `source` (below billow) has a line that imports `target`."""

    source: str
    line: int
    target: str


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of the package by its name below `billow`; the package itself is ""."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path


def imports_of(name: str, path: Path) -> Iterator[Import]:
    """What a file imports, also inside of functions."""
    for node in ast.walk(ast.parse(path.read_text(), path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are written out in full"
            module = node.module or ""
            for alias in node.names:
                full = f"{module}.{alias.name}"
                yield Import(name, node.lineno, full if is_module(full) else module)


def is_module(name: str) -> bool:
    """Whether `name` is a module of Billow, rather than something in one."""
    path = PACKAGE.joinpath(*name.split(".")[1:])
    return name.startswith("billow.") and (path.with_suffix(".py").exists() or path.is_dir())


def is_below(name: str, tops: list[str]) -> bool:
    return any(name == top or name.startswith(f"{top}.") for top in tops)


def rule_for(name: str) -> list[str] | None:
    fitting = [top for top in ALLOWED if is_below(name, [top])]
    return ALLOWED[max(fitting, key=len)] if fitting else None


MODULES = dict(modules())
INSIDE = [
    Import(found.source, found.line, found.target.partition(".")[2])
    for name, path in MODULES.items()
    for found in imports_of(name, path)
    if found.target.partition(".")[0] == "billow"
]


def test_imports_point_the_allowed_ways_only() -> None:
    wrong = [
        f"{found.source}:{found.line} imports {found.target or 'billow'}"
        for found in INSIDE
        if (allowed := rule_for(found.source)) is not None and not is_below(found.target, allowed)
    ]
    assert wrong == []


def test_the_flow_knows_no_driver() -> None:
    assert [f for f in INSIDE if is_below(f.source, ["flow"]) and "drivers" in f.target] == []


def test_nothing_below_imports_a_program() -> None:
    """The command line may use the others; the others know neither it nor each other's insides.

    `billow.site` is what authors of pages see of the web server.
    """
    wrong = [
        f"{found.source}:{found.line} imports {found.target}"
        for found in INSIDE
        if is_below(found.target, PROGRAMS)
        and not is_below(found.source, ["cli", found.target.partition(".")[0]])
        and not is_below(found.source, ["keeper", "process", "renderer"])
        and not (found.source == "site" and is_below(found.target, ["web"]))
    ]
    assert wrong == []


def test_every_allowance_names_something_that_exists() -> None:
    named = {name for names in ALLOWED.values() for name in names} | set(ALLOWED)
    assert {name for name in named if not is_module(f"billow.{name}")} == set()


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_reaches_out_to_nothing(policy: str) -> None:
    name = f"fleet.{policy}"
    reached = {found.target for found in imports_of(name, MODULES[name])}
    assert {target for target in reached if target.partition(".")[0] in REACHING_OUT} == set()


def app_files() -> list[Path]:
    """The code of the apps; what makes their samples or shows them off is no part of them."""
    every = sorted((ROOT / "apps").rglob("*.py"))
    return [path for path in every if "tools" not in path.parts and path.name != "demo.py"]


@pytest.mark.parametrize("path", app_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_apps_import_of_billow_only_what_is_public(path: Path) -> None:
    ours = {
        found.target
        for found in imports_of("", path)
        if found.target.partition(".")[0] in ("billow", "apps", "tests", "bench")
    }
    assert ours <= {"billow", *(f"billow.{name}" for name in PUBLIC)}


#: Imports every module given and prints what billow itself opens, starts or connects to meanwhile.
WATCH = """
import importlib, sys, threading

HARMLESS = ("import", "exec", "compile", "marshal.", "object.__", "code.__", "sys._getframe",
            "builtins.id", "ctypes.", "sys.set", "cpython.", "gc.", "sys.addaudithook")

def watch(event, args):
    if event.startswith(HARMLESS):
        return
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_name != "<module>":
        if "importlib._bootstrap" in frame.f_code.co_filename:
            return
        frame = frame.f_back
    if frame is not None and frame.f_globals.get("__name__", "").startswith("billow"):
        print(frame.f_globals["__name__"], event, str(args)[:80])

sys.addaudithook(watch)
for name in sys.argv[1:]:
    importlib.import_module(name)
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        print("a thread runs:", thread.name)
"""


def test_importing_does_nothing_but_define() -> None:
    names = [f"billow.{name}".rstrip(".") for name in MODULES if not name.endswith("__main__")]
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *names],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": str(PACKAGE.parent)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_watch_sees_what_a_module_opens(tmp_path: Path) -> None:
    folder = tmp_path / "billow"
    folder.mkdir()
    (folder / "__init__.py").write_text("open(__file__).close()\n")
    done = subprocess.run(
        [sys.executable, "-c", WATCH, "billow"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert done.stdout.startswith("billow open")
