"""Where genes are on a sequence, and stretches on which every SNV meets the same parts of them."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from annotator.genes import Part, Transcript, Untranslated
from annotator.splicing import SITE

#: Transcripts are looked up by stretches of 2 ** SHIFT bases.
SHIFT = 13

#: Bases on both sides of the end of a part within which its rules are tried one by one.
EDGE = 10

#: Bases before a transcript that are taken for its promoter.
PROMOTER = 500

#: Kinds of regions; a place in several is in the first of them.
REGIONS = (
    "CDS",
    "splice",
    "3_prime_UTR",
    "5_prime_UTR",
    "exon",
    "non_coding_exon",
    "intron",
    "non_coding_intron",
    "promoter",
    "intergenic",
)

#: The region of all places on a sequence of which nothing is known.
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch from `start` up to, and without, `end` that lies in one region."""

    start: int
    end: int
    region: str
    #: Whether an end of a part is so near that its rules must be tried.
    edge: bool
    #: What it lies in; only filled where there is no edge.
    parts: tuple[tuple[Transcript, Part], ...] = ()
    utrs: tuple[tuple[Transcript, Untranslated], ...] = ()
    transcripts: tuple[Transcript, ...] = ()

    @property
    def bare(self) -> bool:
        """Whether no gene is near."""
        return not (self.edge or self.transcripts)


class GeneMap:
    """The genes of one sequence."""

    def __init__(self, transcripts: list[Transcript]) -> None:
        self.transcripts = transcripts
        self._bins: dict[int, list[Transcript]] = defaultdict(list)
        for transcript in transcripts:
            low, high = transcript.start - PROMOTER, transcript.end + PROMOTER
            for number in range(low >> SHIFT, (high >> SHIFT) + 1):
                self._bins[number].append(transcript)
        self._cuts = self._find_cuts()
        self._slots: dict[int, Slot] = {}

    def near(self, first: int, last: int) -> list[Transcript]:
        """Transcripts that have a base from `first` to `last`."""
        low, high = first >> SHIFT, last >> SHIFT
        if low == high:
            found = self._bins.get(low, [])
        else:
            numbers = range(low, high + 1)
            found = list(dict.fromkeys(t for n in numbers for t in self._bins.get(n, ())))
        return [t for t in found if t.start <= last and t.end >= first]

    def slot(self, pos: int) -> Slot:
        """The stretch that `pos` is in."""
        number = bisect_right(self._cuts, pos) - 1
        found = self._slots.get(number)
        if found is None:
            found = self._slots[number] = self._make_slot(number)
        return found

    def _find_cuts(self) -> list[int]:
        cuts = {-1}
        for transcript in self.transcripts:
            for border in _borders(transcript):
                cuts.update((border - EDGE, border, border + EDGE))
                cuts.update((border - SITE, border + SITE))
            cuts.update((transcript.start - PROMOTER, transcript.end + 1 + PROMOTER))
        return sorted(cut for cut in cuts if cut >= -1)

    def _make_slot(self, number: int) -> Slot:
        start = self._cuts[number]
        end = self._cuts[number + 1] if number + 1 < len(self._cuts) else 1 << 62
        region = self._region(start)
        near = self.near(start - EDGE, start + EDGE)
        borders = {border for transcript in near for border in _borders(transcript)}
        if any(border - EDGE <= start < border + EDGE for border in borders):
            return Slot(start, end, region, edge=True)
        over = [t for t in near if t.start <= start <= t.end]
        return Slot(
            start,
            end,
            region,
            edge=False,
            parts=tuple(
                (t, p) for t in over if t.coding for p in t.parts if p.start <= start <= p.end
            ),
            utrs=tuple((t, u) for t in over for u in t.utrs if u.start <= start <= u.end),
            transcripts=tuple(over),
        )

    def _region(self, pos: int) -> str:
        near = self._bins.get(pos >> SHIFT, ())
        found = {_region(transcript, pos) for transcript in near}
        return next((region for region in REGIONS if region in found), "intergenic")


def _borders(transcript: Transcript) -> Iterator[int]:
    """Where something begins, or where the first base after something is."""
    yield transcript.start
    yield transcript.end + 1
    for start, end in transcript.exons:
        yield start
        yield end + 1
    for part in transcript.parts:
        yield part.start
        yield part.end + 1
    for utr in transcript.utrs:
        yield utr.start
        yield utr.end + 1


def _region(transcript: Transcript, pos: int) -> str:
    """What `pos` is in for this transcript; empty if it is far away."""
    if not transcript.start <= pos <= transcript.end:
        ahead = transcript.start - pos if transcript.forward else pos - transcript.end
        return "promoter" if 0 < ahead <= PROMOTER else ""
    if not transcript.parts:
        exonic = any(start <= pos <= end for start, end in transcript.exons)
        return "non_coding_exon" if exonic else "non_coding_intron"
    if any(part.start <= pos <= part.end for part in transcript.parts):
        return "CDS"
    utr = transcript.in_utr(pos, pos)
    if utr is not None:
        return "5_prime_UTR" if utr.five_prime else "3_prime_UTR"
    if any(start <= pos <= end for start, end in transcript.exons):
        return "exon"
    near = any(start - SITE <= pos <= end + SITE for start, end in transcript.exons)
    return "splice" if near else "intron"
