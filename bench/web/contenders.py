"""Who is measured, and how each is started."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.jobs.venvs import python_of
from bench.web.running import free_port

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BILLOW, CONF, FLICKR = HERE / "billow_apps", HERE / "conf", ROOT / "apps" / "fakeflickr"
VENV = ".venv-peers-web"

#: Programs that must be there, and the Debian packages that bring them.
PROGRAMS = {"wrk": "wrk", "nginx": "nginx-light", "haproxy": "haproxy"}

#: Commands that serve.
Commands = list[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a measurement takes place."""

    folder: Path
    fixtures: Path
    port: int
    #: Ports for servers behind a proxy.
    behind: tuple[int, int, int]

    @classmethod
    def new(cls, folder: Path, fixtures: Path) -> Place:
        """A place with free ports."""
        return cls(folder, fixtures, free_port(), (free_port(), free_port(), free_port()))


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of a table."""

    name: str
    commands: Callable[[Place], Commands]
    environment: Mapping[str, str] = field(default_factory=dict)

    def surroundings(self, place: Place) -> dict[str, str]:
        """The environment of its processes."""
        paths = os.pathsep.join(map(str, (ROOT / "src", ROOT, FLICKR)))
        return {"FIXTURES": str(place.fixtures), "PYTHONPATH": paths, **self.environment}


def missing() -> list[str]:
    """Debian packages of the programs that are not here."""
    return [package for program, package in PROGRAMS.items() if shutil.which(program) is None]


def tool(name: str) -> str:
    """A command of the peers' virtual environment."""
    return str(python_of(VENV).with_name(name))


def _uvicorn(app: str, port: int, *more: str) -> Sequence[str]:
    fast = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "error")
    where = ("--host", "127.0.0.1", "--port", str(port), "--backlog", "2048")
    kept = ("--timeout-keep-alive", "60")
    return [tool("uvicorn"), f"bench.web.apps.{app}:app", *fast, *where, *kept, *more]


def billow(app: str) -> Callable[[Place], Commands]:
    """A service of Billow, with one front and its pool."""

    def commands(place: Place) -> Commands:
        up = [sys.executable, "-m", "billow.cli.main", "up", str(BILLOW / f"{app}.py"), "--plain"]
        return [[*up, "--folder", str(place.folder / "home"), "--port", str(place.port)]]

    return commands


def nginx(place: Place, serve: str, workers: int = 1) -> Sequence[str]:
    """Nginx, which sends the files itself or asks the servers behind it first."""
    # Up is who can do all of it: nginx alone would be so before the servers behind it.
    health = "proxy_pass http://app;" if "proxy_pass" in serve else 'return 200 "ok";'
    values = {"workers": workers, "upstream": place.behind[0], "serve": serve, "health": health}
    return ["nginx", "-c", str(_configured("nginx.conf", place, values))]


def haproxy(place: Place, *, tuned: bool, servers: int = 3, most: str = "") -> Sequence[str]:
    """Haproxy in front of servers: as most configure it, or tuned to lose nothing."""
    retry = "retry-on conn-failure empty-response response-timeout 502 503"
    lines = [
        f"  server s{number} 127.0.0.1:{port} {most}"
        for number, port in enumerate(place.behind[:servers])
    ]
    values = {
        "answer": "400ms" if tuned and not most else "5s",
        "queue": "200ms" if most else "1s",
        "retry": retry if tuned and not most else "",
        "balance": "leastconn" if tuned else "roundrobin",
        "reuse": "always" if tuned else "safe",
        "server": "",
        "servers": "\n".join(lines),
    }
    return ["haproxy", "-db", "-q", "-f", str(_configured("haproxy.cfg", place, values))]


def _configured(name: str, place: Place, values: Mapping[str, object]) -> Path:
    text = (CONF / name).read_text()
    here = {"folder": place.folder, "fixtures": place.fixtures, "port": place.port}
    for key, value in {**values, **here}.items():
        text = text.replace(f"@{key}@", str(value))
    made = place.folder / name
    made.write_text(text)
    return made


def behind(app: str, place: Place, count: int = 3) -> Commands:
    """Single servers for a proxy."""
    return [_uvicorn(app, port) for port in place.behind[:count]]


_ACCEL = 'proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";'
_STATIC = "alias @fixtures@/cache/; default_type image/jpeg;"

#: The whole authorised request on three servers.
WHOLE = [
    Contender("Billow", billow("album")),
    Contender(
        "uvicorn + FastAPI FileResponse",
        lambda place: [_uvicorn("fastapi_files", place.port, "--workers", "3")],
    ),
    Contender(
        "nginx X-Accel → uvicorn + Starlette",
        lambda place: [
            _uvicorn("starlette_accel", place.behind[0], "--workers", "3"),
            nginx(place, _ACCEL),
        ],
    ),
    Contender(
        "nginx static, nothing asked (the limit)",
        lambda place: [nginx(place, _STATIC, workers=3)],
    ),
]


def _granian(place: Place) -> Commands:
    fast = ("--interface", "asgi", "--loop", "uvloop", "--log-level", "error", "--workers", "3")
    respawn = ("--respawn-failed-workers", "--respawn-interval", "0")
    where = ("--host", "127.0.0.1", "--port", str(place.port))
    return [[tool("granian"), *fast, *respawn, *where, "bench.web.apps.ten_ms:app"]]


def _gunicorn(place: Place) -> Commands:
    where = ("-b", f"127.0.0.1:{place.port}", "--log-level", "error")
    worker = ("-k", "uvicorn_worker.UvicornWorker", "-w", "3", "--timeout", "2")
    return [[tool("gunicorn"), *where, *worker, "bench.web.apps.ten_ms:app"]]


#: One of three servers is killed or stopped.
STRUCK = [
    Contender("Billow", billow("ten_ms")),
    Contender(
        "uvicorn --workers 3, health check 1 s",
        lambda place: [
            _uvicorn("ten_ms", place.port, "--workers", "3", "--timeout-worker-healthcheck", "1")
        ],
    ),
    Contender("gunicorn + uvicorn workers, timeout 2 s", _gunicorn),
    Contender("Granian, respawning", _granian),
    Contender(
        "haproxy untuned → 3 uvicorn",
        lambda place: [*behind("ten_ms", place), haproxy(place, tuned=False)],
    ),
    Contender(
        "haproxy tuned → 3 uvicorn",
        lambda place: [*behind("ten_ms", place), haproxy(place, tuned=True)],
    ),
]

#: Pictures that are made when somebody asks; there is no peer in the run.
MISSING = [Contender("Billow", billow("prints"))]

#: Ten times what one server can do.
FLOODED = [
    Contender("Billow", billow("five_ms_cpu")),
    Contender("uvicorn", lambda place: [_uvicorn("five_ms_cpu", place.port)]),
    Contender(
        "uvicorn --limit-concurrency 20",
        lambda place: [_uvicorn("five_ms_cpu", place.port, "--limit-concurrency", "20")],
    ),
    Contender(
        "haproxy (maxconn 3, queue 200 ms) → uvicorn",
        lambda place: [
            *behind("five_ms_cpu", place, 1),
            haproxy(place, tuned=True, servers=1, most="maxconn 3 maxqueue 40"),
        ],
    ),
]
