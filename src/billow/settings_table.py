"""The table of settings: each with its name, default, and what it is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from billow import settings_values as values

#: What the names of settings begin with in the environment.
PREFIX = "BILLOW_"


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
        return PREFIX + self.name.upper()


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
        "How `logs/access.log` is written: json, common, combined or off.",
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
        "disk_floor",
        "",
        "How much of the disk must be left for new work to be taken; if empty, 16 MiB, or 1/64 of "
        "a small disk.",
        values.room,
    ),
    Setting(
        "disk_reserve",
        "",
        "How much of the disk is held back for what goes on when it is full; 0 holds nothing back; "
        "if empty, 32 MiB, or 1/32 of a small disk.",
        values.room,
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
