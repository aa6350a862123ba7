from decimal import Decimal

import pytest

from rf_common import Instrument, Quote
from rf_common.clock import UnixNanos

NAME = "binance:BTCUSDT"


class Features:
    """Measures as a strategy reads them, set by hand."""

    def __init__(self):
        self.mid_px = None
        self.vol = None
        self.samples = 0


class Context:
    """One instrument as a strategy reads it; `show` takes a sample."""

    def __init__(self, name=NAME):
        self.instrument = Instrument(instrument_id=name, tick=Decimal("0.01"), lot=Decimal("0.001"))
        self.now = UnixNanos(0)
        self.quote = None
        self.features = Features()
        self.held = Decimal(0)
        self.verdict = None

    def position(self, strategy_id):
        return self.held

    def show(self, px, *, sample=True):
        """Return the event of a new price."""
        self.features.mid_px = px
        self.features.samples += sample
        self.quote = Quote(self.instrument.instrument_id, self.now, px, 1.0, px, 1.0)
        return self.quote


@pytest.fixture(scope="session")
def make_context():
    return Context


@pytest.fixture(scope="session")
def run():
    """Return a function that shows prices to a strategy and returns what it says to each."""

    def through(strategy, context, prices):
        return [strategy.on_event(context, context.show(px)) for px in prices]

    return through
