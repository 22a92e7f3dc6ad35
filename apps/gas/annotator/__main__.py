"""Annotate a file from the command line: `python -m annotator FILE.vcf --reference DIR`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import billow
from annotator.annotate import annotate
from annotator.bcftools import ENGINES
from annotator.cytobands import ASSEMBLIES
from annotator.known import Known
from annotator.reference import BadReference, References, bundled


def main(arguments: list[str] | None = None) -> int:
    """Run it; the exit status is 0, or 1 if the file or a reference is refused."""
    parser = argparse.ArgumentParser(prog="annotator", description="Say what variants do.")
    parser.add_argument("vcf", type=Path, help="a VCF, plain or packed by gzip or bgzip")
    parser.add_argument("--out", type=Path, default=Path(), help="folder of the results")
    parser.add_argument(
        "--reference",
        type=Path,
        action="append",
        metavar="DIR",
        help="a folder with a GFF3 file and a FASTA file; may be given several times",
    )
    parser.add_argument("--assembly", choices=ASSEMBLIES, help="for the chromosome bands")
    parser.add_argument("--engine", choices=ENGINES, default="python", help="what predicts")
    parser.add_argument(
        "--annotate-from", type=Path, metavar="VCF", help="known variants, whose names are added"
    )
    asked = parser.parse_args(arguments)
    try:
        references = References(tuple(asked.reference)) if asked.reference else bundled()
        counts = annotate(
            asked.vcf,
            asked.out,
            references=references,
            assembly=asked.assembly,
            engine=asked.engine,
            annotate_from=Known(asked.annotate_from) if asked.annotate_from else None,
        )
    except (billow.Rejected, BadReference, OSError) as problem:
        sys.stderr.write(f"{asked.vcf}: {problem}\n")
        return 1
    sys.stdout.write(json.dumps(counts.as_json(), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
