"""Genes as the annotator needs them: transcripts and their parts. Positions count from 0."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from annotator.bases import Bases
from annotator.genetic_codes import GeneticCode, reverse_complement

#: Biotypes whose coding sequences are translated.
CODING_BIOTYPES = re.compile(
    r"protein_coding\w*|mRNA|polymorphic_pseudogene|nonsense_mediated_decay|NMD|non_stop_decay"
    r"|(IG_[CDJV]|IG_LV|TR_[CDJV])(_gene)?"
)


class Span(NamedTuple):
    """A stretch of a sequence; both ends belong to it."""

    start: int
    end: int


class Part(NamedTuple):
    """One stretch of a coding sequence."""

    start: int
    end: int
    #: Its place among the stretches, from left to right.
    order: int
    #: Coding bases to the left of it.
    before: int


class Untranslated(NamedTuple):
    """One stretch of an untranslated region."""

    start: int
    end: int
    #: Whether it is at the beginning of the transcript.
    five_prime: bool


@dataclass(eq=False)
class Transcript:
    """A transcript with its exons and coding sequence."""

    id: str
    gene: str
    biotype: str
    forward: bool
    start: int
    end: int
    exons: list[Span] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    utrs: list[Untranslated] = field(default_factory=list)
    #: Whether the coding sequence lacks its beginning, its end.
    cut_5: bool = False
    cut_3: bool = False
    #: Whether the reading frame is known.
    framed: bool = True
    #: The sequence it lies on; None where there is none.
    bases: Bases | None = None
    code: GeneticCode | None = None

    @property
    def coding(self) -> bool:
        """Whether its coding sequence is a protein's."""
        return bool(CODING_BIOTYPES.fullmatch(self.biotype))

    @property
    def strand(self) -> str:
        """`+` or `-`."""
        return "+" if self.forward else "-"

    @cached_property
    def message(self) -> str:
        """The coding sequence from its start to its end, in the direction of the gene.

        Empty if it is not known.
        """
        if self.bases is None or not self.framed:
            return ""
        coding = "".join([self.bases[part.start : part.end + 1] for part in self.parts])
        return coding if self.forward else reverse_complement(coding)

    @cached_property
    def protein(self) -> tuple[str, str]:
        """The amino acids of the message, and its start and stop codons."""
        return self.code.translate(self.message) if self.code else ("", "")

    @cached_property
    def beyond(self) -> str:
        """Two bases that follow the coding sequence, in the direction of the gene."""
        bases, first, last = self.bases or "", self.parts[0].start, self.parts[-1].end
        if self.forward:
            return bases[last + 1 : last + 3].ljust(2, "N")
        return reverse_complement(bases[max(0, first - 2) : first].rjust(2, "N"))

    @cached_property
    def begins_with_start(self) -> bool:
        """Whether translation may start at its first codon."""
        return self.code is not None and self.code.marks.get(self.message[:3]) == "M"

    @property
    def length(self) -> int:
        """Bases of the coding sequence."""
        last = self.parts[-1]
        return last.before + last.end - last.start + 1

    def in_utr(self, start: int, end: int) -> Untranslated | None:
        """The untranslated stretch that has a base between `start` and `end`, if any."""
        return next((u for u in self.utrs if u.start <= end and u.end >= start), None)
