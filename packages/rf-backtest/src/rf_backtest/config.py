"""Settings of an event-driven backtest: the live engine's, the venue's speed, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from rf_common.clock import NANOS_PER_MILLI
from rf_common.config import FRACTION, NOT_NEGATIVE, POSITIVE, check
from rf_common.ids import StrategyId
from rf_engine.config import EngineConfig
from rf_execution.config import PaperConfig
from rf_feature.config import FeatureConfig
from rf_risk.config import MeasureConfig, RiskLimits, SelfMatch
from rf_strategy.registry import StrategySpec
from rf_strategy.sizing import SizerConfig

_FEE = (lambda bps: -100 <= bps <= 1000, "basis points from -100 to 1000")
_SHARE = (lambda share: 0 <= share <= 1, "a fraction from 0 to 1")
_FAR = Decimal(10) ** 15
_DAY_MS = 86_400_000
_NO_TARGET = 1e6


class Queue(StrEnum):
    """What is believed of the orders ahead of a resting one, where data has trades and sizes."""

    THROUGH = "through"
    """Only a trade beyond the limit, or a quote across it, fills."""
    FULL = "full"
    """All that was displayed when it came must trade at its price first."""
    PROBABLE = "probable"
    """Cancels shorten the queue too, in proportion to what stands ahead."""


class CostConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What trading costs in a backtest."""

    maker_bps: float = 0.0
    """Fee of a fill that rested, basis points of its value."""
    taker_bps: float = 5.0
    """Fee of a fill that took liquidity, basis points of its value."""
    slippage_bps: float = 1.0
    """Price paid beyond the touch by what takes liquidity from bars, basis points."""
    spread_bps: float = 2.0
    """Whole spread where data has no quotes, basis points; half of it is paid each way."""
    borrow_rate: float = 0.0
    """Cost of borrowing what is held short, fraction of its value per year of 365 days."""
    impact_eta: float = 0.0
    """Square-root impact: eta times volatility times sqrt(quantity / past volume); 0 for none."""
    participation: float = 0.0
    """Largest share of a bar's usual (past) volume that our orders get in one bar; 0 for all."""

    def __post_init__(self) -> None:
        rules = dict.fromkeys(
            ("slippage_bps", "spread_bps", "borrow_rate", "impact_eta"), NOT_NEGATIVE
        )
        check(self, {"maker_bps": _FEE, "taker_bps": _FEE, "participation": _SHARE, **rules})


class ExitConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Protective orders that follow every position a strategy opens; 0 for none."""

    stop: float = 0.0
    """Distance of the stop from the average entry, fraction."""
    target: float = 0.0
    """Distance of the target from the average entry, fraction."""
    trail: float = 0.0
    """Distance at which a trailing stop follows the best close, fraction."""

    def __post_init__(self) -> None:
        below = (lambda part: 0 <= part < 1, "a fraction from 0 to below 1")
        check(self, {"stop": below, "target": below, "trail": below})

    @property
    def is_set(self) -> bool:
        """Whether there is any."""
        return bool(self.stop or self.target or self.trail)


class BacktestConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one event-driven run is made of."""

    engine: EngineConfig = EngineConfig()
    """The engine's own settings, the same that a session has."""
    paper: PaperConfig = PaperConfig()
    """Latency and faults of the simulated venue; its fees are those of `costs`."""
    costs: CostConfig = CostConfig()
    """Fees, spread, slippage, borrow and impact."""
    queue: Queue = Queue.THROUGH
    """What a resting order waits for, where data has trades and sizes."""
    exits: ExitConfig = ExitConfig()
    """Stops and targets that follow each position; over bars only."""
    seed: int = 1
    """Seed of everything random at the venue."""
    name: str = ""
    """Name of the run, for people."""


def recording_config(engine: EngineConfig, paper: PaperConfig, *, seed: int) -> BacktestConfig:
    """Return the settings under which a recording runs as the daemon plays it.

    The fees are those of the paper venue and nothing is added to them.
    """
    costs = CostConfig(
        maker_bps=paper.maker_bps, taker_bps=paper.taker_bps, slippage_bps=0.0, spread_bps=0.0
    )
    return BacktestConfig(engine=engine, paper=paper, costs=costs, seed=seed)


def bars_config(
    interval_ns: int,
    strategies: Iterable[StrategySpec] | Mapping[str, Mapping[str, Any]],
    *,
    cash: Decimal = Decimal(100_000),
    fraction: float = 0.9,
    leverage: float = 1.0,
    target_vol: float | None = None,
    limit_offset: float = 0.05,
    costs: CostConfig | None = None,
    **others: Any,
) -> BacktestConfig:
    """Return settings for bars: the same engine, with clocks and limits that fit an interval.

    A session's limits think in seconds and in a person's nerves; over years of bars they would
    stop a strategy at the first bad week. Here one bar is one sample of every measure, prices
    age with the interval, and of the limits only buying power, the share of one instrument and
    order sanity bind. Whoever wants the session's limits replaces `engine.limits`.

    Parameters
    ----------
    interval_ns : int
        Length of a bar, nanoseconds.
    strategies : iterable of StrategySpec, or mapping
        What runs; a mapping tells factory names and their parameters.
    fraction : float
        Value of a full position, fraction of equity; with `limit_offset` it must fit `leverage`.
    target_vol : float, optional
        Volatility, per year, above which positions shrink; without it they do not.
    limit_offset : float
        How far beyond the close an order still takes the next open, fraction.
    **others
        More fields of `BacktestConfig`.

    Raises
    ------
    ValueError
        If `fraction` cannot be bought with `leverage`, or a number is out of range.

    Examples
    --------
    >>> day = 86_400 * 10**9
    >>> config = bars_config(day, {"momentum": {"period": 50, "threshold": 0.01}})
    >>> config.engine.features.sample_ms, config.engine.strategies[0].factory
    (86400000, 'momentum')
    """
    if fraction * (1 + limit_offset) > leverage:
        raise ValueError(
            f"fraction = {fraction}: expected at most leverage / (1 + limit_offset) = "
            f"{leverage / (1 + limit_offset):.4f}, or its orders have no buying power"
        )
    step = max(interval_ns // NANOS_PER_MILLI, 1)
    engine = EngineConfig(
        account="BACKTEST",
        starting_equity=cash,
        limits=bars_limits(step, leverage=leverage),
        sizer=SizerConfig(
            max_fraction=min(fraction, 1.0),
            target_vol=_NO_TARGET if target_vol is None else target_vol,
            limit_offset=limit_offset,
        ),
        features=FeatureConfig(sample_ms=step, min_samples=1),
        measures=MeasureConfig(
            var_sample_ms=step,
            var_window=20,
            var_min_samples=2,
            garch_min_samples=1,
            fit_every_s=0,
        ),
        strategies=_specs(strategies),
        heartbeat_ms=step,
        report_every_ms=_DAY_MS * 36_500,
    )
    return BacktestConfig(engine=engine, costs=costs or CostConfig(), **others)


def bars_limits(step_ms: int, *, leverage: float = 1.0, collar: float = 1.0) -> RiskLimits:
    """Return limits for bars of `step_ms`: buying power binds, a session's nerves do not."""
    check(_Bounds(leverage=leverage, collar=collar), {"leverage": POSITIVE, "collar": FRACTION})
    return RiskLimits(
        max_order_notional=_FAR,
        max_order_quantity=_FAR,
        max_position_notional=_FAR,
        max_gross_notional=_FAR,
        max_net_notional=_FAR,
        max_leverage=Decimal(str(leverage)),
        max_daily_notional=_FAR,
        max_daily_loss=_FAR,
        max_drawdown=1.0,
        max_open_orders=10_000,
        orders_per_second=1e6,
        price_collar=collar,
        stale_after_ms=max(2 * step_ms, 60 * _DAY_MS),
        duplicate_window_ms=0,
        allow_market_orders=True,
        self_match=SelfMatch.CANCEL_RESTING,
        max_unattended_orders=10**9,
        max_concentration=1.0,
        max_agreement=1.0,
        max_vol_ratio=1e9,
        max_correlation=1.0,
        max_daily_var=1.0,
        max_account_vol=1e9,
        attenuate_after_trades=10**9,
        attenuation=1.0,
    )


class _Bounds(msgspec.Struct, frozen=True, kw_only=True):
    leverage: float
    collar: float


def _specs(
    strategies: Iterable[StrategySpec] | Mapping[str, Mapping[str, Any]],
) -> tuple[StrategySpec, ...]:
    if isinstance(strategies, Mapping):
        return tuple(
            StrategySpec(id=StrategyId(name), factory=name, parameters=dict(parameters))
            for name, parameters in strategies.items()
        )
    return tuple(strategies)
