"""`billow send`: give a function work."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import click

from billow.cli.arguments import read_arguments
from billow.cli.out import bar, json_option, lines, printable, say, warn
from billow.cli.place import Place, place_options
from billow.cli.results import brief
from billow.cli.waiting import wait_for
from billow.errors import BadInput, Error
from billow.flow.client import Client
from billow.function import Function
from billow.job import Job, Status
from billow.shapes import job_shape
from billow.units import MiB

#: Files that are sent side by side, so that their flushes to the disk are shared.
_AT_ONCE = 8
_BLOCK = 1 * MiB


class Sent(NamedTuple):
    """A file and the job it became, or why it did not."""

    file: str
    job: str | None = None
    new: bool = True
    problem: str = ""


@click.command()
@click.argument("function")
@click.argument("files", nargs=-1, metavar="[FILE|FOLDER]...")
@click.option("--arg", "-a", "pairs", multiple=True, metavar="NAME=VALUE", help="An argument.")
@click.option("--wait", "-w", is_flag=True, help="Return when the jobs are finished.")
@click.option("--key", metavar="KEY", help="Idempotency key: sent again, it makes no new jobs.")
@place_options
@json_option
def send(
    *,
    place: Place,
    function: str,
    files: tuple[str, ...],
    pairs: tuple[str, ...],
    wait: bool,
    key: str | None,
    as_json: bool,
) -> int:
    """Give FUNCTION work: a job for each file.

    A folder stands for the files in it that the function accepts. A function that takes no file
    gets one job with the arguments. With --json each line is a job. The exit status is 2 if a
    file could not be sent (the others are), and with --wait 1 if a job did not complete.
    """
    client = place.client()
    target = client.app.get(function)
    args = read_arguments(target, pairs)
    target.check_args(args)
    if files:
        sent = _send_files(client, target, expand(files, target), args, key)
    else:
        accepted = client.submit(function, args, key=key)
        sent = [Sent(function, accepted.id, accepted.new)]
    for one in sent:
        if one.problem:
            warn(f"{printable(one.file)}: {printable(one.problem)}")
    status = 2 if any(one.problem for one in sent) else 0
    good = [one for one in sent if one.job]
    if not wait:
        _tell_sent(good, as_json)
        return status
    done = wait_for(client.home, [one.job for one in good if one.job], place)
    _tell_done(done, as_json)
    failed = any(job.status is not Status.COMPLETED for job in done)
    return status or int(failed)


def expand(files: Iterable[str], function: Function) -> list[Path]:
    """The files that are meant; of folders those that the function accepts, in sorted order."""
    found: list[Path] = []
    for text in files:
        path = Path(text)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and _shown(p, path))
            taken = [p for p in inside if _accepted(function, p)]
            if not taken:
                warn(f"{text}: no file in it is of a kind that {function.name} accepts")
            found += taken
        else:
            found.append(path)
    return found


def _shown(path: Path, folder: Path) -> bool:
    return not any(part.startswith(".") for part in path.relative_to(folder).parts)


def _accepted(function: Function, path: Path) -> bool:
    try:
        if function.accepts is not None:
            function.accepts.check(path.name)
    except Error:
        return False
    return True


def _send_files(
    client: Client, function: Function, paths: list[Path], args: Mapping[str, Any], key: str | None
) -> list[Sent]:
    if function.accepts is None:
        raise BadInput(f"{function.name} takes no file; give it arguments by --arg NAME=VALUE")
    total = sum(path.stat().st_size for path in paths if path.is_file())
    with bar("sent", total, in_bytes=True) as advance, ThreadPoolExecutor(_AT_ONCE) as pool:
        send_one = functools.partial(_send_one, client, function.name, args, advance)
        keys = (_key_of(key, path, len(paths)) for path in paths)
        return list(pool.map(send_one, paths, keys))


def _send_one(
    client: Client,
    function: str,
    args: Mapping[str, Any],
    advance: Callable[[float], None],
    path: Path,
    key: str | None,
) -> Sent:
    if path.exists() and not path.is_file():
        return Sent(str(path), problem="not a regular file")
    try:
        sha256 = None if key is None else _sha256(path)
        with path.open("rb") as file:
            blocks = _blocks(file, advance)
            accepted = client.send_file(
                function, blocks, name=path.name, args=args, key=key, sha256=sha256
            )
    except Error as problem:
        return Sent(str(path), problem=problem.detail)
    except OSError as problem:
        return Sent(str(path), problem=(problem.strerror or str(problem)).lower())
    except ValueError as problem:
        return Sent(str(path), problem=str(problem))
    return Sent(str(path), accepted.id, accepted.new)


def _blocks(file: BinaryIO, advance: Callable[[float], None]) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block
        advance(len(block))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _key_of(key: str | None, path: Path, count: int) -> str | None:
    """The key itself for one file; of several, each gets its own."""
    return key if key is None or count == 1 else f"{key}:{path}"


def _tell_sent(sent: list[Sent], as_json: bool) -> None:
    if as_json:
        lines({"file": one.file, "id": one.job, "new": one.new} for one in sent)
        return
    for one in sent[:10] if len(sent) > 12 else sent:
        say(f"{one.job}  {printable(one.file)}{'' if one.new else '  (known by its key)'}")
    if len(sent) > 12:
        say(f"… {len(sent)} jobs in all; see `billow jobs`")


def _tell_done(done: list[Job], as_json: bool) -> None:
    if as_json:
        lines({**job_shape(job), "result": job.result} for job in done)
        return
    width = max((len(job.name or job.id) for job in done), default=0)
    for job in done:
        said = brief(job.result)
        if job.status is Status.FAILED and job.failure is not None:
            said = f"failed: {job.failure.kind}: {printable(job.failure.message)}"
        elif job.status is not Status.COMPLETED:
            said = job.status.value
        say(f"{job.name or job.id:<{width}}  {said}")
