"""Consequences, judged by bcftools' answers and by an oracle that changes the whole sequence."""

import gzip
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "apps/gas"))
sys.path.insert(0, str(Path(__file__).parents[2] / "apps/gas/tools"))

import consequence_oracle
import make_vcf
from annotator import References, annotate, bundled
from annotator.consequences import consequences
from annotator.reference import Contig
from make_vcf import Variant

GOLDEN = Path(__file__).parents[2] / "apps/gas/samples/golden"
Terms = set[tuple[str, str]]


def golden(name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(gzip.decompress((GOLDEN / f"{name}.json.gz").read_bytes()))
    return told


def expected(name: str) -> list[Terms]:
    told = golden(name)
    sets: list[Terms] = []
    for text in told["sets"]:
        pairs = [pair.partition("@") for pair in text.split()]
        sets.append({(term, where) for term, _, where in pairs})
    return [sets[number] for number in told["ids"]]


def variants(name: str) -> list[Variant]:
    found = []
    for text in golden(name)["variants"]:
        pos, ref, alt = text.split()
        found.append(Variant(int(pos) - 1, ref, tuple(alt.split(","))))
    return found


def terms_of(csq: str) -> Terms:
    found: Terms = set()
    for entry in filter(None, csq.split(",")):
        terms, gene, transcript, *_ = entry.split("|")
        found.update((term, transcript or gene) for term in terms.split("&"))
    return found


def run(folder: Path, name: str, size: int, made: Iterable[Variant], refs: References) -> list[str]:
    """The CSQ of every record, as the file has it."""
    vcf = folder / "in.vcf"
    vcf.write_text("".join(make_vcf.vcf_lines(name, size, made)))
    annotate(vcf, folder, references=refs)
    lines = (folder / "in.annot.vcf").read_text().splitlines()
    infos = [line.split("\t")[7] for line in lines if not line.startswith("#")]
    return [info.partition("CSQ=")[2].partition(";")[0] for info in infos]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> References:
    folder = tmp_path_factory.mktemp("made")
    make_vcf.write_genome(folder, 150_000, 5)
    return References((folder,))


def contig_of(refs: References, name: str) -> Contig:
    contig = refs.find(name)
    assert contig is not None
    assert contig.bases is not None
    return contig


@pytest.mark.parametrize(
    ("name", "sequence", "most_different"),
    [("human_mt", "MT", 12), ("sarscov2", "MN908947.3", 0)],
)
def test_all_snvs_are_as_bcftools_says(
    name: str, sequence: str, most_different: int, tmp_path: Path
) -> None:
    """Of the mitochondrion's, twelve lie in two tRNA genes of which bcftools names one."""
    bases = contig_of(bundled(), sequence).bases
    assert isinstance(bases, str)
    told = run(tmp_path, sequence, len(bases), make_vcf.all_snvs(bases), bundled())
    wanted = expected(f"{name}_snvs")
    assert len(told) == len(wanted)
    different = [(a, b) for a, b in zip(told, wanted, strict=True) if terms_of(a) != b]
    assert len(different) <= most_different
    assert all(terms_of(a) > b for a, b in different)


@pytest.mark.parametrize("name", ["human_mt", "sarscov2", "made"])
def test_random_variants_are_as_bcftools_says(name: str, made: References, tmp_path: Path) -> None:
    refs, sequence = {
        "human_mt": (bundled(), "MT"),
        "sarscov2": (bundled(), "MN908947.3"),
        "made": (made, "chrS"),
    }[name]
    tried, wanted = variants(f"{name}_random"), expected(f"{name}_random")
    size = contig_of(refs, sequence).length or 0
    told = [terms_of(csq) for csq in run(tmp_path, sequence, size, tried, refs)]
    sorts: Counter[tuple[bool, bool]] = Counter()
    for variant, ours, theirs in zip(tried, told, wanted, strict=True):
        short = len(variant.ref) == 1 == max(map(len, variant.alts))
        sorts[short, ours == theirs] += 1
    for short, share in ((True, 0.999), (False, 0.99)):
        assert sorts[short, True] >= share * (sorts[short, True] + sorts[short, False]), sorts


def oracle_genes(contig: Contig) -> Iterator[consequence_oracle.Gene]:
    for transcript in contig.genes.transcripts:
        if transcript.parts:
            parts = tuple((part.start, part.end) for part in transcript.parts)
            yield consequence_oracle.Gene(
                transcript.id, transcript.strand, parts, contig.code.number
            )


@pytest.mark.parametrize(("sequence", "seed"), [("MT", 3), ("MN908947.3", 4), ("chrS", 5)])
def test_the_oracle_that_translates_everything_agrees(
    sequence: str, seed: int, made: References
) -> None:
    contig = contig_of(made if sequence == "chrS" else bundled(), sequence)
    bases = contig.bases
    assert isinstance(bases, str)
    genes = list(oracle_genes(contig))
    judged: Counter[str] = Counter()
    for pos, ref, alts in make_vcf.random_variants(bases, 600, seed):
        for alt in alts:
            found = consequences(contig.genes, pos, ref, [alt])
            for gene in genes:
                wanted = consequence_oracle.judge(bases, gene, pos, ref, alt)
                if wanted is None:
                    continue
                ours = {n for entry in found if entry.transcript.id == gene.id for n in entry.names}
                if wanted == {"frameshift"}:
                    ours &= {"frameshift"}
                assert ours == wanted, (gene.id, pos + 1, ref, alt)
                judged.update(wanted)
    assert judged.keys() >= {"synonymous", "missense", "stop_gained", "frameshift"}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_short_way_for_snvs_says_what_the_long_way_says(
    data: st.DataObject, made: References, tmp_path_factory: pytest.TempPathFactory
) -> None:
    contig = contig_of(made, "chrS")
    bases = contig.bases or ""
    gene = data.draw(st.sampled_from(contig.genes.transcripts))
    low, high = gene.start - 20, gene.end + 20
    places = sorted(data.draw(st.sets(st.integers(low, high), min_size=20, max_size=60)))
    tried = [
        Variant(pos, bases[pos], (data.draw(st.sampled_from(sorted(set("ACGT") - {bases[pos]}))),))
        for pos in places
    ]
    told = run(tmp_path_factory.mktemp("short"), "chrS", len(bases), tried, made)
    for (pos, ref, alts), csq in zip(tried, told, strict=True):
        long = {str(entry) for entry in consequences(contig.genes, pos, ref, list(alts))}
        assert set(filter(None, csq.split(","))) == long


@pytest.mark.parametrize(
    ("pos", "ref", "alt", "told"),
    [
        (3308, "T", "C", "start_lost|MT-ND1|MT-ND1.1|protein_coding|+|1M>1T|3308T>C"),
        (3335, "T", "C", "missense|MT-ND1|MT-ND1.1|protein_coding|+|10I>10T|3335T>C"),
        (8993, "T", "G", "missense|MT-ATP6|MT-ATP6.1|protein_coding|+|156L>156R|8993T>G"),
        (11_778, "G", "A", "missense|MT-ND4|MT-ND4.1|protein_coding|+|340R>340H|11778G>A"),
        (3243, "A", "G", "non_coding|MT-TL1||Mt_tRNA"),
        (1555, "A", "G", "non_coding|MT-RNR1||Mt_rRNA"),
    ],
)
def test_known_variants_of_the_mitochondrion(pos: int, ref: str, alt: str, told: str) -> None:
    """LHON m.11778G>A is Arg340His, NARP m.8993T>G Leu156Arg, MELAS m.3243A>G is in a tRNA."""
    contig = contig_of(bundled(), "chrM")
    assert (contig.bases or "")[pos - 1] == ref
    assert [str(e) for e in consequences(contig.genes, pos - 1, ref, [alt])] == [told]


def test_the_spike_protein_of_sarscov2() -> None:
    """D614G, N501Y and the deletion of residues 69 and 70."""
    contig = contig_of(bundled(), "NC_045512.2")
    told = {
        (23_403, "A", "G"): "missense|S|S.1|protein_coding|+|614D>614G|23403A>G",
        (23_063, "A", "T"): "missense|S|S.1|protein_coding|+|501N>501Y|23063A>T",
        (21_764, "ATACATG", "A"): "inframe_deletion|S|S.1|protein_coding|+|68IHV>68I"
        "|21764ATACATG>A",
    }
    for (pos, ref, alt), wanted in told.items():
        assert [str(e) for e in consequences(contig.genes, pos - 1, ref, [alt])] == [wanted]


def test_a_base_in_two_parts_is_translated_in_both() -> None:
    """Ribosomal slippage: base 13,468 is read twice."""
    contig = contig_of(bundled(), "MN908947.3")
    found = [str(e) for e in consequences(contig.genes, 13_467, "C", ["G"])]
    assert [entry.split("|")[5] for entry in found if "missense" in entry] == [
        "4401N>4401K",
        "4402R>4402G",
    ]


def test_bases_that_are_not_there_are_not_translated() -> None:
    contig = contig_of(bundled(), "MT")
    found = consequences(contig.genes, 4000, "A", ["G"], trusted=False)
    assert [entry.names for entry in found] == [["coding_sequence"]]


@pytest.mark.parametrize(
    ("alt", "term"), [("<DEL>", "feature_truncation"), ("<INS:ME:ALU>", "feature_elongation")]
)
def test_symbolic_alleles_are_told_by_their_place(alt: str, term: str) -> None:
    contig = contig_of(bundled(), "MT")
    found = consequences(contig.genes, 4000, "A", [alt])
    assert [entry.names for entry in found] == [["coding_sequence", term]]


@pytest.mark.parametrize("alt", ["*", "<DUP>", "N[MT:500[", ".", "A"])
def test_other_alleles_have_no_consequence(alt: str) -> None:
    assert consequences(contig_of(bundled(), "MT").genes, 4000, "A", [alt]) == []


def test_bcftools_here_says_the_same(made: References, tmp_path: Path) -> None:
    bcftools = shutil.which("bcftools")
    if bcftools is None:
        pytest.skip("bcftools is not installed (apt install bcftools)")
    bases = make_vcf.write_genome(tmp_path / "ref", 150_000, 5)
    tried = list(make_vcf.random_variants(bases, 3000, 77))
    ours = run(tmp_path, "chrS", len(bases), tried, made)
    command = [bcftools, "csq", "-l", "-f", "ref/sequence.fa", "-g", "ref/genes.gff3", "in.vcf"]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    infos = [line.split("\t")[7] for line in done.stdout.splitlines() if line[0] != "#"]
    theirs = [info.partition("BCSQ=")[2] for info in infos]
    same = sum(terms_of(a) == terms_of(b) for a, b in zip(ours, theirs, strict=True))
    assert same >= 0.995 * len(tried)
