"""Alleles: their kinds, and what of them differs from the reference."""

from __future__ import annotations

from dataclasses import dataclass

from annotator.bases import Bases

_BASES = frozenset("ACGTN")
_TRANSITIONS = frozenset(("AG", "GA", "CT", "TC"))

#: All kinds, in the order of the log.
KINDS = ("SNV", "MNV", "INS", "DEL", "INDEL", "SYMBOLIC", "NONE")


def kind(ref: str, alt: str) -> str:
    """What sort of change an allele is, from upper-case REF and ALT.

    SNV: one base; MNV: several, as many as before; INS and DEL: bases added or removed, nothing
    else; INDEL: both, with different lengths; SYMBOLIC: `<DEL>`, `*`, breakends; NONE: no change.
    """
    if alt in (".", ref):
        return "NONE"
    if not _BASES.issuperset(alt) or not _BASES.issuperset(ref):
        return "SYMBOLIC"
    if len(ref) == len(alt):
        return "SNV" if len(differing(ref, alt)[0]) == 1 else "MNV"
    before, after = differing(ref, alt)
    if not before:
        return "INS"
    return "INDEL" if after else "DEL"


def shared_ends(ref: str, alt: str) -> tuple[int, int]:
    """Bases that both begin with, and end with; counted on the right first."""
    most = min(len(ref), len(alt))
    right = 0
    while right < most and ref[-1 - right] == alt[-1 - right]:
        right += 1
    left = 0
    while left < most - right and ref[left] == alt[left]:
        left += 1
    return left, right


def differing(ref: str, alt: str) -> tuple[str, str]:
    """What is left of both without their shared ends."""
    left, right = shared_ends(ref, alt)
    return ref[left : len(ref) - right], alt[left : len(alt) - right]


def is_transition(ref: str, alt: str) -> bool:
    """Whether an SNV stays among the purines or among the pyrimidines."""
    return ref + alt in _TRANSITIONS


@dataclass
class Allele:
    """An allele as the record has it, in upper case; `pos` counts from 0."""

    pos: int
    ref: str
    alt: str

    def __post_init__(self) -> None:
        #: Bases at the beginning and at the end that REF and ALT share.
        self.left, self.right = shared_ends(self.ref, self.alt)

    @property
    def complex(self) -> bool:
        """Whether several bases are replaced by several."""
        shared = self.left + self.right
        return len(self.ref) - shared > 1 and len(self.alt) - shared > 1

    def window(self, bases: Bases, start: int, size: int) -> str:
        """`size` bases of the changed sequence from `start` on."""
        if start < self.pos:
            head = bases[max(0, start) : self.pos] + self.alt
        else:
            head = self.alt[start - self.pos :]
        skipped = max(0, start - self.pos - len(self.alt))
        after = self.pos + len(self.ref) + skipped
        return (head + bases[after : after + size])[:size]
