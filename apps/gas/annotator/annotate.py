"""Annotate a VCF file: in come variants, out come the same with what they do, and counts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from annotator.bcftools import Bcftools
from annotator.counts import Counts
from annotator.cytobands import assembly_of
from annotator.known import Known
from annotator.records import Annotator
from annotator.reference import References, bundled
from annotator.vcf_input import VcfFile


def annotate(
    path: Path,
    out_dir: Path,
    *,
    name: str | None = None,
    references: References | None = None,
    assembly: str | None = None,
    engine: str = "python",
    annotate_from: Known | None = None,
    progress: Callable[[float], None] | None = None,
) -> Counts:
    """Write `NAME.annot.vcf` and `NAME.vcf.count.log`; nothing is left if it fails.

    Memory does not grow with the number of records, nor with that of samples.

    Args:
        path: a VCF, plain or packed by gzip or bgzip.
        out_dir: where to write; made if it is not there.
        name: the file's name, if not the path's; `a.vcf` and `a.vcf.gz` are both NAME `a`.
        references: genes and sequences; the bundled ones if not given.
        assembly: `hg19` or `hg38` for the chromosome bands, if the header does not tell.
        engine: `python`, or `bcftools` for consequences by `bcftools csq`, if it is installed.
        annotate_from: known variants; those that are there get the name they have there.
        progress: called with the bytes read so far.

    Raises:
        Rejected: the file is no VCF, is damaged or breaks a limit; the message says where.
    """
    vcf = VcfFile(path, progress)
    assembly = assembly or assembly_of(vcf.header)
    annotator = Annotator(references or bundled(), vcf.header, assembly, annotate_from)
    other = Bcftools(annotator.references, annotator.tags) if engine == "bcftools" else None
    out_dir.mkdir(parents=True, exist_ok=True)
    stem = stem_of(name or path.name)
    result, log = out_dir / f"{stem}.annot.vcf", out_dir / f"{stem}.vcf.count.log"
    unfinished = result.with_name(f"{result.name}.part")
    try:
        with unfinished.open("wb") as out:
            _write(out, annotator, vcf)
        counts = annotator.finish()
        if other is not None:
            other.rewrite(unfinished, counts)
        log.write_text(counts.log(), "utf-8")
        unfinished.replace(result)
    except BaseException:
        for file in (unfinished, log):
            with contextlib.suppress(FileNotFoundError):
                file.unlink()
        raise
    return counts


def stem_of(name: str) -> str:
    """A file's name without `.vcf` or `.vcf.gz`."""
    for ending in (".vcf.gz", ".vcf.bgz", ".vcf"):
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name


def _write(out: BinaryIO, annotator: Annotator, vcf: VcfFile) -> None:
    _write_lines(out, annotator.header_lines())
    for lines in vcf.records():
        _write_lines(out, annotator.annotate(lines, vcf.line))


def _write_lines(out: BinaryIO, lines: list[str]) -> None:
    out.write(("\n".join(lines) + "\n").encode("latin-1"))
