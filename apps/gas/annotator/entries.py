"""The consequences of one record, gathered so that each is told once."""

from __future__ import annotations

from dataclasses import dataclass

from annotator import effects as fx
from annotator.genes import Transcript


@dataclass
class Entry:
    """One consequence of one allele for one transcript."""

    flags: int
    transcript: Transcript
    #: Which ALT it is, from 0.
    allele: int
    #: What becomes of the protein and of the bases, such as `12K>12N|334A>C`; or empty.
    text: str = ""

    @property
    def names(self) -> list[str]:
        """The names of its terms."""
        found = list(fx.names(fx.shown(self.flags)))
        decays = self.transcript.biotype in ("NMD", "nonsense_mediated_decay")
        return [*found, "NMD_transcript"] if decays and self.flags & ~fx.OF_GENE else found

    def __str__(self) -> str:
        flags, transcript = fx.shown(self.flags), self.transcript
        own = transcript.id if flags & ~fx.OF_GENE else ""
        told = f"{'&'.join(self.names)}|{transcript.gene}|{own}|{transcript.biotype}"
        if self.text or fx.shows_strand(flags):
            told += f"|{transcript.strand}"
        return f"{told}|{self.text}" if self.text else told


class Entries:
    """Gathers consequences; the rules of joining them are those of `bcftools csq`."""

    def __init__(self) -> None:
        self.all: list[Entry] = []
        #: Which ALT is looked at now.
        self.allele = 0

    def tell(self, transcript: Transcript, flags: int, text: str = "") -> None:
        """Note a consequence of the present allele."""
        new = Entry(_without_weaker(flags), transcript, self.allele, text)
        join = _join_translated if new.flags & fx.TRANSLATED else _join_other
        if not any(join(old, new) for old in self.all):
            self.all.append(new)


def _without_weaker(flags: int) -> int:
    if flags & fx.ELONGATION:
        flags &= ~fx.INFRAME_INSERTION
    if flags & fx.TRUNCATION:
        flags &= ~fx.INFRAME_DELETION
    if flags & fx.SPLICE_SITE:
        flags &= ~fx.SPLICE_REGION
    return flags


def _same_place(old: Entry, new: Entry) -> bool:
    if old.transcript is new.transcript:
        return True
    if (old.flags | new.flags) & ~fx.OF_GENE:
        return False
    a, b = old.transcript, new.transcript
    return (a.gene, a.biotype) == (b.gene, b.biotype)


def _join_translated(old: Entry, new: Entry) -> bool:
    """Put `new` into `old` if they say the same of the same protein."""
    if not _same_place(old, new) or old.allele != new.allele:
        return False
    if bool(old.text) != bool(new.text):
        return _join_start_or_stop(old, new)
    if old.text != new.text:
        return False
    old.flags |= new.flags
    return True


def _join_start_or_stop(old: Entry, new: Entry) -> bool:
    """What the place made likely meets what the translation shows."""
    if not (old.flags & fx.START_STOP and new.flags & fx.START_STOP):
        return False
    old.flags |= new.flags
    if old.flags & fx.STOP_RETAINED:
        old.flags &= ~(fx.STOP_LOST | fx.SYNONYMOUS)
    if old.flags & fx.START_RETAINED:
        old.flags &= ~(fx.START_LOST | fx.SYNONYMOUS)
    old.text = old.text or new.text
    return True


def _join_other(old: Entry, new: Entry) -> bool:
    if not _same_place(old, new):
        return False
    if not old.flags & fx.TRANSLATED:
        old.flags |= new.flags
        return True
    return old.flags == old.flags | new.flags
