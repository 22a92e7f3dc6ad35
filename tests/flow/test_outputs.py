"""Files that a function returns: their names, their limits, and when they become visible."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import billow
from billow.flow.client import Client
from billow.flow.perform import perform
from billow.flow.surroundings import Surroundings
from billow.flow.task import Task
from billow.function import Function
from billow.home import Home
from billow.job import Job, Status
from billow.names import MAX_NAME, check_key, clean_name
from billow.outputs import MAX_ENDING, ResultFile, file_name, files_of, folder_of
from billow.ports.ledger import Keep, Publish
from billow.testing import memory_home, run_jobs

TASK = Task("job1", "{}", "sample.vcf", None, None, "ana", 0, 0, 5.0, 9, "w1", 3)


def declare(call: Any, **options: Any) -> Function:
    return billow.App("demo").function(**options)(call)


def run(call: Any, home: Home, scratch: Path | None = None, **options: Any) -> Any:
    around = Surroundings(home.objects.stage, scratch)
    return perform(declare(call, **options), TASK, around=around)


def test_outputs_become_objects_together_with_the_result(tmp_path: Path) -> None:
    app = billow.App("demo")
    made = tmp_path / "made"

    @app.function(accepts=billow.File(".vcf"))
    def annotate(vcf: billow.Upload) -> billow.Outputs:
        made.write_bytes(vcf.read_bytes().upper())
        files: dict[str, Path | bytes | str] = {
            ".annot.vcf": made,
            ".vcf.count.log": "Total: 1\n",
            ".bin": b"\0",
        }
        return billow.Outputs(files, value={"n": 1})

    seen: list[Job] = []
    annotate.on(billow.Event.COMPLETED)(seen.append)
    home = memory_home(app)
    Client(home, app).send_file("annotate", [b"abc"], name="sample.VCF", owner="ana")
    [job] = run_jobs(home, app)
    assert job.result["value"] == {"n": 1}
    assert sorted(job.files) == [".annot.vcf", ".bin", ".vcf.count.log"]
    file = job.files[".annot.vcf"]
    assert (file.store, file.name, file.size) == ("demo-results", "sample.annot.vcf", 3)
    assert file.key == f"ana/{job.id}/1/sample.annot.vcf"
    assert b"".join(home.objects.read(file.store, file.key)) == b"ABC"
    info = home.objects.head(file.store, file.key)
    assert info is not None
    assert (info.sha256, info.owner, info.name) == (file.sha256, "ana", file.name)
    assert seen[0].files == job.files


def test_a_failed_try_leaves_no_object() -> None:
    app = billow.App("demo")

    @app.function(retry=billow.Retry(attempts=1))
    def work() -> billow.Outputs:
        return billow.Outputs({".a": "text", ".b": Path("/nonexistent/file")})

    home = memory_home(app)
    Client(home, app).submit("work")
    [job] = run_jobs(home, app)
    assert job.status is Status.FAILED
    assert job.failure is not None
    assert (job.failure.kind, job.failure.message) == (
        "bad result",
        "the file for .b is not there: /nonexistent/file",
    )
    assert home.objects.stores() == []


def test_the_key_tells_the_try(tmp_path: Path) -> None:
    performed = run(lambda: billow.Outputs({".a": "x"}), memory_home(), name="f")
    [keep] = performed.effects
    assert isinstance(keep, Keep)
    assert keep.key == "ana/job1/3/sample.a"
    assert (keep.store, keep.name, keep.owner) == ("demo-results", "sample.a", "ana")


def test_what_the_function_asked_for_stays_beside_the_files() -> None:
    def work(job: billow.Job) -> billow.Outputs:
        job.publish("told", 1)
        return billow.Outputs({".a": "x"})

    kinds = [type(effect) for effect in run(work, memory_home()).effects]
    assert kinds == [Publish, Keep]


@pytest.mark.parametrize(("limit", "fits"), [(10, True), (9, False)])
def test_the_limit_is_for_all_files_together(limit: int, fits: bool) -> None:
    def work() -> billow.Outputs:
        return billow.Outputs({".a": b"12345", ".b": "12345"})

    performed = run(work, memory_home(), limits=billow.Limits(files=limit))
    assert (performed.failure is None) is fits
    if not fits:
        assert performed.failure.kind == "bad result"
        assert "too large" in performed.failure.message


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    failure = run(lambda: billow.Outputs({".a": tmp_path}), memory_home(), name="f").failure
    assert failure.kind == "bad result"


def test_text_must_be_sayable() -> None:
    failure = run(lambda: billow.Outputs({".a": "\ud800"}), memory_home(), name="f").failure
    assert (failure.kind, failure.message) == ("bad result", "the text of .a has lone surrogates")


def test_without_surroundings_files_cannot_be_kept() -> None:
    failure = perform(declare(lambda: billow.Outputs({".a": "x"}), name="f"), TASK).failure
    assert failure is not None
    assert failure.message == "files cannot be kept here"


def test_the_value_must_be_plain_json() -> None:
    failure = run(lambda: billow.Outputs({}, value=object()), memory_home(), name="f").failure
    assert failure.kind == "bad result"


@pytest.mark.parametrize(
    "ending", ["", "a", ".", "..", ".a/b", ".a\n", "." + "x" * MAX_ENDING, ".a ", ".a\\b"]
)
def test_impossible_endings_are_refused(ending: str) -> None:
    with pytest.raises(billow.DeclarationError, match="an ending begins with a dot"):
        billow.Outputs({ending: b""})


def test_impossible_contents_are_refused() -> None:
    with pytest.raises(billow.DeclarationError, match="not int"):
        billow.Outputs({".a": 1})  # type: ignore[dict-item]


# The folder of a try


def test_a_try_has_a_folder_of_its_own_that_is_gone_afterwards(tmp_path: Path) -> None:
    folders: list[Path] = []

    def work(job: billow.Job) -> billow.Outputs:
        assert job.folder == job.folder
        assert list(job.folder.iterdir()) == []
        folders.append(job.folder)
        (job.folder / "deep").mkdir()
        (job.folder / "deep" / "out").write_text("made")
        return billow.Outputs({".txt": job.folder / "deep" / "out"})

    home = memory_home()
    assert run(work, home, tmp_path / "tries").failure is None
    assert run(work, home, tmp_path / "tries").failure is None
    assert len(set(folders)) == 2
    assert list((tmp_path / "tries").iterdir()) == []


def test_the_folder_is_gone_after_a_failure_and_after_a_handler(tmp_path: Path) -> None:
    def work(job: billow.Job) -> None:
        (job.folder / "x").write_text("x")
        raise ValueError

    function = declare(work, retry=billow.Retry(attempts=1))
    made: list[Path] = []
    function.on(billow.Event.FAILED)(lambda job: made.append(job.folder))
    perform(function, TASK, around=Surroundings(memory_home().objects.stage, tmp_path))
    assert len(made) == 1
    assert list(tmp_path.iterdir()) == []


def test_outside_of_a_try_there_is_no_folder() -> None:
    with pytest.raises(billow.Error, match="inside a function or handler"):
        _ = Job("id", "f", Status.PENDING).folder


# Names


@pytest.mark.parametrize(
    ("job", "ending", "suffixes", "expected"),
    [
        ("sample.vcf", ".annot.vcf", (".vcf",), "sample.annot.vcf"),
        ("sample.VCF", ".annot.vcf", (".vcf",), "sample.annot.vcf"),
        ("s.vcf.gz", ".annot.vcf", (".gz", ".vcf.gz"), "s.annot.vcf"),
        ("s.tar.gz", ".log", (), "s.tar.log"),
        ("plain", ".log", (), "plain.log"),
        (".vcf", ".log", (".vcf",), ".vcf.log"),
        ("../../etc/passwd", ".log", (), "passwd.log"),
    ],
)
def test_a_file_is_called_after_its_job(
    job: str, ending: str, suffixes: tuple[str, ...], expected: str
) -> None:
    assert file_name(job, ending, suffixes) == expected


@given(st.text(max_size=300), st.sampled_from([".a", ".annot.vcf", "." + "y" * 59]))
def test_every_name_is_safe_and_keeps_its_ending(job: str, ending: str) -> None:
    name = file_name(job, ending)
    assert name.endswith(ending)
    assert clean_name(name) == name
    assert len(name.encode()) <= MAX_NAME
    assert check_key(f"x/{name}")


# What a result names


FILE = ResultFile(".a", "s", f"{folder_of('ana', 'j1')}1/x.a", "x.a", 1, "ff")
NAMED = {key: value for key, value in FILE._asdict().items() if key != "ending"}


def test_files_are_read_from_a_result() -> None:
    result = {"files": {".a": NAMED}, "value": None}
    assert files_of(result, "ana", "j1") == {".a": FILE}


@pytest.mark.parametrize(
    "result",
    [
        None,
        [],
        {"files": {".a": NAMED}},
        {"files": [NAMED], "value": None},
        {"files": {".a": "x"}, "value": None},
        {"files": {".a": {**NAMED, "more": 1}}, "value": None},
        {"files": {".a": {**NAMED, "size": "1"}}, "value": None},
        {"files": {".a": {**NAMED, "key": "ben/j1/1/x.a"}}, "value": None},
        {"files": {".a": {**NAMED, "key": "ana/j2/1/x.a"}}, "value": None},
        {"files": {".a": {**NAMED, "key": "ana/j1"}}, "value": None},
    ],
)
def test_what_only_looks_like_files_is_none(result: Any) -> None:
    assert files_of(result, "ana", "j1") == {}


@given(st.text(), st.text())
def test_no_owner_reaches_into_the_folder_of_another(one: str, other: str) -> None:
    try:
        first, second = folder_of(one), folder_of(other)
    except UnicodeEncodeError:
        return
    assert first.startswith(second) == (one == other)
