"""Group commit: what several threads want written at the same time shares one flush."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar

from billow.drivers.embedded.database import Database

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class _Request:
    __slots__ = ("context", "error", "leads", "ready", "result", "work")

    def __init__(self, work: Work[Any]) -> None:
        self.work = work
        # Whoever runs the work does it in the name of the thread that wants it.
        self.context = copy_context()
        self.ready = threading.Event()
        self.leads = False
        self.result: Any = None
        self.error: BaseException | None = None


class GroupCommit:
    """Runs pieces of work in durable transactions, those that come together in one.

    The first thread to come leads: it runs everybody's work. Threads that come while it writes
    form the next group, which one of them leads.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._waiting: list[_Request] = []
        self._led = False

    def run(self, work: Work[T]) -> T:
        """The result of `work`, once it is durable.

        Raises:
            Exception: what `work` raised (its own changes are undone, those of others stay).
            Unavailable: the disk is full or the file cannot be written.
        """
        request = _Request(work)
        with self._lock:
            self._waiting.append(request)
            if not self._led:
                self._led = request.leads = True
        if not request.leads:
            try:
                request.ready.wait()
            except BaseException:  # Ctrl-C: nobody waits for this request any more
                self._withdraw(request)
                raise
        if request.leads:
            self._lead()
        if request.error is not None:
            raise request.error
        result: T = request.result
        return result

    def _withdraw(self, request: _Request) -> None:
        """Take a request back if it was not begun; if it was chosen to lead, others rely on it."""
        with self._lock:
            leads = request.leads
            if not leads and request in self._waiting:
                self._waiting.remove(request)
        if leads:
            self._lead()

    def _lead(self) -> None:
        with self._lock:
            group, self._waiting = self._waiting, []
        try:
            self._write(group)
        finally:
            with self._lock:
                heir = self._waiting[0] if self._waiting else None
                self._led = heir is not None
                if heir is not None:
                    heir.leads = True
            for request in group:
                request.ready.set()
            if heir is not None:
                heir.ready.set()

    def _write(self, group: list[_Request]) -> None:
        try:
            with self._database.write() as connection:
                if len(group) == 1:
                    group[0].result = group[0].context.run(group[0].work, connection)
                else:
                    for request in group:
                        _run_apart(connection, request)
        except BaseException as error:  # handed to every caller of the group
            for request in group:
                request.error = request.error or error


def _run_apart(connection: sqlite3.Connection, request: _Request) -> None:
    """Run one request so that its failure undoes its own changes only."""
    connection.execute("savepoint request")
    try:
        request.result = request.context.run(request.work, connection)
    except sqlite3.OperationalError:
        raise
    except BaseException as error:  # handed to the request's own caller
        request.error = error
        connection.execute("rollback to request")
    connection.execute("release request")
