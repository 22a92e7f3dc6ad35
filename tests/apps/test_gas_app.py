"""GAS as Billow loads it: what it declares, what it answers."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

import billow
from billow.errors import BadInput, NotAccepted
from billow.loading import load_app

sys.path.insert(0, str(Path(__file__).parents[2] / "apps/gas"))

GAS = Path(__file__).parents[2] / "apps/gas"
FUNCTION = load_app(GAS).get("annotate")


class Sink:
    """Keeps the progress."""

    def __init__(self) -> None:
        self.told: list[tuple[float, float | None]] = []

    def publish(self, queue: str, body: Any) -> None:
        raise AssertionError(queue)

    def put(self, table: str, key: str, item: Any) -> None:
        raise AssertionError(table)

    def progress(self, done: float, total: float | None) -> None:
        self.told.append((done, total))


def call(path: Path, sink: Sink, **args: Any) -> dict[str, Any]:
    job = billow.Job(id="j", function="annotate", status=billow.Status.RUNNING, _sink=sink)
    answer: dict[str, Any] = FUNCTION.call(billow.Upload.of(path), job, **args)
    return answer


def test_what_the_app_declares() -> None:
    assert (FUNCTION.fleet.min, FUNCTION.fleet.max) == (2, 10)
    assert FUNCTION.accepts is not None
    FUNCTION.accepts.check("a.vcf")
    FUNCTION.accepts.check("A.VCF.GZ")
    with pytest.raises(NotAccepted):
        FUNCTION.accepts.check("a.bcf")


def test_the_samples_are_annotated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name, records in (("human_mt.vcf", 399), ("sarscov2.vcf.gz", 3000)):
        sink = Sink()
        path = GAS / "samples" / name
        answer = call(path, sink)
        assert (answer["file"], answer["records"]) == (name, records)
        assert {"missense", "synonymous", "frameshift"} <= set(answer["consequences"])
        assert sink.told[-1] == (path.stat().st_size, path.stat().st_size)
    assert os.listdir(tmp_path) == []


def test_the_assembly_is_an_argument() -> None:
    FUNCTION.check_args({"assembly": "hg38"})
    with pytest.raises(BadInput):
        FUNCTION.check_args({"assembly": "hg18"})
    answer = call(GAS / "samples/human_mt.vcf", Sink(), assembly="hg38")
    assert answer["assembly"] == "hg38"


def test_what_is_no_vcf_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_text("hello\n")
    with pytest.raises(billow.Rejected, match="not a VCF"):
        call(path, Sink())
