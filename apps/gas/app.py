"""GAS, the genomics annotation service: people upload a VCF and get it back annotated."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any, Literal

from annotator import Known, References, bundled
from annotator import annotate as annotate_file

import billow

app = billow.App("gas")
app.plans(
    billow.Plan("free", max_upload=150 * billow.KiB, keep="30 min", then="archive"),
    billow.Plan("premium", price="stripe:premium"),
)

#: Every request for an annotation, and every end of one. Whoever wants to know subscribes a queue.
job_requests = app.topic("job_requests")
job_results = app.topic("job_results")

#: The table with an item for each job.
ITEMS = "annotations"

#: What there is of each result: the annotated file, and its counts as text.
ENDINGS = (".annot.vcf", ".vcf.count.log")


@app.function(
    accepts=billow.File(".vcf", ".vcf.gz", max_size=4 * billow.GiB),
    fleet=billow.Fleet(min=2, max=10),
    limits=billow.Limits(time="1 h", memory=512 * billow.MiB, files=16 * billow.GiB),
)
def annotate(
    vcf: billow.Upload,
    job: billow.Job,
    *,
    assembly: Literal["", "hg19", "hg38"] = "",
    engine: Literal["python", "bcftools"] = "python",
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
        engine=engine,
        annotate_from=_known(),
        progress=progress,
    )
    made = {ending: next(job.folder.glob(f"*{ending}")) for ending in ENDINGS}
    return billow.Outputs(made, value=counts.as_json())


job_requests.subscribe(annotate)
job_requests.subscribe("job_requests")
job_results.subscribe("job_results")


@annotate.on(billow.Event.ACCEPTED)
def request(job: billow.Job) -> None:
    """Write the job's item down and publish it, in the step that accepts the job."""
    announce(job, job_requests.name)


@annotate.on(billow.Event.COMPLETED)
def report(job: billow.Job) -> None:
    """Tell whoever is subscribed, and the owner."""
    announce(job, job_results.name)
    job.owner.email(
        f"Results available for job {job.id}",
        f"{job.name} is annotated: {job.result['value']['records']:,} variants.",
        link=job.url,
    )


@annotate.on(billow.Event.FAILED)
def apologise(job: billow.Job) -> None:
    """Tell them why there is no result."""
    reason = job.failure.message if job.failure else "the reason is not known"
    announce(job, job_results.name)
    job.owner.email(f"Job {job.id} failed", f"{job.name}: {reason}", link=job.url)


@annotate.on(billow.Event.CANCELLED)
def withdraw(job: billow.Job) -> None:
    """Write down that there will be no result, in the step that cancels the job."""
    announce(job, job_results.name)


def announce(job: billow.Job, topic: str) -> None:
    """Put the job's item as it is now, and publish it."""
    told = item(job)
    job.put(ITEMS, job.id, told)
    job.publish(topic, told)


def item(job: billow.Job) -> dict[str, Any]:
    """What is told of a job; the names are those of the original service."""
    store, _, key = (job.upload or "").partition("/")
    told: dict[str, Any] = {
        "job_id": job.id,
        "user_id": job.owner,
        "input_file_name": job.name,
        "s3_inputs_bucket": store,
        "s3_key_input_file": key,
        "submit_time": int(job.created),
        "job_status": job.status.upper(),
    }
    if job.finished is not None:
        told["complete_time"] = int(job.finished)
    if job.files:
        annotated, log = (job.files[ending] for ending in ENDINGS)
        told["s3_results_bucket"] = annotated.store
        told["s3_key_result_file"] = annotated.key
        told["s3_key_log_file"] = log.key
    return told


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


@cache
def _known() -> Known | None:
    """The variants of the VCF that `GAS_ANNOTATE_FROM` names, if it does."""
    path = os.environ.get("GAS_ANNOTATE_FROM", "")
    return Known(Path(path)) if path else None
