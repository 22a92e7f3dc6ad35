"""Signatures of webhooks, tried by an attacker."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.errors import BadInput
from billow.webhooks import Unverified, verify
from billow.webhooks.signature import new_secret, sign

SECRET, OTHER = new_secret(b"a" * 24), new_secret(b"b" * 64)
BODY = '{"type":"job.completed","data":{"name":"é"}}'.encode()
AT = 1_700_000_000


def headers(secrets: tuple[str, ...] = (SECRET,), body: bytes = BODY) -> dict[str, str]:
    return sign("msg_1", AT, body, secrets)


def refused(body: bytes, given: object, secrets: object = SECRET, now: float = AT) -> str:
    with pytest.raises(Unverified) as caught:
        verify(body, given, secrets, now=now)  # type: ignore[arg-type]
    return caught.value.detail


def test_the_published_example_of_standard_webhooks() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signed = sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', [secret])
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_was_signed_is_verified() -> None:
    assert verify(BODY, headers(), SECRET, now=AT) == ("msg_1", AT)
    assert verify(b"", headers(body=b""), SECRET, now=AT).id == "msg_1"
    assert verify(b"\xff\xfe", headers(body=b"\xff\xfe"), SECRET, now=AT).id == "msg_1"


@given(st.integers(0, 8 * len(BODY) - 1))
def test_one_altered_bit_is_noticed(bit: int) -> None:
    body = bytearray(BODY)
    body[bit // 8] ^= 1 << bit % 8
    assert refused(bytes(body), headers()) == "no signature fits"


@pytest.mark.parametrize("away", [-301, 301, 10**6])
def test_a_message_of_another_time_is_refused(away: int) -> None:
    assert "long ago" in refused(BODY, headers(), now=AT + away)


@pytest.mark.parametrize("away", [-300, 0, 300])
def test_five_minutes_either_way_are_let_pass(away: int) -> None:
    assert verify(BODY, headers(), SECRET, now=AT + away).at == AT


def test_a_message_played_again_is_the_same_message_until_it_is_too_old() -> None:
    seen = {verify(BODY, headers(), SECRET, now=AT + later).id for later in (0, 1, 299)}
    assert seen == {"msg_1"}
    refused(BODY, headers(), now=AT + 301)


def test_the_id_and_the_time_are_signed_too() -> None:
    assert refused(BODY, headers() | {"webhook-id": "msg_2"}) == "no signature fits"
    later = headers() | {"webhook-timestamp": str(AT + 1)}
    assert refused(BODY, later) == "no signature fits"


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_or_doubled_header_is_refused(name: str) -> None:
    some = {key: value for key, value in headers().items() if key != name}
    assert refused(BODY, some) == f"the header {name} is missing"
    twice = [*headers().items(), (name.upper(), headers()[name])]
    assert refused(BODY, twice) == f"the header {name} came twice"


def test_names_of_headers_come_in_any_case() -> None:
    shouted = {name.upper(): value for name, value in headers().items()}
    assert verify(BODY, shouted, SECRET, now=AT).id == "msg_1"


@pytest.mark.parametrize("scheme", ["v0", "v1a", "V1", "", "v1 ", "v2"])
def test_another_scheme_is_no_signature(scheme: str) -> None:
    value = headers()["webhook-signature"].removeprefix("v1,")
    assert refused(BODY, headers() | {"webhook-signature": f"{scheme},{value}"})
    assert refused(BODY, headers() | {"webhook-signature": value})


@pytest.mark.parametrize("value", ["", " ", ",", "v1,", "v1,é", "v1," + "A" * 10_000, "\x00"])
def test_a_senseless_signature_is_refused(value: str) -> None:
    assert refused(BODY, headers() | {"webhook-signature": value}) == "no signature fits"


@pytest.mark.parametrize(
    "text", ["", "-5", "1e9", "+1700000000", "1700000000.0", "٣", " 1", "9" * 13]
)
def test_a_senseless_time_is_refused(text: str) -> None:
    assert "is not one" in refused(BODY, headers() | {"webhook-timestamp": text})


def test_one_of_two_signatures_or_secrets_is_enough_while_a_secret_changes() -> None:
    both = headers((OTHER, SECRET))
    assert both["webhook-signature"].count("v1,") == 2
    assert verify(BODY, both, SECRET, now=AT) == verify(BODY, both, OTHER, now=AT)
    assert verify(BODY, headers(), [OTHER, SECRET], now=AT).id == "msg_1"
    assert refused(BODY, both, new_secret(b"c" * 32)) == "no signature fits"


def test_a_fitting_signature_behind_many_others_is_not_looked_for() -> None:
    many = " ".join([*["v1,AAAA"] * 16, headers()["webhook-signature"]])
    assert refused(BODY, headers() | {"webhook-signature": many}) == "no signature fits"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_äöü", "whsec_!!!!", "whsec_YWJj", "x" * 5])
def test_a_secret_that_is_none_is_an_error_and_verifies_nothing(secret: str) -> None:
    with pytest.raises(BadInput):
        verify(BODY, headers(), secret, now=AT)


def test_a_secret_has_enough_bytes_and_not_too_many() -> None:
    for size in (23, 65):
        with pytest.raises(BadInput):
            new_secret(b"x" * size)
        with pytest.raises(BadInput):
            sign("m", AT, b"", ["whsec_" + base64.b64encode(b"x" * size).decode()])


def test_no_secret_at_all_verifies_nothing() -> None:
    assert refused(BODY, headers(()), []) == "no signature fits"
