"""An app with everything that a result's life has: plans, files, mail, archive, thaw."""

from __future__ import annotations

import billow

app = billow.App("gas")
app.plans(billow.Plan("free", keep="30 min", then="archive"), billow.Plan("premium"))


@app.function(accepts=billow.File(".vcf"), fleet=billow.Fleet(min=1, max=2))
def annotate(vcf: billow.Upload) -> billow.Outputs:
    """The input, twice."""
    text = vcf.read_text()
    return billow.Outputs({".annot.vcf": text * 2}, value=len(text))


@annotate.on(billow.Event.COMPLETED)
def mail(job: billow.Job) -> None:
    """Tell the owner."""
    job.owner.email(f"Results available for job {job.id}", link=job.url)


@app.on(billow.Event.PLAN_CHANGED, to="premium")
def thaw(account: billow.Account) -> None:
    """Bring everything back."""
    account.restore_all()
