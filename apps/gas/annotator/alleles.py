"""Kinds of alleles."""

from __future__ import annotations

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


def differing(ref: str, alt: str) -> tuple[str, str]:
    """What is left of both when equal ends are cut off, first on the right, then on the left."""
    most = min(len(ref), len(alt))
    right = 0
    while right < most and ref[-1 - right] == alt[-1 - right]:
        right += 1
    left = 0
    while left < most - right and ref[left] == alt[left]:
        left += 1
    return ref[left : len(ref) - right], alt[left : len(alt) - right]


def is_transition(ref: str, alt: str) -> bool:
    """Whether an SNV stays among the purines or among the pyrimidines."""
    return ref + alt in _TRANSITIONS
