"""How an allele lies to the ends of an exon: splice sites, start and stop codons, what is inside.

The rules are those of `bcftools csq`, so that both engines give the same answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from annotator import effects as fx
from annotator.alleles import Allele
from annotator.genes import Transcript

#: Intronic bases that make up a splice site, and bases of a splice region in the intron.
SITE = 2
REGION = 8


class Where(Enum):
    """Where an allele's change is."""

    NOWHERE = auto()  #: REF and ALT are the same
    OUTSIDE = auto()  #: it touches no base of the exon
    INSIDE = auto()  #: all of it is in the exon
    ACROSS = auto()  #: it reaches over an end of the exon


@dataclass
class Checks:
    """What matters at an exon's ends; `left` and `right` are as on the forward strand."""

    #: Whether the ends are splice sites.
    left: bool = False
    right: bool = False
    #: Whether the exon is searched for donors and acceptors at all.
    sites: bool = False
    #: Whether it has the start codon, the stop codon.
    start: bool = False
    stop: bool = False
    #: Whether untranslated regions beside it are told, and the bases compared.
    translated: bool = False


class Fit:
    """One allele laid on one exon of a transcript.

    `flags` are the consequences found; `tell` is called with those that are certain, and with
    those of an untranslated region nearby. For an allele INSIDE a coding exon, `begin`, `before`
    and `after` say which bases replace which.
    """

    def __init__(
        self,
        allele: Allele,
        transcript: Transcript,
        ends: tuple[int, int],
        checks: Checks,
        tell: Callable[[Transcript, int], None],
    ) -> None:
        self.allele, self.transcript, self.checks, self.tell = allele, transcript, checks, tell
        self.start, self.end = ends
        self.flags = 0
        #: Bases left out at both ends, and the first and last position that count.
        self.left, self.right = allele.left, allele.right
        self.first = self.last = allele.pos
        #: For the translation: the position, the bases there, and what replaces them.
        self.begin, self.before, self.after = 0, "", ""

    def place(self) -> Where:
        """Find where the allele is, and what that means."""
        allele = self.allele
        if len(allele.ref) == len(allele.alt):
            return self._replacement()
        if allele.complex:
            longer = len(allele.alt) > len(allele.ref)
            self.flags |= fx.ELONGATION if longer else fx.TRUNCATION
            return self._replacement()
        return self._insertion() if len(allele.ref) < len(allele.alt) else self._deletion()

    # Bases replaced by others.

    def _replacement(self) -> Where:
        allele = self.allele
        if self.left + self.right == len(allele.ref):
            return Where.NOWHERE
        self.first = allele.pos + self.left
        self.last = allele.pos + len(allele.ref) - self.right - 1
        where = Where.INSIDE
        if self.first < self.start:
            self._left_of_exon(self.first, self.last, self.first)
            if self.last >= self.start:
                self.first, where = self.start, Where.ACROSS
        if self.end < self.last:
            self._right_of_exon(self.first, self.last)
            if self.first <= self.end:
                self.last, where = self.end, Where.ACROSS
        if self.last < self.start or self.first > self.end:
            self._tell()
            return Where.OUTSIDE
        self._ends(self.first < self.start + 3, self.last > self.end - 3)
        self.begin = allele.pos + self.left
        self.before = allele.ref[self.left : len(allele.ref) - self.right]
        self.after = allele.alt[self.left : len(allele.alt) - self.right]
        self._tell()
        return where

    # Bases added.

    def _insertion(self) -> Where:
        allele = self.allele
        size = len(allele.ref)
        if self.left or allele.ref[0] != allele.alt[0]:
            self.first = allele.pos + self.left - 1
        else:
            self.right = max(0, self.right - 1)
        self.last = allele.pos + size - self.right
        if self.first >= self.end:
            return self._beyond(self._insertion_right, self.checks.right, self.first + 1)
        if self.last < self.start or (self.last == self.start and not self.checks.left):
            return self._beyond(self._insertion_left, self.checks.left, self.last - 1)
        self._ends(self.first <= self.start + 2, self.last > self.end - 2)
        if self.checks.translated:
            self._cut_insertion()
        self._tell()
        return Where.INSIDE

    def _beyond(self, look: Callable[[], None], splices: bool, beside: int) -> Where:
        """The insertion is outside; `beside` is the base next to it on the far side."""
        if self._told_utr(beside, beside):
            return Where.OUTSIDE
        if splices:
            look()
            self._tell()
        return Where.OUTSIDE

    def _insertion_left(self) -> None:
        self._splice_left(self.last - 1, self.first)

    def _insertion_right(self) -> None:
        self._splice_right(self.first + 1, self.last, site_at=0)

    def _cut_insertion(self) -> None:
        allele = self.allele
        if self.first < allele.pos:
            self.left += 1
            if self.left + self.right == len(allele.ref):
                self.right -= 1
            self.first = allele.pos
        if self.last == self.start:
            self.right -= 1
        bases = self.transcript.bases or ""
        size = len(allele.alt) - self.right - self.left + 1
        kept = min(size, len(allele.ref) - self.left - self.right + 1)
        self.begin = self.first
        self.before = bases[self.first : self.first + kept]
        self.after = allele.window(bases, self.first, size)

    # Bases taken away.

    def _deletion(self) -> Where:
        allele = self.allele
        if self.checks.start and self._start_is_repeated():
            self.flags |= fx.START_RETAINED
            return Where.ACROSS
        self.first = allele.pos + self.left - 1
        self.last = allele.pos + len(allele.ref) - self.right - 1
        if self.first + 1 < self.start:
            self._left_of_exon(self.first, self.last, self.first)
            if self.last >= self.start and not self._shift_right():
                self.flags |= fx.CODING_SEQUENCE
                return Where.ACROSS
        if self.end < self.last:
            self._right_of_exon(self.first + 1, self.last)
            if self.first < self.end:
                self.right = len(allele.ref) - (self.last - allele.pos + 1)
                self.last = self.end
        if self.last < self.start or self.first >= self.end:
            self._tell()
            return Where.OUTSIDE
        self._ends(self.first < self.start + 2, self.last > self.end - 3)
        if self.checks.translated and self._cut_deletion():
            return Where.ACROSS
        self._tell()
        return Where.INSIDE

    def _shift_right(self) -> bool:
        """Take the part inside the exon only, if the allele leaves a base to begin with."""
        self.left = self.first - self.allele.pos + 1
        self.first = self.start - 1
        if self.left + self.right == len(self.allele.alt):
            if not self.right:
                return False
            self.right -= 1
        return True

    def _cut_deletion(self) -> bool:
        """Find what to translate; True if the deletion takes an end of the exon."""
        ref, alt = self.allele.ref, self.allele.alt
        self.left = max(0, self.left - 1)
        kept_ref, kept_alt = len(ref), len(alt)
        shared = self.left + self.right
        if kept_ref > shared and kept_alt > shared:
            kept_ref -= shared
            kept_alt -= shared
        self.begin = self.first
        self.before = ref[self.left : self.left + kept_ref]
        self.after = alt[self.left : self.left + kept_alt]
        if self.start <= self.first < self.allele.pos:
            self._begin_before_allele()
        if not (self.first + 1 < self.start <= self.last or self.first + 1 < self.end <= self.last):
            return False
        first = self.first + len(self.after) - 1
        if first < self.last:
            lost = (self.last - first) % 3
            self.flags |= fx.FRAMESHIFT if lost else fx.INFRAME_DELETION
        return True

    def _begin_before_allele(self) -> None:
        """In a repeat the allele may begin with the deletion: take the base before it."""
        ref, alt = self.allele.ref, self.allele.alt
        before = (self.transcript.bases or "")[self.first]
        self.before = before + ref[: len(ref) - self.right]
        self.after = before + alt[: len(alt) - self.right]

    def _start_is_repeated(self) -> bool:
        """Whether the deletion, moved along a repeat, leaves the start codon as it was."""
        pos, size = self.allele.pos, len(self.allele.ref)
        bases = self.transcript.bases or ""
        lost = self.allele.ref[len(self.allele.alt) :]
        if self.transcript.forward:
            if pos >= self.start + 3:
                return False
            block = pos + size - 2 * len(lost)
            reach = self.start - 10
            return block >= max(0, reach) and bases[block : block + len(lost)] == lost
        if pos + size + 2 <= self.end:
            return False
        after = pos + size
        reach = self.transcript.end + 10
        return after - 1 + len(lost) <= reach and bases[after : after + len(lost)] == lost

    # What all of them share.

    def _left_of_exon(self, first: int, last: int, before: int) -> None:
        if self.checks.left and not self._told_utr(first, self.start - 1):
            self._splice_left(last, before)

    def _right_of_exon(self, first: int, last: int) -> None:
        if self.checks.right and not self._told_utr(self.end + 1, last):
            self._splice_right(first, last, site_at=REGION - SITE)

    def _splice_left(self, last: int, before: int) -> None:
        ref, alt = self._windows(self.start - REGION)
        if last >= self.start - REGION and before < self.start - SITE:
            self.flags |= fx.SPLICE_REGION | _synonymous(ref, alt)
        if last >= self.start - SITE:
            self._site(fx.SPLICE_ACCEPTOR if self.transcript.forward else fx.SPLICE_DONOR)
            self.flags |= _synonymous(ref[REGION - SITE :], alt[REGION - SITE :])

    def _splice_right(self, first: int, last: int, site_at: int) -> None:
        ref, alt = self._windows(self.end + 1)
        if first <= self.end + REGION and last > self.end + SITE:
            self.flags |= fx.SPLICE_REGION | _synonymous(ref, alt)
        if first <= self.end + SITE:
            self._site(fx.SPLICE_DONOR if self.transcript.forward else fx.SPLICE_ACCEPTOR)
            upto = site_at + SITE
            self.flags |= _synonymous(ref[site_at:upto], alt[site_at:upto])

    def _windows(self, start: int) -> tuple[str, str]:
        """The splice region before and after; empty where the bases are not compared."""
        if not self.checks.translated or len(self.allele.ref) == len(self.allele.alt):
            return "", ""
        if self.flags & (fx.ELONGATION | fx.TRUNCATION) or start < self.transcript.start:
            return "", ""
        bases = self.transcript.bases or ""
        return bases[start : start + REGION], self.allele.window(bases, start, REGION)

    def _site(self, flag: int) -> None:
        if self.checks.sites:
            self.flags |= flag

    def _ends(self, at_left: bool, at_right: bool) -> None:
        """The three outermost bases of the exon on each side."""
        forward, checks = self.transcript.forward, self.checks
        for here, splices, is_first in (
            (at_left, checks.left, forward),
            (at_right, checks.right, not forward),
        ):
            if not here:
                continue
            if splices:
                self.flags |= fx.SPLICE_REGION
            if is_first and checks.start:
                self.flags |= fx.START_LOST
            if not is_first and checks.stop:
                self.flags |= fx.STOP_LOST

    def _told_utr(self, first: int, last: int) -> bool:
        if not self.checks.translated:
            return False
        utr = self.transcript.in_utr(first, last)
        if utr is None:
            return False
        self.tell(self.transcript, (fx.UTR_5 if utr.five_prime else fx.UTR_3) | self.flags)
        return True

    def _tell(self) -> None:
        if self.flags:
            self.tell(self.transcript, self.flags)


def _synonymous(before: str, after: str) -> int:
    return fx.SYNONYMOUS if before and before == after else 0
