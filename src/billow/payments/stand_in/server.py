"""The stand-in as an application, and served from a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from billow.payments.stand_in import api, pages
from billow.payments.stand_in.books import Books

#: Seconds that the server may take to start.
_PATIENCE = 10.0


def make_app(books: Books, key: str) -> Starlette:
    """The API, for those who have `key`, and the pages."""
    return Starlette(routes=[*api.routes(books, key), *pages.routes(books)])


@contextmanager
def served(books: Books, key: str) -> Iterator[str]:
    """The address of a stand-in that runs as long as the context does."""
    with serving(make_app(books, key)) as url:
        yield url


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """The address of an application that is served, from a thread, as long as the context lasts."""
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="stand-in", daemon=True)
    thread.start()
    deadline = time.monotonic() + _PATIENCE
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the stand-in did not start")
        time.sleep(0.005)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
