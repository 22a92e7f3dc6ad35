"""What is wrong with a head that cannot be passed on."""

from __future__ import annotations


class Malformed(Exception):
    """The request is not one that can be passed on; `status` is what to answer."""

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.status = status
