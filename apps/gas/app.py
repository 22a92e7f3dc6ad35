"""GAS, the genomics annotation service: what every variant of a VCF does."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Literal

from annotator import References, bundled
from annotator import annotate as annotate_file

import billow

app = billow.App("gas")


@app.function(
    accepts=billow.File(".vcf", ".vcf.gz", max_size=4 * billow.GiB),
    fleet=billow.Fleet(min=2, max=10),
    limits=billow.Limits(time="1 h", memory=512 * billow.MiB),
)
def annotate(
    vcf: billow.Upload, job: billow.Job, *, assembly: Literal["", "hg19", "hg38"] = ""
) -> dict[str, Any]:
    """The variants of a VCF, counted by kind, place and consequence."""

    def progress(done: float) -> None:
        job.report(done, max(1, vcf.size))

    with tempfile.TemporaryDirectory(prefix="gas-") as folder:
        counts = annotate_file(
            vcf.path,
            Path(folder),
            name=vcf.name,
            references=_references(),
            assembly=assembly or None,
            progress=progress,
        )
    return {"file": vcf.name, **counts.as_json()}


@cache
def _references() -> References:
    """The folders that `GAS_REFERENCES` names, separated by colons; else the bundled ones."""
    folders = os.environ.get("GAS_REFERENCES", "")
    if not folders:
        return bundled()
    return References(tuple(Path(folder) for folder in folders.split(os.pathsep)))
