"""Make variants, and genomes with genes to try them on; the same seed gives the same bytes.

usage: make_vcf.py snvs FASTA OUT.vcf
       make_vcf.py random FASTA OUT.vcf NUMBER SEED
       make_vcf.py genome FOLDER BASES SEED
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

BASES = "ACGT"
STOPS = ("TAA", "TAG", "TGA")
_COMPLEMENT = str.maketrans(BASES, "TGCA")
_COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


class Variant(NamedTuple):
    """REF and ALTs at a position, which counts from 0."""

    pos: int
    ref: str
    alts: tuple[str, ...]


def all_snvs(bases: str) -> Iterator[Variant]:
    """Every SNV there can be."""
    for pos, ref in enumerate(bases):
        if ref in BASES:
            for alt in BASES:
                if alt != ref:
                    yield Variant(pos, ref, (alt,))


def random_variants(bases: str, number: int, seed: int) -> Iterator[Variant]:
    """SNVs (85 %), insertions, deletions, MNVs and some with two ALTs, in order."""
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    places = range(1, len(bases) - 60)
    for pos in sorted(rng.sample(places, min(len(places) // 3, number))):
        if set(bases[pos : pos + 40]) <= set(BASES):
            yield _random_variant(bases, pos, rng)


def _random_variant(bases: str, pos: int, rng: random.Random) -> Variant:
    ref, draw = bases[pos], rng.random()
    others = [base for base in BASES if base != ref]
    if draw < 0.03:
        return Variant(pos, ref, tuple(rng.sample(others, 2)))
    if draw < 0.85:
        return Variant(pos, ref, (rng.choice(others),))
    size = min(30, 1 + int(rng.expovariate(0.4)))
    if draw < 0.92:
        return Variant(pos, ref, (ref + "".join(rng.choices(BASES, k=size)),))
    if draw < 0.99:
        return Variant(pos, bases[pos : pos + 1 + size], (ref,))
    two = bases[pos : pos + 2]
    new = "".join(rng.choice([base for base in BASES if base != old]) for old in two)
    return Variant(pos, two, (new,))


def vcf_lines(
    name: str, length: int, variants: Iterable[Variant], samples: Iterable[str] = ()
) -> Iterator[str]:
    """A VCF of one sequence; `samples` are columns that every record has in common."""
    columns = list(samples)
    yield "##fileformat=VCFv4.2\n"
    yield f"##contig=<ID={name},length={length}>\n"
    yield '##FILTER=<ID=PASS,Description="All filters passed">\n'
    yield '##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count">\n'
    if columns:
        yield '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
        names = "\t".join(f"S{number}" for number in range(len(columns)))
        yield f"{_COLUMNS[:-1]}\tFORMAT\t{names}\n"
    else:
        yield _COLUMNS
    tail = "".join(f"\t{column}" for column in ["GT", *columns]) if columns else ""
    for pos, ref, alts in variants:
        yield f"{name}\t{pos + 1}\t.\t{ref}\t{','.join(alts)}\t50\tPASS\tAC=1{tail}\n"


def genome(size: int, seed: int) -> tuple[str, list[str]]:
    """A sequence and the lines of its GFF3: genes of 1 to 12 exons on both strands."""
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    bases = rng.choices(BASES, weights=[30, 20, 20, 30], k=size)
    lines = ["##gff-version 3", f"##sequence-region chrS 1 {size}"]
    start, number = 2000, 0
    while start < size - 40_000:
        number += 1
        exons = _exons(start, rng)
        lines += _gene(number, rng.choice("+-"), exons, bases, rng)
        start = exons[-1][1] + rng.randint(500, 8000)
    return "".join(bases), lines


def _exons(start: int, rng: random.Random) -> list[tuple[int, int]]:
    exons = []
    for _ in range(rng.randint(1, 12)):
        end = start + rng.randint(60, 400) - 1
        exons.append((start, end))
        start = end + rng.randint(80, 2500)
    return exons


def _gene(
    number: int,
    strand: str,
    exons: list[tuple[int, int]],
    bases: list[str],
    rng: random.Random,
) -> list[str]:
    """Put a gene's coding sequence into `bases`; its lines in GFF3."""
    parts = [list(exon) for exon in exons]
    parts[0][0] += rng.randint(10, 40)
    parts[-1][1] -= rng.randint(10, 15)
    parts[-1][1] -= sum(end - start + 1 for start, end in parts) % 3
    _write_coding(parts, strand, bases, rng)
    first, last = exons[0][0], exons[-1][1]
    whole = f"biotype=protein_coding;Name=GENE{number}"
    lines = [
        _line("gene", first, last, strand, ".", f"ID=gene:G{number};{whole}"),
        _line(
            "mRNA",
            first,
            last,
            strand,
            ".",
            f"ID=transcript:T{number};Parent=gene:G{number};{whole}",
        ),
    ]
    parent = f"Parent=transcript:T{number}"
    lines += [_line("exon", start, end, strand, ".", parent) for start, end in exons]
    length = 0
    for start, end in parts if strand == "+" else parts[::-1]:
        lines.append(_line("CDS", start, end, strand, str(-length % 3), parent))
        length += end - start + 1
    left, right = ("five", "three") if strand == "+" else ("three", "five")
    lines.append(_line(f"{left}_prime_UTR", first, parts[0][0] - 1, strand, ".", parent))
    lines.append(_line(f"{right}_prime_UTR", parts[-1][1] + 1, last, strand, ".", parent))
    return lines


def _write_coding(
    parts: list[list[int]], strand: str, bases: list[str], rng: random.Random
) -> None:
    length = sum(end - start + 1 for start, end in parts)
    codons = ["ATG"]
    while len(codons) < length // 3 - 1:
        codon = "".join(rng.choices(BASES, k=3))
        if codon not in STOPS:
            codons.append(codon)
    coding = "".join([*codons, rng.choice(STOPS)])
    if strand == "-":
        coding = coding[::-1].translate(_COMPLEMENT)
    for start, end in parts:
        size = end - start + 1
        bases[start : end + 1] = coding[:size]
        coding = coding[size:]


def _line(type: str, start: int, end: int, strand: str, phase: str, attributes: str) -> str:
    return f"chrS\tmade\t{type}\t{start + 1}\t{end + 1}\t.\t{strand}\t{phase}\t{attributes}"


def write_genome(folder: Path, size: int, seed: int) -> str:
    """A reference in `folder`; its bases."""
    bases, lines = genome(size, seed)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "genes.gff3").write_text("\n".join(lines) + "\n", "ascii")
    rows = [bases[i : i + 70] for i in range(0, size, 70)]
    (folder / "sequence.fa").write_text(">chrS\n" + "\n".join(rows) + "\n", "ascii")
    return bases


def read_fasta(path: Path) -> tuple[str, str]:
    """Name and bases of a file with one sequence."""
    head, *rows = path.read_text("ascii").splitlines()
    return head[1:].split()[0], "".join(rows).upper()


def main(kind: str, source: str, *rest: str) -> None:
    """Run one of the commands of the usage above."""
    if kind == "genome":
        write_genome(Path(source), int(rest[0]), int(rest[1]))
        return
    name, bases = read_fasta(Path(source))
    if kind == "snvs":
        variants = all_snvs(bases)
    else:
        variants = random_variants(bases, int(rest[1]), int(rest[2]))
    with Path(rest[0]).open("w", encoding="ascii") as out:
        out.writelines(vcf_lines(name, len(bases), variants))


if __name__ == "__main__":
    main(*sys.argv[1:])
