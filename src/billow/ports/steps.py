"""What steps of jobs set off, each within the step itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from billow.job import Job
from billow.ports.ledger import Publish, Put, Submission

#: What the acceptance of a job sets off: called with its id, what was asked, and the time, within
#: the step that accepts it. Must say the same when it is called again.
AcceptRule: TypeAlias = Callable[[str, Submission, float], Sequence[Publish | Put]]

#: What the cancelling of a job sets off: called with the job as it is then, within that step.
CancelRule: TypeAlias = Callable[[Job], Sequence[Publish | Put]]


class StepRules(NamedTuple):
    """The rules of an app; None where nothing follows."""

    accepted: AcceptRule | None = None
    cancelled: CancelRule | None = None
