"""What an annotation counted, and the log of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from annotator.alleles import KINDS, is_transition
from annotator.effects import TERMS
from annotator.gene_map import REGIONS, UNKNOWN

# The places of the original program's log, and what counts as each.
_PLACES = (
    ("interGenic", ("intergenic",)),
    ("CDS", ("CDS",)),
    ("'3 UTR", ("3_prime_UTR",)),
    ("'5 UTR", ("5_prime_UTR",)),
    ("Intronic", ("intron", "splice")),
    ("Non_coding_intronic", ("non_coding_intron",)),
    ("Exonic", ("exon",)),
    ("Non_coding_exonic", ("non_coding_exon",)),
    ("Putative Promoter Region", ("promoter",)),
)
_ALL = (*REGIONS, UNKNOWN)
_MISSING = "dbSNP, GAD, GWAS, HUGO, TargetScan, CNV, segmental duplications, TFBS"


@dataclass
class Counts:
    """What was in a file."""

    records: int = 0
    samples: int = 0
    #: Alleles by kind; SNVs by their bases too, such as `AG`.
    kinds: Counter[str] = field(default_factory=Counter)
    snvs: Counter[str] = field(default_factory=Counter)
    #: Records by region.
    regions: Counter[str] = field(default_factory=Counter)
    #: Consequences by term.
    terms: Counter[str] = field(default_factory=Counter)
    #: Records by band.
    bands: int = 0
    #: Records whose REF is not what the reference has.
    mismatches: int = 0
    #: Records on sequences that no reference has, by sequence.
    unknown: Counter[str] = field(default_factory=Counter)
    #: Records that are in the file of known variants, and its name; empty if there is none.
    known: int = 0
    known_from: str = ""
    assembly: str | None = None
    engine: str = "python"
    references: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def transitions(self) -> int:
        """SNVs among purines or among pyrimidines."""
        return sum(number for pair, number in self.snvs.items() if is_transition(*pair))

    @property
    def transversions(self) -> int:
        """All other SNVs."""
        return self.snvs.total() - self.transitions

    def as_json(self) -> dict[str, Any]:
        """All of it as plain JSON."""
        return {
            "records": self.records,
            "samples": self.samples,
            "alleles": {kind: self.kinds[kind] for kind in KINDS if self.kinds[kind]},
            "transitions": self.transitions,
            "transversions": self.transversions,
            "regions": {name: self.regions[name] for name in _ALL if self.regions[name]},
            "consequences": dict(self.terms.most_common()),
            "with_band": self.bands,
            "ref_mismatches": self.mismatches,
            "unknown_sequences": dict(self.unknown.most_common(100)),
            "assembly": self.assembly,
            "engine": self.engine,
            "references": self.references,
            "notes": self.notes,
            **({"known": self.known, "known_from": self.known_from} if self.known_from else {}),
        }

    def log(self) -> str:
        """The count log: the original program's lines first, then ours."""
        lines = [
            "##Count log of the annotation",
            f"##Not annotated, since no such data are bundled: {_MISSING}",
            f"Total: {self.records}",
            "Variants located:",
        ]
        lines += [
            f"In {place} {sum(self.regions[name] for name in names)}" for place, names in _PLACES
        ]
        if self.known_from:
            lines += [f"In {self.known_from}: {self.known} in {self.records} variants"]
        lines += [f"In cytoBand: {self.bands} in {self.records} variants", ""]
        lines += [f"References: {self.references}", f"Engine: {self.engine}"]
        lines += [f"Human assembly: {self.assembly or 'not told'}", f"Samples: {self.samples}"]
        lines += ["", "Alleles:", *(f"{kind}: {self.kinds[kind]}" for kind in KINDS)]
        lines += [f"Transitions: {self.transitions}", f"Transversions: {self.transversions}"]
        lines += [f"REF differs from the reference: {self.mismatches}"]
        unknown = self.unknown.total()
        lines += [f"On sequences without a reference: {unknown}"]
        lines += ["", "Regions:", *(f"{name}: {self.regions[name]}" for name in _ALL)]
        lines += ["", "Consequences:"]
        lines += [f"{name}: {self.terms[name]}" for name, _ in TERMS.values() if self.terms[name]]
        if self.notes:
            lines += ["", "Notes:", *self.notes]
        return "\n".join(lines) + "\n"
