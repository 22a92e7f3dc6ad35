"""The front at work: the sockets it listens on, its word with the keeper, its rounds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
from typing import Any

from billow.front.config import Config
from billow.front.house import House
from billow.front.lane import Lane
from billow.front.lines import Lines
from billow.front.probes import TICK, Probes
from billow.front.redirect import Redirect
from billow.front.servers import Server
from billow.front.tls import Certificate, Greeter
from billow.front.visitor import Visitor
from billow.lane import ENDING

#: Seconds between two reports to the keeper, two rounds past all visitors, two writes of the log.
REPORT = 0.5
ROUND = 1.0
WRITE = 0.2

#: Seconds between two looks for a new certificate; connections that wait to be accepted.
RENEW = 10.0
BACKLOG = 1024

#: Seconds that a round may come late before nobody is blamed for the time that has passed.
LATE = 0.05

#: Seconds that answers under way get when the front leaves.
GRACE = 5.0

#: Bytes of one word of the keeper.
LONGEST = 4 * 1024 * 1024

_log = logging.getLogger("billow.front")


class Service:
    """Runs a front until the keeper is gone or says so.

    Args:
        listening: where visitors come in.
        control: the line to the keeper.
        plain: where who comes by plain HTTP is told to come by https.
        lines: what is logged, for the keeper.
    """

    def __init__(
        self,
        listening: socket.socket,
        control: socket.socket,
        plain: socket.socket | None = None,
        lines: Lines | None = None,
    ) -> None:
        self._listening = listening
        self._plain = plain
        self._control = control
        self._lines = lines or Lines()
        self._over = asyncio.Event()
        self._busy_at = 0.0
        self._place = -1

    async def run(self) -> None:
        """Work."""
        loop = asyncio.get_running_loop()
        for kind in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(kind, self._over.set)
        reader, writer = await asyncio.open_connection(sock=self._control, limit=LONGEST)
        told = await _read(reader)
        if told is None:
            return
        house = House(Config.decode(told["config"]))
        # A short way to the sockets: their own paths may be too long for an address.
        self._place = os.open(told["sockets"], os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        servers = await self._listen(house)
        tasks = [
            loop.create_task(work)
            for work in (
                self._hear(reader, house),
                self._watch(house, writer),
                self._report(house, writer),
                self._walk(house),
            )
        ]
        _log.info("listening")
        await self._over.wait()
        _log.info("leaving")
        for server in servers:
            server.close()
        await self._finish(house)
        for task in tasks:
            task.cancel()
        house.log.flush()
        self._pass_on(writer)

    def _pass_on(self, writer: asyncio.StreamWriter) -> None:
        """Tell the keeper what was logged."""
        if told := self._lines.take():
            _tell(writer, told)

    async def _listen(self, house: House) -> list[asyncio.Server]:
        loop = asyncio.get_running_loop()
        if not house.config.cert:
            return [
                await loop.create_server(
                    lambda: Visitor(house), sock=self._listening, backlog=BACKLOG
                )
            ]
        certificate = Certificate(house.config.cert, house.config.key)
        house.spawn(_renew(certificate))
        made = [
            await loop.create_server(
                lambda: Greeter(house),
                sock=self._listening,
                backlog=BACKLOG,
                ssl=certificate.context,
                ssl_handshake_timeout=house.bounds.head_time,
            )
        ]
        if self._plain is not None:
            port = self._listening.getsockname()[1]
            made.append(await loop.create_server(lambda: Redirect(port), sock=self._plain))
        return made

    async def _hear(self, reader: asyncio.StreamReader, house: House) -> None:
        """Take in which servers there are; leave when the keeper is gone."""
        while (told := await _read(reader)) is not None:
            house.desk.shedding = told.get("shed", False)
            apply(house, f"/proc/self/fd/{self._place}", told["servers"])
        self._over.set()

    async def _watch(self, house: House, writer: asyncio.StreamWriter) -> None:
        """Ask the servers how they are, and tell the keeper of those that are hopeless."""
        probes = Probes(house)
        came = -1
        while True:
            due = house.now() + TICK
            await asyncio.sleep(TICK)
            now = house.now()
            answered = sum(server.turn for server in house.servers.values())
            if answered != came:
                came, self._busy_at = answered, now
            # If this process itself was kept waiting, answers may lie there that make room.
            if now - due < LATE:
                house.desk.sweep()
                house.look_at_lanes(now)
            hung = probes.look(seldom=now - self._busy_at > 10)
            if hung:
                _tell(writer, {"hung": hung})

    async def _report(self, house: House, writer: asyncio.StreamWriter) -> None:
        while True:
            await asyncio.sleep(REPORT)
            _tell(writer, {"report": report(house)})
            self._pass_on(writer)

    async def _walk(self, house: House) -> None:
        """Go round: past the visitors every second, past the log more often."""
        rounds = 0
        while True:
            await asyncio.sleep(WRITE)
            house.log.flush()
            rounds += 1
            if rounds * WRITE >= ROUND:
                rounds = 0
                house.check()

    async def _finish(self, house: House) -> None:
        """Let visitors go after the answers that are under way."""
        house.closing = True
        for guest in list(house.guests):
            guest.close_if_idle()
        deadline = house.now() + GRACE
        while house.guests and house.now() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def apply(house: House, place: str, told: dict[str, dict[str, Any]]) -> None:
    """Make the servers those that the keeper tells; their sockets are in the folder `place`."""
    for gone in house.servers.keys() - told.keys():
        server = house.servers.pop(gone)
        server.draining = True
        server.close_idle()
        if server.lane is not None:
            server.lane.close()
    for name, facts in told.items():
        known = house.servers.get(name)
        if known is None:
            address = f"{place}/{name}.sock"
            known = Server(name, address, facts["pid"], house.bounds.in_flight)
            lane = f"{place}/{name}{ENDING}"
            known.lane = Lane(known, lane, house.config.token, house.note_at_hand)
            known.lane.open()
            house.servers[name] = known
        known.draining = facts["draining"]
        if known.draining:
            known.close_idle()
    house.freed()


def report(house: House) -> dict[str, Any]:
    """How things stand."""
    servers = {
        name: {
            "out": server.out,
            "patient": server.patient,
            "limit": server.limit.now,
            "answered": server.answered,
            "suspect": server.suspect or server.stopped,
            "draining": server.draining,
            "done": server.done,
        }
        for name, server in house.servers.items()
    }
    counts = house.counts
    return {
        "servers": servers,
        "waiting": house.desk.waiting,
        "connections": len(house.guests),
        "traffic": counts.traffic(house.now()),
        "answers": counts.answers,
        "refused": counts.refused,
        "retried": counts.retried,
    }


async def _renew(certificate: Certificate) -> None:
    """Look for a new certificate, as long as the front runs."""
    while True:
        await asyncio.sleep(RENEW)
        try:
            if certificate.refresh():
                _log.info("a new certificate is in use")
        except OSError as problem:
            _log.warning("the new certificate cannot be used, the old one stays: %s", problem)


async def _read(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    try:
        line = await reader.readline()
    except (OSError, ValueError):
        return None
    told: dict[str, Any] | None = json.loads(line) if line.endswith(b"\n") else None
    return told


def _tell(writer: asyncio.StreamWriter, what: dict[str, Any]) -> None:
    """Tell the keeper; a keeper that does not listen must not stop the front."""
    if writer.transport.get_write_buffer_size() < LONGEST:
        with contextlib.suppress(OSError):
            writer.write(json.dumps(what).encode() + b"\n")
