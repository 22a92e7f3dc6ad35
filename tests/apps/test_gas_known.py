"""Names of known variants, from a VCF of one's own."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import pytest

GAS = Path(__file__).parents[2] / "apps/gas"
sys.path.insert(0, str(GAS))

from annotator import BadReference, Known, annotate, known  # noqa: E402

COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
HEADER = f"##fileformat=VCFv4.2\n{COLUMNS}\n"


def vcf(path: Path, *records: str) -> Path:
    text = HEADER + "".join(f"{record}\t.\t.\t.\n".replace(" ", "\t") for record in records)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def infos(path: Path) -> list[str]:
    lines = path.read_text().splitlines()
    return [line.split("\t")[7] for line in lines if not line.startswith("#")]


def names(info: str) -> str:
    return info.partition("KNOWN=")[2].partition(";")[0]


@pytest.mark.parametrize("name", ["known.vcf", "known.vcf.gz"])
def test_known_alleles_get_their_names(tmp_path: Path, name: str) -> None:
    held = Known(vcf(tmp_path / name, "chrM 100 rs1 A C,G", "MT 200 . T C", "1 300 rs3;rs4=x A T"))
    file = vcf(
        tmp_path / "a.vcf",
        "MT 100 . A C", "MT 100 . a t,g", "MT 100 . A T", "M 200 . T C", "chr1 300 own A T",
        "2 100 . A C",
    )  # fmt: skip
    counts = annotate(file, tmp_path / "out", annotate_from=held)
    found = [names(info) for info in infos(tmp_path / "out" / "a.annot.vcf")]
    assert found == ["rs1", "rs1", "", "unnamed", "rs3,rs4_x", ""]
    assert (counts.known, counts.as_json()["known_from"]) == (4, name)
    assert f"In {name}: 4 in 6 variants" in (tmp_path / "out" / "a.vcf.count.log").read_text()
    assert "ID=KNOWN," in (tmp_path / "out" / "a.annot.vcf").read_text()


def test_without_such_a_file_nothing_is_told_of_it(tmp_path: Path) -> None:
    counts = annotate(vcf(tmp_path / "a.vcf", "MT 100 . A C"), tmp_path / "out")
    assert "KNOWN" not in (tmp_path / "out" / "a.annot.vcf").read_text()
    assert "known" not in counts.as_json()


def test_what_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b.vcf").write_text("hello\n")
    for path in (tmp_path / "b.vcf", tmp_path / "none.vcf"):
        with pytest.raises(BadReference, match=path.name):
            Known(path)
    monkeypatch.setattr(known, "MOST", 2)
    with pytest.raises(BadReference, match="more than 2 alleles"):
        Known(vcf(tmp_path / "c.vcf", "1 1 . A C,G,T"))
