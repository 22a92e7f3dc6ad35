"""Keeping the files that a function returned: bytes first, the row with the job's outcome."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from billow.errors import TooLarge
from billow.flow.surroundings import Stage, Surroundings
from billow.flow.task import Task
from billow.function import Function
from billow.names import check_key
from billow.outputs import Content, Outputs, ResultFile, as_result, file_name, folder_of
from billow.ports.ledger import Effect, Keep
from billow.ports.objects import Staged
from billow.units import human_size

_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"


class BadOutput(Exception):
    """A file cannot be kept; the message says why."""


def keep_outputs(
    outputs: Outputs, function: Function, task: Task, around: Surroundings | None
) -> tuple[dict[str, Any], tuple[Effect, ...]]:
    """Make the files durable: what to record as the result, and the effects that go with it.

    The files' place contains the number of the try, so a try that is not recorded leaves nothing
    but bytes that are swept away.

    Raises:
        BadOutput: a file is not there, or all are too large together.
        Unavailable: the store is full or cannot be written.
    """
    if around is None:
        raise BadOutput("files cannot be kept here")
    left = function.limits.files
    kept: dict[str, ResultFile] = {}
    effects: list[Effect] = []
    for ending, content in outputs.files.items():
        staged = _stage(around.stage, ending, content, left)
        left -= staged.size
        suffixes = function.accepts.suffixes if function.accepts is not None else ()
        name = file_name(task.name or function.name, ending, suffixes)
        key = check_key(f"{folder_of(task.owner, task.id)}{task.token}/{name}")
        kept[ending] = ResultFile(ending, function.results, key, name, staged.size, staged.sha256)
        kind = _TEXT if isinstance(content, str) else _BYTES
        effects.append(Keep(function.results, key, *staged, kind, name, task.owner))
    effects += around.consequences(task, list(kept.values())) if kept else ()
    return as_result(kept, outputs.value), tuple(effects)


def _stage(stage: Stage, ending: str, content: Content, limit: int) -> Staged:
    try:
        if isinstance(content, Path):
            if not content.is_file():
                raise BadOutput(f"the file for {ending} is not there: {content}")
            with content.open("rb") as file:
                return stage(file, limit)
        return stage([content.encode() if isinstance(content, str) else content], limit)
    except TooLarge:
        raise BadOutput(
            f"its files are too large: with {ending} they are over the limit; "
            f"{human_size(limit)} were left for it"
        ) from None
    except UnicodeEncodeError:
        raise BadOutput(f"the text of {ending} has lone surrogates") from None
