"""Files that a function returns, and how a job's result names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote

from billow.errors import DeclarationError
from billow.names import MAX_NAME, clean_name

#: A file at a path, or its content as bytes or as text (kept as UTF-8).
Content: TypeAlias = Path | bytes | str

#: Bytes of an ending.
MAX_ENDING = 60


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a function returns if it made files: `Outputs({".annot.vcf": path}, value=count)`.

    Each file is called after the job's own file: of `sample.vcf` an ending `.annot.vcf` makes
    `sample.annot.vcf`. The files become durable before the result, and visible together with it.

    Raises:
        DeclarationError: an ending does not begin with a dot, or cannot be part of a name, or a
            file is neither a `Path` nor bytes nor text.
    """

    #: By ending: a `Path` to a file, or bytes, or text.
    files: Mapping[str, Content]
    #: What else the function has to tell: anything JSON can say.
    value: Any = None

    def __post_init__(self) -> None:
        for ending, content in self.files.items():
            _check_ending(ending)
            if not isinstance(content, (Path, bytes, str)):
                raise DeclarationError(
                    f"Outputs({ending!r}: ...): a file is a pathlib.Path, bytes or text, "
                    f"not {type(content).__name__}"
                )


def _check_ending(ending: str) -> None:
    fits = ending.startswith(".") and len(ending.encode(errors="replace")) <= MAX_ENDING
    if not fits or clean_name(f"x{ending}") != f"x{ending}" or ending.strip(".") == "":
        raise DeclarationError(
            f"Outputs({ending!r}: ...): an ending begins with a dot, can be part of a file's "
            f"name, and has {MAX_ENDING} bytes at most"
        )


class ResultFile(NamedTuple):
    """A file of a job's result."""

    ending: str
    #: Where it is, or was before it was archived.
    store: str
    key: str
    #: What people save it as.
    name: str
    #: Bytes.
    size: int
    #: In hexadecimal.
    sha256: str


def file_name(job_name: str, ending: str, suffixes: tuple[str, ...] = ()) -> str:
    """The name of the output `ending` of a job called `job_name`.

    The job's own ending is left out: one of `suffixes` if it has one, else what follows the last
    dot.
    """
    name = clean_name(job_name)
    fitting = [suffix for suffix in suffixes if name.lower().endswith(suffix)]
    stem = name[: -max(map(len, fitting))] if fitting else name.rpartition(".")[0]
    room = MAX_NAME - len(ending.encode())
    return (stem or name).encode()[:room].decode(errors="ignore") + ending


def folder_of(owner: str, job: str = "") -> str:
    """What the keys of an owner's result files begin with; with `job`, those of one job."""
    start = quote(owner, safe="@:+") + "/"
    return f"{start}{job}/" if job else start


def files_of(result: Any, owner: str, job: str) -> dict[str, ResultFile]:
    """The files, by ending, that a result names; none if it is no result with files.

    A function may return anything, also what a client sent it. So only files count that lie in
    the job's own folder.
    """
    if not isinstance(result, Mapping) or result.keys() != {"files", "value"}:
        return {}
    named = result["files"]
    if not isinstance(named, Mapping):
        return {}
    found = {}
    for ending, facts in named.items():
        file = _read(ending, facts)
        if file is not None and file.key.startswith(folder_of(owner, job)):
            found[file.ending] = file
    return found


def _read(ending: str, facts: Any) -> ResultFile | None:
    if not isinstance(facts, Mapping) or facts.keys() != set(ResultFile._fields[1:]):
        return None
    file = ResultFile(ending, **facts)
    texts = (file.store, file.key, file.name, file.sha256)
    is_said = all(isinstance(text, str) for text in texts) and isinstance(file.size, int)
    return file if is_said else None


def as_result(files: Mapping[str, ResultFile], value: Any) -> dict[str, Any]:
    """What is recorded as the result of a job that returned `Outputs`."""
    named = {ending: file._asdict() for ending, file in files.items()}
    for facts in named.values():
        del facts["ending"]
    return {"files": named, "value": value}
