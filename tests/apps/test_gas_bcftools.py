"""The other engine: consequences by `bcftools csq`, everything else as it was."""

from __future__ import annotations

import gzip
import re
import shutil
import sys
from pathlib import Path

import pytest

import billow

GAS = Path(__file__).parents[2] / "apps/gas"
sys.path.insert(0, str(GAS))

from annotator import annotate  # noqa: E402

VIRUS, MT = GAS / "samples/sarscov2.vcf.gz", GAS / "samples/human_mt.vcf"
installed = pytest.mark.skipif(
    shutil.which("bcftools") is None, reason="bcftools is not installed (apt install bcftools)"
)
HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n"
CSQ = re.compile(r";CSQ=([^;\t\r]*)")


def records(folder: Path, stem: str) -> list[str]:
    text = (folder / f"{stem}.annot.vcf").read_text()
    return [line for line in text.splitlines() if not line.startswith("#")]


def terms(line: str) -> set[str]:
    found = CSQ.search(line)
    told = found[1].split(",") if found else []
    return {term for one in told for term in one.partition("|")[0].lstrip("*").split("&")}


@installed
def test_consequences_are_bcftools_and_all_else_stays(tmp_path: Path) -> None:
    ours = annotate(VIRUS, tmp_path / "a")
    theirs = annotate(VIRUS, tmp_path / "b", engine="bcftools")
    a, b = records(tmp_path / "a", "sarscov2"), records(tmp_path / "b", "sarscov2")
    assert [CSQ.sub("", line) for line in a] == [CSQ.sub("", line) for line in b]
    same = sum(terms(x) == terms(y) for x, y in zip(a, b, strict=True))
    assert same >= 0.99 * len(a)
    assert theirs.records == ours.records == len(b)
    assert theirs.engine.startswith("bcftools 1.")
    assert theirs.terms["missense"] == sum(len(re.findall("[=,]missense", line)) for line in b)
    assert "Engine: bcftools" in (tmp_path / "b" / "sarscov2.vcf.count.log").read_text()
    assert {path.name for path in (tmp_path / "b").iterdir()} == {
        "sarscov2.annot.vcf", "sarscov2.vcf.count.log",
    }  # fmt: skip


@installed
def test_samples_line_ends_and_unknown_records_stay(tmp_path: Path) -> None:
    lines = [
        "MN908947.3\t300\t.\tC\tT\t1.50\t.\tX=1\tGT:AD\t0/1:3,4",
        "MN908947.3\t301\t.\tQ\tT\t.\t.\t.\tGT\t0|1",
        "other\t5\t.\tA\tT\t.\t.\t.\tGT\t./.",
    ]
    path = tmp_path / "a.vcf"
    with path.open("w", newline="") as file:
        file.write((HEADER + "".join(f"{line}\n" for line in lines)).replace("\n", "\r\n"))
    annotate(path, tmp_path / "a", engine="bcftools")
    made = (tmp_path / "a" / "a.annot.vcf").read_bytes().split(b"\r\n")
    body = [line for line in made if line and not line.startswith(b"#")]
    assert [line.split(b"\t")[8:] for line in body] == [
        line.encode().split(b"\t")[8:] for line in lines
    ]
    assert b"CSQ=" in body[0]
    assert b"CSQ=" not in body[1] + body[2]


@installed
def test_what_it_cannot_do_is_told(tmp_path: Path) -> None:
    with pytest.raises(billow.Rejected, match="genetic code 2"):
        annotate(MT, tmp_path / "a", engine="bcftools")
    assert list((tmp_path / "a").iterdir()) == []
    unsorted = tmp_path / "u.vcf"
    text = gzip.decompress(VIRUS.read_bytes()).decode().splitlines(keepends=True)
    head = [line for line in text if line.startswith("#")]
    body = [line for line in text if not line.startswith("#")]
    unsorted.write_text("".join([*head, *reversed(body[:50])]))
    with pytest.raises(billow.Rejected, match="bcftools csq cannot annotate this file"):
        annotate(unsorted, tmp_path / "b", engine="bcftools")


def test_without_the_program_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(billow.Rejected, match="bcftools is not installed"):
        annotate(VIRUS, tmp_path / "a", engine="bcftools")
