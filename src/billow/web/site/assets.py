"""The files of a site: stylesheets, scripts, pictures. A name says what is in the file."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from billow.errors import NotFound
from billow.web.context import context_of

#: Where they are, before their names.
PLACE = "/assets"
_DIGITS = 12
_FOR_EVER = "max-age=31536000, immutable"


class Asset(NamedTuple):
    """A file as it is served."""

    type: str
    content: bytes
    digest: str


class Assets:
    """The files below one folder. They are read once: a running service does not see changes.

    `app.css` is at `/assets/app.css`, which browsers ask for again each time, and at
    `/assets/app.<digest>.css`, which they may keep for ever.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def route(self) -> Route:
        """Their address."""
        return Route(f"{PLACE}/{{path:path}}", self.asset, methods=["GET"])

    async def asset(self, request: Request) -> Response:
        """A file, or that there is none."""
        path: str = request.path_params["path"]
        files = await context_of(request).run(read_assets, self._folder)
        name, digest = _parts(path)
        if name not in files:
            name, digest = path, ""
        if name not in files:
            raise NotFound("there is nothing at this address")
        found = files[name]
        kept = _FOR_EVER if digest == found.digest else "no-cache"
        headers = {"cache-control": kept, "etag": f'"{found.digest}"'}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(found.content, headers=headers, media_type=found.type)


@cache
def read_assets(folder: Path) -> Mapping[str, Asset]:
    """Every file below `folder`, by its path from there; what begins with a dot is left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            content = path.read_bytes()
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            digest = hashlib.sha256(content).hexdigest()[:_DIGITS]
            found[name.as_posix()] = Asset(kind, content, digest)
    return found


def asset_address(folder: Path | None, name: str) -> str:
    """Where a file is, for as long as it does not change.

    Raises:
        NotFound: there is no such file.
    """
    files = {} if folder is None else read_assets(folder)
    if name not in files:
        raise NotFound(f"the site has no file {name!r}")
    stem, dot, ending = name.rpartition(".")
    return f"{PLACE}/{stem}.{files[name].digest}{dot}{ending}"


def _parts(path: str) -> tuple[str, str]:
    """The name of a file and the digest in its address; "" if there is none."""
    before, _, ending = path.rpartition(".")
    stem, _, digest = before.rpartition(".")
    hashed = stem and len(digest) == _DIGITS and set(digest) <= set("0123456789abcdef")
    return (f"{stem}.{ending}", digest) if hashed else (path, "")
