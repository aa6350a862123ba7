from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import Instrument, Quote, Side, Signal
from rf_common.enums import OrderType, TimeInForce
from rf_strategy import NotSized, SizerConfig, VolTargetSizer

NAME = "binance:BTCUSDT"
COIN = Instrument(
    instrument_id=NAME, tick=Decimal("0.01"), lot=Decimal("0.001"), min_notional=Decimal(5)
)
USUAL = SizerConfig()
CHECKED = settings(deadline=None, max_examples=200)


class Measured:
    mid_px = 100.0
    samples = 1

    def __init__(self, vol):
        self.vol = vol


def signal(direction, confidence=1.0):
    return Signal("s1", NAME, direction, confidence, 100.0, "because")


def size(
    direction,
    confidence=1.0,
    *,
    vol=0.2,
    equity=Decimal(100_000),
    held=Decimal(0),
    pending=Decimal(0),
    bid=99.9,
    ask=100.1,
    instrument=COIN,
    config=USUAL,
):
    return VolTargetSizer(config).size(
        signal(direction, confidence),
        instrument,
        Quote(NAME, 0, bid, 1.0, ask, 1.0),
        Measured(vol),
        equity=equity,
        held=held,
        pending=pending,
    )


# 6 % of 100,000 at 100.00 are 60 units.
@pytest.mark.parametrize(
    ("direction", "given_", "side", "quantity"),
    [
        (1, {}, Side.BUY, Decimal(60)),
        (-1, {}, Side.SELL, Decimal(60)),
        (1, {"confidence": 0.5}, Side.BUY, Decimal(30)),
        (1, {"vol": 0.4}, Side.BUY, Decimal(30)),
        (1, {"vol": 0.1}, Side.BUY, Decimal(60)),
        (1, {"vol": 0.0}, Side.BUY, Decimal(60)),
        (1, {"held": Decimal(20)}, Side.BUY, Decimal(40)),
        (1, {"held": Decimal(20), "pending": Decimal(10)}, Side.BUY, Decimal(30)),
        (1, {"held": Decimal(90)}, Side.SELL, Decimal(30)),
        (-1, {"held": Decimal(60)}, Side.SELL, Decimal(120)),
        (1, {"held": Decimal(-60), "pending": Decimal(60)}, Side.BUY, Decimal(60)),
        (0, {"held": Decimal(60)}, Side.SELL, Decimal(60)),
        (0, {"held": Decimal(-60)}, Side.BUY, Decimal(60)),
        (0, {"held": Decimal(60), "pending": Decimal(-20)}, Side.SELL, Decimal(40)),
        (0, {"held": Decimal(60), "pending": Decimal(20)}, Side.SELL, Decimal(60)),
        (0, {"held": Decimal("0.001")}, Side.SELL, Decimal("0.001")),
        (0, {"held": Decimal(60), "vol": None}, Side.SELL, Decimal(60)),
        (0, {"held": Decimal(60), "equity": Decimal(-1)}, Side.SELL, Decimal(60)),
        (0, {"held": Decimal(60), "confidence": 0.01}, Side.SELL, Decimal(60)),
    ],
)
def test_the_order_is_the_difference_to_the_wanted_position(direction, given_, side, quantity):
    intent = size(direction, **given_)
    assert (intent.side, intent.quantity) == (side, quantity)
    assert intent.reduce_only is (direction == 0)
    assert (intent.order_type, intent.time_in_force) == (OrderType.LIMIT, TimeInForce.DAY)
    assert (intent.strategy_id, intent.actor, intent.reason) == ("s1", "strategy s1", "because")


@pytest.mark.parametrize(
    ("direction", "given_", "reason"),
    [
        (1, {"vol": None}, "volatility is unavailable: too few samples"),
        (1, {"vol": float("nan")}, "volatility is unavailable: too few samples"),
        (1, {"held": Decimal(60)}, "the position is already as large as it should be"),
        (1, {"held": Decimal(50)}, "the position is already as large as it should be"),
        (1, {"pending": Decimal(60)}, "the position is already as large as it should be"),
        (1, {"equity": Decimal(0)}, "no equity to size with"),
        (1, {"equity": Decimal(40)}, "the position is already as large as it should be"),
        (1, {"bid": 0.0, "ask": 0.0}, "no price to size with"),
        (1, {"confidence": 0.0}, "expected a confidence above 0 and up to 1, was 0.0"),
        (1, {"confidence": 1.5}, "expected a confidence above 0 and up to 1, was 1.5"),
        (1, {"confidence": float("nan")}, "expected a confidence above 0 and up to 1, was nan"),
        (2, {}, "expected a direction of -1, 0 or 1, was 2"),
        (0, {}, "nothing is left to trade"),
        (0, {"held": Decimal(60), "pending": Decimal(-60)}, "nothing is left to trade"),
        (0, {"held": Decimal(60), "pending": Decimal(-70)}, "nothing is left to trade"),
        (0, {"pending": Decimal(60)}, "nothing is left to trade"),
        (0, {"held": Decimal("0.0004")}, "nothing is left to trade"),
    ],
)
def test_an_opinion_that_becomes_no_order_says_why(direction, given_, reason):
    assert size(direction, **given_) == NotSized(reason)


def test_the_smallest_change_is_a_threshold_with_two_sides():
    config = SizerConfig(min_change=0.5)
    assert isinstance(size(1, held=Decimal("30.001"), config=config), NotSized)
    assert size(1, held=Decimal(30), config=config).quantity == Decimal(30)


@pytest.mark.parametrize(
    ("direction", "tick", "price"),
    [
        (1, "0.01", "100.10"),
        (-1, "0.01", "99.90"),
        (1, "0.25", "100.00"),
        (-1, "0.25", "100.00"),
        (1, "1000", "1000"),
    ],
)
def test_the_limit_is_a_little_beyond_the_mid_and_never_further(direction, tick, price):
    instrument = Instrument(instrument_id=NAME, tick=Decimal(tick), lot=Decimal("0.001"))
    assert size(direction, instrument=instrument).limit_price == Decimal(price)


QUANTITY = st.integers(-100_000, 100_000).map(lambda n: Decimal(n) / 1_000)
GRID = st.sampled_from([Decimal("0.01"), Decimal("0.25"), Decimal(1), Decimal("0.00001")])


@CHECKED
@given(
    direction=st.sampled_from([-1, 0, 1]),
    confidence=st.floats(0.01, 1.0),
    vol=st.floats(0.0, 5.0),
    equity=st.integers(1, 10_000_000).map(Decimal),
    held=QUANTITY,
    pending=QUANTITY,
    mid=st.integers(100, 10_000_000).map(lambda n: n / 100),
    tick=GRID,
    lot=st.sampled_from([Decimal("0.001"), Decimal(1), Decimal("0.00001")]),
)
def test_orders_lie_on_the_grid_and_stay_within_the_fraction(
    direction, confidence, vol, equity, held, pending, mid, tick, lot
):
    config = SizerConfig(max_fraction=0.06, limit_offset=0.001)
    instrument = Instrument(instrument_id=NAME, tick=tick, lot=lot)
    sized = size(
        direction, confidence, vol=vol, equity=equity, held=held, pending=pending,
        bid=mid, ask=mid, instrument=instrument, config=config,
    )  # fmt: skip
    again = size(
        direction, confidence, vol=vol, equity=equity, held=held, pending=pending,
        bid=mid, ask=mid, instrument=instrument, config=config,
    )  # fmt: skip
    assert sized == again
    if isinstance(sized, NotSized):
        return
    exact = Decimal(str(mid))
    assert sized.quantity > 0
    assert sized.quantity % lot == 0
    assert sized.limit_price % tick == 0
    assert sized.limit_price > 0
    beyond = exact * (1 + Decimal("0.001") * sized.side.sign)
    if sized.limit_price > tick:
        assert (sized.limit_price - beyond) * sized.side.sign <= 0
    after = held + pending + sized.quantity * sized.side.sign
    if direction == 0:
        assert held * sized.side.sign < 0
        assert sized.quantity <= abs(held)
    elif abs(after) > abs(held + pending):
        assert abs(after) * exact <= equity * Decimal("0.06")
        assert after * direction >= 0


@CHECKED
@given(
    held=QUANTITY.filter(bool),
    vol=st.none() | st.floats(0.0, 5.0),
    equity=st.integers(-1000, 1000).map(Decimal),
)
def test_closing_is_always_possible(held, vol, equity):
    intent = size(0, 0.01, vol=vol, equity=equity, held=held)
    assert intent.quantity == abs(held)
    assert intent.side is (Side.SELL if held > 0 else Side.BUY)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"max_fraction": 6.0}, "max_fraction = 6.0: expected a fraction above 0 and up to 1"),
        ({"max_fraction": 0.0}, "max_fraction = 0.0"),
        ({"target_vol": 0.0}, "target_vol = 0.0"),
        ({"limit_offset": 1.0}, "limit_offset = 1.0: expected a fraction from 0 to below 1"),
        ({"limit_offset": -0.1}, "limit_offset = -0.1"),
        ({"min_change": -1.0}, "min_change = -1.0"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(setting, message):
    with pytest.raises(ValueError, match=message):
        SizerConfig(**setting)
