"""The service of these tests with a page to upload from: `python -m tests.direct.served FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from billow.flow.arrivals import arrival_rule
from billow.home import open_home
from billow.web.server import make_app
from tests.direct.conftest import app

PAGE = """<!doctype html><html lang="en"><title>Upload</title>
<script defer src="/static/upload.js"></script>
<form method="post" action="/functions/large" enctype="multipart/form-data" data-upload="large">
<label>File <input type="file" name="file" required></label><button>Send</button></form></html>"""


async def page(_: Request) -> Response:
    return HTMLResponse(PAGE)


def main(folder: Path) -> None:
    made = make_app(open_home(folder, arrivals=arrival_rule(app)), app)
    made.routes.insert(0, Route("/try", page))
    server = uvicorn.Server(uvicorn.Config(made, port=0, log_config=None, ws="none"))
    listening = server.config.bind_socket()
    listening.listen()
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    server.run([listening])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
