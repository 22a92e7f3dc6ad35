"""`python -m bench.front`: requests a second and CPU time a request of fronts, before 3 servers.

Needs wrk, nginx and haproxy (Debian packages of these names); a front that is missing is left out.
All are measured in turn, several times; the medians count.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from billow.front.config import Bounds, Config
from billow.keeper.line import Line
from billow.pool import Web
from billow.usage import cpu_time

SERVERS = 3
_SCRIPT = """
function done(s, l, r)
  local bad = s.errors.connect + s.errors.read + s.errors.write + s.errors.status + s.errors.timeout
  io.write(string.format('JSON {"requests":%d,"us":%d,"p99":%d,"errors":%d}\\n',
    s.requests, s.duration, l:percentile(99), bad))
end
"""

_NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.err error;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 10000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream app {{ least_conn; {servers} keepalive 32; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    location /protected/ {{ internal; alias {folder}/; default_type image/jpeg; }}
  }}
}}
"""
_HAPROXY = """
global
  nbthread 1
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
  http-reuse always
frontend f
  bind 127.0.0.1:{port}
  default_backend b
backend b
  balance leastconn
{servers}
"""


class Measured(NamedTuple):
    """One run."""

    rate: float
    p99_ms: float
    #: Microseconds of CPU a request: of the front, and of the front with its servers.
    front_us: float
    all_us: float
    errors: int


def free_port() -> int:
    """A port that is free at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        return int(made.getsockname()[1])


@contextmanager
def servers(folder: Path) -> Iterator[list[int]]:
    """Three servers on sockets in `folder`; yields their processes."""
    command = [sys.executable, "-m", "uvicorn", "--no-access-log", "--log-level", "error"]
    command += ["--timeout-keep-alive", "600", "bench.front.app:app"]
    environment = {**os.environ, "BENCH_FOLDER": str(folder)}
    started = [
        subprocess.Popen([*command, "--uds", str(folder / f"s{n}.sock")], env=environment)
        for n in range(SERVERS)
    ]
    try:
        while not all((folder / f"s{n}.sock").exists() for n in range(SERVERS)):
            time.sleep(0.05)
        yield [process.pid for process in started]
    finally:
        for process in started:
            process.terminate()
            process.wait()


@contextmanager
def billow_front(folder: Path, pids: list[int], port: int, log: str) -> Iterator[int]:
    """Billow's own front."""
    line = Line()
    bounds = Bounds.of(Web(in_flight=16), 1 << 20)
    config = Config(
        bounds, "bench", files=(str(folder),), log=f"{folder}/access.log", log_format=log
    )
    with socket.create_server(("127.0.0.1", port), backlog=512) as bound:
        fds = (bound.fileno(), line.other.fileno())
        command = [
            sys.executable,
            "-m",
            "billow.front",
            "--fd",
            str(fds[0]),
            "--control",
            str(fds[1]),
        ]
        process = subprocess.Popen(command, pass_fds=fds)
        line.hand_over()
        line.send({"config": config.encode(), "sockets": str(folder)})
        told = {f"s{n}": {"pid": pid, "draining": False} for n, pid in enumerate(pids)}
        line.send({"servers": told})
        try:
            yield process.pid
        finally:
            line.close()
            process.wait()


@contextmanager
def other(command: list[str]) -> Iterator[int]:
    """Another program as the front; yields the process that works."""
    process = subprocess.Popen(command, start_new_session=True)
    time.sleep(0.5)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    try:
        yield int(children[0]) if children else process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def start(name: str, folder: Path, pids: list[int], port: int) -> Any:
    """The front called `name`."""
    sockets = [folder / f"s{n}.sock" for n in range(SERVERS)]
    if name == "nginx":
        text = _NGINX.format(
            folder=folder, port=port, servers=" ".join(f"server unix:{s};" for s in sockets)
        )
        if os.getuid() == 0:
            text = "user root;" + text  # its workers must reach the servers' sockets
        (folder / "nginx.conf").write_text(text)
        return other(["nginx", "-c", str(folder / "nginx.conf")])
    if name == "haproxy":
        lines = "\n".join(f"  server s{n} unix@{s}" for n, s in enumerate(sockets))
        (folder / "haproxy.cfg").write_text(_HAPROXY.format(port=port, servers=lines))
        return other(["haproxy", "-db", "-q", "-f", str(folder / "haproxy.cfg")])
    return billow_front(folder, pids, port, "json" if name == "billow, with log" else "off")


def measure(url: str, front: int, pids: list[int], seconds: int, script: Path) -> Measured:
    """One run of wrk with 16 connections."""
    before, every = cpu_time(front), sum(map(cpu_time, pids))
    asked = ["wrk", "-t1", "-c16", f"-d{seconds}s", "--latency", "-s", str(script), url]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    told = json.loads(said.partition("JSON ")[2])
    own = cpu_time(front) - before
    both = own + sum(map(cpu_time, pids)) - every
    count = max(1, told["requests"])
    return Measured(
        count / (told["us"] / 1e6),
        told["p99"] / 1000,
        own / count * 1e6,
        both / count * 1e6,
        told["errors"],
    )


def wait_for(url: str) -> None:
    """Wait until somebody answers."""
    for _ in range(200):
        try:
            with urllib.request.urlopen(url, timeout=1) as reply:
                reply.read()
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise SystemExit(f"nobody answers at {url}")


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.front", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--only", help="one front")
    asked = parser.parse_args()
    names = ["billow", "billow, with log", "nginx", "haproxy"]
    names = [n for n in names if n.startswith("billow") or shutil.which(n)]
    names = [n for n in names if asked.only in (None, n)]
    runs: dict[tuple[str, str], list[Measured]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-front-") as made:
        folder = Path(made).resolve()
        (folder / "file.jpg").write_bytes(os.urandom(100_000))
        script = folder / "json.lua"
        script.write_text(_SCRIPT)
        for _ in range(asked.rounds):
            for name in names:
                port = free_port()
                with servers(folder) as pids, start(name, folder, pids, port) as front:
                    file = {"nginx": "/accel", "haproxy": "/bytes"}.get(name, "/file")
                    for kind, path in (("small", "/small"), ("100 KB file", file)):
                        url = f"http://127.0.0.1:{port}{path}"
                        wait_for(url)
                        run = measure(url, front, pids, asked.seconds, script)
                        runs.setdefault((kind, name), []).append(run)
    print("| answer | front | requests/s | p99 ms | CPU µs: front | with servers | errors |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for (kind, name), found in sorted(runs.items(), reverse=True):
        row = [statistics.median(column) for column in zip(*found, strict=True)]
        print(
            f"| {kind} | {name} | {row[0]:,.0f} | {row[1]:.1f} | {row[2]:.0f} | {row[3]:.0f} "
            f"| {row[4]:.0f} |"
        )


if __name__ == "__main__":
    main()
