"""HTTPS and HTTP/2, as clients that other people wrote speak them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import pytest

from billow.errors import SettingError, Unavailable
from billow.front.redirect import answer as redirect
from billow.front.tls import Certificate, Greeter
from billow.handover import FilePart
from billow.keeper import self_signed
from billow.keeper.certificate import NO_TLS, tls_in_force
from billow.keeper.listen import OPEN, listen
from tests.front.stage import TOKEN, Stage, answer, play, say_name, stage, until

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LARGE = bytes(range(256)) * 8192


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    make(cert, key)
    return cert, key


def make(cert: Path, key: Path) -> None:
    now = datetime.now(UTC)
    self_signed.make(cert, key, ["localhost"], [], now - timedelta(1), now + timedelta(30))


@asynccontextmanager
async def secure(files: tuple[Path, Path], **options: Any) -> AsyncIterator[tuple[Stage, int]]:
    """A front that speaks https on a port of its own."""
    context = Certificate(str(files[0]), str(files[1])).context
    async with stage(**options) as on:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Greeter(on.house), "127.0.0.1", 0, ssl=context)
        try:
            yield on, server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for guest in list(on.house.guests):
                guest._transport.abort()  # type: ignore[attr-defined]
            await until(lambda: not on.house.guests)
            await asyncio.sleep(0.05)  # the other ends see it


class Client:
    """Speaks HTTP/2 to the front by the library's client side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        config = h2.config.H2Configuration(client_side=True, header_encoding="latin-1")
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        self.heads: dict[int, dict[str, str]] = {}
        self.bodies: dict[int, bytes] = {}
        self.over: set[int] = set()
        self.reset: set[int] = set()
        self.closed = False

    @classmethod
    async def connect(cls, port: int, cert: Path) -> Client:
        context = ssl.create_default_context(cafile=str(cert))
        context.set_alpn_protocols(["h2"])
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname="localhost"
        )
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
        return cls(reader, writer)

    def ask(self, path: str, *more: tuple[str, str], method: str = "GET", end: bool = True) -> int:
        id_ = self.h2.get_next_available_stream_id()
        head = [(":method", method), (":scheme", "https"), (":authority", "h"), (":path", path)]
        self.h2.send_headers(id_, [*head, *more], end_stream=end)
        self.send()
        return id_

    def send(self) -> None:
        self.writer.write(self.h2.data_to_send())

    async def read(self, *ids: int) -> None:
        """Read until these streams are over."""
        while not set(ids) <= self.over | self.reset and not self.closed:
            data = await self.reader.read(65536)
            self.closed = not data
            for event in self.h2.receive_data(data) if data else []:
                self._take(event)
            self.send()

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.ResponseReceived):
            self.heads[event.stream_id or 0] = {str(n): str(v) for n, v in event.headers or []}
        elif isinstance(event, h2.events.DataReceived):
            id_ = event.stream_id or 0
            self.bodies[id_] = self.bodies.get(id_, b"") + (event.data or b"")
            self.h2.acknowledge_received_data(event.flow_controlled_length or 0, id_)
        elif isinstance(event, h2.events.StreamEnded):
            self.over.add(event.stream_id or 0)
        elif isinstance(event, h2.events.StreamReset):
            self.reset.add(event.stream_id or 0)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.closed = True


def test_many_requests_at_the_same_time(certificate: tuple[Path, Path]) -> None:
    async def scene() -> None:
        async with secure(certificate) as (on, port):
            await on.add("one", say_name)
            client = await Client.connect(port, certificate[0])
            ids = [client.ask(f"/{n}", ("cookie", "a=b"), ("cookie", "c=d")) for n in range(20)]
            await client.read(*ids)
            assert [client.bodies[id_] for id_ in ids] == [
                b"GET /%d HTTP/1.1" % n for n in range(20)
            ]
            assert {client.heads[id_][":status"] for id_ in ids} == {"200"}
            assert b"\r\ncookie: a=b; c=d\r\n" in on.heads[0][1]
            assert b" https 127.0.0.1 " in on.heads[0][1]
            client.writer.close()

    play(scene)


def test_bodies_both_ways_and_files(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    file = tmp_path.resolve() / "large"
    file.write_bytes(LARGE)

    async def echo(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if head.startswith(b"GET"):
            told = FilePart(TOKEN, 0, len(LARGE), str(file)).encode()
            writer.write(answer(b"", f"x-billow-file: {told}"))
            return
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        writer.write(answer(body))

    async def scene() -> None:
        async with secure(certificate, config={"files": (str(file.parent),)}) as (on, port):
            await on.add("one", echo)
            client = await Client.connect(port, certificate[0])
            got = client.ask("/file")
            await client.read(got)
            assert client.bodies[got] == LARGE
            assert client.heads[got]["content-length"] == str(len(LARGE))
            sent = client.ask("/", method="POST", end=False)
            for at in range(0, 60_000, 10_000):
                client.h2.send_data(sent, LARGE[at : at + 10_000])
                client.send()
            client.h2.end_stream(sent)
            client.send()
            await client.read(sent)
            assert client.bodies[sent] == LARGE[:60_000]
            client.writer.close()

    play(scene)


def test_what_is_malformed_is_refused(certificate: tuple[Path, Path]) -> None:
    async def scene() -> None:
        async with secure(certificate, head=2048) as (on, port):
            await on.add("one")
            client = await Client.connect(port, certificate[0])
            client.h2.config.validate_outbound_headers = False
            client.h2.config.normalize_outbound_headers = False
            bad = client.ask("/a b")
            large = client.ask("/", ("x", "y" * 3000))
            fine = client.ask("/fine")
            await client.read(bad, large, fine)
            assert client.heads[bad][":status"] == "400"
            assert client.heads[large][":status"] == "431"
            assert client.bodies[fine] == b"GET /fine HTTP/1.1"
            assert len(on.heads) == 1
            client.writer.close()

    play(scene)


def test_headers_of_the_other_protocol_end_the_connection(
    certificate: tuple[Path, Path],
) -> None:
    async def scene() -> None:
        async with secure(certificate) as (on, port):
            await on.add("one")
            client = await Client.connect(port, certificate[0])
            client.h2.config.validate_outbound_headers = False
            client.h2.config.normalize_outbound_headers = False
            await client.read(client.ask("/", ("transfer-encoding", "chunked")))
            assert on.heads == []
            client.writer.close()

    play(scene)


def test_who_only_breaks_off_is_sent_away(certificate: tuple[Path, Path]) -> None:
    async def hangs(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read()

    async def scene() -> None:
        async with secure(certificate) as (on, port):
            server = await on.add("one", hangs)
            client = await Client.connect(port, certificate[0])
            try:
                for _ in range(300):
                    client.h2.reset_stream(client.ask("/"))
                    client.send()
            except h2.exceptions.ProtocolError:
                pass
            await client.read(-1)
            assert client.closed
            await until(lambda: server.out == 0)
            client.writer.close()

    play(scene)


def test_a_renewed_certificate_is_taken_and_a_broken_one_is_not(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make(cert, key)
    kept = Certificate(str(cert), str(key))
    assert not kept.refresh()
    make(cert, key)
    assert kept.refresh()
    cert.write_text("nothing")
    with pytest.raises(ssl.SSLError):
        kept.refresh()
    assert not kept.refresh()


def test_plain_http_is_sent_on() -> None:
    head = b"GET /a?b=c HTTP/1.1\r\nHost: example.org:80\r\n\r\n"
    assert b"308" in redirect(head, 8443)
    assert b"location: https://example.org:8443/a?b=c\r\n" in redirect(head, 8443)
    assert b"location: https://example.org/a?b=c\r\n" in redirect(head, 443)
    for host in (b"evil.org/x", b"a b", b"", b"x@y", b"[::1"):
        refused = redirect(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n", 443)
        assert refused.startswith(b"HTTP/1.1 400 ")


def test_a_certificate_for_development_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tls_in_force(tmp_path, NOW) == NO_TLS
    monkeypatch.setenv("BILLOW_TLS_DEV", "1")
    tls = tls_in_force(tmp_path, NOW)
    first = Path(tls.cert).read_bytes()
    assert tls.on
    assert tls.development
    assert Path(tls.key).stat().st_mode & 0o777 == 0o600
    assert tls_in_force(tmp_path, NOW + timedelta(300)) == tls
    assert Path(tls.cert).read_bytes() == first
    tls_in_force(tmp_path, NOW + timedelta(350))
    assert Path(tls.cert).read_bytes() != first


def test_a_certificate_needs_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLOW_TLS_CERT", str(tmp_path / "cert.pem"))
    with pytest.raises(SettingError, match="tls_key"):
        tls_in_force(tmp_path, NOW)
    monkeypatch.setenv("BILLOW_TLS_KEY", str(tmp_path / "key.pem"))
    with pytest.raises(SettingError, match="cannot be read"):
        tls_in_force(tmp_path, NOW)


def test_who_asks_nobody_who_they_are_stays_private() -> None:
    with pytest.raises(SettingError, match="no accounts"):
        listen("0.0.0.0", 0, why_private=OPEN)
    try:
        listen("0.0.0.0", 0, why_private="").close()
    except Unavailable:
        pytest.skip("this machine has no such address")
