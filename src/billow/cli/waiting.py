"""Waiting for jobs, with the progress shown where there is somebody to see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from billow.cli.out import bar, warn
from billow.cli.place import Place
from billow.errors import NotFound
from billow.home import Home
from billow.job import Job
from billow.ports.wake import DONE

#: Looked at again at least so often, and at most so often, seconds.
_LOOK_AGAIN = 1.0
_REST = 0.05
#: Jobs finish about in the order of acceptance: a look ends after so many that are not final.
_AHEAD = 200


def wait_for(home: Home, ids: Sequence[str], place: Place) -> list[Job]:
    """The jobs once all are final; a bar shows how many are, on a terminal.

    Raises:
        NotFound: one of them does not exist.
    """
    if place.service() is None:
        warn("no service is running here; jobs wait until `billow up` starts one")
    try:
        with bar("finished", len(ids)) as advance:
            found = {job.id: job for job in finished(home, ids, advance)}
    except KeyboardInterrupt:
        warn("the jobs go on; `billow jobs` shows them")
        raise
    return [found[id_] for id_ in ids]


def finished(
    home: Home, ids: Iterable[str], advance: Callable[[int], None] = lambda _: None
) -> Iterable[Job]:
    """The jobs as they become final; `advance` is told how many more are."""
    left = dict.fromkeys(ids)
    with home.wake.waiter(DONE) as waiter:
        while left:
            done = _final(home, left)
            for job in done:
                del left[job.id]
            yield from done
            advance(len(done))
            if left and not done:
                waiter.wait(_LOOK_AGAIN)
            if left:
                time.sleep(_REST)
                waiter.clear()


def _final(home: Home, ids: Iterable[str]) -> list[Job]:
    done, open_ = [], 0
    for id_ in ids:
        job = home.ledger.get(id_)
        if job is None:
            raise NotFound(f"there is no job {id_!r}")
        if job.status.final:
            done.append(job)
        elif (open_ := open_ + 1) >= _AHEAD:
            break
    return done
