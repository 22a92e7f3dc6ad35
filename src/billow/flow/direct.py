"""Uploads for a function that go straight to its store, and the jobs that they become."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from billow.errors import BadInput, Conflict, NotFound, TooLarge
from billow.flow.arrivals import ARGS, KEY
from billow.flow.client import Client
from billow.flow.presign import SignedForm, presign_post
from billow.flow.presigned import Terms
from billow.function import Function
from billow.home import Home
from billow.job import Job
from billow.names import clean_name
from billow.options import File
from billow.ports.objects import Stored
from billow.ports.uploads import MAX_PARTS, Multipart
from billow.units import MiB, human_size

#: Metadata that only forms have: whose the object is, what it is called, and if the form does not
#: say that, which endings the file's own name may have.
OWNER = "billow-owner"
NAME = "billow-name"
ENDINGS = "billow-endings"

#: Bytes of a part, unless there would be too many of them.
PART = 8 * MiB
#: Unfinished uploads that an owner may have.
MAX_UNFINISHED = 20


def ask_form(
    client: Client,
    function: str,
    *,
    name: str = "",
    args: Mapping[str, Any] | None = None,
    owner: str = "local",
    type: str = "application/octet-stream",
    limit: int | None = None,
    answer: str | int = 204,
) -> SignedForm:
    """A signed form with which one file can be uploaded for `function`; it then becomes a job.

    Args:
        client: of the service.
        function: its name.
        name: the file's name; if empty, the file brings its own.
        args: further arguments by name.
        owner: whose job it will be.
        type: media type, kept with the object.
        limit: bytes, if fewer than the function accepts.
        answer: a status (200, 201, 204), or where the browser goes afterwards.

    Raises:
        NotFound: there is no such function.
        NotAccepted: the name's ending is not one that the function accepts.
        BadInput: the arguments do not fit or are too long, or the function takes no upload.
    """
    target, accepts = _target(client, function)
    if name:
        accepts.check(clean_name(name))
    key, told = _place(target, owner, name, args)
    told |= {NAME: clean_name(name)} if name else {ENDINGS: ",".join(accepts.suffixes)}
    return presign_post(
        client.home,
        client.app.entry_store(target),
        key,
        most=min(accepts.max_size, accepts.max_size if limit is None else limit),
        type=type,
        metadata=told | {OWNER: owner},
        answer=answer,
    )


def take_form(home: Home, store: str, terms: Terms, name: str, data: Iterable[bytes]) -> Stored:
    """Store the file that came with a form.

    Args:
        home: where to.
        store: where to.
        terms: what the form was signed for.
        name: what the file calls itself.
        data: its bytes.

    Raises:
        TooLarge, BadInput: it does not have the size that was signed.
        NotAccepted: its name does not have one of the endings that were signed.
        Conflict: the form was used before, for another file.
    """
    told = dict(terms.metadata)
    owner, label = told.pop(OWNER, "local"), told.pop(NAME, "")
    endings = [ending for ending in told.pop(ENDINGS, "").split(",") if ending]
    if not label:
        label = clean_name(name)
        File(*endings).check(label)
    return home.uploads.put_once(
        store,
        _at_least(data, terms.least),
        key=terms.key,
        name=label,
        type=terms.type,
        owner=owner,
        metadata=told,
        limit=terms.most,
    )


def begin_upload(
    client: Client,
    function: str,
    *,
    name: str,
    size: int,
    args: Mapping[str, Any] | None = None,
    owner: str = "local",
    type: str = "application/octet-stream",
    limit: int | None = None,
) -> Multipart:
    """Begin the upload of a large file for `function` in parts; completed it becomes a job.

    Args:
        client: of the service.
        function: its name.
        name: the file's name.
        size: its bytes.
        args: further arguments by name.
        owner: whose job it will be.
        type: media type, kept with the object.
        limit: bytes, if fewer than the function accepts.

    Raises:
        NotFound: there is no such function.
        NotAccepted: the name's ending is not one that the function accepts.
        TooLarge: the function does not accept so many bytes.
        BadInput: the arguments do not fit, or the function takes no upload.
        Conflict: too many uploads of this owner are unfinished.
    """
    target, accepts = _target(client, function)
    accepts.check(clean_name(name))
    most = min(accepts.max_size, accepts.max_size if limit is None else limit)
    if size > most:
        raise TooLarge(f"larger than the allowed {human_size(most)}", limit=most)
    if len(client.home.uploads.unfinished(owner)) >= MAX_UNFINISHED:
        raise Conflict(f"{MAX_UNFINISHED} uploads are unfinished; complete or abort one first")
    key, told = _place(target, owner, name, args)
    return client.home.uploads.create(
        client.app.entry_store(target),
        key,
        size=size,
        part_size=max(PART, math.ceil(size / MAX_PARTS / MiB) * MiB),
        name=name,
        type=type,
        owner=owner,
        metadata=told,
    )


def own_upload(client: Client, id: str, owner: str) -> Multipart:
    """An upload in parts, if it is this owner's.

    Raises:
        NotFound: there is none, or it is another's.
    """
    upload = client.home.uploads.get(id)
    if upload is None or upload.owner != owner:
        raise NotFound(f"there is no upload {id[:80]!r}")
    return upload


def job_of(client: Client, key: str, owner: str) -> Job | None:
    """The job that an upload to `key` became, once it is there and if it is this owner's."""
    found = client.home.ledger.find_key(owner, _job_key(key))
    return None if found is None else client.job(found[0])


def _target(client: Client, function: str) -> tuple[Function, File]:
    target = client.app.get(function)
    if target.accepts is None:
        raise BadInput(f"{function} takes no file; send arguments only")
    return target, target.accepts


def _place(
    target: Function, owner: str, name: str, args: Mapping[str, Any] | None
) -> tuple[str, dict[str, str]]:
    """A key that nobody can guess, and what the arrival is to know."""
    key = f"{owner}/{secrets.token_hex(16)}/{clean_name(name) if name else 'file'}"
    return key, {ARGS: target.encode_args(args or {}), KEY: _job_key(key)}


def _job_key(key: str) -> str:
    """The idempotency key of the one job that an object becomes."""
    return f"upload/{key.rpartition('/')[0].rpartition('/')[2]}"


def _at_least(data: Iterable[bytes], least: int) -> Iterator[bytes]:
    size = 0
    for block in data:
        size += len(block)
        yield block
    if size < least:
        raise BadInput(f"the file has {size} bytes, fewer than the {least} that were signed")
