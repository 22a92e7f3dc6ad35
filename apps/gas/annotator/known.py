"""Variants that are known already, from a VCF of the user's own, such as a part of dbSNP."""

from __future__ import annotations

from pathlib import Path

import billow
from annotator.reference import BadReference, plain_name
from annotator.vcf_input import VcfFile

#: Alleles that are held at most; a million take about 200 MB.
MOST = 1_000_000


class Known:
    """The alleles of a VCF and what they are called there, held in memory.

    Args:
        path: the VCF, plain or packed.

    Raises:
        BadReference: it is no VCF, or has too many alleles.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._ids: dict[tuple[str, str, str, str], str] = {}
        try:
            for lines in VcfFile(path).records():
                for line in lines:
                    self._add(line)
        except (billow.Rejected, OSError, ValueError) as problem:
            raise BadReference(f"{path}: {problem}") from problem

    def ids(self, name: str, pos: str, ref: str, alt: str) -> str:
        """What the alleles of a record are called, separated by commas; empty if none is known."""
        place = plain_name(name)
        found = [self._ids.get((place, pos, ref.upper(), each)) for each in alt.upper().split(",")]
        return ",".join(dict.fromkeys(each for each in found if each is not None))

    def _add(self, line: str) -> None:
        if not line.strip():
            return
        name, pos, id_, ref, alt = line.split("\t", 5)[:5]
        # What would break an INFO field cannot be in a name.
        label = "unnamed" if id_ == "." else ",".join(id_.replace("=", "_").split(";"))
        for each in alt.upper().split(","):
            self._ids[plain_name(name), pos, ref.upper(), each] = label
        if len(self._ids) > MOST:
            raise ValueError(
                f"it has more than {MOST:,} alleles; cut out what you need, "
                "as `bcftools view -R` does"
            )
