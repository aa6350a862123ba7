from decimal import Decimal

import numpy as np
import pytest

from rf_common import Instrument, OrderRequest, Quote, Trade
from rf_common.enums import OrderType, Side, TimeInForce
from rf_common.orders import CancelOrder, ReplaceOrder
from rf_execution import Faults, PaperConfig, PaperVenue

NAME = "binance:BTCUSDT"
MS = 1_000_000
START = 1_700_000_000_000 * MS


class View:
    """The market of one instrument, as a few displayed levels."""

    def __init__(self, lot="0.001"):
        self.instrument = Instrument(instrument_id=NAME, tick=Decimal("0.01"), lot=Decimal(lot))
        self.quote = None
        self.bids = ()
        self.asks = ()

    def show(self, bids, asks, now=0):
        """Display these levels, best first, and return the quote that tells of it."""
        self.bids, self.asks = tuple(bids), tuple(asks)
        bid = self.bids[0] if self.bids else (0.01, 0.0)
        ask = self.asks[0] if self.asks else (1e9, 0.0)
        self.quote = Quote(NAME, now, *bid, *ask)
        return self.quote

    def levels(self, bids):
        yield from self.bids if bids else self.asks


def order_type(limit, stop):
    """Return the type of an order with these prices."""
    if stop is None:
        return OrderType.MARKET if limit is None else OrderType.LIMIT
    return OrderType.STOP_MARKET if limit is None else OrderType.STOP_LIMIT


class Desk:
    """A venue, its market and the time, moved by hand; 10 ms each way without jitter."""

    def __init__(self, *, seed=7, lot="0.001", now=START, faults=None, **config):
        settings = {"latency_ms": 10.0, "jitter_ms": 0.0, "taker_bps": 1.0} | config
        self.config = PaperConfig(**settings, faults=faults or Faults())
        self.view = View(lot)
        self.venue = PaperVenue(
            self.config, np.random.default_rng(seed), {NAME: self.view}.get, "paper"
        )
        self.now = now
        self.number = 0

    def order(self, side, quantity, limit=None, *, stop=None, tif="GTC", key=None):
        """Return a request; text becomes exact numbers."""
        if key is None:
            self.number += 1
            key = f"c{self.number}"
        return OrderRequest(
            client_order_id=key,
            strategy_id="s1",
            instrument_id=NAME,
            side=Side(side),
            quantity=Decimal(quantity),
            order_type=order_type(limit, stop),
            limit_price=None if limit is None else Decimal(limit),
            stop_price=None if stop is None else Decimal(stop),
            time_in_force=TimeInForce(tif),
            reduce_only=False,
            actor="test",
            reason="test",
        )

    def send(self, *args, **kwargs):
        """Send a new order on its way and return its id."""
        request = self.order(*args, **kwargs)
        self.venue.send(request, self.now)
        return request.client_order_id

    def cancel(self, key):
        self.venue.send(CancelOrder(key, NAME, "asked"), self.now)

    def replace(self, key, quantity, limit):
        price = None if limit is None else Decimal(limit)
        self.venue.send(ReplaceOrder(key, NAME, Decimal(quantity), price), self.now)

    def wait(self, ms=20.0):
        """Let time pass and return the answers; 20 ms are there and back."""
        self.now += int(ms * MS)
        return self.venue.advance(self.now)

    def show(self, bids, asks):
        """Display levels and let the venue see it."""
        self.venue.on_market(self.view.show(bids, asks, self.now), self.now)

    def trade(self, px, qty):
        self.venue.on_market(Trade(NAME, self.now, px, qty, None), self.now)

    def report(self, *asked):
        return self.venue.report(asked, self.now)

    @property
    def position(self):
        return dict(self.report().positions).get(NAME, Decimal(0))


def told(answers):
    """Return answers in short: kind, and for a fill its quantity, price and liquidity."""
    short = []
    for event in answers:
        kind = type(event).__name__.removeprefix("Order")
        if kind == "Filled":
            exact = [format(x.normalize(), "f") for x in (event.quantity, event.price)]
            short.append((kind, *exact, event.liquidity.value))
        else:
            short.append(kind)
    return short


@pytest.fixture(scope="session")
def make_desk():
    return Desk


@pytest.fixture(scope="session")
def short():
    return told


@pytest.fixture
def desk():
    """Return a desk with bids 1 @ 100, 2 @ 99, 4 @ 98 and asks 1 @ 101, 2 @ 102, 4 @ 103."""
    made = Desk()
    made.show(((100.0, 1.0), (99.0, 2.0), (98.0, 4.0)), ((101.0, 1.0), (102.0, 2.0), (103.0, 4.0)))
    return made
