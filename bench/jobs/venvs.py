"""The virtual environments of the peers, made when they are first needed."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1]

#: Virtual environment to the file that says what is in it.
REQUIREMENTS = {
    ".venv-peers": BENCH / "requirements-peers.txt",
    ".venv-peers-arq": BENCH / "requirements-peers-arq.txt",
    ".venv-peers-web": BENCH / "requirements-peers-web.txt",
}


def python_of(name: str) -> Path:
    """The interpreter of a virtual environment, installed if need be; "" is the present one."""
    if not name:
        return Path(sys.executable)
    python = BENCH / name / "bin" / "python"
    if not _is_current(name):
        install(name)
    return python


def install(name: str) -> None:
    """Make a virtual environment and install what its requirements file pins."""
    folder, requirements = BENCH / name, REQUIREMENTS[name]
    print(f"installing {requirements.name} into {folder}", file=sys.stderr)
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--requirement", str(requirements)], check=True)
    _stamp(name).write_text(requirements.read_text())


def _is_current(name: str) -> bool:
    stamp = _stamp(name)
    return stamp.exists() and stamp.read_text() == REQUIREMENTS[name].read_text()


def _stamp(name: str) -> Path:
    return BENCH / name / "installed.txt"
