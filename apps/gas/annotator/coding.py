"""What an allele does to a protein."""

from __future__ import annotations

from dataclasses import dataclass

from annotator import effects as fx
from annotator.genes import Part, Transcript
from annotator.genetic_codes import GeneticCode, reverse_complement
from annotator.splicing import Fit


@dataclass
class Protein:
    """A stretch of a protein: amino acids, and which codons are starts and stops."""

    letters: str
    marks: str

    def upto_stop(self) -> Protein:
        """All up to the first stop codon, with it."""
        stop = self.marks.find("*")
        return self if stop < 0 else Protein(self.letters[: stop + 1], self.marks[: stop + 1])


_NONE = Protein("?", "?")


@dataclass
class Change:
    """Bases of a coding sequence that are replaced, all in the direction of the gene."""

    transcript: Transcript
    #: Where in the coding sequence, from 0.
    place: int
    before: str
    after: str
    #: Bases gained, or lost if below zero, by the whole allele.
    gained: int
    #: What is known already from where it is.
    flags: int

    @classmethod
    def of(cls, fit: Fit, part: Part) -> Change | None:
        """The change of an allele inside a part; None if it reaches beyond the part."""
        begin, before, after = fit.begin, fit.before, fit.after
        cut = part.start - begin
        if cut > 0:
            begin, before, after = part.start, before[cut:], after[cut:]
        if begin + len(before) > part.end + 1:
            return None
        transcript = fit.transcript
        place = part.before + begin - part.start
        if not transcript.forward:
            place = transcript.length - place - len(before)
            before, after = reverse_complement(before), reverse_complement(after)
        gained = len(fit.allele.alt) - len(fit.allele.ref)
        # Splice sites that stay the same say nothing of what is inside.
        return cls(transcript, place, before, after, gained, fit.flags & ~fx.SYNONYMOUS)

    def consequence(self) -> tuple[int, str]:
        """All flags, and the change of the protein such as `12K>12N`."""
        old, new = self._proteins()
        flags = self._at_ends(old, new)
        flags |= self._indel(old, new) if self.gained else _differences(old, new)
        number = self.place // 3 + 1
        if flags & fx.SYNONYMOUS:
            return flags, f"{number}{old.letters}"
        return flags, f"{number}{old.letters}>{number}{new.letters}"

    def _proteins(self) -> tuple[Protein, Protein]:
        """The codons that the bases are in, before and after; all that follow, if they shift."""
        transcript, first = self.transcript, self.place - self.place % 3
        message, end = transcript.message, self.place + len(self.before)
        shifts = bool(self.gained % 3 and self.after)
        letters, marks = transcript.protein
        codons = slice(first // 3, None if shifts else -(-end // 3))
        old = Protein(letters[codons], marks[codons]) if self.before else _NONE
        if not self.after:
            return old.upto_stop(), _NONE
        changed = message[first : self.place] + self.after
        missing = -len(changed) % 3
        rest = message[end:] if shifts else message[end : end + missing]
        changed += rest + transcript.beyond[: max(0, missing - len(rest))]
        assert transcript.code is not None
        return old.upto_stop(), Protein(*transcript.code.translate_to_stop(changed))

    def _at_ends(self, old: Protein, new: Protein) -> int:
        flags = self.flags
        if flags & fx.STOP_LOST:
            if old.marks[-1] == "*" == new.marks[-1]:
                flags = flags & ~fx.STOP_LOST | fx.STOP_RETAINED
            elif old.marks[-1] != "*":
                if new.marks[-1] == "*":
                    flags = flags & ~fx.STOP_GAINED | fx.STOP_RETAINED
                else:
                    flags |= fx.INCOMPLETE_CDS
        if flags & fx.START_LOST and old.marks[0] != "M":
            flags &= ~fx.START_LOST
        return flags

    def _indel(self, old: Protein, new: Protein) -> int:
        if self.gained % 3:
            flags = fx.FRAMESHIFT
        else:
            flags = fx.INFRAME_DELETION if self.gained < 0 else fx.INFRAME_INSERTION
        if old.marks[-1] != "*" == new.marks[-1]:
            flags |= fx.STOP_GAINED
        return flags


def _differences(old: Protein, new: Protein) -> int:
    """What changes codon by codon, where none is gained or lost."""
    flags = 0
    for i, letter in enumerate(old.letters):
        if letter == new.letters[i : i + 1]:
            continue
        if old.marks[i] == "*":
            flags |= fx.STOP_LOST
        elif new.marks[i : i + 1] == "*":
            flags |= fx.STOP_GAINED
        else:
            flags |= fx.MISSENSE
    return flags or fx.SYNONYMOUS


def point_changes(code: GeneticCode) -> dict[str, tuple[int, str, str]]:
    """For each codon, place in it and base (`ATG0C`): flags, and amino acids before and after.

    They hold away from the ends of a coding sequence.
    """
    table = {}
    for codon, letter in code.amino_acids.items():
        old = Protein(letter, code.marks[codon])
        for place in range(3):
            for base in "ACGT":
                changed = codon[:place] + base + codon[place + 1 :]
                new = Protein(*code.translate(changed))
                flags = fx.shown(_differences(old, new))
                table[f"{codon}{place}{base}"] = flags, letter, new.letters
    return table
