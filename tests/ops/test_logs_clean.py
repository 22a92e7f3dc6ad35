"""As somebody who reads the log and looks for what is in it by mistake."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billow.accounts.secret import Secret
from billow.ops.logs.clean import Cleaner
from billow.settings import secret_texts

SIGNED = "GET http://127.0.0.1/store/a/b?X-Amz-Expires=5&X-Amz-Signature=deadbeefdeadbeef&x=1"


@pytest.mark.parametrize(
    ("said", "secret"),
    [
        ("connecting to postgres://ann:hunter22@db/x", "hunter22"),
        ("amqp://ann:p@ss:w/rd@host and more", "p@ss:w/rd"),
        ("Authorization: Bearer abcdef123456", "abcdef123456"),
        ("authorization: basic YW5uOmh1bnRlcg==", "YW5uOmh1bnRlcg=="),
        ("token is billow_abcDEF123-_456", "abcDEF123-_456"),
        ("sk_live_51HabcdEFGH used", "51HabcdEFGH"),
        ("whsec_0123456789abcdef", "0123456789abcdef"),
        ("password=hunter22 user=ann", "hunter22"),
        ('{"api_key": "hunter22", "n": 1}', "hunter22"),
        ("{'PASSWORD': 'hunter22'}", "hunter22"),
        ("AWS_SECRET_ACCESS_KEY=hunter22/x+y", "hunter22/x+y"),
        ("client_secret:hunter22", "hunter22"),
        ("Cookie: session=hunter22", "hunter22"),
        (SIGNED, "deadbeefdeadbeef"),
        ("said aloud: tell nobody!", "tell nobody!"),
        ("split by its neighbour:tell nobody!:", "tell nobody!"),
    ],
)
def test_no_secret_is_left_in_a_text(said: str, secret: str) -> None:
    cleaned = Cleaner(["tell nobody!"]).text(said)
    assert secret not in cleaned
    assert "…" in cleaned
    assert Cleaner(["tell nobody!"]).text(cleaned) == cleaned


@pytest.mark.parametrize(
    "said",
    [
        "GET /api/v1/jobs/01k7 200",
        "listening at http://127.0.0.1:8420/",
        "the key of the job is in the token bucket",
        "mail to ann@example.org",
        "https://example.org/a?b=c took 5 ms",
        "the secret is Secret(…)",
    ],
)
def test_what_is_no_secret_stays(said: str) -> None:
    assert Cleaner().text(said) == said


def test_facts_are_cleaned_by_their_names_and_their_values() -> None:
    facts = {
        "password": "a",
        "headers": {"Authorization": "x", "accept": "*/*"},
        "urls": ["http://u:pass@h"],
        "secret": Secret("b"),
        "value": Secret("c"),
        "n": 1,
        "none": None,
        "line\nend": 'quote " end\n',
    }
    assert json.loads(Cleaner().json(facts)) == {
        "password": "…",
        "headers": {"Authorization": "…", "accept": "*/*"},
        "urls": ["http://u:…@h"],
        "secret": "…",
        "value": "Secret(…)",
        "n": 1,
        "none": None,
        "line\nend": 'quote " end\n',
    }
    assert Cleaner().json({}) == ""


@given(st.text())
def test_whatever_is_said_can_be_stored(text: str) -> None:
    cleaned = Cleaner().text(text)
    assert "\0" not in cleaned
    cleaned.encode()
    assert "\n" not in Cleaner().json({text: text})


def test_the_secrets_of_the_settings_are_known() -> None:
    around = {
        "BILLOW_MAIL": "smtp://ann:p%40ss@host:587",
        "BILLOW_STRIPE_WEBHOOK_SECRET": "whsec_one whsec_two",
        "BILLOW_STRIPE_KEY": "sk_test_x",
        "BILLOW_APP": "app.py",
    }
    assert secret_texts(around) == {"p%40ss", "p@ss", "whsec_one", "whsec_two", "sk_test_x"}
