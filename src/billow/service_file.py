"""What a running service leaves in its folder about itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

#: Its URL, app, process and more.
SERVICE_FILE = "service.json"


def read_service(folder: Path) -> dict[str, Any] | None:
    """What the latest service in `folder` wrote about itself, if it can be read."""
    try:
        told = json.loads((folder / SERVICE_FILE).read_text())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None
