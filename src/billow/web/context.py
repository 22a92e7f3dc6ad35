"""What every handler of the API and every page of the console works with."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from starlette.requests import Request

from billow.app import App
from billow.errors import Unavailable
from billow.flow.client import Client
from billow.home import Home
from billow.job import Job
from billow.web.news import News
from billow.web.visitor import EVERYBODY, NOBODY, Visitor

P = ParamSpec("P")
T = TypeVar("T")

#: Threads for calls that block. Each keeps a connection to the store, so they are few and stay.
THREADS = 6
#: Uploads that are stored at the same time; each holds a thread while its bytes come.
UPLOADS = 24
#: Seconds that a further upload waits for its turn before it is refused.
PATIENCE = 10.0
#: Seconds after which a waiting coroutine looks again even if nobody wakes it.
LOOK_AGAIN = 1.0


class Context:
    """The app, its home, and how to use both from an event loop.

    In a handler: `context = context_of(request)`, then
    `job = await context.run(context.client.job, id)`.
    """

    def __init__(self, home: Home, app: App) -> None:
        self.home = home
        self.app = app
        self.client = Client(home, app)
        #: Who asks. Where there are accounts, nobody until it is found out who.
        self.visitor: Visitor = NOBODY if app.plan_by_name else EVERYBODY
        #: Wake-ups for coroutines: who waits for a job or streams events listens here.
        self.news = News(home.wake)
        #: When this process began, UNIX seconds.
        self.started = time.time()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="billow-web")
        self._uploading = ThreadPoolExecutor(UPLOADS, thread_name_prefix="billow-upload")
        self._turns = asyncio.Semaphore(UPLOADS)

    def seen_by(self, visitor: Visitor, home: Home) -> Context:
        """The same service for one visitor, who has `home` of it."""
        made = copy.copy(self)
        made.visitor, made.home, made.client = visitor, home, Client(home, self.app)
        return made

    async def run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work(...)`, called in a thread: anything that reads or writes the home."""
        loop = asyncio.get_running_loop()
        around = copy_context()  # what is asked for goes back to the request, in any thread
        return await loop.run_in_executor(self._threads, lambda: around.run(work, *args, **kwargs))

    async def store(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `run`, for work that lasts as long as an upload does.

        Raises:
            Unavailable: too many uploads are under way.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                await self._turns.acquire()
        except TimeoutError:
            raise Unavailable("too many uploads at the same time", retry_after=5) from None
        try:
            loop = asyncio.get_running_loop()
            around = copy_context()
            return await loop.run_in_executor(
                self._uploading, lambda: around.run(work, *args, **kwargs)
            )
        finally:
            self._turns.release()

    async def finished(self, id: str, seconds: float) -> Job:
        """The job once it is final, or as it is after `seconds`, or when the process leaves.

        Raises:
            NotFound: there is no such job.
        """
        if seconds <= 0:
            return await self.run(self.client.job, id)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        with self.news.listen() as ear:
            while True:
                job = await self.run(self.client.job, id)
                left = deadline - loop.time()
                if job.status.final or left <= 0 or self.news.closed:
                    return job
                await ear.wait(min(left, LOOK_AGAIN))

    def close(self) -> None:
        """End everything that waits, and the threads. Closing twice is harmless."""
        self.news.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._uploading.shutdown(wait=False, cancel_futures=True)


def context_of(request: Request) -> Context:
    """The service as whoever sent `request` may see and use it."""
    context: Context = request.scope.get("billow.context") or request.app.state.context
    return context
