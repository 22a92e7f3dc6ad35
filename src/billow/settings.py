"""The settings of a service on a machine: one table, read by the command line and the docs.

What an app *is* stands in its Python file. Settings say where and how it runs here. The first of
these that says something counts: the command's option, the environment, the file of settings, the
default.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from billow import settings_values as values
from billow.errors import SettingError
from billow.settings_file import FROM_FILE, Written, check_names, first_line, read_file

_PREFIX = "BILLOW_"


class Setting(NamedTuple):
    """A row of the table. `default` is text as it would stand in the environment."""

    name: str
    default: str
    help: str
    #: Makes the value of the text, or raises ValueError.
    read: Callable[[str], Any] = str
    #: Whether the text may hold a password: the value's own `str` leaves that out, and it may stand
    #: in a file of its own, named by the same name with `_file`.
    secret: bool = False
    #: Whether it is a path, which in the file of settings is relative to that.
    path: bool = False

    @property
    def env(self) -> str:
        """The environment variable."""
        return _PREFIX + self.name.upper()


class InForce(NamedTuple):
    """A setting's value, and where it comes from: `option`, `environment`, `file` or `default`."""

    setting: Setting
    value: Any
    source: str

    @property
    def shown(self) -> Any:
        """The value as it may be shown: plain, and without passwords."""
        plain = isinstance(self.value, (str, int, float))
        return self.value if plain and not self.setting.secret else str(self.value)


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "config", "", "The file of settings; if empty, `billow.toml` beside the app if it is there."
    ),
    Setting(
        "app",
        "app.py",
        "The app: a file, a folder with an app.py, or package.module:name.",
        path=True,
    ),
    Setting(
        "folder",
        "",
        "Where the service keeps its data; if empty, `.billow` beside the app.",
        path=True,
    ),
    Setting(
        "host",
        "127.0.0.1",
        "Address to listen on; others than loopback need https and an app with accounts.",
    ),
    Setting("port", "8420", "Port to listen on; 0 takes any free one.", values.port),
    Setting(
        "speed",
        "1",
        "How many times faster the periods and cooldowns of scaling run; work itself never does.",
        values.speed,
    ),
    Setting(
        "grace", "30 s", "How long running jobs may take to finish at Ctrl-C.", values.duration
    ),
    Setting(
        "url",
        "",
        "The address under which people reach the service, for links in mail; if empty, where it "
        "listens.",
        values.address,
    ),
    Setting(
        "mail",
        "inbox",
        "Where mail goes: `inbox` keeps it for the console's Inbox page and sends nothing; "
        "`smtp://user:password@host:587` sends it.",
        values.mail,
        secret=True,
    ),
    Setting(
        "mail_from",
        "",
        "Whom mail comes from, such as `GAS <gas@example.org>`.",
        values.sender,
    ),
    Setting(
        "webhooks_local",
        "0",
        "Let webhooks go to this machine itself, also without https; for development.",
        values.switch,
    ),
    Setting(
        "openid_issuer",
        "",
        "The OpenID Connect provider at which people may log in, as it calls itself, such as "
        "`https://login.example.org`.",
        values.issuer,
    ),
    Setting("openid_client_id", "", "What the service is called at that provider."),
    Setting(
        "openid_client_secret",
        "",
        "The client secret that the provider gave.",
        values.secret,
        secret=True,
    ),
    Setting("openid_name", "", "What people call the provider; if empty, its host."),
    Setting(
        "pagerduty_events",
        "",
        "Where PagerDuty's Events API is; if empty, the real one; a stand-in's address for "
        "development.",
        values.address,
    ),
    Setting(
        "deadman",
        "",
        "An outside https address that the pager calls every minute while it finds all well.",
        values.address,
    ),
    Setting(
        "stripe_key",
        "",
        "Stripe's secret API key, to take payments.",
        values.secret,
        secret=True,
    ),
    Setting(
        "stripe_webhook_secret",
        "",
        "What Stripe signs its webhooks with, `whsec_…`; while it changes, two apart by a space.",
        values.secret,
        secret=True,
    ),
    Setting(
        "stripe_api_base",
        "",
        "Where Stripe's API is; if empty, the real one; a stand-in's address for development.",
        values.address,
    ),
    Setting(
        "tls_cert",
        "",
        "File of the certificate for https; renewed ones are taken as they come.",
        path=True,
    ),
    Setting("tls_key", "", "File of the certificate's key.", path=True),
    Setting(
        "tls_dev",
        "0",
        "Speak https with a certificate made here, for development: browsers warn of it.",
        values.switch,
    ),
    Setting(
        "http_port",
        "",
        "Port whose plain HTTP is sent on to https; if empty, none.",
        values.port_or_none,
    ),
    Setting(
        "trusted_proxies",
        "",
        "Addresses or networks of proxies, with commas, whose X-Forwarded-For and -Proto are "
        "taken; if empty, this machine's own if `url` is set, else none.",
        values.networks,
    ),
    Setting(
        "access_log",
        "json",
        "How a web pool's front writes `logs/access.log`: json, common, combined or off.",
        values.log_format,
    ),
    Setting(
        "access_log_size",
        "10 MiB",
        "Size at which a new access log is begun; 5 are kept.",
        values.size,
    ),
    Setting(
        "access_log_keep",
        "90 d",
        "How long the store `access-logs` keeps them.",
        values.duration,
    ),
    Setting(
        "renderers",
        "0",
        "Processes that make renditions; 0 is one for each core, at most 4.",
        values.count,
    ),
    Setting(
        "cache_size",
        "1 GiB",
        "How much the renditions that are kept may take on the disk; the least used go.",
        values.size,
    ),
    Setting(
        "sql_url",
        "",
        "Where the app's own database is, `postgresql://user:password@host/name`; if empty, in "
        "SQLite in the service's folder.",
        values.database,
        secret=True,
    ),
    Setting(
        "otlp_url",
        "",
        "Where metrics and traces are sent, by OTLP over HTTP, such as `http://127.0.0.1:4318`; if "
        "empty, nowhere.",
        values.address,
    ),
    Setting(
        "otlp_headers",
        "",
        "Headers sent along with them, such as `api-key=…`; several apart by commas.",
        values.secret,
        secret=True,
    ),
    Setting("log_keep", "14 d", "How long the lines of the log are kept.", values.duration),
    Setting(
        "log_size",
        "512 MiB",
        "How much the lines of the log may take on the disk; the oldest go.",
        values.size,
    ),
    Setting(
        "debug",
        "0",
        "Show the whole traceback of an error instead of one line.",
        values.switch,
    ),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}


def setting(name: str) -> Setting:
    """A row of the table.

    Raises:
        SettingError: there is none of this name; the message names the nearest.
    """
    try:
        return _BY_NAME[name]
    except KeyError:
        raise SettingError(f"there is no setting {name!r}{_nearest(name, _BY_NAME)}") from None


def in_force(
    name: str, option: Any = None, environment: Mapping[str, str] | None = None
) -> InForce:
    """A setting's value: `option` if given, else the environment's, the file's, or the default.

    Raises:
        SettingError: the value is impossible; the message names it and where it came from.
    """
    row = setting(name)
    around = os.environ if environment is None else environment
    if option is not None:
        return InForce(row, _read(row, str(option), f"--{name}"), "option")
    told = _text(row, around, row.env, "_FILE", Path())
    if told is not None:
        return InForce(row, _read(row, told, row.env), "environment")
    if name != "config" and (written := settings_file(around)) is not None:
        told = _text(row, written.settings, name, FROM_FILE, written.path.parent)
        if told is not None:
            value = _read(row, _placed(row, told, written), f"{written.path}: {name}")
            return InForce(row, value, "file")
    return InForce(row, _read(row, row.default, "default"), "default")


def secret_texts(environment: Mapping[str, str] | None = None) -> set[str]:
    """What the settings hold that must never be seen: each secret, and the passwords in them.

    Raises:
        SettingError: a file that holds one cannot be read.
    """
    around = os.environ if environment is None else environment
    written = settings_file(around)
    found: set[str] = set()
    for row in SETTINGS:
        if row.secret:
            text = _text(row, around, row.env, "_FILE", Path())
            if text is None and written is not None:
                text = _text(row, written.settings, row.name, FROM_FILE, written.path.parent)
            found |= values.secrets_in(text or "")
    return found


def settings_file(environment: Mapping[str, str] | None = None) -> Written | None:
    """What the file of settings says that the environment names, every name of it checked.

    Raises:
        SettingError: it cannot be read, or has a name that is no setting.
    """
    around = os.environ if environment is None else environment
    path = around.get(_BY_NAME["config"].env)
    if not path:
        return None
    written = read_file(path)
    check_names(written, _names(lambda row: row.name, FROM_FILE) - {"config"}, _nearest)
    return written


def check_environment(environment: Mapping[str, str] | None = None) -> None:
    """Raises SettingError if a BILLOW_ variable is not in the table; names the nearest."""
    known = _names(lambda row: row.env, FROM_FILE.upper())
    for name in sorted(os.environ if environment is None else environment):
        if name.startswith(_PREFIX) and name not in known:
            raise SettingError(
                f"the environment has {name}, which is no setting"
                f"{_nearest(name, known)}; see `billow config`"
            )


def _names(called: Callable[[Setting], str], ending: str) -> set[str]:
    """What settings may be called: secrets also with an ending, for a file that holds them."""
    plain: Iterable[str] = map(called, SETTINGS)
    return {*plain, *(called(row) + ending for row in SETTINGS if row.secret)}


def _text(
    row: Setting, told: Mapping[str, str], name: str, ending: str, folder: Path
) -> str | None:
    """What `told` says of a setting: itself, or the first line of the file it names for it."""
    text, kept = told.get(name), told.get(name + ending) if row.secret else None
    if kept is None:
        return text
    if text is not None:
        raise SettingError(f"{name} and {name}{ending} are both given; one is enough")
    return first_line(folder / kept, name + ending)


def _placed(row: Setting, text: str, written: Written) -> str:
    """A path of the file of settings as it is from here; other text as it is."""
    beside = written.path.parent / text
    is_module = row.name == "app" and not beside.exists()
    return str(beside) if row.path and text and not is_module else text


def _read(row: Setting, text: str, where: str) -> Any:
    try:
        return row.read(text)
    except ValueError as problem:
        told = where if row.secret else f"{where}={text!r}"
        raise SettingError(f"{told} is impossible: {problem}") from None


def _nearest(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else ""
