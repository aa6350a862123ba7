import pytest

from rf_common import Quote, Trade

NAME = "binance:BTCUSDT"
SECOND = 1_000_000_000


@pytest.fixture
def quote():
    """Return a builder of quotes."""

    def build(bid, ask, bid_qty=1.0, ask_qty=1.0, ts=0):
        return Quote(NAME, ts, bid, bid_qty, ask, ask_qty)

    return build


@pytest.fixture
def trade():
    """Return a builder of trades."""

    def build(px, qty, ts=0):
        return Trade(NAME, ts, px, qty, None)

    return build
