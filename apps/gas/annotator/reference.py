"""References: sequences, their genes, names and genetic codes, read from folders."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TextIO

from annotator.bases import Bases, FileBases, index
from annotator.gene_map import GeneMap
from annotator.genes import Transcript
from annotator.genetic_codes import GeneticCode, genetic_code
from annotator.gff3 import BadGenes, read_genes
from annotator.large import GenesFile, Held

BUNDLED = Path(__file__).resolve().parents[1] / "references"

_GENES = (".gff3", ".gff3.gz", ".gff", ".gff.gz")
_SEQUENCES = (".fa", ".fa.gz", ".fasta", ".fasta.gz", ".fna", ".fna.gz")
_MITOCHONDRIAL = 2

#: Bytes of a sequence file, and of a gene model, from which on they stay in their files.
LARGE = 64 << 20
#: How much smaller packed files are that hold as much.
_PACKED = 4


class BadReference(ValueError):
    """A folder cannot serve as a reference; the message says what is wrong and what is needed."""


@dataclass
class Contig:
    """One sequence of a reference."""

    name: str
    #: None where the folder has genes only: then nothing can be translated.
    bases: Bases | None
    code: GeneticCode
    genes: GeneMap

    @property
    def length(self) -> int | None:
        """Bases, if known."""
        return None if self.bases is None else len(self.bases)


@dataclass
class Reference:
    """A folder with a GFF3 file, usually with a FASTA file, and perhaps with `reference.json`."""

    name: str
    genes_file: Path
    sequence_file: Path | None
    contigs: Mapping[str, Contig] = field(default_factory=dict)
    aliases: dict[str, list[str]] = field(default_factory=dict)
    #: Whether it is so large that it stays in its files.
    large: bool = False


class References:
    """Several references; a sequence is found in the first that has it.

    Raises:
        BadReference: a folder cannot be read.
    """

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.all = [read_reference(folder) for folder in folders]
        self._places: dict[str, tuple[Reference, str]] = {}
        for reference in self.all:
            for name in reference.contigs:
                for alias in (name, *reference.aliases.get(name, ())):
                    self._places.setdefault(plain_name(alias), (reference, name))

    def find(self, name: str) -> Contig | None:
        """The sequence of this name; `chrM`, `M` and `MT` are one, and so are `chr1` and `1`."""
        found = self.place(name)
        if found is None:
            return None
        reference, own = found
        try:
            return reference.contigs[own]
        except (BadGenes, OSError, UnicodeDecodeError) as problem:  # read only now
            raise BadReference(f"{reference.name}: {problem}") from problem

    def place(self, name: str) -> tuple[Reference, str] | None:
        """The reference that has a sequence, and what it is called there."""
        return self._places.get(plain_name(name))

    @property
    def large(self) -> bool:
        """Whether one of them stays in its files, so that few sequences are held at a time."""
        return any(reference.large for reference in self.all)

    @property
    def names(self) -> str:
        """What there is, in words."""
        return ", ".join(reference.name for reference in self.all)


@cache
def bundled() -> References:
    """The references that come with the app: human mitochondrion, SARS-CoV-2."""
    return References((BUNDLED / "human_mt", BUNDLED / "sarscov2"))


def plain_name(name: str) -> str:
    """A sequence's name without what differs between sources."""
    short = name[3:] if name[:3].lower() == "chr" and len(name) > 3 else name
    return "MT" if short.upper() in ("M", "MT") else short


def read_reference(folder: Path) -> Reference:
    """The reference in `folder`.

    Raises:
        BadReference: there is no gene model, more than one, or a file cannot be read.
    """
    genes = _only_file(folder, _GENES)
    if genes is None:
        raise BadReference(f"{folder} has no gene model; a file *.gff3 or *.gff3.gz is needed")
    sequence = _only_file(folder, _SEQUENCES)
    told = _read_settings(folder / "reference.json")
    reference = Reference(told.get("name", folder.name), genes, sequence)
    reference.aliases = told.get("aliases", {})
    reference.large = _is_large(genes) or (sequence is not None and _is_large(sequence))
    try:
        codes = _codes(told.get("genetic_code", {}))
        fill = _fill_large if reference.large else _fill
        fill(reference, codes)
    except (BadGenes, OSError, EOFError, UnicodeDecodeError, ValueError) as problem:
        raise BadReference(f"{folder}: {problem}") from problem
    return reference


def _fill(reference: Reference, codes: dict[str, GeneticCode]) -> None:
    """Read all of it."""
    bases = _read_sequences(reference.sequence_file) if reference.sequence_file else {}
    with _open(reference.genes_file) as lines:
        transcripts = read_genes(lines)
    reference.contigs = {
        name: _contig(name, bases.get(name), _code(name, codes), transcripts.get(name, []))
        for name in {**bases, **transcripts}
    }


def _fill_large(reference: Reference, codes: dict[str, GeneticCode]) -> None:
    """Look where everything is, to read it when it is wanted."""
    sequence = reference.sequence_file
    for path in (reference.genes_file, sequence):
        if path is not None and path.name.endswith(".gz"):
            raise ValueError(f"{path.name} is large and packed; unpack it, to be read in places")
    entries = index(sequence) if sequence else {}
    genes = GenesFile(reference.genes_file)

    def make(name: str) -> Contig:
        entry = entries.get(name)
        bases = FileBases(sequence, entry) if sequence and entry else None
        return _contig(name, bases, _code(name, codes), genes.read(name))

    reference.contigs = Held([*{**entries, **dict.fromkeys(genes.names)}], make)


def _is_large(path: Path) -> bool:
    factor = _PACKED if path.name.endswith(".gz") else 1
    return path.stat().st_size * factor > LARGE


def _code(name: str, codes: dict[str, GeneticCode]) -> GeneticCode:
    return codes.get(name) or codes.get("*") or _usual_code(name)


def _contig(
    name: str, bases: Bases | None, code: GeneticCode, transcripts: list[Transcript]
) -> Contig:
    for transcript in transcripts:
        if bases is not None and transcript.end < len(bases):
            transcript.bases, transcript.code = bases, code
    return Contig(name, bases, code, GeneMap(transcripts))


def _usual_code(name: str) -> GeneticCode:
    return genetic_code(_MITOCHONDRIAL if plain_name(name) == "MT" else 1)


def _codes(told: dict[str, int]) -> dict[str, GeneticCode]:
    return {name: genetic_code(number) for name, number in told.items()}


def _only_file(folder: Path, endings: tuple[str, ...]) -> Path | None:
    if not folder.is_dir():
        raise BadReference(f"{folder} is not a folder")
    found = sorted(path for path in folder.iterdir() if path.name.endswith(endings))
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise BadReference(f"{folder} has several files that could be meant: {names}")
    return found[0] if found else None


def _read_settings(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        told = json.loads(path.read_text("utf-8"))
    except ValueError as problem:
        raise BadReference(f"{path} is not JSON: {problem}") from None
    if not isinstance(told, dict):
        raise BadReference(f"{path} must hold one JSON object")
    return told


def _read_sequences(path: Path) -> dict[str, str]:
    parts: dict[str, list[str]] = {}
    current: list[str] | None = None
    with _open(path) as lines:
        for line in lines:
            if line.startswith(">"):
                name = line[1:].split(maxsplit=1)[0]
                current = parts.setdefault(name, [])
            elif current is not None:
                current.append(line.strip().upper())
            elif line.strip():
                raise ValueError(f"{path.name} is not FASTA: it does not begin with `>`")
    return {name: "".join(lines) for name, lines in parts.items()}


@contextmanager
def _open(path: Path) -> Iterator[TextIO]:
    if path.name.endswith(".gz"):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield file
    else:
        with path.open(encoding="utf-8") as file:
            yield file
