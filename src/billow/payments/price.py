"""What a plan costs, to be shown. Amounts are whole numbers and are never computed with."""

from __future__ import annotations

from typing import NamedTuple

#: Currencies that Stripe does not count in hundredths, by the digits behind their point.
_WHOLE = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
_THOUSANDTHS = "bhd jod kwd omr tnd"


class Price(NamedTuple):
    """A price at the provider."""

    id: str
    #: The provider's id of what is sold.
    product: str
    #: In the smallest unit that the provider counts in; None if it depends on something.
    amount: int | None
    #: Three letters in lower case.
    currency: str
    #: `month`, `year`, `week` or `day`, and how many of them; "" if it is paid once.
    interval: str = ""
    every: int = 1

    @property
    def text(self) -> str:
        """Such as `12.00 EUR a month`."""
        if self.amount is None:
            return "a price that depends"
        return f"{_decimal(self.amount, self.currency)} {self.currency.upper()}{self._period()}"

    def _period(self) -> str:
        if not self.interval:
            return ""
        return f" a {self.interval}" if self.every == 1 else f" every {self.every} {self.interval}s"


def _decimal(amount: int, currency: str) -> str:
    if currency in _WHOLE.split():
        return str(amount)
    digits = 3 if currency in _THOUSANDTHS.split() else 2
    text = str(abs(amount)).rjust(digits + 1, "0")
    return f"{'-' if amount < 0 else ''}{text[:-digits]}.{text[-digits:]}"
