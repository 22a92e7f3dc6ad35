"""The consequences that an allele can have, as flags and as names.

A name is the term of the Sequence Ontology without its ending `_variant`, as `bcftools csq` has
it.
"""

from __future__ import annotations

from functools import cache

SYNONYMOUS = 1 << 1
MISSENSE = 1 << 2
STOP_LOST = 1 << 3
STOP_GAINED = 1 << 4
INFRAME_DELETION = 1 << 5
INFRAME_INSERTION = 1 << 6
FRAMESHIFT = 1 << 7
SPLICE_ACCEPTOR = 1 << 8
SPLICE_DONOR = 1 << 9
START_LOST = 1 << 10
SPLICE_REGION = 1 << 11
STOP_RETAINED = 1 << 12
UTR_5 = 1 << 13
UTR_3 = 1 << 14
NON_CODING = 1 << 15
INTRON = 1 << 16
INCOMPLETE_CDS = 1 << 20
CODING_SEQUENCE = 1 << 21
ELONGATION = 1 << 22
TRUNCATION = 1 << 23
START_RETAINED = 1 << 24

#: Flag to name and to the Sequence Ontology's accession.
TERMS = {
    SYNONYMOUS: ("synonymous", "SO:0001819"),
    MISSENSE: ("missense", "SO:0001583"),
    STOP_LOST: ("stop_lost", "SO:0001578"),
    STOP_GAINED: ("stop_gained", "SO:0001587"),
    INFRAME_DELETION: ("inframe_deletion", "SO:0001822"),
    INFRAME_INSERTION: ("inframe_insertion", "SO:0001821"),
    FRAMESHIFT: ("frameshift", "SO:0001589"),
    SPLICE_ACCEPTOR: ("splice_acceptor", "SO:0001574"),
    SPLICE_DONOR: ("splice_donor", "SO:0001575"),
    START_LOST: ("start_lost", "SO:0002012"),
    SPLICE_REGION: ("splice_region", "SO:0001630"),
    STOP_RETAINED: ("stop_retained", "SO:0001567"),
    UTR_5: ("5_prime_utr", "SO:0001623"),
    UTR_3: ("3_prime_utr", "SO:0001624"),
    NON_CODING: ("non_coding", "SO:0001619"),
    INTRON: ("intron", "SO:0001627"),
    CODING_SEQUENCE: ("coding_sequence", "SO:0001580"),
    ELONGATION: ("feature_elongation", "SO:0001907"),
    TRUNCATION: ("feature_truncation", "SO:0001906"),
    START_RETAINED: ("start_retained", "SO:0002019"),
}

#: What is told by translating a coding sequence.
TRANSLATED = (
    SYNONYMOUS
    | MISSENSE
    | STOP_LOST
    | STOP_GAINED
    | INFRAME_DELETION
    | INFRAME_INSERTION
    | FRAMESHIFT
    | START_LOST
    | STOP_RETAINED
    | INCOMPLETE_CDS
    | ELONGATION
    | TRUNCATION
    | START_RETAINED
)
START_STOP = STOP_LOST | STOP_GAINED | STOP_RETAINED | START_LOST | START_RETAINED
SPLICE_SITE = SPLICE_ACCEPTOR | SPLICE_DONOR
#: What holds for a gene, not for one of its transcripts.
OF_GENE = INTRON | NON_CODING

_STRANDLESS = SPLICE_SITE | SPLICE_REGION | ELONGATION | TRUNCATION


def shows_strand(flags: int) -> bool:
    """Whether an entry with these flags names the strand."""
    return bool(flags & TRANSLATED) and not flags & _STRANDLESS


@cache
def names(flags: int) -> tuple[str, ...]:
    """The names of all flags, in the order of their bits."""
    return tuple(name for flag, (name, _) in TERMS.items() if flags & flag)


@cache
def shown(flags: int) -> int:
    """The flags that are told: those that others make superfluous are left out."""
    others = flags & ~(START_STOP | INCOMPLETE_CDS)
    if flags & INCOMPLETE_CDS and others:
        flags = others
    if flags & START_STOP:
        flags &= ~MISSENSE
    return flags
