"""Consequences by `bcftools csq`, where it is installed, in place of our own."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import billow
from annotator.counts import Counts
from annotator.reference import Contig, Reference, References

#: Names of the engines.
ENGINES = ("python", "bcftools")

_STANDARD_CODE = 1
_LAST_WORDS = 300


class Bcftools:
    """Rewrites the consequences of an annotated file.

    All else in the file stays as it is. Records on sequences without genes, and those whose REF is
    not what the reference has, are not asked about.

    Args:
        references: what the file was annotated with.
        tags: the names of the added INFO fields.

    Raises:
        Rejected: bcftools is not installed.
    """

    def __init__(self, references: References, tags: dict[str, str]) -> None:
        self._references, self._tags = references, tags
        found = shutil.which("bcftools")
        if found is None:
            raise billow.Rejected(
                "bcftools is not installed on the machine of this worker; choose the engine python"
            )
        self._program = found

    @property
    def version(self) -> str:
        """Such as `bcftools 1.16`."""
        told = subprocess.run([self._program, "--version"], capture_output=True, check=True)
        return told.stdout.decode().partition("\n")[0]

    def rewrite(self, path: Path, counts: Counts) -> None:
        """Put bcftools' consequences into the file at `path`, and count those.

        Raises:
            Rejected: bcftools cannot: the file has sequences of several references, one with
                another genetic code, or is not sorted; the message says which.
        """
        reference, contigs = self._only_reference(path)
        counts.engine, counts.terms = self.version, Counter()
        if reference is None:
            return
        draft = path.with_name(f"{path.name}.csq")
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            sites = Path(folder) / "sites.vcf"
            self._write_sites(path, sites, contigs)
            with self._ask(reference, sites, Path(folder)) as answers, draft.open("wb") as out:
                out.writelines(self._merged(path, answers, counts))
        draft.replace(path)

    def _only_reference(self, path: Path) -> tuple[Reference | None, dict[str, Contig]]:
        contigs: dict[str, Contig] = {}
        references: set[str] = set()
        for line in self._asked(_lines(path)):
            name = line.partition("\t")[0]
            if name not in contigs and (found := self._references.place(name)):
                reference, own = found
                contigs[name] = reference.contigs[own]
                references.add(reference.name)
                number = contigs[name].code.number
                if number != _STANDARD_CODE:
                    raise billow.Rejected(
                        f"{name} has the genetic code {number}, which this engine does not use; "
                        "choose the engine python"
                    )
                chosen: Reference | None = reference
        if len(references) > 1:
            raise billow.Rejected(
                f"the file has sequences of several references ({', '.join(sorted(references))}); "
                "the engine bcftools takes one"
            )
        return (chosen if references else None), contigs

    def _asked(self, lines: Iterable[str]) -> Iterator[str]:
        """The records that are asked about."""
        return (line for line in lines if self._is_asked(line))

    def _is_asked(self, line: str) -> bool:
        if line.startswith("#") or not line.strip():
            return False
        info = line.split("\t", 8)[7]
        mismatch = f";{self._tags['REF_MISMATCH']}"
        return f"{self._tags['REGION']}=" in info and mismatch not in info

    def _write_sites(self, path: Path, sites: Path, contigs: dict[str, Contig]) -> None:
        """The records without all that bcftools does not need, under the reference's names."""
        with sites.open("w", encoding="latin-1") as out:
            out.write("##fileformat=VCFv4.2\n")
            for contig in contigs.values():
                out.write(f"##contig=<ID={contig.name},length={contig.length}>\n")
            out.write("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
            for line in self._asked(_lines(path)):
                name, pos, _, ref, alt = line.split("\t", 5)[:5]
                out.write(f"{contigs[name].name}\t{pos}\t.\t{ref}\t{alt}\t.\t.\t.\n")

    @contextmanager
    def _ask(self, reference: Reference, sites: Path, folder: Path) -> Iterator[Iterator[str]]:
        """What bcftools says of each record, in order."""
        fasta = folder / "sequence.fa"
        assert reference.sequence_file is not None
        fasta.symlink_to(reference.sequence_file.absolute())  # it writes an index beside it
        told = folder / "told.vcf"
        command = [
            self._program, "csq", "--local-csq", "--force", "-f", str(fasta),
            "-g", str(reference.genes_file), str(sites), "-o", str(told),
        ]  # fmt: skip
        ran = subprocess.run(command, capture_output=True, check=False)
        if ran.returncode:
            words = " ".join(ran.stderr.decode(errors="replace").split())[-_LAST_WORDS:]
            raise billow.Rejected(f"bcftools csq cannot annotate this file: {words}")
        yield (line.split("\t", 8)[7] for line in _lines(told) if not line.startswith("#"))

    def _merged(self, path: Path, answers: Iterator[str], counts: Counts) -> Iterator[bytes]:
        csq = self._tags["CSQ"]
        own = re.compile(rf";{csq}=[^;\t\r\n]*")
        for line in _lines(path):
            made = line
            if self._is_asked(line):
                columns = line.split("\t", 8)
                bare = own.sub("", columns[7])
                said = next(answers).rstrip("\n")
                if said.startswith("BCSQ="):
                    said = said.removeprefix("BCSQ=").partition(";")[0]
                    body = bare.rstrip("\r\n")
                    bare = f"{body};{csq}={said}{bare[len(body) :]}"
                    for one in said.split(","):
                        counts.terms.update(one.partition("|")[0].lstrip("*").split("&"))
                columns[7] = bare
                made = "\t".join(columns)
            yield made.encode("latin-1")


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="latin-1", newline="\n") as file:
        yield from file
