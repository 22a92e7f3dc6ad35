"""References that stay in their files: the same answers as from memory, and bounds on memory."""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import billow

GAS = Path(__file__).parents[2] / "apps/gas"
sys.path.insert(0, str(GAS))

from annotator import BadReference, References, annotate, reference  # noqa: E402
from annotator import bases as bases_module  # noqa: E402
from annotator.bases import FileBases, index  # noqa: E402
from annotator.large import GenesFile, Held  # noqa: E402

SAMPLES = [GAS / "samples/human_mt.vcf", GAS / "samples/sarscov2.vcf.gz"]
HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, ...]:
    """Copies of the bundled references."""
    for name in ("human_mt", "sarscov2"):
        shutil.copytree(GAS / "references" / name, tmp_path / name)
    return tmp_path / "human_mt", tmp_path / "sarscov2"


@pytest.mark.parametrize("sample", SAMPLES, ids=["MT", "virus"])
def test_the_answers_are_those_from_memory(
    folders: tuple[Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample: Path
) -> None:
    annotate(sample, tmp_path / "a", references=References(folders))
    monkeypatch.setattr(reference, "LARGE", 0)
    monkeypatch.setattr(bases_module, "_WINDOW", 997)
    large = References(folders)
    assert large.large
    annotate(sample, tmp_path / "b", references=large)
    for made in (tmp_path / "a").iterdir():
        assert made.read_bytes() == (tmp_path / "b" / made.name).read_bytes()
    assert (folders[0] / "sequence.fa.fai").exists()


def fasta(path: Path, sequences: dict[str, str], width: int, end: str = "\n") -> Path:
    with path.open("w", newline="") as file:
        for name, text in sequences.items():
            file.write(f">{name} told{end}")
            file.writelines(text[n : n + width] + end for n in range(0, len(text), width))
    return path


@given(
    text=st.text("ACGTacgtN", max_size=300),
    width=st.integers(1, 70),
    end=st.sampled_from(["\n", "\r\n"]),
    places=st.lists(st.tuples(st.integers(-5, 305), st.integers(-5, 305)), max_size=8),
)
def test_any_piece_is_that_of_the_sequence(
    tmp_path_factory: pytest.TempPathFactory,
    text: str,
    width: int,
    end: str,
    places: list[tuple[int, int]],
) -> None:
    path = fasta(tmp_path_factory.mktemp("f") / "a.fa", {"x": "AC", "y": text}, width, end)
    entry = index(path)["y"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bases_module, "_WINDOW", 40)
        found = FileBases(path, entry)
        upper = text.upper()
        assert len(found) == len(text)
        for start, stop in places:
            assert found[max(0, start) : max(0, stop)] == upper[max(0, start) : max(0, stop)]


def test_an_index_is_used_until_the_file_is_newer(tmp_path: Path) -> None:
    path = fasta(tmp_path / "a.fa", {"x": "ACGT" * 5}, 7)
    made = index(path)
    kept = path.with_name("a.fa.fai")
    assert kept.read_text() == "x\t20\t8\t7\t8\n"
    assert index(path) == made
    fasta(path, {"x": "ACGT"}, 7)
    os.utime(kept, (1, 1))
    assert index(path)["x"].length == 4


def test_a_folder_that_cannot_be_written_is_no_hindrance(tmp_path: Path) -> None:
    path = fasta(tmp_path / "a.fa", {"x": "ACGT"}, 7)
    path.with_name("a.fa.fai").mkdir()
    os.utime(path.with_name("a.fa.fai"), (1, 1))
    assert index(path)["x"].length == 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (">x\nACGT\nAC\nACGT\n", "not equally long"),
        (">x\nAC\nACGT\n", "not equally long"),
        ("ACGT\n", "is not FASTA"),
    ],
)
def test_what_cannot_be_read_in_places_is_refused(
    folders: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    monkeypatch.setattr(reference, "LARGE", 0)
    (folders[0] / "sequence.fa").write_text(text)
    with pytest.raises(BadReference, match=told):
        References(folders)


def test_large_packed_files_are_refused(
    folders: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "LARGE", 0)
    genes = folders[0] / "genes.gff3"
    genes.rename(genes.with_name("genes.gff3.gz"))
    with pytest.raises(BadReference, match="unpack it"):
        References(folders)


def test_genes_are_found_wherever_their_lines_are(tmp_path: Path) -> None:
    def line(sequence: str, start: int, what: str) -> str:
        return f"{sequence}\t.\t{what}\t{start}\t{start + 8}\t.\t+\t0\t"

    path = tmp_path / "a.gff3"
    path.write_text(
        "##gff-version 3\n"
        + "".join(
            line(sequence, 10 * n, "mRNA") + f"ID={sequence}{n};Parent=g\n"
            + line(sequence, 10 * n, "CDS") + f"Parent={sequence}{n}\n"
            + ("# a word between\n" if n == 2 else "")
            for n in (1, 2, 3)
            for sequence in ("b", "a")
        )
        + "##FASTA\n>x\nACGT\n"
    )  # fmt: skip
    genes = GenesFile(path)
    assert genes.names == ["b", "a"]
    assert [each.id for each in genes.read("a")] == ["a1", "a2", "a3"]
    assert [each.id for each in genes.read("b")] == ["b1", "b2", "b3"]
    assert genes.read("c") == []


def test_few_are_held() -> None:
    made: list[str] = []
    held = Held(["a", "b", "c"], lambda name: made.append(name) or name)  # type: ignore[func-returns-value]
    for name in "aabbaccab":
        assert held[name] == name
    assert made == ["a", "b", "c", "b"]
    assert list(held) == ["a", "b", "c"]
    with pytest.raises(KeyError):
        held["d"]


def many(folder: Path) -> References:
    """A large reference with four sequences."""
    folder.mkdir()
    texts = {f"s{n}": "".join(random.Random(n).choices("ACGT", k=60)) for n in range(4)}
    fasta(folder / "a.fa", texts, 60)
    (folder / "a.gff3").write_text("s0\t.\tgene\t1\t9\t.\t+\t.\tID=g\n")
    return References((folder,))


def test_a_file_that_is_not_sorted_is_refused_and_not_endless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "LARGE", 0)
    large = many(tmp_path / "r")
    path = tmp_path / "a.vcf"
    records = [f"s{n % 4}\t1\t.\tA\tC\t.\t.\t.\n" for n in range(40)]
    path.write_text(HEADER + "".join(records))
    assert annotate(path, tmp_path / "a", references=large).records == 40
    path.write_text(HEADER + "".join(records * 10))
    with pytest.raises(billow.Rejected, match="not sorted by sequence"):
        annotate(path, tmp_path / "b", references=large)


def test_counts_are_whole_though_sequences_are_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.vcf"
    path.write_text(
        HEADER + "".join(f"s{n}\t{p}\t.\tA\tC\t.\t.\t.\n" for n in range(4) for p in range(1, 60))
    )
    small = annotate(path, tmp_path / "a", references=many(tmp_path / "r")).as_json()
    monkeypatch.setattr(reference, "LARGE", 0)
    large = annotate(path, tmp_path / "b", references=many(tmp_path / "q")).as_json()
    assert small | {"references": ""} == large | {"references": ""}


def test_genes_that_cannot_be_read_are_the_references_fault(
    folders: tuple[Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "LARGE", 0)
    genes = folders[0] / "genes.gff3"
    genes.write_text(genes.read_text() + "MT\tbroken\n")
    with pytest.raises(BadReference, match="not GFF3"):
        annotate(SAMPLES[0], tmp_path / "a", references=References(folders))
