"""What is traded, with which limits and strategies, in the simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from rf_common.events import MarketEvent, OrderFilled, Quote
from rf_common.ids import InstrumentId, StrategyId, instrument_id
from rf_common.instruments import Instrument
from rf_common.orders import Signal
from rf_common.ports import Condition, StrategyContext
from rf_engine import EngineConfig

INSTRUMENTS = (
    Instrument(instrument_id=instrument_id("sim", "AAA"), tick=Decimal("0.01"), lot=Decimal(1)),
    Instrument(instrument_id=instrument_id("sim", "BBB"), tick=Decimal("0.01"), lot=Decimal("0.1")),
)
CONFIG = msgspec.convert(
    {
        "limits": {
            "max_order_notional": "4000",
            "max_position_notional": "6000",
            "max_open_orders": 5,
            "max_daily_loss": "1500",
            "orders_per_second": 20.0,
        },
        "sizer": {"target_vol": 1_000.0, "max_fraction": 0.03},
        "features": {"sample_ms": 100, "min_samples": 4},
        "strategies": [
            {"id": "flip", "factory": "flipper", "parameters": {"every": 7}},
            {"id": "odd", "factory": "flipper", "parameters": {"every": 11, "fails_at": 90}},
        ],
    },
    EngineConfig,
)
LIMITS = CONFIG.limits
_SIGNALS = ((1, 1.0), (0, 0.5), (-1, 0.7), (-1, 1.0), (0, 1.0), (1, 0.4))


class Flipper:
    """A strategy that changes its opinion with every so many quotes, and may fail once."""

    def __init__(self, strategy_id: StrategyId, parameters: Mapping[str, Any]) -> None:
        self.strategy_id = strategy_id
        self.instruments: frozenset[InstrumentId] = frozenset()
        self._every = int(parameters.get("every", 7))
        self._fails_at = int(parameters.get("fails_at", 0))
        self._seen = 0

    def on_event(self, context: StrategyContext, event: MarketEvent) -> Signal | None:
        """Tell the next opinion of the list."""
        if type(event) is not Quote:
            return None
        self._seen += 1
        if self._seen == self._fails_at:
            raise ArithmeticError("it was told to fail")
        turn, rest = divmod(self._seen, self._every)
        if rest:
            return None
        direction, confidence = _SIGNALS[turn % len(_SIGNALS)]
        name = event.instrument_id
        return Signal(self.strategy_id, name, direction, confidence, event.bid_px, f"turn {turn}")

    def on_fill(self, context: StrategyContext, fill: OrderFilled) -> None:
        """Positions are read from the context."""

    def explain(self, instrument_id: InstrumentId) -> Sequence[Condition]:
        """There is nothing to explain."""
        return ()


FACTORIES = {"flipper": Flipper}
