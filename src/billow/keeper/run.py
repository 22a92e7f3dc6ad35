"""`run`: the whole of a service, from a target to its end."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from billow.app import App
from billow.drivers.embedded.disk import Disk
from billow.errors import SettingError
from billow.flow.arrivals import arrival_rule
from billow.flow.following import step_rules
from billow.flow.originals import attach
from billow.home import Home, disk_room, open_home
from billow.keeper.access import AccessArchive
from billow.keeper.certificate import tls_in_force, today
from billow.keeper.how import WEB, Settings
from billow.keeper.keeper import Keeper
from billow.keeper.listen import OPEN, PLAIN, listen
from billow.keeper.lock import KeeperLock
from billow.keeper.view import PlainView, View
from billow.loading import load_app
from billow.ops.logs.start import logging_to
from billow.settings import in_force
from billow.units import Duration, seconds

_log = logging.getLogger("billow.keeper")

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(
    target: str,
    folder: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    speed: float = 1.0,
    grace: Duration = "30 s",
    view: View | None = None,
    web: tuple[str, ...] | None = WEB,
    ready: Callable[[Keeper], None] | None = None,
) -> None:
    """Run the service that `target` declares; returns when it was stopped and all has left.

    SIGUSR1 replaces all web servers and workers in good order, so that they load the app anew.
    SIGINT, SIGTERM and SIGHUP stop it: workers get `grace` to finish their jobs; a second signal
    stops it at once. What was accepted and not finished is done when the service runs again.

    Args:
        target: a file, a folder with an `app.py`, or `package.module:name`.
        folder: where the service keeps everything.
        host: address the web servers listen on.
        port: port they listen on; 0 takes a free one.
        speed: how many times faster the policies' periods and cooldowns pass.
        grace: how long workers may take to finish when the service stops.
        view: is told what happens; a `PlainView` if not given.
        web: the web server's command; None runs none.
        ready: called with the keeper before it starts, so that another thread can `stop` it.

    Raises:
        Conflict: another keeper runs in `folder`.
        DeclarationError: the app cannot be loaded.
        SettingError: `speed` is not above 0, or other machines could reach `host`.
        Unavailable: the folder cannot be used, or the address is taken.
    """
    if not speed > 0:
        raise SettingError(f"speed {speed}: must be more than 0")
    place = Path(folder)
    settings = Settings(target, place, speed, seconds(grace), web)
    with KeeperLock(place), ExitStack() as sockets:
        app = load_app(target)
        settings = replace(settings, tls=tls_in_force(place, today()))
        bound, plain = _listen(app, settings, host, port)
        sockets.enter_context(closing(bound))
        if plain is not None:
            sockets.enter_context(closing(plain))
        settings = replace(settings, plain=plain)
        Disk(place, *disk_room()).look()  # else the stores could not even be opened on a full disk
        home = open_home(place, arrivals=arrival_rule(app), follow=step_rules(app))
        _prepare(app, home)
        keeper = Keeper(settings, app, home, bound, view or PlainView())
        if ready is not None:
            ready(keeper)
        trim = partial(home.logs.trim, in_force("log_keep").value, in_force("log_size").value)
        access = AccessArchive(home, settings.logs, in_force("access_log_keep").value)
        tidy = partial(_do_each, [access.round, trim])
        with logging_to(home.logs, "keeper", tidy), _stopped_by_signals(keeper):
            keeper.run()


def _prepare(app: App, home: Home) -> None:
    """Migrate the app's own database, while no process with older code can run."""
    attach(app, lambda: home)
    if app.database is not None:
        app.database.prepare(post=True)
        app.database.close()


def _do_each(works: Sequence[Callable[[], object]]) -> None:
    """Do all of it; what fails is told, and tried again the next time."""
    for work in works:
        try:
            work()
        except Exception:
            _log.exception("%s failed", getattr(work, "__qualname__", work))


def _listen(
    app: App, settings: Settings, host: str, port: int
) -> tuple[socket.socket, socket.socket | None]:
    """The socket of the service, and that of plain HTTP beside https, if there is to be one."""
    https = settings.tls.on
    if https and app.web.options is None:
        raise SettingError("https needs a web pool; declare app.web(billow.Web())")
    why_private = PLAIN if not https else "" if app.plan_by_name else OPEN
    bound = listen(host, port, why_private=why_private)
    plain = in_force("http_port").value
    if not https or plain == "":
        return bound, None
    return bound, listen(host, plain, why_private=why_private)


@contextmanager
def _stopped_by_signals(keeper: Keeper) -> Iterator[None]:
    """Let signals stop the keeper; outside of the main thread only `stop` can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    before = {number: signal.signal(number, lambda *_: keeper.stop()) for number in _STOP_SIGNALS}
    before[signal.SIGUSR1] = signal.signal(signal.SIGUSR1, lambda *_: keeper.renew())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
