import copy
import json
import pickle
from urllib.parse import quote, quote_plus, urlencode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import Redactor, Secret

CANARY = "Zk9/qW+e==Tr\"u'4\\ö canary"


def test_a_secret_shows_neither_itself_nor_its_start() -> None:
    secret = Secret("sk-ant-api03-canary-canary-9a2")

    for text in (
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret:>60}",
        repr([secret]),
    ):
        assert "canary" not in text
        assert "sk-ant" not in text
    assert secret.reveal() == "sk-ant-api03-canary-canary-9a2"


@pytest.mark.parametrize("value", ["", "a", "hunter22", "x" * 15])
def test_a_short_secret_shows_its_length_only(value: str) -> None:
    assert str(Secret(value)) == f"({len(value)} characters)"


@settings(deadline=None, max_examples=100)
@given(st.text(st.characters(codec="ascii", exclude_characters="0123456789"), min_size=16))
def test_a_secret_shows_three_characters_at_most(value: str) -> None:
    assert str(Secret(value)) == f"…{value[-3:]}, {len(value)} characters"


def test_a_secret_does_not_leave_by_pickle_copy_or_json() -> None:
    secret = Secret("canary-canary-canary")

    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)
    with pytest.raises(TypeError):
        msgspec.json.encode(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert not hasattr(secret, "__dict__")


def test_secrets_compare_by_value_and_a_blank_one_is_false() -> None:
    assert Secret("a") == Secret("a")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret("  ")
    assert Secret("a")


@pytest.mark.parametrize(
    "text",
    [
        f"plain {CANARY} text",
        f"GET https://x.io/v1?unheard_of={quote(CANARY, safe='')}&b=1",
        f"GET https://x.io/{quote(CANARY)}/path",
        f"POST {urlencode({'k': CANARY})}",
        f"body k={quote_plus(CANARY)}",
        json.dumps({"nested": {"key": CANARY}}),
        json.dumps({"key": CANARY}, ensure_ascii=False),
        f"X-MBX-APIKEY: {CANARY}",
        f"{CANARY}{CANARY}",
    ],
)
def test_a_known_secret_is_hidden_wherever_it_stands(text: str) -> None:
    shown = Redactor([Secret(f" {CANARY}\n")]).text(text)

    assert "***" in shown
    for part in ("canary", "Zk9", "qW"):
        assert part not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("wss://f.io/?token=abc123&x=1", "wss://f.io/?token=***&x=1"),
        ("https://b.com/o?symbol=A&signature=00ff", "https://b.com/o?symbol=A&signature=***"),
        ("https://b.com/o?ACCESS_TOKEN=ab#f", "https://b.com/o?ACCESS_TOKEN=***"),
        ("?api-key=1&apiKey=2&api_key=3", "?api-key=***&apiKey=***&api_key=***"),
        ("client_secret=abc", "client_secret=***"),
        ("ALPACA_SECRET_KEY=abc next", "ALPACA_SECRET_KEY=*** next"),
        ('{"u":"https://x/?password=abc"}', '{"u":"https://x/?password=***"}'),
        ("postgresql://rf:hunter2@db/x", "postgresql://rf:***@db/x"),
        ("postgresql://rf:p@ss:w@db:5432/x", "postgresql://rf:***@db:5432/x"),
        ("redis://:hunter2@h:6379/0", "redis://:***@h:6379/0"),
        ("Authorization: Bearer abc.def-1=", "Authorization: Bearer ***"),
        ("https://api.telegram.org/bot12:ABC/send", "https://api.telegram.org/bot***"),
        ("https://discord.com/api/webhooks/1/AbC", "https://discord.com/api/webhooks/***"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_unasked(text: str, shown: str) -> None:
    assert Redactor().text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "BUY 0.01 binance:BTCUSDT @ 61837.63",
        "https://api.binance.com:443/api/v3/depth?symbol=BTCUSDT&limit=5000",
        "mail me@example.org",
        "the token is missing",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert Redactor([Secret("abc"), Secret("")]).text(text) == text


def test_the_longer_of_two_overlapping_secrets_is_hidden_whole() -> None:
    shown = Redactor([Secret("canary"), Secret("canary-and-tail")]).text("a canary-and-tail b")

    assert shown == "a *** b"
