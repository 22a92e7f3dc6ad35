"""Requests to servers that are slow, huge, cunning or not who they say."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator

import pytest
import trustme

from billow.webhooks.address import Target
from billow.webhooks.post import Answer, Poster
from tests.webhooks.receiver import OK, Receiver, Script, looked_up, say


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().open() as opened:
        yield opened


def post(receiver: Receiver, timeout: float = 5.0, body: bytes = b"{}") -> Answer:
    target = Target(False, "127.0.0.1", receiver.port, "/hook?a=b")
    return Poster(local=True, timeout=timeout).post(target, {"X-Mine": "yes"}, body)


def test_a_request_says_what_it_should_and_no_more(receiver: Receiver) -> None:
    answer = post(receiver, body=b'{"a":1}')
    assert answer.ok
    assert (answer.status, answer.reason) == (200, "taken")
    [request] = receiver.requests
    assert (request.line, request.body) == ("POST /hook?a=b HTTP/1.1", b'{"a":1}')
    assert sorted(name.lower() for name, _ in request.headers) == [
        "accept-encoding", "connection", "content-length", "host", "x-mine",
    ]  # fmt: skip
    assert request.header("host") == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with Receiver().open() as secret:
        place = f"http://127.0.0.1:{secret.port}/"
        head = f"HTTP/1.1 {status} Look there\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n"
        with Receiver(say(head.encode())).open() as receiver:
            answer = post(receiver)
        assert (answer.ok, answer.status) == (False, status)
        assert "redirects are not followed" in answer.reason
        assert secret.connections == 0


@pytest.mark.parametrize("status", [400, 410, 429, 500, 503])
def test_a_refusal_is_told(status: int) -> None:
    head = f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()
    with Receiver(say(head)).open() as receiver:
        assert post(receiver)[:2] == (status, f"answered {status}")


def trickle(head: bytes, drop: bytes) -> Script:
    """Say something, and then a little again and again, for ever."""

    def script(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(drop)
            time.sleep(0.01)

    return script


@pytest.mark.parametrize(
    "script",
    [
        trickle(b"", b"H"),
        trickle(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"),
        trickle(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        lambda connection: time.sleep(1.0),
    ],
    ids=["status", "headers", "continue", "silence"],
)
def test_an_answer_that_never_ends_is_cut_off(script: Script) -> None:
    with Receiver(script).open() as receiver:
        answer = post(receiver, timeout=0.4)
    assert (answer.status, answer.ok) == (None, False)
    assert answer.seconds < 3


def test_a_body_that_never_ends_costs_nothing() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"
    with Receiver(trickle(head, b"x" * 65536)).open() as receiver:
        answer = post(receiver)
    assert answer.ok
    assert answer.seconds < 3


def test_a_slow_body_does_not_undo_the_answer() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n"
    with Receiver(trickle(head, b"x")).open() as receiver:
        assert post(receiver, timeout=0.3).ok


@pytest.mark.parametrize(
    "answer",
    [b"", b"hello", b"\x00\xff" * 100, b"HTTP/1.1 \r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n",
     b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n",
     b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\n",
     b"HTTP/1.1 99999 OK\r\n\r\n"],
)  # fmt: skip
def test_what_is_not_http_is_no_success(answer: bytes) -> None:
    with Receiver(say(answer)).open() as receiver:
        assert not post(receiver).ok


def test_nobody_there_is_told_without_raising() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    answer = Poster(local=True).post(Target(False, "127.0.0.1", port, "/"), {}, b"")
    assert answer.status is None
    assert answer.reason.startswith("cannot connect")


def test_without_leave_nothing_connects_to_this_machine(receiver: Receiver) -> None:
    target = Target(False, "127.0.0.1", receiver.port, "/")
    answer = Poster().post(target, {}, b"")
    assert "not public" in answer.reason
    assert receiver.connections == 0


def test_a_name_that_changes_its_address_after_the_check_leads_nowhere_else(
    receiver: Receiver,
) -> None:
    """The name is looked up once; what it says the second time is never asked for."""
    lookup = looked_up("127.0.0.1", "169.254.169.254")
    target = Target(False, "rebinding.example.org", receiver.port, "/")
    answer = Poster(local=True, lookup=lookup).post(target, {}, b"")
    assert answer.ok
    assert receiver.requests[0].header("host") == f"rebinding.example.org:{receiver.port}"
    again = Poster(local=True, lookup=lookup).post(target, {}, b"")
    assert "not public" in again.reason
    assert receiver.connections == 1


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_the_certificate_is_that_of_the_name_though_the_address_is_pinned(
    authority: trustme.CA,
) -> None:
    with Receiver(say(OK), server_context(authority, "hooks.example.org")).open() as receiver:
        target = Target(True, "hooks.example.org", receiver.port, "/")
        poster = Poster(True, 5.0, looked_up("127.0.0.1"), client_context(authority))
        assert poster.post(target, {}, b"{}").ok
    assert receiver.requests[0].sni == "hooks.example.org"


def test_another_names_certificate_is_refused(authority: trustme.CA) -> None:
    with Receiver(say(OK), server_context(authority, "other.example.org")).open() as receiver:
        target = Target(True, "hooks.example.org", receiver.port, "/")
        poster = Poster(True, 5.0, looked_up("127.0.0.1"), client_context(authority))
        answer = poster.post(target, {}, b"{}")
    assert answer.reason.startswith("the certificate is not good")
    assert receiver.requests == []


def test_an_unknown_authority_is_refused(authority: trustme.CA) -> None:
    with Receiver(say(OK), server_context(authority, "hooks.example.org")).open() as receiver:
        target = Target(True, "hooks.example.org", receiver.port, "/")
        answer = Poster(True, 5.0, looked_up("127.0.0.1")).post(target, {}, b"{}")
    assert answer.reason.startswith("the certificate is not good")
    assert receiver.requests == []


def test_a_handshake_that_never_ends_is_cut_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = Target(True, "hooks.example.org", server.getsockname()[1], "/")
        answer = Poster(True, 0.3, looked_up("127.0.0.1")).post(target, {}, b"")
    assert answer.reason == "no answer in 0.3 s"
    assert answer.seconds < 3
