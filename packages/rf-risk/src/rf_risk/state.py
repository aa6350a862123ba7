"""What the limits are measured against: counters of the day, peak of equity, recent orders.

Everything here moves by events only, survives a restart through `RiskState.state`, and follows
the trading day, which never reopens because a clock moved.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal

import msgspec

from rf_common import money
from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.enums import Side
from rf_common.ids import InstrumentId, StrategyId
from rf_common.orders import OrderRequest

NANOS_PER_DAY = 86_400 * NANOS_PER_SECOND
_RECENT = 64


class Recent(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What identifies a duplicate."""

    ts: UnixNanos
    instrument_id: InstrumentId
    side: Side
    quantity: Decimal
    price: Decimal | None


class RiskStateCopy(msgspec.Struct, frozen=True, array_like=True):
    """Counters as kept in a checkpoint."""

    day: int
    day_start_equity: Decimal | None
    peak_equity: Decimal | None
    equity: Decimal | None
    orders_today: int
    fills_today: int
    notional_today: Decimal
    refusals: tuple[tuple[str, int], ...]
    unattended: tuple[tuple[StrategyId, int], ...]
    recent: tuple[Recent, ...]
    tokens: float
    tokens_ts: UnixNanos


class TokenBucket:
    """Rate limit that allows a burst of one second's worth and then the sustained rate.

    Parameters
    ----------
    rate : float
        Tokens a second; also the burst, at least one.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.burst = max(rate, 1.0)
        self.tokens = self.burst
        self.ts = UnixNanos(0)

    def available(self, now: UnixNanos) -> float:
        """Return how many tokens there are at `now`."""
        earned = max(now - self.ts, 0) / NANOS_PER_SECOND * self.rate
        return min(self.burst, self.tokens + earned)

    def take(self, now: UnixNanos) -> None:
        """Use one token, into debt if need be: what is sent counts even when it may not wait."""
        self.tokens = self.available(now) - 1.0
        self.ts = max(now, self.ts)


class RiskState:
    """Counters and peaks of one account.

    Parameters
    ----------
    orders_per_second : float
        Rate of the token bucket.
    """

    def __init__(self, orders_per_second: float) -> None:
        self.bucket = TokenBucket(orders_per_second)
        self.day = -1
        self.day_start_equity: Decimal | None = None
        self.peak_equity: Decimal | None = None
        self.equity: Decimal | None = None
        self.orders_today = 0
        self.fills_today = 0
        self.notional_today = money.ZERO
        self.refusals: dict[str, int] = {}
        self.unattended: dict[StrategyId, int] = {}
        self.recent: deque[Recent] = deque(maxlen=_RECENT)

    def mark(self, equity: Decimal, now: UnixNanos) -> bool:
        """Take a new equity and return whether a new trading day (UTC) began with it."""
        day = now // NANOS_PER_DAY
        rolled = day > self.day
        if rolled:
            self.day = day
            self.day_start_equity = self.equity if self.equity is not None else equity
            self.orders_today = self.fills_today = 0
            self.notional_today = money.ZERO
        self.equity = equity
        self.peak_equity = equity if self.peak_equity is None else max(self.peak_equity, equity)
        return rolled

    @property
    def daily_pnl(self) -> Decimal | None:
        """Equity now less equity at the start of the trading day, currency."""
        if self.equity is None or self.day_start_equity is None:
            return None
        return self.equity - self.day_start_equity

    @property
    def drawdown(self) -> float | None:
        """Fall from the running peak of equity, fraction of the peak; None without a peak."""
        if self.equity is None or self.peak_equity is None or self.peak_equity <= 0:
            return None
        return float((self.peak_equity - self.equity) / self.peak_equity)

    def sent(self, request: OrderRequest, notional: Decimal, now: UnixNanos) -> None:
        """Count an order at the moment it is sent."""
        self.bucket.take(now)
        self.orders_today += 1
        self.notional_today += notional
        self.unattended[request.strategy_id] = self.unattended.get(request.strategy_id, 0) + 1
        price = request.limit_price
        self.recent.append(
            Recent(now, request.instrument_id, request.side, request.quantity, price)
        )

    def filled(self) -> None:
        """Count a fill."""
        self.fills_today += 1

    def refused(self, rule: str) -> None:
        """Count a refusal."""
        self.refusals[rule] = self.refusals.get(rule, 0) + 1

    def attended(self, strategy_id: StrategyId) -> None:
        """Note that a person looked after a strategy: its count starts again."""
        self.unattended.pop(strategy_id, None)

    def state(self) -> RiskStateCopy:
        """Return a frozen copy."""
        return RiskStateCopy(
            self.day,
            self.day_start_equity,
            self.peak_equity,
            self.equity,
            self.orders_today,
            self.fills_today,
            self.notional_today,
            tuple(sorted(self.refusals.items())),
            tuple(sorted(self.unattended.items())),
            tuple(self.recent),
            self.bucket.tokens,
            self.bucket.ts,
        )

    def restore(self, copy: RiskStateCopy) -> None:
        """Replace everything by a frozen copy."""
        self.day = copy.day
        self.day_start_equity, self.peak_equity = copy.day_start_equity, copy.peak_equity
        self.equity = copy.equity
        self.orders_today, self.fills_today = copy.orders_today, copy.fills_today
        self.notional_today = copy.notional_today
        self.refusals = dict(copy.refusals)
        self.unattended = dict(copy.unattended)
        self.recent = deque(copy.recent, maxlen=_RECENT)
        self.bucket.tokens, self.bucket.ts = copy.tokens, copy.tokens_ts
