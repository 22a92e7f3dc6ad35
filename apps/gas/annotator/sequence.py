"""One sequence of a VCF: what its genes and bands say about each record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from annotator import effects as fx
from annotator.alleles import differing, kind
from annotator.coding import point_changes
from annotator.consequences import consequences
from annotator.counts import Counts
from annotator.cytobands import Bands
from annotator.entries import Entry
from annotator.gene_map import UNKNOWN, GeneMap, Slot
from annotator.genes import Part, Transcript
from annotator.reference import Contig

_COMPLEMENT = dict(zip("ACGT", "TGCA", strict=True))
_LETTERS = frozenset("ACGT")
_NO_GENES = GeneMap([])


@dataclass(slots=True)
class Message:
    """A coding sequence as an SNV meets it."""

    head: str
    bases: str
    forward: bool
    #: What to add to a position for its place in the coding sequence, from the left.
    shift: int
    length: int


@dataclass(slots=True)
class Stretch:
    """A slot with what is the same for every SNV in it."""

    start: int
    end: int
    region: str
    edge: bool
    band: str
    #: The added fields; where nothing depends on the allele, all of them.
    lead: str = ""
    messages: list[Message] = field(default_factory=list)
    #: Consequences that do not depend on the allele, and their terms.
    fixed: list[str] = field(default_factory=list)
    terms: list[str] = field(default_factory=list)
    hits: int = 0


class Sequence:
    """One sequence of the file: its genes, bases and bands.

    Args:
        contig: the reference's sequence; None if there is none.
        bands: its bands, if it is a human chromosome of a known assembly.
        tags: the names of the INFO fields to be added.
        counts: what to count in.
    """

    def __init__(
        self,
        contig: Contig | None,
        bands: Bands | None,
        tags: dict[str, str],
        counts: Counts,
    ) -> None:
        self.known = contig is not None
        self.bands, self.tags, self.counts = bands, tags, counts
        self.genes = contig.genes if contig else _NO_GENES
        #: Empty where the reference does not have them.
        self.bases = (contig.bases or "") if contig else ""
        self._changes = _texts(contig) if contig else {}
        self._stretches: dict[tuple[int, str], Stretch] = {}

    def stretch(self, pos: int) -> Stretch:
        """What `pos` lies in."""
        slot = self.genes.slot(max(pos, -1))
        band = self.bands.at(pos) if self.bands else None
        key = slot.start, band.name if band else ""
        found = self._stretches.get(key)
        if found is None:
            found = self._make(slot, key[1])
            if self.bands:
                # Without a band at this place, the next record is looked up anew.
                limits = (band.start, band.end) if band else (pos, pos + 1)
                found.start, found.end = max(slot.start, limits[0]), min(slot.end, limits[1])
            self._stretches[key] = found
        return found

    def settle(self) -> None:
        """Count what has been put off."""
        for stretch in self._stretches.values():
            if stretch.band:
                self.counts.bands += stretch.hits
            for term in stretch.terms:
                self.counts.terms[term] += stretch.hits
            stretch.hits = 0

    def point(self, stretch: Stretch, pos: int, ref: str, alt: str) -> str:
        """The fields to be added to an SNV away from all edges; bases in upper case."""
        stretch.hits += 1
        if not stretch.messages:
            return stretch.lead
        told, terms = [], self.counts.terms
        for message in stretch.messages:
            place, base = pos + message.shift, alt
            if not message.forward:
                place, base = message.length - 1 - place, _COMPLEMENT[alt]
            inside = place % 3
            first = place - inside
            change = self._changes.get(f"{message.bases[first : first + 3]}{inside}{base}")
            if change is None:
                # A codon with an unknown base.
                stretch.hits -= 1
                self.counts.bands += bool(stretch.band)
                return self._fields(stretch, "SNV", self._told(pos, ref, [alt], trusted=True))
            term, old, new = change
            terms[term] += 1
            number = first // 3 + 1
            into = f">{number}{new}" if new else ""
            told.append(f"{term}{message.head}{number}{old}{into}|{pos + 1}{ref}>{alt}")
        return stretch.lead + ",".join(told + stretch.fixed)

    def any(self, stretch: Stretch, pos: int, ref: str, alt: str) -> str:
        """The fields to be added to any record; REF and ALT in upper case."""
        alts = alt.split(",")
        kinds = [kind(ref, each) for each in alts]
        self._count(ref, alts, kinds)
        self.counts.bands += bool(stretch.band)
        self.counts.regions[stretch.region] += 1
        trusted = bool(self.bases) and self._matches(pos, ref)
        if self._is_fixed(stretch, pos, ref, kinds):
            told = stretch.fixed
            self.counts.terms.update(stretch.terms)
        else:
            told = self._told(pos, ref, alts, trusted=trusted)
        added = self._fields(stretch, ",".join(kinds), told)
        if self.bases and not trusted:
            self.counts.mismatches += 1
            added = f"{added};{self.tags['REF_MISMATCH']}"
        return added

    def _make(self, slot: Slot, band: str) -> Stretch:
        region = slot.region if self.known else UNKNOWN
        made = Stretch(slot.start, slot.end, region, slot.edge, band)
        if not slot.edge:
            self._fill(made, slot)
        made.lead = self._fields(made, "SNV", [] if made.messages else made.fixed)
        if made.messages:
            made.lead += f";{self.tags['CSQ']}="
        return made

    def _fill(self, made: Stretch, slot: Slot) -> None:
        """Sort what the slot lies in: what an allele changes, and what only names the place."""
        entries = []
        for transcript, part in slot.parts:
            if transcript.message:
                made.messages.append(_message(transcript, part))
            else:
                entries.append(Entry(fx.CODING_SEQUENCE, transcript, 0))
        for transcript, utr in slot.utrs:
            entries.append(Entry(fx.UTR_5 if utr.five_prime else fx.UTR_3, transcript, 0))
        if not slot.parts and not slot.utrs:
            entries += _of_genes(slot.transcripts)
        made.fixed = [str(entry) for entry in entries]
        made.terms = [name for entry in entries for name in entry.names]

    def _fields(self, stretch: Stretch, kinds: str, told: list[str]) -> str:
        tags = self.tags
        added = f"{tags['VC']}={kinds}"
        if self.known:
            added += f";{tags['REGION']}={stretch.region}"
        if stretch.band:
            added += f";{tags['CYTOBAND']}={stretch.band}"
        return f"{added};{tags['CSQ']}={','.join(told)}" if told else added

    def _told(self, pos: int, ref: str, alts: list[str], *, trusted: bool) -> list[str]:
        found = consequences(self.genes, pos, ref, alts, trusted=trusted)
        for entry in found:
            self.counts.terms.update(entry.names)
        return list(dict.fromkeys(map(str, found)))

    def _is_fixed(self, stretch: Stretch, pos: int, ref: str, kinds: list[str]) -> bool:
        """Whether the place alone decides, for all alleles."""
        if stretch.edge or stretch.messages or not {"SYMBOLIC", "NONE"}.isdisjoint(kinds):
            return False
        slot = self.genes.slot(pos)
        return slot.start < pos and pos + len(ref) < slot.end

    def _matches(self, pos: int, ref: str) -> bool:
        """Whether REF is what the reference has; unknown bases there fit all."""
        have = self.bases[max(pos, 0) : pos + len(ref)]
        if have == ref:
            return True
        if pos < 0 or len(have) != len(ref):
            return False
        return all(a == b or b not in _LETTERS for a, b in zip(ref, have, strict=True))

    def _count(self, ref: str, alts: list[str], kinds: list[str]) -> None:
        for alt, sort in zip(alts, kinds, strict=True):
            if sort == "SNV":
                self.counts.snvs["".join(differing(ref, alt))] += 1
            else:
                self.counts.kinds[sort] += 1


def _texts(contig: Contig) -> dict[str, tuple[str, str, str]]:
    """For each change of a codon: its term, and the amino acids before and, if new, after."""
    return {
        key: ("&".join(fx.names(flags)), old, "" if flags & fx.SYNONYMOUS else new)
        for key, (flags, old, new) in point_changes(contig.code).items()
    }


def _message(transcript: Transcript, part: Part) -> Message:
    strand = transcript.strand
    head = f"|{transcript.gene}|{transcript.id}|{transcript.biotype}|{strand}|"
    shift = part.before - part.start
    return Message(head, transcript.message, transcript.forward, shift, transcript.length)


def _of_genes(transcripts: tuple[Transcript, ...]) -> Iterator[Entry]:
    seen = set()
    for transcript in transcripts:
        key = transcript.gene, transcript.biotype
        if key not in seen:
            seen.add(key)
            yield Entry(fx.INTRON if transcript.coding else fx.NON_CODING, transcript, 0)
