"""What every handler of the API and every page of the console works with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from starlette.requests import Request

from billow.app import App
from billow.flow.client import Client
from billow.home import Home
from billow.web.news import News

P = ParamSpec("P")
T = TypeVar("T")

#: Threads for calls that block. Each keeps a connection to the store, so they are few and stay.
THREADS = 6


class Context:
    """The app, its home, and how to use both from an event loop.

    In a handler: `context = context_of(request)`, then
    `job = await context.run(context.client.job, id)`.
    """

    def __init__(self, home: Home, app: App) -> None:
        self.home = home
        self.app = app
        self.client = Client(home, app)
        #: Wake-ups for coroutines: who waits for a job or streams events listens here.
        self.news = News(home.wake)
        #: When this process began, UNIX seconds.
        self.started = time.time()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="billow-web")

    async def run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work(...)`, called in a thread: anything that reads or writes the home."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(*args, **kwargs))

    def close(self) -> None:
        """End everything that waits, and the threads. Closing twice is harmless."""
        self.news.close()
        self._threads.shutdown(wait=False, cancel_futures=True)


def context_of(request: Request) -> Context:
    """The context of the application that serves `request`."""
    state: Any = request.app.state
    context: Context = state.context
    return context
