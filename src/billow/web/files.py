"""The files of a job's result, as the API and the job's page list them."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from billow.job import Job

#: Where one file is fetched.
ADDRESS = "/api/v1/jobs/{id}/files/{name}"


class Listed(NamedTuple):
    """A file of a result."""

    name: str
    ending: str
    #: Bytes.
    size: int
    sha256: str
    #: Where it can be fetched.
    href: str


def listed(job: Job) -> list[Listed]:
    """The files of a job's result, in the order in which the function named them."""
    return [
        Listed(
            file.name,
            file.ending,
            file.size,
            file.sha256,
            ADDRESS.format(id=job.id, name=quote(file.name)),
        )
        for file in job.files.values()
    ]
