"""A visitor's connection that speaks HTTP/2: many requests at the same time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from billow.front.malformed import Malformed
from billow.front.pages import page
from billow.front.stream import Stream, read_stream
from billow.front.visitor import PATIENCE

if TYPE_CHECKING:
    from billow.front.house import House

#: Requests of one connection at the same time.
STREAMS = 100

#: Streams that a visitor may break off beyond those it lets be answered, before it must go: who
#: asks only to break off makes work and takes nothing.
BROKEN_OFF = 200

#: Bytes of a body that may be on the way.
WINDOW = 256 * 1024


class Connection(asyncio.Protocol):
    """One connection; each stream of it is a request that goes through `House.receive`."""

    def __init__(self, house: House) -> None:
        self.house = house
        config = h2.config.H2Configuration(client_side=False, header_encoding=None)
        self._h2 = h2.connection.H2Connection(config)
        self._transport: asyncio.Transport | None = None
        self._streams: dict[int, Stream] = {}
        self._full = False
        self._full_since = 0.0
        self._broken_off = 0
        self._since = house.now()
        self.address = ""
        self.leaving = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody comes."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        self._h2.local_settings = h2.settings.Settings(
            client=False,
            initial_values={
                h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS,
                h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: self.house.bounds.head,
                h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: WINDOW,
                h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL: 0,
            },
        )
        self._h2.initiate_connection()
        if self.house.enter(self) is not None:
            self._say_goodbye(h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)
        self.push()

    def connection_lost(self, problem: Exception | None) -> None:  # noqa: ARG002
        """They have left."""
        self._transport = None
        self.house.leave(self)
        for stream in list(self._streams.values()):
            stream.gone()
        self._streams.clear()

    def data_received(self, data: bytes) -> None:
        """Frames have come."""
        try:
            for event in self._h2.receive_data(data):
                self._take(event)
        except h2.exceptions.ProtocolError:
            self.push()
            if self._transport is not None:
                self._transport.close()
            return
        self.push()

    def eof_received(self) -> bool:
        """They have gone away."""
        return False

    def pause_writing(self) -> None:
        """They take less than there is."""
        self._full = True
        self._full_since = self.house.now()

    def resume_writing(self) -> None:
        """They have taken most of it."""
        self._full = False
        self._flush_all()
        self.push()

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._begin(event)
        elif isinstance(event, h2.events.DataReceived):
            self._take_data(event)
        elif isinstance(event, h2.events.StreamEnded):
            self._end_body(event.stream_id or 0)
        elif isinstance(event, h2.events.StreamReset):
            self._broken(event.stream_id or 0)
        elif isinstance(event, (h2.events.WindowUpdated, h2.events.RemoteSettingsChanged)):
            self._flush_all()
        elif isinstance(event, h2.events.ConnectionTerminated) and self._transport is not None:
            self._transport.close()

    def _begin(self, event: h2.events.RequestReceived) -> None:
        house, id_ = self.house, event.stream_id or 0
        stream = self._streams[id_] = Stream(self, id_)
        fields = [(bytes(name), bytes(value)) for name, value in event.headers or []]
        try:
            if sum(len(name) + len(value) for name, value in fields) > house.bounds.head:
                raise Malformed("the headers are too long", 431)
            request = read_stream(fields, ended=event.stream_ended is not None)
            if (request.length or 0) > house.bounds.body:
                raise Malformed("the body is too large", 413)
        except Malformed as problem:
            _, body = house.fail(self.address, problem.status, str(problem))
            headers, body = page(problem.status, str(problem), "", b"")
            stream.own(problem.status, headers, body)
            return
        exchange = house.exchange(stream, request, self.address, "https")
        stream.start(request, exchange)
        house.receive(exchange)

    def _take_data(self, event: h2.events.DataReceived) -> None:
        stream = self._streams.get(event.stream_id or 0)
        unread = event.flow_controlled_length or 0
        if stream is None:
            self._h2.acknowledge_received_data(unread, event.stream_id or 0)
        else:
            stream.feed(bytes(event.data or b""), unread, over=False)

    def _end_body(self, id: int) -> None:
        stream = self._streams.get(id)
        exchange = None if stream is None else stream.exchange
        if stream is not None and exchange is not None and exchange.request.has_body:
            stream.feed(b"", 0, over=True)

    def _broken(self, id: int) -> None:
        stream = self._streams.pop(id, None)
        if stream is None:
            return
        stream.gone()
        self._broken_off += 1
        if self._broken_off > BROKEN_OFF:
            self._say_goodbye(h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)

    def send_head(self, stream: Stream, fields: list[tuple[bytes, bytes]], *, over: bool) -> None:
        """Send the head of an answer."""
        try:
            self._h2.send_headers(stream.id, fields, end_stream=over)
        except h2.exceptions.ProtocolError:
            self._streams.pop(stream.id, None)
            return
        if over:
            self._ended(stream)
        self.push()

    def flush(self, stream: Stream) -> None:
        """Send what the windows allow of an answer."""
        while stream.id in self._streams and stream.has_more and not self._full:
            try:
                most = min(
                    self._h2.local_flow_control_window(stream.id),
                    self._h2.max_outbound_frame_size,
                )
                if most <= 0:
                    stream.stalled = stream.stalled or self.house.now()
                    return
                stream.stalled = None
                piece, last = stream.next_piece(most)
                if not piece and not last:
                    return
                self._h2.send_data(stream.id, piece, end_stream=last)
            except h2.exceptions.ProtocolError:
                self._streams.pop(stream.id, None)
                stream.gone()
                return
            if last:
                self._ended(stream)
            self.push()

    def acknowledge(self, id: int, count: int) -> None:
        """Let the visitor send so many bytes more."""
        if count:
            try:
                self._h2.acknowledge_received_data(count, id)
            except h2.exceptions.ProtocolError:
                return

    def reset(self, stream: Stream) -> None:
        """Break a stream off."""
        if self._streams.pop(stream.id, None) is not None:
            try:
                self._h2.reset_stream(stream.id, h2.errors.ErrorCodes.INTERNAL_ERROR)
            except h2.exceptions.ProtocolError:
                return
            self.push()

    def more_headers(self) -> list[tuple[bytes, bytes]]:
        """Headers of every answer."""
        lines = self.house.more_headers("https").split(b"\r\n")
        parts = [line.partition(b": ") for line in lines if line]
        return [(name, value) for name, _, value in parts]

    def push(self) -> None:
        """Hand over what is ready to be sent."""
        data = self._h2.data_to_send()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _ended(self, stream: Stream) -> None:
        self._streams.pop(stream.id, None)
        self._broken_off = max(0, self._broken_off - 1)
        self._since = self.house.now()

    def _flush_all(self) -> None:
        for stream in list(self._streams.values()):
            self.flush(stream)

    def check(self, now: float) -> None:
        """Send away who is idle, slow, or takes nothing."""
        if self._transport is None:
            return
        if self._full and now - self._full_since > PATIENCE:
            self._transport.abort()
            return
        for stream in list(self._streams.values()):
            stream.check(now, PATIENCE, self.house.bounds.slowest)
        if not self._streams and now - self._since > self.house.bounds.idle:
            self._say_goodbye(h2.errors.ErrorCodes.NO_ERROR)

    def close_if_idle(self) -> None:
        """Leave if nothing is being asked; else after the answers."""
        if not self._streams:
            self._say_goodbye(h2.errors.ErrorCodes.NO_ERROR)

    def _say_goodbye(self, why: h2.errors.ErrorCodes) -> None:
        if self._transport is None or self.leaving:
            return
        self.leaving = True
        try:
            self._h2.close_connection(why)
        except h2.exceptions.ProtocolError:
            self._transport.abort()
            return
        self.push()
        self._transport.close()
