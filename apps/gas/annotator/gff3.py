"""Read gene models from GFF3: Ensembl's layout, RefSeq's, bacterial ones without transcripts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from annotator.genes import Part, Span, Transcript, Untranslated

_UTRS = {"five_prime_UTR": True, "three_prime_UTR": False}
_PIECES = frozenset(("exon", "CDS", *_UTRS))
_GENES = frozenset(("gene", "ncRNA_gene", "pseudogene"))
# What would break an INFO field.
_UNSAFE = re.compile(r"[\s;=,|]")


class BadGenes(ValueError):
    """A file is not GFF3; the message names the line."""


@dataclass
class _Feature:
    """One line."""

    sequence: str
    type: str
    start: int
    end: int
    strand: str
    phase: int | None
    id: str
    parents: list[str]
    attributes: dict[str, str]


@dataclass
class _Pieces:
    exons: list[Span] = field(default_factory=list)
    coding: list[_Feature] = field(default_factory=list)
    utrs: list[Untranslated] = field(default_factory=list)


def read_genes(lines: Iterable[str]) -> dict[str, list[Transcript]]:
    """The transcripts of each sequence, in the order of the file.

    Raises:
        BadGenes: a line cannot be read.
    """
    genes: dict[str, _Feature] = {}
    transcripts: dict[str, _Feature] = {}
    pieces: dict[str, _Pieces] = defaultdict(_Pieces)
    for number, line in enumerate(lines, 1):
        if line.startswith("##FASTA"):
            break
        if line.startswith("#") or not line.strip():
            continue
        feature = _parse(line, number)
        if feature.type in _PIECES:
            for parent in feature.parents:
                _add_piece(pieces[parent], feature)
        elif feature.type in _GENES or feature.id.startswith("gene:") or not feature.parents:
            if feature.id:
                genes[feature.id] = feature
        elif feature.id:
            transcripts[feature.id] = feature
    return _assemble(genes, transcripts, pieces)


def _parse(line: str, number: int) -> _Feature:
    columns = line.rstrip("\r\n").split("\t", 8)
    try:
        sequence, _, type_, start, end, _, strand, phase, text = columns
        span = int(start) - 1, int(end) - 1
    except ValueError:
        raise BadGenes(f"line {number} is not GFF3: nine columns are needed") from None
    attributes = dict(pair.split("=", 1) for pair in text.split(";") if "=" in pair)
    return _Feature(
        sequence,
        type_,
        *span,
        strand,
        int(phase) if phase in ("0", "1", "2") else None,
        attributes.get("ID", "").strip(),
        [parent.strip() for parent in attributes.get("Parent", "").split(",") if parent.strip()],
        attributes,
    )


def _add_piece(pieces: _Pieces, feature: _Feature) -> None:
    if feature.type == "exon":
        pieces.exons.append(Span(feature.start, feature.end))
    elif feature.type == "CDS":
        pieces.coding.append(feature)
    else:
        pieces.utrs.append(Untranslated(feature.start, feature.end, _UTRS[feature.type]))


def _assemble(
    genes: dict[str, _Feature], transcripts: dict[str, _Feature], pieces: dict[str, _Pieces]
) -> dict[str, list[Transcript]]:
    found: dict[str, list[Transcript]] = defaultdict(list)
    # Bacterial genes have their coding sequence without a transcript in between.
    alone = {key: gene for key, gene in genes.items() if key in pieces and key not in transcripts}
    for key, feature in {**transcripts, **alone}.items():
        gene = next((genes[parent] for parent in feature.parents if parent in genes), feature)
        transcript = _transcript(key, feature, gene, pieces.get(key, _Pieces()))
        if transcript is not None:
            found[feature.sequence].append(transcript)
    return dict(found)


def _transcript(id: str, feature: _Feature, gene: _Feature, pieces: _Pieces) -> Transcript | None:
    if feature.strand not in ("+", "-"):
        return None
    name = gene.attributes.get("Name") or gene.attributes.get("gene") or _bare(gene.id)
    transcript = Transcript(
        id=_safe(_bare(id)),
        gene=_safe(name),
        biotype=_safe(_biotype(feature, gene, coding=bool(pieces.coding))),
        forward=feature.strand == "+",
        start=feature.start,
        end=feature.end,
        exons=sorted(pieces.exons or [Span(f.start, f.end) for f in pieces.coding]),
        utrs=sorted(pieces.utrs),
    )
    for start, end in (*transcript.exons, *((f.start, f.end) for f in pieces.coding)):
        transcript.start = min(transcript.start, start)
        transcript.end = max(transcript.end, end)
    if pieces.coding:
        _set_parts(transcript, pieces.coding)
        if not transcript.utrs:
            transcript.utrs = _derived_utrs(transcript, pieces.coding)
    return transcript


def _biotype(feature: _Feature, gene: _Feature, *, coding: bool) -> str:
    for attributes in (feature.attributes, gene.attributes):
        found = attributes.get("biotype") or attributes.get("gene_biotype")
        if found:
            return found
    return "protein_coding" if coding else feature.type


def _bare(id: str) -> str:
    return re.sub(r"^(gene|transcript|rna|mRNA|cds)[:-]", "", id)


def _safe(text: str) -> str:
    return _UNSAFE.sub("_", unquote(text)) or "."


def _set_parts(transcript: Transcript, coding: list[_Feature]) -> None:
    """Lay the parts side by side; cut what is left of codons at both ends."""
    ordered = sorted(coding, key=lambda f: f.start, reverse=not transcript.forward)
    transcript.framed = _frame_holds(ordered)
    spans = [[f.start, f.end] for f in ordered]
    lead = ordered[0].phase or 0
    transcript.cut_5 = bool(lead)
    _cut(spans, lead, left=transcript.forward)
    rest = sum(end - start + 1 for start, end in spans) % 3
    transcript.cut_3 = bool(rest)
    spans.reverse()
    _cut(spans, rest, left=not transcript.forward)
    before = 0
    for start, end in sorted(spans):
        if end >= start:
            transcript.parts.append(Part(start, end, len(transcript.parts), before))
            before += end - start + 1


def _cut(spans: list[list[int]], bases: int, *, left: bool) -> None:
    """Take bases away from the first spans: from their left ends, or from their right ends."""
    for span in spans:
        here = min(bases, span[1] - span[0] + 1)
        if left:
            span[0] += here
        else:
            span[1] -= here
        bases -= here


def _frame_holds(ordered: list[_Feature]) -> bool:
    """Whether each part's phase, where there is one, follows from the lengths before it."""
    length = -(ordered[0].phase or 0)
    for feature in ordered:
        if feature.phase is not None and (length + feature.phase) % 3:
            return False
        length += feature.end - feature.start + 1
    return True


def _derived_utrs(transcript: Transcript, coding: list[_Feature]) -> list[Untranslated]:
    """What the exons have beyond the coding sequence, where the file does not say."""
    first, last = min(f.start for f in coding), max(f.end for f in coding)
    found = []
    for start, end in transcript.exons:
        if start < first:
            found.append(Untranslated(start, min(end, first - 1), transcript.forward))
        if end > last:
            found.append(Untranslated(max(start, last + 1), end, not transcript.forward))
    return found
