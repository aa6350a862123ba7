"""Where the money was made: by strategy, symbol, source and hour. Exact."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

import msgspec

from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.ids import InstrumentId, StrategyId

ROLLING_S = 300
K = TypeVar("K")
_HOUR_NS = 3_600 * NANOS_PER_SECOND


class PnlEvent(msgspec.Struct, frozen=True):
    """One realised result; commission and slippage are costs, positive."""

    ts: UnixNanos
    instrument_id: InstrumentId
    strategy_id: StrategyId
    source: str
    realised: Decimal
    commission: Decimal = Decimal(0)
    slippage: Decimal = Decimal(0)

    @property
    def net(self) -> Decimal:
        """Realised less costs, currency."""
        return self.realised - self.commission - self.slippage


@dataclass
class Share:
    """What one strategy, symbol, source or hour contributed; amounts in currency."""

    realised: Decimal = Decimal(0)
    commission: Decimal = Decimal(0)
    slippage: Decimal = Decimal(0)
    trades: int = 0
    wins: int = 0
    losses: int = 0
    largest_win: Decimal = Decimal(0)
    largest_loss: Decimal = Decimal(0)
    drawdown: Decimal = Decimal(0)
    _peak: Decimal = field(default=Decimal(0), repr=False)

    @property
    def net(self) -> Decimal:
        """Realised less costs."""
        return self.realised - self.commission - self.slippage

    def add(self, event: PnlEvent) -> None:
        """Count one result."""
        self.realised += event.realised
        self.commission += event.commission
        self.slippage += event.slippage
        self.trades += 1
        self.wins += event.net > 0
        self.losses += event.net < 0
        self.largest_win = max(self.largest_win, event.net)
        self.largest_loss = min(self.largest_loss, event.net)
        self._peak = max(self._peak, self.net)
        self.drawdown = max(self.drawdown, self._peak - self.net)


@dataclass(frozen=True)
class Attribution:
    """The whole and its parts; every breakdown adds up to the whole exactly.

    `by_hour` is by hour of the day, UTC, 0 to 23; `rolling` is the net of the last five minutes
    of the events.
    """

    total: Share
    by_strategy: dict[StrategyId, Share]
    by_symbol: dict[InstrumentId, Share]
    by_source: dict[str, Share]
    by_hour: dict[int, Share]
    rolling: Decimal


def attribute(events: Iterable[PnlEvent]) -> Attribution:
    """Return where the money was made.

    Raises
    ------
    ValueError
        If an amount is not finite.
    """
    told = list(events)
    for event in told:
        if not all(a.is_finite() for a in (event.realised, event.commission, event.slippage)):
            raise ValueError(f"expected finite amounts, was {event}")
    total = Share()
    for event in told:
        total.add(event)
    end = max((event.ts for event in told), default=0)
    since = end - ROLLING_S * NANOS_PER_SECOND
    return Attribution(
        total=total,
        by_strategy=_by(told, lambda event: event.strategy_id),
        by_symbol=_by(told, lambda event: event.instrument_id),
        by_source=_by(told, lambda event: event.source),
        by_hour=_by(told, lambda event: event.ts // _HOUR_NS % 24),
        rolling=sum((event.net for event in told if event.ts > since), Decimal(0)),
    )


def _by(events: list[PnlEvent], key: Callable[[PnlEvent], K]) -> dict[K, Share]:
    shares: dict[K, Share] = {}
    for event in events:
        shares.setdefault(key(event), Share()).add(event)
    return shares
