"""References, gene models and genetic codes: what is read, and what is refused."""

import gzip
import hashlib
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "apps/gas"))

from annotator import BadReference, References, bundled
from annotator.__main__ import main
from annotator.alleles import kind
from annotator.consequences import consequences
from annotator.genetic_codes import NUMBERS, genetic_code, reverse_complement
from annotator.gff3 import BadGenes, read_genes
from annotator.reference import Contig, plain_name

SEQUENCE = ">one some words\nACGTACGTAC\nATGGCCTAAG\nTTTTTTTTTT\n"


def gene(*lines: str) -> list[str]:
    return ["\t".join(line.split()) for line in lines]


ENSEMBL = gene(
    "one x gene 9 23 . + . ID=gene:G1;Name=ABC;biotype=protein_coding",
    "one x mRNA 9 23 . + . ID=transcript:T1;Parent=gene:G1;biotype=protein_coding",
    "one x exon 9 23 . + . Parent=transcript:T1",
    "one x CDS 11 19 . + 0 Parent=transcript:T1",
)


def make(folder: Path, genes: list[str], sequence: str | None = SEQUENCE) -> References:
    (folder / "genes.gff3").write_text("\n".join(["##gff-version 3", *genes]) + "\n")
    if sequence is not None:
        (folder / "sequence.fa").write_text(sequence)
    return References((folder,))


def contig(refs: References, name: str = "one") -> Contig:
    found = refs.find(name)
    assert found is not None
    return found


def test_the_bundled_genomes_are_the_published_ones() -> None:
    """The MD5 sums that GenBank's sequences are known by, in upper case without line ends."""
    sums = {
        "MT": "c68f52674c9fb33aef52dcf399755519",
        "MN908947.3": "105c82802b67521950854a851fc6eefd",
    }
    for name, wanted in sums.items():
        bases = contig(bundled(), name).bases
        assert isinstance(bases, str)
        assert hashlib.md5(bases.encode()).hexdigest() == wanted


def test_the_bundled_genes_begin_and_end_as_genes_do() -> None:
    for name, number in (("MT", 13), ("MN908947.3", 11)):
        found = contig(bundled(), name)
        coding = [t for t in found.genes.transcripts if t.parts]
        assert len(coding) == number
        for transcript in coding:
            letters, marks = transcript.protein
            assert marks[0] == "M", transcript.id
            assert "*" not in letters[:-1], transcript.id
            # The mitochondrion leaves some stops to the tail that is added later.
            assert marks[-1] == "*" or transcript.cut_3, transcript.id


def test_genes_are_read_as_ensembl_writes_them(tmp_path: Path) -> None:
    found = contig(make(tmp_path, ENSEMBL)).genes.transcripts[0]
    assert (found.id, found.gene, found.biotype) == ("T1", "ABC", "protein_coding")
    assert found.message == "ATGGCCTAA"
    assert [(u.start, u.end, u.five_prime) for u in found.utrs] == [(8, 9, True), (19, 22, False)]


def test_genes_are_read_as_refseq_writes_them(tmp_path: Path) -> None:
    genes = gene(
        "one x gene 2 30 . + . ID=gene-ABC;Name=ABC;gene_biotype=protein_coding",
        "one x mRNA 2 30 . + . ID=rna-NM_1.2;Parent=gene-ABC",
        "one x exon 2 30 . + . ID=exon-1;Parent=rna-NM_1.2",
        "one x CDS 11 19 . + 0 ID=cds-1;Parent=rna-NM_1.2",
    )
    found = contig(make(tmp_path, genes)).genes.transcripts[0]
    assert (found.id, found.gene, found.biotype) == ("NM_1.2", "ABC", "protein_coding")
    assert [(u.start, u.end, u.five_prime) for u in found.utrs] == [(1, 9, True), (19, 29, False)]


def test_bacterial_genes_need_no_transcript(tmp_path: Path) -> None:
    genes = gene(
        "one x gene 11 19 . + . ID=gene-b1;Name=dnaA;gene_biotype=protein_coding",
        "one x CDS 11 19 . + 0 ID=cds-b1;Parent=gene-b1",
    )
    found = contig(make(tmp_path, genes))
    told = consequences(found.genes, 14, "C", ["T"])
    assert [str(entry) for entry in told] == ["missense|dnaA|b1|protein_coding|+|2A>2V|15C>T"]


def test_a_gene_on_the_other_strand_is_read_backwards(tmp_path: Path) -> None:
    sequence = f">one\n{reverse_complement('ACGTACGTACATGGCCTAAGTTTTTTTTTT')}\n"
    genes = [
        line.replace("+", "-")
        for line in gene(
            "one x gene 8 22 . + . ID=gene:G1;Name=ABC;biotype=protein_coding",
            "one x mRNA 8 22 . + . ID=transcript:T1;Parent=gene:G1;biotype=protein_coding",
            "one x exon 8 22 . + . Parent=transcript:T1",
            "one x CDS 12 20 . + 0 Parent=transcript:T1",
        )
    ]
    found = contig(make(tmp_path, genes, sequence))
    assert found.genes.transcripts[0].message == "ATGGCCTAA"
    told = consequences(found.genes, 15, "G", ["A"])
    assert [str(entry) for entry in told] == ["missense|ABC|T1|protein_coding|-|2A>2V|16G>A"]


def test_without_a_sequence_places_are_told_but_nothing_is_translated(tmp_path: Path) -> None:
    found = contig(make(tmp_path, ENSEMBL, sequence=None))
    told = consequences(found.genes, 14, "C", ["T"], trusted=False)
    assert [str(entry) for entry in told] == ["coding_sequence|ABC|T1|protein_coding"]


def test_a_frame_that_contradicts_itself_is_not_translated(tmp_path: Path) -> None:
    genes = [
        *ENSEMBL[:3],
        *gene(
            "one x CDS 11 14 . + 0 Parent=transcript:T1",
            "one x CDS 16 19 . + 0 Parent=transcript:T1",
        ),
    ]
    found = contig(make(tmp_path, genes)).genes.transcripts[0]
    assert (found.framed, found.message) == (False, "")


@pytest.mark.parametrize(("phase", "message"), [("1", "TGGCCTAA"), ("2", "GGCCTAA")])
def test_an_incomplete_beginning_is_cut_off(phase: str, message: str, tmp_path: Path) -> None:
    genes = [*ENSEMBL[:3], *gene(f"one x CDS 11 19 . + {phase} Parent=transcript:T1")]
    found = contig(make(tmp_path, genes)).genes.transcripts[0]
    assert found.cut_5
    assert found.message == message[: len(message) // 3 * 3]


def test_names_cannot_break_a_field(tmp_path: Path) -> None:
    genes = [line.replace("Name=ABC", "Name=A%3BB%2CC%7CD%20E") for line in ENSEMBL]
    assert contig(make(tmp_path, genes)).genes.transcripts[0].gene == "A_B_C_D_E"


def test_settings_of_a_folder_hold(tmp_path: Path) -> None:
    told = {"name": "mine", "aliases": {"one": ["uno"]}, "genetic_code": {"one": 4}}
    (tmp_path / "reference.json").write_text(json.dumps(told))
    refs = make(tmp_path, ENSEMBL)
    assert (refs.names, contig(refs, "uno").code.number) == ("mine", 4)


def test_packed_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "genes.gff3.gz").write_bytes(gzip.compress("\n".join(ENSEMBL).encode()))
    (tmp_path / "sequence.fa.gz").write_bytes(gzip.compress(SEQUENCE.encode()))
    assert contig(References((tmp_path,))).length == 30


@pytest.mark.parametrize("name", ["MT", "chrMT", "chrM", "M", "chrm"])
def test_the_mitochondrion_has_many_names(name: str) -> None:
    assert plain_name(name) == "MT"
    assert contig(bundled(), name).code.number == 2


def test_what_is_no_reference_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(BadReference, match="is not a folder"):
        References((tmp_path / "none",))
    with pytest.raises(BadReference, match="no gene model"):
        References((tmp_path,))
    with pytest.raises(BadReference, match="line 2 is not GFF3"):
        make(tmp_path, ["one\tx\tgene"])
    with pytest.raises(BadReference, match="does not begin with"):
        make(tmp_path, ENSEMBL, "ACGT\n")
    (tmp_path / "reference.json").write_text('{"genetic_code": {"one": 99}}')
    with pytest.raises(BadReference, match="no genetic code 99"):
        make(tmp_path, ENSEMBL)
    (tmp_path / "reference.json").write_text("[]")
    with pytest.raises(BadReference, match="one JSON object"):
        make(tmp_path, ENSEMBL)
    (tmp_path / "reference.json").write_text("{}")
    (tmp_path / "other.gff").write_text("")
    with pytest.raises(BadReference, match="several files"):
        make(tmp_path, ENSEMBL)


def test_a_position_that_is_no_number_is_named() -> None:
    with pytest.raises(BadGenes, match="line 2"):
        read_genes(["#", "one\tx\tgene\tA\t9\t.\t+\t.\tID=gene:G1"])


def test_the_genetic_codes_are_ncbis() -> None:
    assert len(NUMBERS) == 27
    standard, mitochondrial = genetic_code(1), genetic_code(2)
    assert standard.translate("ATGTGATAAAGANNN") == ("M**RX", "M**--")
    assert mitochondrial.translate("ATGTGATAAAGAATA") == ("MW**M", "M-**M")
    for number in NUMBERS:
        assert set(genetic_code(number).amino_acids) == set(standard.amino_acids)
    with pytest.raises(ValueError, match="no genetic code 7"):
        genetic_code(7)


@pytest.mark.parametrize(
    ("ref", "alt", "sort"),
    [
        ("A", "C", "SNV"),
        ("CA", "CG", "SNV"),
        ("AC", "GT", "MNV"),
        ("A", "AT", "INS"),
        ("AAA", "AAAA", "INS"),
        ("AT", "A", "DEL"),
        ("ATT", "CG", "INDEL"),
        ("A", "<DEL>", "SYMBOLIC"),
        ("A", "*", "SYMBOLIC"),
        ("A", "A[chr1:5[", "SYMBOLIC"),
        ("R", "A", "SYMBOLIC"),
        ("A", ".", "NONE"),
        ("A", "A", "NONE"),
    ],
)
def test_kinds_of_alleles(ref: str, alt: str, sort: str) -> None:
    assert kind(ref, alt) == sort


def test_the_command_takes_references(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path, ENSEMBL)
    vcf = tmp_path / "a.vcf"
    columns = "#CHROM POS ID REF ALT QUAL FILTER INFO".replace(" ", "\t")
    vcf.write_text(f"##fileformat=VCFv4.2\n{columns}\none\t15\t.\tC\tT\t.\t.\t.\n")
    asked = [str(vcf), "--out", str(tmp_path), "--reference", str(tmp_path)]
    assert main(asked) == 0
    assert json.loads(capsys.readouterr().out)["consequences"] == {"missense": 1}
    vcf.write_text("")
    assert main(asked) == 1
    assert "the file is empty" in capsys.readouterr().err
