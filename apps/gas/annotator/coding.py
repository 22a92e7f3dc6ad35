"""What an allele does to a protein."""

from __future__ import annotations

from dataclasses import dataclass

from . import effects as fx
from .genes import PAD, Part, Transcript
from .genetic_codes import GeneticCode, reverse_complement
from .splicing import Fit


@dataclass
class Protein:
    """A stretch of a protein: amino acids, and which codons are starts and stops."""

    letters: str
    marks: str

    def upto_stop(self) -> Protein:
        """All up to the first stop codon, with it."""
        stop = self.marks.find("*")
        return self if stop < 0 else Protein(self.letters[: stop + 1], self.marks[: stop + 1])


@dataclass
class Change:
    """Bases of a coding sequence that are replaced; positions count from its left end."""

    transcript: Transcript
    begin: int
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
        gained = len(fit.allele.alt) - len(fit.allele.ref)
        place = part.before + begin - part.start
        # Sequence that stays the same cannot come from next to a splice site.
        flags = fit.flags & ~fx.SYNONYMOUS
        return cls(fit.transcript, place, before, after, gained, flags)

    def consequence(self) -> tuple[int, str]:
        """All flags, and the change of the protein such as `12K>12N`, with the strand before."""
        shifts = bool(self.gained % 3 and self.after)
        length = self.transcript.length
        old = self._translate(self.before, length, shifts).upto_stop()
        new = self._translate(self.after, length + self.gained, shifts).upto_stop()
        flags = self._at_ends(old, new)
        flags |= self._indel(old, new) if self.gained else _differences(old, new)
        return flags, self._text(old, new, flags)

    def _translate(self, bases: str, length: int, shifts: bool) -> Protein:
        """The codons that `bases` are in; all that follow too, if they shift."""
        if not bases:
            return Protein("?", "?")
        code, spliced = self.transcript.code, self.transcript.spliced
        assert code is not None
        end = self.begin + len(self.before)
        if self.transcript.forward:
            whole = _complete_forward(spliced, bases, self.begin, end, shifts)
        else:
            missing = (length - self.begin - len(bases)) % 3
            whole = _complete_reverse(spliced, bases, self.begin, end, (missing, shifts))
        return Protein(*code.translate(whole))

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

    def _text(self, old: Protein, new: Protein, flags: int) -> str:
        if self.transcript.forward:
            at_old = at_new = self.begin // 3 + 1
        else:
            left = self.transcript.length - self.begin
            at_old = (left - len(self.before)) // 3 + 1
            at_new = (left + self.gained - len(self.after)) // 3 + 1
        if flags & fx.SYNONYMOUS:
            return f"{at_old}{old.letters}"
        return f"{at_old}{old.letters}>{at_new}{new.letters}"


def _complete_forward(spliced: str, bases: str, begin: int, end: int, shifts: bool) -> str:
    left = begin % 3
    whole = spliced[PAD + begin - left : PAD + begin] + bases
    after = PAD + end
    missing = -len(whole) % 3
    whole += spliced[after : after + missing]
    return whole + spliced[after + missing : -PAD] if shifts else whole


def _complete_reverse(
    spliced: str, bases: str, begin: int, end: int, more: tuple[int, bool]
) -> str:
    right, shifts = more
    whole = bases + spliced[PAD + end : PAD + end + right]
    missing = -len(whole) % 3
    start = PAD + begin - missing
    whole = spliced[max(0, start) : PAD + begin] + whole
    if shifts and start > PAD:
        whole = spliced[PAD + (start - PAD) % 3 : start] + whole
    return reverse_complement(whole)


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
