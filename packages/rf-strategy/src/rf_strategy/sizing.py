"""How much: the sizer turns an opinion into an order, or says why it does not."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from rf_common import money
from rf_common.config import FRACTION, NOT_NEGATIVE, POSITIVE, check
from rf_common.enums import OrderType, Side, TimeInForce
from rf_common.events import Quote
from rf_common.instruments import Instrument
from rf_common.orders import OrderIntent, Signal
from rf_common.ports import FeatureView

OFFSET = (lambda offset: 0 <= offset < 1, "a fraction from 0 to below 1; write 0.001 for 0.1 %")


class SizerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How large positions are."""

    max_fraction: float = 0.06
    """Largest value of one strategy's position in one instrument, fraction of equity."""
    target_vol: float = 0.20
    """Volatility, per year, up to which the full fraction is used; above it less."""
    limit_offset: float = 0.001
    """Distance of the limit price from the mid, fraction."""
    min_change: float = 0.20
    """Smallest change worth an order, fraction of the full position."""

    def __post_init__(self) -> None:
        check(
            self,
            {
                "max_fraction": FRACTION,
                "target_vol": POSITIVE,
                "limit_offset": OFFSET,
                "min_change": NOT_NEGATIVE,
            },
        )


class NotSized(msgspec.Struct, frozen=True, gc=False):
    """Why an opinion became no order."""

    reason: str


class VolTargetSizer:
    """Sizes so that a position's volatility stays below a target.

    The full value is ``equity * max_fraction * confidence * min(1, target_vol / vol)``. The
    order is the difference between that and what is held or on its way. Closing needs neither
    equity nor volatility, is never too small, and never asks for more than is held.
    """

    def __init__(self, config: SizerConfig) -> None:
        self._config = config
        self._min_change = Decimal(str(config.min_change))

    def size(
        self,
        signal: Signal,
        instrument: Instrument,
        quote: Quote,
        features: FeatureView,
        *,
        equity: Decimal,
        held: Decimal,
        pending: Decimal,
    ) -> OrderIntent | NotSized:
        """Return the order that follows `signal`.

        Parameters
        ----------
        held, pending : Decimal
            The strategy's position and its signed open orders, units.
        """
        mid = (money.of_float(quote.bid_px) + money.of_float(quote.ask_px)) / 2
        if mid <= 0:
            return NotSized("no price to size with")
        closing = signal.direction == 0
        if closing:
            change = _to_close(held, pending)
        else:
            full = self._full_value(signal, features, equity)
            if isinstance(full, NotSized):
                return full
            target = money.to_quantity(full / mid, instrument.lot) * signal.direction
            change = target - held - pending
            if abs(change) * mid < max(full * self._min_change, instrument.min_notional):
                return NotSized("the position is already as large as it should be")
        quantity = money.to_quantity(abs(change), instrument.lot)
        if not quantity:
            return NotSized("nothing is left to trade")
        side = Side.BUY if change > 0 else Side.SELL
        return OrderIntent(
            strategy_id=signal.strategy_id,
            instrument_id=signal.instrument_id,
            side=side,
            quantity=quantity,
            order_type=OrderType.LIMIT,
            limit_price=self.limit_price(mid, side, instrument),
            stop_price=None,
            time_in_force=TimeInForce.DAY,
            reduce_only=closing,
            actor=f"strategy {signal.strategy_id}",
            reason=signal.reason,
        )

    def _full_value(
        self, signal: Signal, features: FeatureView, equity: Decimal
    ) -> Decimal | NotSized:
        """Return the value of the wanted position; strategies of others are not believed."""
        if signal.direction not in {-1, 1}:
            return NotSized(f"expected a direction of -1, 0 or 1, was {signal.direction}")
        if not 0.0 < signal.confidence <= 1.0:
            return NotSized(f"expected a confidence above 0 and up to 1, was {signal.confidence}")
        if equity <= 0:
            return NotSized("no equity to size with")
        vol = features.vol
        if vol is None or not vol >= 0.0:
            return NotSized("volatility is unavailable: too few samples")
        scale = min(1.0, self._config.target_vol / vol) if vol > 0 else 1.0
        return equity * Decimal(str(self._config.max_fraction * signal.confidence * scale))

    def limit_price(self, mid: Decimal, side: Side, instrument: Instrument) -> Decimal:
        """Return the price of an order that takes what the market offers near its mid."""
        offset = Decimal(str(self._config.limit_offset)) * side.sign
        rounding: money.Rounding = "down" if side is Side.BUY else "up"
        price = money.to_price(mid * (1 + offset), instrument.tick, rounding)
        return max(price, instrument.tick)


def _to_close(held: Decimal, pending: Decimal) -> Decimal:
    """Return the order that leaves nothing: orders that close already count, others do not."""
    left = held + pending
    return money.ZERO if left * held <= 0 else -min(left, held, key=abs)
