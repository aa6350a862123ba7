"""What a refusal means, how long to wait, and what of its words is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_ai.errors import (
    ModelKeyRefused,
    ModelOverloaded,
    ModelRateLimited,
    ModelRequestRefused,
    ModelUnavailable,
)
from rf_ai.models.failure import Refusal, asked_wait_s, refused, safe_text
from rf_common.clock import UnixNanos, from_iso
from rf_common.secret import Secret

NOW = from_iso("2026-11-25T12:00:00Z")
KEY = Secret("sk-ant-canary-7f3a9b2c4d5e6f70")

WAITS = [
    ({}, None),
    ({"retry-after": "7"}, 7.0),
    ({"Retry-After": "0.25"}, 0.25),
    ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
    ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
    ({"retry-after": "Wed, 25 Nov 2026 12:00:30 GMT"}, 30.0),
    ({"retry-after": "Wed, 25 Nov 2026 11:00:00 GMT"}, None),
    ({"retry-after": "-5"}, None),
    ({"retry-after": "nan"}, None),
    ({"retry-after": "inf"}, None),
    ({"retry-after": "9" * 400}, None),
]


@pytest.mark.parametrize(("headers", "wait_s"), WAITS)
def test_waits_are_read_in_every_form(headers, wait_s):
    assert asked_wait_s(headers, NOW) == wait_s


KINDS = [
    (400, "invalid_request_error", ModelRequestRefused, False),
    (400, "", ModelRequestRefused, False),
    (401, "", ModelKeyRefused, False),
    (402, "billing_error", ModelKeyRefused, False),
    (403, "permission_error", ModelKeyRefused, False),
    (404, "not_found_error", ModelRequestRefused, False),
    (408, "timeout_error", ModelUnavailable, True),
    (409, "", ModelUnavailable, True),
    (413, "request_too_large", ModelRequestRefused, False),
    (429, "rate_limit_error", ModelRateLimited, True),
    (500, "api_error", ModelUnavailable, True),
    (503, "", ModelOverloaded, True),
    (529, "overloaded_error", ModelOverloaded, True),
    (200, "overloaded_error", ModelOverloaded, True),
    (200, "rate_limit_error", ModelRateLimited, True),
    (200, "something_new", ModelUnavailable, False),
    (302, "", ModelUnavailable, False),
]


@pytest.mark.parametrize(("status", "kind", "state", "repeatable"), KINDS)
def test_status_and_type_name_the_state(status, kind, state, repeatable):
    found = refused("Anthropic", "m", Refusal(status, kind, "words", {}), key=KEY, now=NOW)

    assert type(found) is state
    assert found.repeatable is repeatable
    assert found.cost_usd == 0
    assert "words" in found.message


@pytest.mark.parametrize(("told", "repeatable"), [("true", True), ("FALSE", False)])
def test_a_provider_that_tells_whether_to_repeat_is_believed(told, repeatable):
    refusal = Refusal(529 if told != "true" else 400, "", "", {"X-Should-Retry": told})

    assert refused("A", "m", refusal, key=KEY, now=NOW).repeatable is repeatable


def test_the_wait_is_in_the_message():
    refusal = Refusal(429, "rate_limit_error", "slow down", {"retry-after": "60"})

    assert refused("Anthropic", "m", refusal, key=KEY, now=NOW).message == (
        "Anthropic refused the call to m (HTTP 429, wait 60 s): slow down"
    )


@given(st.text(max_size=600), st.sampled_from(["", KEY.reveal(), f"key={KEY.reveal()}\x1b[0m"]))
def test_words_from_outside_are_one_short_printable_line_without_the_key(words, secret):
    shown = safe_text(words + secret, KEY)

    assert shown.isprintable()
    assert len(shown) <= 200
    assert KEY.reveal() not in shown


def test_what_is_no_text_is_empty():
    assert safe_text(None, KEY) == safe_text(7, KEY) == ""
    assert asked_wait_s({"other": "1"}, UnixNanos(0)) is None
