from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from rf_common import (
    ClientOrderId,
    FeedState,
    Instrument,
    InstrumentId,
    Mode,
    OrderRequest,
    OrderType,
    Quote,
    Side,
    StrategyId,
    SystemState,
    TimeInForce,
    UnixNanos,
)
from rf_common.orders import OrderIntent
from rf_risk import OpenOrder, RiskLimits, RiskSnapshot, RiskState

A = InstrumentId("sim:A")
NOW = UnixNanos(1_000_000 * 1_000_000_000)
WIDE = {
    "max_order_notional": Decimal(10**9),
    "max_order_quantity": Decimal(10**9),
    "max_position_notional": Decimal(10**9),
    "max_gross_notional": Decimal(10**9),
    "max_net_notional": Decimal(10**9),
    "max_leverage": Decimal(10**6),
    "max_daily_notional": Decimal(10**12),
    "max_daily_loss": Decimal(10**9),
    "max_drawdown": 1.0,
    "max_concentration": 1.0,
}
"""Limits so wide that only the one under test can refuse."""


class Measured:
    """Measures of a session that is quiet, or of what a test says."""

    def __init__(self, var_share: float | None = 0.001, correlation: float | None = 0.1) -> None:
        self.var_share = var_share
        self.rho = correlation
        self.asked: list[dict[str, float]] = []

    def value_at_risk(self, exposures):
        self.asked.append(dict(exposures))
        gross = sum(map(abs, exposures.values()))
        return None if self.var_share is None else self.var_share * gross

    def correlation(self, exposures):
        self.asked.append(dict(exposures))
        return self.rho


@pytest.fixture
def measured():
    """Makes measures that say what a test wants."""
    return Measured


@pytest.fixture
def intent() -> Callable[..., OrderIntent]:
    """A strategy's buy of 10 at 100, with changes; numbers may be text."""

    def make(**changes: Any) -> OrderIntent:
        for name in ("quantity", "limit_price", "stop_price"):
            if changes.get(name) is not None:
                changes[name] = Decimal(changes[name])
        fields: dict[str, Any] = {
            "strategy_id": StrategyId("momentum"),
            "instrument_id": A,
            "side": Side.BUY,
            "quantity": Decimal(10),
            "order_type": OrderType.LIMIT,
            "limit_price": Decimal(100),
            "stop_price": None,
            "time_in_force": TimeInForce.DAY,
            "reduce_only": False,
            "actor": "test",
            "reason": "",
        }
        return OrderIntent(**(fields | changes))

    return make


@pytest.fixture
def open_order() -> Callable[..., OpenOrder]:
    """An open order of side, quantity and price."""

    def make(
        side: Side, quantity: object, price: object, key: str = "c-1", name: str = "sim:A"
    ) -> OpenOrder:
        size, px = Decimal(str(quantity)), Decimal(str(price))
        return OpenOrder(ClientOrderId(key), InstrumentId(name), side, size, px, size * px)

    return make


@pytest.fixture
def risk_state() -> Callable[..., RiskState]:
    """Counters after the given equities, all on one day."""

    def make(*equities: object, rate: float = 1_000.0) -> RiskState:
        risk = RiskState(rate)
        for equity in equities or (1_000_000,):
            risk.mark(Decimal(str(equity)), NOW)
        return risk

    return make


@pytest.fixture
def snapshot(risk_state: Callable[..., RiskState]) -> Callable[..., RiskSnapshot]:
    """A calm market of 99.99 to 100.01 without positions, all limits wide, with changes.

    `limits`, `positions` and `marks` are mappings of what differs; `quote` is bid and ask.
    """

    def make(**changes: Any) -> RiskSnapshot:
        limits = WIDE | {k: _exact(k, v) for k, v in changes.pop("limits", {}).items()}
        bid, ask = changes.pop("quote", (99.99, 100.01)) or (None, None)
        fields: dict[str, Any] = {
            "now": NOW,
            "system_state": SystemState.ACTIVE,
            "state_reason": "armed",
            "mode": Mode.PAPER,
            "limits": RiskLimits(**limits),
            "instrument": Instrument(instrument_id=A, tick=Decimal("0.01"), lot=Decimal("0.1")),
            "feed_state": FeedState.LIVE,
            "quote": None if bid is None else Quote(A, NOW, bid, 1.0, ask, 1.0),
            "quote_ts": NOW,
            "open_orders": (),
            "risk": risk_state(),
            "disabled_strategies": frozenset(),
            "vol": 0.2,
            "average_vol": 0.2,
            "measures": Measured(),
            "agreement": 0.5,
        }
        for name in ("positions", "marks"):
            given = changes.pop(name, {})
            fields[name] = {key: Decimal(str(value)) for key, value in given.items()}
        return RiskSnapshot(**(fields | changes))

    return make


@pytest.fixture
def sent() -> Callable[..., OrderRequest]:
    """The request of an intent, as `RiskState.sent` takes it."""

    def make(intent: OrderIntent) -> OrderRequest:
        named = {name: getattr(intent, name) for name in intent.__struct_fields__}
        return OrderRequest(ClientOrderId("c-9"), **named)

    return make


def _exact(name: str, value: Any) -> Any:
    return Decimal(str(value)) if isinstance(WIDE.get(name), Decimal) else value
