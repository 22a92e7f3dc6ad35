"""The part of an app that declares whom incidents page, and how available it is to be."""

from __future__ import annotations

import re
from collections.abc import Sequence

from billow.errors import DeclarationError
from billow.ops.availability.promise import Promise
from billow.ops.page import Page
from billow.ops.rota.rota import Rota

_SERVICE = re.compile(r"[a-z][a-z0-9_-]{0,62}")


class OnCall:
    """Declares paging and availability, as a part of `billow.App`."""

    name: str
    policies: dict[str, Page]
    promise: Promise | None

    def oncall(self, page: Page, *, service: str | None = None) -> None:
        """Declare whom incidents of a service page.

        Args:
            page: whom, and when.
            service: what the incidents are about; default is all of this app that have no policy of
                their own.

        Raises:
            DeclarationError: the service has a policy, or two rotas share a name and differ.
        """
        name = service or self.name
        if not _SERVICE.fullmatch(name):
            raise DeclarationError(f"service {name!r}: 1 to 63 of a-z 0-9 _ -, a letter first")
        if name in self.policies:
            raise DeclarationError(f"whom {name!r} pages is declared twice")
        if self.rotas.get(page.rota.name, page.rota) != page.rota:
            raise DeclarationError(f"two rotas are called {page.rota.name!r} and differ")
        self.policies[name] = page

    @property
    def rotas(self) -> dict[str, Rota]:
        """The rotas of all policies, by name."""
        return {page.rota.name: page.rota for page in self.policies.values()}

    def availability(
        self,
        target: float,
        *,
        public: bool = False,
        report: str = "",
        to: Sequence[str] = (),
        zone: str = "UTC",
    ) -> None:
        """Declare how available the service is to be; from then on it is looked at and counted.

        Args:
            target: per cent of the time, such as 99.5.
            public: whether anybody may see the page `/status`.
            report: when a report of the past week is mailed, such as "Mon 08:00"; "" is never.
            to: the addresses that it goes to; default is the inbox of the console.
            zone: the time zone of `report`, and of days, weeks and months.

        Raises:
            DeclarationError: one of these cannot be, or availability was declared before.
        """
        if self.promise is not None:
            raise DeclarationError("app.availability(...) is declared twice")
        self.promise = Promise(float(target), public, report, tuple(to), zone)
