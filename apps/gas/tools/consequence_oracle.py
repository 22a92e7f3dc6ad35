"""Consequences the long way: change the whole sequence, splice, translate all, compare.

It shares no code with the annotator. It judges alleles whose every base is inside one part of a
coding sequence, away from its ends, where the answer needs no conventions.
"""

from __future__ import annotations

from dataclasses import dataclass

_CODONS = [a + b + c for a in "TCAG" for b in "TCAG" for c in "TCAG"]
_STANDARD = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
_MITOCHONDRIAL = "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIMMTTTTNNKKSS**VVVVAAAADDEEGGGG"
CODES = {
    1: dict(zip(_CODONS, _STANDARD, strict=True)),
    2: dict(zip(_CODONS, _MITOCHONDRIAL, strict=True)),
}
_PAIRS = {"A": "T", "C": "G", "G": "C", "T": "A"}
#: Bases from an end of a part within which it does not judge.
MARGIN = 12


@dataclass(frozen=True)
class Gene:
    """A coding sequence: its parts as (start, end), from 0, ends included, left to right."""

    id: str
    strand: str
    parts: tuple[tuple[int, int], ...]
    code: int = 1


def judge(bases: str, gene: Gene, pos: int, ref: str, alt: str) -> set[str] | None:
    """The terms of an allele for a gene; None where it does not judge.

    For a frameshift only the shift is told.
    """
    inside = [
        (start, end)
        for start, end in gene.parts
        if start + MARGIN <= pos and pos + len(ref) <= end - MARGIN
    ]
    if not inside:
        return None
    if (len(alt) - len(ref)) % 3:
        return {"frameshift"}
    old = _protein(bases, gene, 0, len(bases))
    changed = bases[:pos] + alt + bases[pos + len(ref) :]
    new = _protein(changed, gene, len(alt) - len(ref), pos)
    if len(old) == len(new):
        return _replaced(old, new)
    terms = {"inframe_insertion" if len(new) > len(old) else "inframe_deletion"}
    if _until_stop(new) < _until_stop(old) + min(0, len(new) - len(old)):
        terms.add("stop_gained")
    return terms


def _replaced(old: str, new: str) -> set[str]:
    terms = set()
    for before, after in zip(old, new, strict=True):
        if before != after:
            terms.add("stop_gained" if after == "*" else "missense")
            if before == "*":
                return {"stop_lost"}
    if "stop_gained" in terms:
        return {"stop_gained"}
    return terms or {"synonymous"}


def _until_stop(protein: str) -> int:
    stop = protein.find("*")
    return len(protein) if stop < 0 else stop


def _protein(bases: str, gene: Gene, gained: int, pos: int) -> str:
    """The whole protein; parts that lie after `pos` have moved by `gained` bases."""
    coding = ""
    for start, end in gene.parts:
        moved = gained if start > pos else 0
        coding += bases[start + moved : end + 1 + (gained if end >= pos else 0)]
    if gene.strand == "-":
        coding = "".join(_PAIRS[base] for base in reversed(coding))
    table = CODES[gene.code]
    return "".join(table[coding[i : i + 3]] for i in range(0, len(coding) - 2, 3))
