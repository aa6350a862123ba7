from __future__ import annotations

from typing import Any

import pytest

from rf_common.canonical import digest
from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_persistence.header import is_session_id, new_session_id, nonce_of

NOON = UnixNanos(1_795_608_000 * NANOS_PER_SECOND)


def test_a_session_is_named_by_its_start_and_nonce() -> None:
    name = new_session_id(NOON, "ABCDEFGH")

    assert name == "20261125T120000Z-ABCDEFGH"
    assert is_session_id(name)
    assert nonce_of(name) == "ABCDEFGH"


def test_a_clock_that_was_set_back_does_not_hide_the_newest_session() -> None:
    before = new_session_id(NOON, "ZZZZZZZZ")
    hour_earlier = UnixNanos(NOON - 3_600 * NANOS_PER_SECOND)

    after = new_session_id(hour_earlier, "AAAAAAAA", after=before)

    assert after == "20261125T120001Z-AAAAAAAA"
    assert after > before


@pytest.mark.parametrize("nonce", ["", "ABCDEFG", "abcdefgh", "ABCDEFG1", "../../AB"])
def test_a_nonce_of_another_form_is_refused(nonce: str) -> None:
    with pytest.raises(ValueError, match="expected a nonce"):
        new_session_id(NOON, nonce)


def test_the_header_names_settings_by_their_hash(session: Any) -> None:
    header = session.make_header()

    assert header.config_hash == digest(session.CONFIG)
    assert header.mode is session.CONFIG.mode
    assert header.segment == 1
