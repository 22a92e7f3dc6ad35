"""Annotate the lines of a VCF's records."""

from __future__ import annotations

import billow
from annotator.bases import Bases
from annotator.counts import Counts
from annotator.cytobands import read_bands
from annotator.known import Known
from annotator.large import HELD
from annotator.reference import BadReference, Contig, References, plain_name
from annotator.sequence import Sequence
from annotator.vcf_input import Header

_SNVS = frozenset(a + b for a in "ACGT" for b in "ACGT" if a != b)

#: Times that a sequence of a large reference may be read again, because the file is not sorted.
_MOST_RETURNS = 100

#: Sequences without a reference that are counted one by one.
_MOST_NAMES = 1000

#: The INFO fields that are added, with their header lines.
FIELDS = {
    "VC": 'Number=A,Type=String,Description="Kind of each allele: SNV, MNV, INS, DEL, INDEL '
    '(bases replaced by more or fewer), SYMBOLIC, NONE"',
    "REGION": 'Number=1,Type=String,Description="What POS lies in"',
    "CSQ": 'Number=.,Type=String,Description="Consequences in Sequence Ontology terms without '
    "_variant. Format: Consequence|gene|transcript|biotype|strand|amino_acid_change|dna_change"
    '"',
    "CYTOBAND": 'Number=1,Type=String,Description="Chromosome band"',
    "KNOWN": 'Number=.,Type=String,Description="Its names in the file of known variants"',
    "REF_MISMATCH": 'Number=0,Type=Flag,Description="REF is not what the reference has there"',
}


class Annotator:
    """Annotates the records of one file; `counts` grows meanwhile."""

    def __init__(
        self,
        references: References,
        header: Header,
        assembly: str | None,
        known: Known | None = None,
    ) -> None:
        self.references, self.header, self._known = references, header, known
        self.counts = Counts(samples=header.samples, assembly=assembly)
        self.counts.references = references.names
        self.counts.known_from = known.name if known else ""
        self._bands_of = read_bands(assembly) if assembly else {}
        #: The names of the added INFO fields in this file.
        self.tags = {name: _free_name(name, header.fields) for name in FIELDS}
        self._sequences: dict[str, Sequence] = {}
        #: Names of the sequences that were left, and how often one was come back to.
        self._left: set[str] = set()
        self._returns = 0
        self._unknown = Sequence(None, None, self.tags, self.counts)

    def header_lines(self) -> list[str]:
        """The header with the lines of the added fields, without line ends."""
        end = self.header.line_end
        added = [
            f"##INFO=<ID={self.tags[name]},{text}>{end}"
            for name, text in FIELDS.items()
            if name != "KNOWN" or self._known
        ]
        return [*self.header.lines, *added, self.header.columns + end]

    def annotate(self, lines: list[str], line_number: int) -> list[str]:
        """The lines with their fields added; empty lines stay.

        Args:
            lines: records, without line feeds.
            line_number: lines of the file before them.

        Raises:
            Rejected: a line is not a record.
        """
        out: list[str] = []
        try:
            self._annotate(lines, out)
        except BadReference:
            raise
        except (ValueError, IndexError):
            place = len(out)
            raise _bad_line(lines[place], line_number + place + 1) from None
        return out

    def finish(self) -> Counts:
        """The counts, complete."""
        counts = self.counts
        counts.records = counts.regions.total()
        for sequence in (self._unknown, *self._sequences.values()):
            sequence.settle()
        counts.kinds["SNV"] = counts.snvs.total()
        return counts

    def _annotate(self, lines: list[str], out: list[str]) -> None:
        """Add the fields; `out` tells how far it came if a line is wrong."""
        snvs, regions = self.counts.snvs, self.counts.regions
        known, known_tag = self._known, self.tags["KNOWN"]
        name: str | None = None
        sequence = self._unknown
        bases: Bases = ""
        stretch, start, end = None, 0, 0
        for line in lines:
            columns = line.split("\t", 8)
            if columns[0] != name:
                if not line.strip():
                    out.append(line)
                    continue
                name = columns[0]
                sequence, start, end = self._enter(name), 0, 0
                bases = sequence.bases
            pos, ref, alt = int(columns[1]) - 1, columns[3], columns[4]
            if not start <= pos < end or stretch is None:
                stretch = sequence.stretch(pos)
                start, end = stretch.start, stretch.end
            pair = ref + alt
            info = columns[7]
            plain = pair in _SNVS and len(ref) == 1 and not stretch.edge
            if plain and (not bases or bases[pos : pos + 1] == ref):
                snvs[pair] += 1
                regions[stretch.region] += 1
                added = sequence.point(stretch, pos, ref, alt)
            else:
                added = sequence.any(stretch, pos, ref.upper(), alt.upper())
            if not sequence.known:
                self._count_unknown(name)
            if known and (ids := known.ids(name, columns[1], ref, alt)):
                added = f"{added};{known_tag}={ids}"
                self.counts.known += 1
            if len(columns) == 8 and info.endswith("\r"):
                info, added = info[:-1], added + "\r"
            columns[7] = added if info in (".", "") else f"{info};{added}"
            out.append("\t".join(columns))

    def _enter(self, name: str) -> Sequence:
        """The sequence of this name; all without genes and bands are one."""
        found = self._sequences.get(name)
        if found is not None:
            return found
        contig, bands = self._contig(name), self._bands_of.get(plain_name(name))
        if contig is None and bands is None:
            return self._unknown
        if self.references.large:
            self._make_room(name)
        made = Sequence(contig, bands, self.tags, self.counts)
        self._sequences[name] = made
        return made

    def _make_room(self, name: str) -> None:
        """Let go of sequences that were held, before another one is."""
        self._returns += name in self._left
        if self._returns > _MOST_RETURNS:
            raise billow.Rejected(
                "the records are not sorted by sequence, which a reference of this size needs; "
                "sort the file, as `bcftools sort` does"
            )
        while len(self._sequences) >= HELD:
            gone = next(iter(self._sequences))
            self._sequences.pop(gone).settle()
            self._left.add(gone)

    def _contig(self, name: str) -> Contig | None:
        contig = self.references.find(name)
        told = self.header.lengths.get(name)
        if contig is None or not told or contig.length in (None, told):
            return contig
        note = (
            f"{name} has {told:,} bases in this file and {contig.length:,} in the reference: "
            "another sequence, so its genes are not used"
        )
        if note not in self.counts.notes:
            self.counts.notes.append(note)
        return None

    def _count_unknown(self, name: str) -> None:
        unknown = self.counts.unknown
        known = name in unknown or len(unknown) < _MOST_NAMES
        unknown[name if known else "others"] += 1


def _free_name(name: str, used: set[str]) -> str:
    """The field's name, or one like it that the file does not use yet."""
    number = 1
    free = name
    while free in used:
        number += 1
        free = f"{name}_{number}"
    return free


def _bad_line(line: str, number: int) -> billow.Rejected:
    columns = line.rstrip("\r").split("\t")
    if len(columns) < 8:
        return billow.Rejected(
            f"line {number:,} has {len(columns)} columns of at least 8; either they are not "
            "separated by tabs, or the file is cut off"
        )
    shown = columns[1][:40].encode("ascii", "backslashreplace").decode()
    return billow.Rejected(f"line {number:,}: POS is not a number but {shown!r}")
