"""Sending work to an app and fetching what came of it, from Python."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from billow.app import App
from billow.errors import BadInput, Conflict, NotFound, TooLarge
from billow.flow.arrivals import ARGS, DELAY, DIGEST, FUNCTION, KEY, arrival_rule, upload_digest
from billow.flow.following import step_rules
from billow.flow.originals import attach
from billow.function import Function
from billow.home import Home, open_home
from billow.job import Job
from billow.options import File
from billow.ports.ledger import Accepted, Submission
from billow.ports.objects import Staged
from billow.ports.wake import DONE
from billow.units import MiB, human_size

#: Where a service keeps its data unless told otherwise, beside the app.
DEFAULT_FOLDER = ".billow"
#: Characters of an idempotency key.
MAX_KEY = 255
#: Names bytes that were looked at and not kept; no store has them.
_NOWHERE = "nowhere"
#: A waiting client looks again after so many seconds even if nobody wakes it.
_LOOK_AGAIN = 1.0


class _Sent(NamedTuple):
    """What is asked of `send_file`."""

    function: str
    file: BinaryIO | Iterable[bytes] | Staged
    name: str
    args: Mapping[str, Any]
    key: str | None
    owner: str
    type: str
    sha256: str | None
    delay: float


class Client:
    """A client of an app that uses its home directly; what it sends is durable when it returns."""

    def __init__(self, home: Home, app: App) -> None:
        self.home = home
        self.app = app

    def submit(
        self,
        function: str,
        args: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        delay: float = 0.0,
        owner: str = "local",
        name: str = "",
    ) -> Accepted:
        """Ask for one call of a function that takes no upload.

        Args:
            function: its name.
            args: arguments by name.
            key: idempotency key; sending the same again gives the same job.
            delay: seconds before it may start.
            owner: whose job it is.
            name: what to call it in lists.

        Raises:
            NotFound: there is no such function.
            BadInput: the arguments do not fit it.
            Conflict: the key was used before for another request.
        """
        target = self._without_upload(function)
        text = target.encode_args(args or {})
        digest = _digest(function, text) if key is not None else ""
        asked = Submission(function, text, name, None, owner, check_idempotency(key), digest, delay)
        return self.home.ledger.submit([asked])[0]

    def submit_many(
        self, function: str, calls: Iterable[Mapping[str, Any]], *, owner: str = "local"
    ) -> list[Accepted]:
        """Ask for many calls in one step, all or none.

        Raises:
            NotFound: there is no such function.
            BadInput: some arguments do not fit it.
        """
        encode = self._without_upload(function).encode_args
        asked = [Submission(function, encode(args), "", None, owner) for args in calls]
        return self.home.ledger.submit(asked)

    def send_file(
        self,
        function: str,
        file: str | Path | BinaryIO | Iterable[bytes] | Staged,
        *,
        name: str | None = None,
        args: Mapping[str, Any] | None = None,
        key: str | None = None,
        owner: str = "local",
        type: str = "application/octet-stream",
        sha256: str | None = None,
        delay: float = 0.0,
    ) -> Accepted:
        """Upload a file and ask for a call of a function with it.

        Args:
            function: its name.
            file: a path, an open binary file, blocks of bytes, or what `stage_file` gave.
            name: the file's name; needed if `file` is not a path.
            args: further arguments by name.
            key: idempotency key; sending the same again gives the same job.
            owner: whose job it is.
            type: media type, kept with the object.
            sha256: what the bytes must amount to.
            delay: seconds before the job may start.

        Raises:
            NotFound: there is no such function, or no such file.
            NotAccepted: the name's ending is not one that the function accepts.
            TooLarge: more bytes than the function accepts.
            BadInput: the arguments do not fit, or the function takes no upload.
            Conflict: the key was used before for another request.
        """
        if not isinstance(file, (str, Path)):
            sent = _Sent(function, file, name or "", args or {}, key, owner, type, sha256, delay)
            return self._take_in(sent)
        try:
            with Path(file).open("rb") as opened:
                label = name or Path(file).name
                return self._take_in(
                    _Sent(function, opened, label, args or {}, key, owner, type, sha256, delay)
                )
        except (FileNotFoundError, IsADirectoryError):
            raise NotFound(f"there is no file {str(file)!r}") from None

    def stage_file(
        self,
        function: str,
        file: BinaryIO | Iterable[bytes],
        *,
        name: str,
        key: str | None = None,
        owner: str = "local",
    ) -> Staged:
        """Take in a file for a `send_file` within half an hour; nothing is asked for yet.

        Args:
            function: what it will be sent to.
            file: an open binary file, or blocks of bytes.
            name: the file's name.
            key: the idempotency key; a file whose key is known is only compared, not stored.
            owner: whose job it will be.

        Raises:
            NotFound, NotAccepted, TooLarge, BadInput: as `send_file`.
        """
        accepts = self._accepts(function, name)
        if key is not None and self.home.ledger.find_key(owner, check_idempotency(key) or ""):
            return _compared(file, accepts.max_size)
        return self.home.objects.stage(file, accepts.max_size)

    def _take_in(self, sent: _Sent) -> Accepted:
        accepts = self._accepts(sent.function, sent.name)
        target = self.app.get(sent.function)
        text = target.encode_args(sent.args)
        metadata = {FUNCTION: sent.function, ARGS: text}
        if sent.delay:
            metadata[DELAY] = repr(sent.delay)
        if sent.key is not None:
            asked = _digest(sent.function, text, sent.name)
            if known := self._sent_before(sent, asked, accepts.max_size):
                return known
            metadata |= {KEY: sent.key, DIGEST: asked}
        stored = self.home.objects.put(
            self.app.entry_store(target),
            sent.file,
            name=sent.name,
            type=sent.type,
            owner=sent.owner,
            metadata=metadata,
            limit=accepts.max_size,
            sha256=sent.sha256,
        )
        return self._own(stored.jobs, sent.function)

    def job(self, id: str) -> Job:
        """A job as it is now.

        Raises:
            NotFound: there is no such job.
        """
        job = self.home.ledger.get(id)
        if job is None:
            raise NotFound(f"there is no job {id!r}")
        return job

    def wait(self, id: str, timeout: float | None = None) -> Job:
        """The job once it is final, or as it is after `timeout` seconds.

        Raises:
            NotFound: there is no such job.
        """
        return self.wait_all([id], timeout)[0]

    def wait_all(self, ids: Sequence[str], timeout: float | None = None) -> list[Job]:
        """The jobs once all are final, or as they are after `timeout` seconds.

        Raises:
            NotFound: one of them does not exist.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        done: dict[str, Job] = {}
        with self.home.wake.waiter(DONE) as waiter:
            while True:
                began = time.monotonic()
                for id_ in ids:
                    if id_ not in done and (job := self.job(id_)).status.final:
                        done[id_] = job
                now = time.monotonic()
                left = _LOOK_AGAIN if deadline is None else deadline - now
                if len(done) == len(set(ids)) or left <= 0:
                    return [done.get(id_) or self.job(id_) for id_ in ids]
                # Looking at many jobs takes long; it must not take most of the time.
                time.sleep(min(left, now - began))
                waiter.wait(min(left, _LOOK_AGAIN))

    def _own(self, jobs: Sequence[Accepted], function: str) -> Accepted:
        """Of the jobs that one upload made, the one that was asked for."""
        if len(jobs) == 1:
            return jobs[0]
        return next(job for job in jobs if self.job(job.id).function == function)

    def _sent_before(self, sent: _Sent, asked: str, limit: int) -> Accepted | None:
        """The job that an idempotency key made before; the file is only compared, not stored."""
        key = check_idempotency(sent.key) or ""
        found = self.home.ledger.find_key(sent.owner, key)
        if found is None:
            return None
        file = sent.file if isinstance(sent.file, Staged) else _compared(sent.file, limit)
        if found[1] != upload_digest(asked, file.sha256):
            raise Conflict(f"the idempotency key {key!r} was used before for another request")
        return Accepted(found[0], self.job(found[0]).seq, False)

    def _without_upload(self, function: str) -> Function:
        target = self.app.get(function)
        if target.upload_parameter is not None:
            raise BadInput(f"{function} needs a file; upload one")
        return target

    def _accepts(self, function: str, name: str) -> File:
        """What a function says of files, if it takes one that is called so."""
        accepts = self.app.get(function).accepts
        if accepts is None:
            raise BadInput(f"{function} takes no file; send arguments only")
        accepts.check(name)
        return accepts


def connect(app: App, folder: str | Path = DEFAULT_FOLDER) -> Client:
    """A client of `app` whose service keeps its data in `folder`.

    Raises:
        Unavailable: the folder cannot be used.
    """
    home = open_home(folder, arrivals=arrival_rule(app), follow=step_rules(app))
    attach(app, lambda: home)
    return Client(home, app)


def check_idempotency(key: str | None) -> str | None:
    """`key`, if it may be an idempotency key.

    Raises:
        BadInput: it is empty, too long, or has characters that do not print.
    """
    if key is not None and not (1 <= len(key) <= MAX_KEY and key.isprintable()):
        raise BadInput(f"an idempotency key has 1 to {MAX_KEY} printable characters")
    return key


def _compared(file: BinaryIO | Iterable[bytes], limit: int) -> Staged:
    """What a file amounts to, without storing it."""
    digest = hashlib.sha256()
    size = 0
    read = getattr(file, "read", None)
    blocks = iter(lambda: read(MiB), b"") if read is not None else file
    for block in blocks:
        size += len(block)
        if size > limit:
            raise TooLarge(f"larger than the allowed {human_size(limit)}", limit=limit)
        digest.update(block)
    return Staged(_NOWHERE, size, digest.hexdigest())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
