"""The examples in the docs do what the docs say."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from billow.settings import check_environment
from tests.docs.pages import ROOT, Block, blocks, pages

#: How long a service may take to say that it is up, and a command to end, seconds.
PATIENCE = 60


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_python_in_the_docs_is_python(page: Path) -> None:
    for block in blocks(str(page.relative_to(ROOT))):
        if block.language == "python":
            compile(block.text, page, "exec")


def environment() -> dict[str, str]:
    """One where `billow` is this project's command, on a port of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BILLOW_")}
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    return {**kept, "PATH": path, "BILLOW_PORT": "0"}


@contextmanager
def running(command: str, folder: Path) -> Iterator[None]:
    """The service that `command` starts, until the end of the block."""
    service = subprocess.Popen(
        command.split(), cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert service.stdout is not None
    guard = threading.Timer(PATIENCE, service.kill)
    guard.start()
    try:
        assert any(" is up at " in line for line in service.stdout), "it is not up"
        yield
    finally:
        service.terminate()
        service.communicate(timeout=PATIENCE)
        guard.cancel()
    assert service.returncode == 0


def follow(session: Block, folder: Path) -> None:
    """Run the commands of a console block, and compare what they print."""
    for part in session.text.removeprefix("$ ").split("\n$ "):
        command, _, expected = part.partition("\n")
        done = subprocess.run(
            command,
            shell=True,
            cwd=folder,
            env=environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
        assert done.stdout.strip() == expected.strip(), command


def of(page: str, language: str) -> list[Block]:
    return [block for block in blocks(page) if block.language == language]


@pytest.mark.drill
@pytest.mark.parametrize("page", ["README.md", "docs/getting-started.md"])
def test_the_first_service(page: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(of(page, "python")[0].text)
    (command,) = [block.text for block in of(page, "sh") if block.text.startswith("billow up")]
    (session,) = of(page, "console")
    with running(command.strip(), tmp_path):
        follow(session, tmp_path)


def test_the_example_of_a_test_passes(tmp_path: Path) -> None:
    app, test = of("docs/getting-started.md", "python")
    (tmp_path / "app.py").write_text(app.text)
    (tmp_path / "test_app.py").write_text(test.text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        env=environment() | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout


def test_the_misspelt_variable(tmp_path: Path) -> None:
    (session,) = of("docs/settings.md", "console")
    follow(session, tmp_path)
    check_environment(environment())
