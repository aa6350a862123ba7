"""A resting limit's place in the queue, on quotes and trades."""

from decimal import Decimal

import numpy as np
import pytest

from rf_backtest.config import Queue
from rf_backtest.queue_venue import QueueVenue
from rf_common.enums import OrderType, Side, TimeInForce
from rf_common.events import OrderFilled, Quote, Trade
from rf_common.instruments import Instrument
from rf_common.orders import OrderRequest
from rf_execution import PaperConfig

NAME = "sim:A"


class View:
    """A market of one level a side."""

    def __init__(self):
        self.instrument = Instrument(instrument_id=NAME, tick=Decimal("0.01"), lot=Decimal(1))
        self.quote = None

    def levels(self, bids):
        quote = self.quote
        yield (quote.bid_px, quote.bid_qty) if bids else (quote.ask_px, quote.ask_qty)


class Desk:
    """One venue, moved by hand."""

    def __init__(self, queue):
        self.view = View()
        config = PaperConfig(latency_ms=0.0, jitter_ms=0.0)
        rng = np.random.default_rng(1)
        self.venue = QueueVenue(config, rng, lambda name: self.view, queue=queue)
        self.now = 0
        self.filled = []

    def quote(self, bid_qty, bid=100.0, ask=101.0):
        self._tell(Quote(NAME, self.now, bid, bid_qty, ask, 50.0))

    def trade(self, qty, px=100.0):
        self._tell(Trade(NAME, self.now, px, qty, Side.SELL))

    def _tell(self, event):
        self.now += 1
        if isinstance(event, Quote):
            self.view.quote = event
        self.venue.on_market(event, self.now)
        self._collect()

    def buy(self, quantity, limit=100):
        request = OrderRequest(
            "o1", "human", NAME, Side.BUY, Decimal(quantity), OrderType.LIMIT, Decimal(limit),
            None, TimeInForce.GTC, False, "ann", "",
        )  # fmt: skip
        self.venue.send(request, self.now)
        self._collect()

    def _collect(self):
        answers = self.venue.advance(self.now)
        self.filled += [int(a.quantity) for a in answers if isinstance(a, OrderFilled)]


def resting(queue, ahead=10.0):
    desk = Desk(queue)
    desk.quote(ahead)
    desk.buy(4)
    desk.quote(ahead)  # the next look at the market gives it its place
    return desk


def test_without_a_queue_a_trade_at_the_limit_never_fills():
    desk = resting(Queue.THROUGH)
    desk.trade(100.0)
    assert desk.filled == []
    desk.trade(100.0, px=99.99)
    assert desk.filled == [4]


@pytest.mark.parametrize("queue", [Queue.FULL, Queue.PROBABLE])
def test_what_stood_ahead_trades_first(queue):
    desk = resting(queue)
    assert desk.venue.ahead("o1") == 10.0
    desk.trade(7.0)
    assert (desk.filled, desk.venue.ahead("o1")) == ([], 3.0)
    desk.trade(5.0)
    assert desk.filled == [2]
    desk.trade(5.0)
    assert desk.filled == [2, 2]


def test_cancels_shorten_only_the_probable_queue():
    for queue, ahead in ((Queue.FULL, 10.0), (Queue.PROBABLE, 7.5)):
        desk = resting(queue)
        desk.quote(20.0)  # ten more behind
        assert desk.venue.ahead("o1") == 10.0
        desk.quote(15.0)  # a quarter of the level leaves
        assert desk.venue.ahead("o1") == ahead


def test_nobody_can_stand_ahead_who_is_not_displayed():
    desk = resting(Queue.FULL)
    desk.quote(2.0)
    assert desk.venue.ahead("o1") == 2.0
    desk.quote(5.0, bid=99.5, ask=100.5)  # the level is gone: the order is in front
    assert desk.venue.ahead("o1") == 0.0


def test_a_quote_across_the_limit_fills_in_every_model():
    for queue in Queue:
        desk = resting(queue)
        desk.quote(10.0, bid=99.0, ask=100.0)
        assert desk.filled == [4]
