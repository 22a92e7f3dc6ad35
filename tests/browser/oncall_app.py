"""A shop with people on call."""

from __future__ import annotations

import billow

app = billow.App("shop")


@app.function(fleet=billow.Fleet(min=0, max=1))
def charge(amount: int = 1) -> int:
    """Take money."""
    return amount


rota = billow.Rota(
    "web", people=["ana", "ben", "cho"], zone="Europe/Paris", start="2026-01-05 09:00"
).layer(["dan"], turn="1 week", only="Sat-Sun 10:00-18:00")
app.oncall(billow.Page(rota, after="0 s"))
app.availability(95, public=True)
