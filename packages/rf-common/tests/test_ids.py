import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import Mode, client_order_id, instrument_id, symbol_of, venue_of

NONCES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=8, max_size=8)


@settings(deadline=None)
@given(st.from_regex(r"[a-z][a-z0-9_]*", fullmatch=True), st.from_regex(
    r"[A-Za-z0-9:/\-_.]{1,64}", fullmatch=True))  # fmt: skip
def test_an_instrument_id_comes_apart_again(venue: str, symbol: str) -> None:
    made = instrument_id(venue, symbol)

    assert (venue_of(made), symbol_of(made)) == (venue, symbol)


@pytest.mark.parametrize("venue", ["", "Binance", "1x", "a b", "a:b", "a-b", "é", "a\n"])
def test_a_venue_is_a_lower_case_word(venue: str) -> None:
    with pytest.raises(ValueError, match="venue"):
        instrument_id(venue, "BTCUSDT")


@pytest.mark.parametrize("symbol", ["", " ", "BTC USDT", "x" * 65, "Ａ", "BTC\n", "a\x1b[0m"])
def test_a_symbol_has_plain_characters_only(symbol: str) -> None:
    with pytest.raises(ValueError, match="symbol"):
        instrument_id("binance", symbol)


@settings(deadline=None)
@given(st.sets(st.tuples(st.sampled_from(Mode), NONCES, st.integers(1, 10**9)), max_size=20))
def test_client_order_ids_differ_when_mode_session_or_number_differ(
    keys: set[tuple[Mode, str, int]],
) -> None:
    assert len({client_order_id(*key) for key in keys}) == len(keys)


@pytest.mark.parametrize(("mode", "letter"), [(Mode.SIM, "S"), (Mode.PAPER, "P"), (Mode.LIVE, "L")])
def test_a_client_order_id_carries_the_mode(mode: Mode, letter: str) -> None:
    assert client_order_id(mode, "K7QW3ZPA", 12) == f"RF-{letter}-K7QW3ZPA-00000012"


@pytest.mark.parametrize("nonce", ["", "K7QW3ZP", "K7QW3ZPAA", "k7qw3zpa", "K7QW3ZP1", "K7QW3ZP\n"])
def test_a_nonce_is_eight_base_32_characters(nonce: str) -> None:
    with pytest.raises(ValueError, match="nonce"):
        client_order_id(Mode.SIM, nonce, 1)


@pytest.mark.parametrize("number", [0, -1])
def test_order_numbers_start_at_one(number: int) -> None:
    with pytest.raises(ValueError, match="from 1"):
        client_order_id(Mode.SIM, "K7QW3ZPA", number)
