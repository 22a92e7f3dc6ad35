"""Chromosome bands of the human assemblies."""

from __future__ import annotations

import gzip
import re
from bisect import bisect_right
from functools import cache
from typing import NamedTuple

from annotator.reference import BUNDLED, plain_name
from annotator.vcf_input import Header

ASSEMBLIES = ("hg19", "hg38")

_CHROMOSOME_1 = {249_250_621: "hg19", 248_956_422: "hg38"}
_NAMES = {"hg19": r"hg19|GRCh37|hs37|b37\b", "hg38": r"hg38|GRCh38|hs38"}


class Band(NamedTuple):
    """A band: `start` up to, and without, `end`, from 0."""

    start: int
    end: int
    #: With its chromosome: `1p36.33`.
    name: str


class Bands:
    """The bands of one chromosome, from left to right."""

    def __init__(self, bands: list[Band]) -> None:
        self._bands = bands
        self._starts = [band.start for band in bands]

    def at(self, pos: int) -> Band | None:
        """The band that `pos` is in."""
        number = bisect_right(self._starts, pos) - 1
        if number < 0 or pos >= self._bands[number].end:
            return None
        return self._bands[number]


@cache
def read_bands(assembly: str) -> dict[str, Bands]:
    """The bands of each chromosome of an assembly."""
    found: dict[str, list[Band]] = {}
    with gzip.open(BUNDLED / "cytobands" / f"{assembly}.tsv.gz", "rt", encoding="ascii") as lines:
        next(lines)
        for line in lines:
            name, start, end, band, _ = line.rstrip("\n").split("\t")
            short = plain_name(name)
            found.setdefault(short, []).append(Band(int(start), int(end), short + band))
    return {name: Bands(sorted(bands)) for name, bands in found.items()}


def assembly_of(header: Header) -> str | None:
    """The human assembly that a header speaks of; None if it says none, or several."""
    found = {
        _CHROMOSOME_1[length]
        for name, length in header.lengths.items()
        if plain_name(name) == "1" and length in _CHROMOSOME_1
    }
    if not found:
        told = [line for line in header.lines if line.startswith(("##reference", "##contig"))]
        text = "\n".join(told + [line for line in header.lines if line.startswith("##assembly")])
        found = {
            name for name, pattern in _NAMES.items() if re.search(pattern, text, re.IGNORECASE)
        }
    return found.pop() if len(found) == 1 else None
