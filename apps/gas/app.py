"""GAS, the genomics annotation service: people upload a VCF and get it back annotated."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Literal

from annotator import References, bundled
from annotator import annotate as annotate_file

import billow

app = billow.App("gas")
app.plans(
    billow.Plan("free", max_upload=150 * billow.KiB, keep="30 min", then="archive"),
    billow.Plan("premium", price="stripe:premium"),
)

#: What there is of each result: the annotated file, and its counts as text.
ENDINGS = (".annot.vcf", ".vcf.count.log")


@app.function(
    accepts=billow.File(".vcf", ".vcf.gz", max_size=4 * billow.GiB),
    fleet=billow.Fleet(min=2, max=10),
    limits=billow.Limits(time="1 h", memory=512 * billow.MiB, files=16 * billow.GiB),
)
def annotate(
    vcf: billow.Upload, job: billow.Job, *, assembly: Literal["", "hg19", "hg38"] = ""
) -> billow.Outputs:
    """What every variant of a VCF does: its gene, its place, its consequence."""

    def progress(done: float) -> None:
        job.report(done, max(1, vcf.size))

    counts = annotate_file(
        vcf.path,
        job.folder,
        name=vcf.name,
        references=_references(),
        assembly=assembly or None,
        progress=progress,
    )
    made = {ending: next(job.folder.glob(f"*{ending}")) for ending in ENDINGS}
    return billow.Outputs(made, value=counts.as_json())


@annotate.on(billow.Event.COMPLETED)
def announce(job: billow.Job) -> None:
    """Tell the owner, and whoever reads the topic `job_results`."""
    job.publish("job_results", {"job_id": job.id, "user_id": job.owner, "job_status": "COMPLETED"})
    job.owner.email(
        f"Results available for job {job.id}",
        f"{job.name} is annotated: {job.result['value']['records']:,} variants.",
        link=job.url,
    )


@annotate.on(billow.Event.FAILED)
def apologise(job: billow.Job) -> None:
    """Tell the owner why there is no result."""
    reason = job.failure.message if job.failure else "the reason is not known"
    job.publish("job_results", {"job_id": job.id, "user_id": job.owner, "job_status": "FAILED"})
    job.owner.email(f"Job {job.id} failed", f"{job.name}: {reason}", link=job.url)


@app.on(billow.Event.PLAN_CHANGED, to="premium")
def thaw(account: billow.Account) -> None:
    """Bring everything back that was archived."""
    account.restore_all()


@cache
def _references() -> References:
    """The folders that `GAS_REFERENCES` names, separated by colons; else the bundled ones."""
    folders = os.environ.get("GAS_REFERENCES", "")
    if not folders:
        return bundled()
    return References(tuple(Path(folder) for folder in folders.split(os.pathsep)))
