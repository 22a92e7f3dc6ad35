"""The consequences of a record's alleles on one sequence."""

from __future__ import annotations

from annotator import effects as fx
from annotator.alleles import Allele, kind
from annotator.coding import Change
from annotator.entries import Entries, Entry
from annotator.gene_map import GeneMap
from annotator.genes import Part, Transcript
from annotator.splicing import REGION, Checks, Fit, Where

_WITHIN = (Where.INSIDE, Where.ACROSS)


def consequences(
    genes: GeneMap, pos: int, ref: str, alts: list[str], *, trusted: bool = True
) -> list[Entry]:
    """What the alleles of a record do, by transcript.

    The rules are those of `bcftools csq --local-csq`: a record is looked at alone; introns and
    genes without a protein are told only if no coding or untranslated part is hit.

    Args:
        genes: the genes of the sequence.
        pos: the position, from 0.
        ref: REF in upper case.
        alts: all ALTs in upper case; symbolic ones but `<DEL>` and `<INS>` have no consequence.
        trusted: whether REF is what the sequence has there; if not, nothing is translated.
    """
    near = genes.near(pos - REGION, pos + len(ref) + REGION)
    if not near:
        return []
    return _Record(near, pos, ref, alts, trusted).look()


class _Record:
    def __init__(
        self, near: list[Transcript], pos: int, ref: str, alts: list[str], trusted: bool
    ) -> None:
        self.near, self.trusted = near, trusted
        self.first, self.last = pos, pos + len(ref)
        self.entries = Entries()
        self.alleles, self.symbols = [], []
        for number, alt in enumerate(alts):
            sort = kind(ref, alt)
            if sort == "SYMBOLIC":
                self.symbols.append((number, alt))
            elif sort != "NONE":
                self.alleles.append((number, Allele(pos, ref, alt)))

    def look(self) -> list[Entry]:
        if self.alleles:
            # All three are looked at: each adds what it finds.
            hits = [self._coding(), self._untranslated(), self._splicing()]
            if not any(hits):
                self._transcribed()
        for number, alt in self.symbols:
            self.entries.allele = number
            self._symbolic(alt)
        return self.entries.all

    def _touches(self, start: int, end: int) -> bool:
        # One base more than REF has, for insertions.
        return start <= self.last and end >= self.first

    def _fit(
        self, allele: Allele, transcript: Transcript, ends: tuple[int, int], checks: Checks
    ) -> tuple[Fit, Where]:
        fit = Fit(allele, transcript, ends, checks, self.entries.tell)
        return fit, fit.place()

    def _coding(self) -> bool:
        hit = False
        for transcript in self.near:
            if not transcript.coding:
                continue
            for part in transcript.parts:
                if self._touches(part.start, part.end):
                    hit = True
                    self._part(transcript, part)
        return hit

    def _part(self, transcript: Transcript, part: Part) -> None:
        translated = self.trusted and bool(transcript.message)
        checks = _checks(transcript, part) if translated else Checks()
        for number, allele in self.alleles:
            self.entries.allele = number
            fit, where = self._fit(allele, transcript, part[:2], checks)
            if not translated:
                if where in _WITHIN:
                    self.entries.tell(transcript, fx.CODING_SEQUENCE)
            elif where is Where.INSIDE:
                self._translate(fit, part)
            elif where is not Where.NOWHERE and fit.flags:
                self.entries.tell(transcript, fit.flags)

    def _translate(self, fit: Fit, part: Part) -> None:
        change = Change.of(fit, part)
        transcript = fit.transcript
        if change is None:
            flags = fit.flags & ~fx.SYNONYMOUS
            self.entries.tell(transcript, flags or fx.CODING_SEQUENCE)
            return
        flags, protein = change.consequence()
        if flags & fx.START_LOST and flags & fx.FRAMESHIFT:
            return  # without its start there is no frame; the lost start has been told
        allele = fit.allele
        text = f"{protein}|{allele.pos + 1}{allele.ref}>{allele.alt}"
        if flags & fx.TRANSLATED:
            self.entries.tell(transcript, flags & fx.TRANSLATED, text)
        if flags & ~fx.TRANSLATED:
            self.entries.tell(transcript, flags & ~fx.TRANSLATED)

    def _untranslated(self) -> bool:
        hit = False
        for transcript in self.near:
            for utr in transcript.utrs:
                if not self._touches(utr.start, utr.end):
                    continue
                flag = fx.UTR_5 if utr.five_prime else fx.UTR_3
                hit |= self._inside(transcript, (utr.start, utr.end), flag)
        return hit

    def _splicing(self) -> bool:
        hit = False
        for transcript in self.near:
            if not transcript.parts:
                continue
            for start, end in transcript.exons:
                if self._touches(start - REGION, end + REGION):
                    hit |= self._exon(transcript, (start, end))
        return hit

    def _exon(self, transcript: Transcript, ends: tuple[int, int]) -> bool:
        hit = False
        left, right = transcript.start != ends[0], transcript.end != ends[1]
        checks = Checks(left=left, right=right, sites=True)
        for number, allele in self.alleles:
            self.entries.allele = number
            fit, _ = self._fit(allele, transcript, ends, checks)
            hit |= bool(fit.flags)
        return hit

    def _transcribed(self) -> None:
        for transcript in self.near:
            flag = fx.INTRON if transcript.coding else fx.NON_CODING
            self._inside(transcript, (transcript.start, transcript.end), flag)

    def _inside(self, transcript: Transcript, ends: tuple[int, int], flag: int) -> bool:
        hit = False
        for number, allele in self.alleles:
            self.entries.allele = number
            _, where = self._fit(allele, transcript, ends, Checks())
            if where in _WITHIN:
                self.entries.tell(transcript, flag)
                hit = True
        return hit

    def _symbolic(self, alt: str) -> None:
        """A deletion or insertion without bases is told by what the base after POS is in."""
        effect = {"<DEL": fx.TRUNCATION, "<INS": fx.ELONGATION}.get(alt[:4])
        if effect is None:
            return
        pos = self.first + 1
        for transcript in self.near:
            if transcript.start <= pos <= transcript.end:
                self.entries.tell(transcript, _place(transcript, pos) | effect)


def _place(transcript: Transcript, pos: int) -> int:
    if not transcript.coding:
        return fx.NON_CODING
    if any(part.start <= pos <= part.end for part in transcript.parts):
        return fx.CODING_SEQUENCE
    utr = transcript.in_utr(pos, pos)
    if utr is None:
        return fx.INTRON
    return fx.UTR_5 if utr.five_prime else fx.UTR_3


def _checks(transcript: Transcript, part: Part) -> Checks:
    """What matters at the ends of a part of a coding sequence."""
    leftmost, rightmost = part.order == 0, part.order == len(transcript.parts) - 1
    opens, closes = (leftmost, rightmost) if transcript.forward else (rightmost, leftmost)
    return Checks(
        left=not leftmost,
        right=not rightmost,
        sites=True,
        start=opens and not transcript.cut_5 and transcript.begins_with_start,
        stop=closes and not transcript.cut_3,
        translated=True,
    )
