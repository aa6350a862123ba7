"""The gate between analyst and swarm: both must agree, and the account must bear it.

It knows no model. It takes the four stages of one cycle as values, the account as it is at this
moment, and says APPROVED with an exact quantity, HEDGE with the part of the position to give
back, or REJECTED, each with every comparison that was made. A stage that is missing, stale or
unavailable rejects.

The quantity follows Kelly (1956) for a bet that wins `b` with probability `p`,
``f = p - (1 - p) / b``, a quarter of it at most 5 % of equity, times the swarm's conviction, at
most what the analyst asked, and scaled until its one-day 95 % value at risk fits the limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import inf, sqrt
from typing import Literal

import msgspec

from rf_common import money
from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.config import FRACTION, POSITIVE, check
from rf_common.instruments import Instrument
from rf_common.intelligence import (
    AnalystSignal,
    Conviction,
    Direction,
    GateCheck,
    GraphContext,
    QuantSnapshot,
    SwarmSignal,
    Verdict,
)

TRADING_DAYS = 252
Z_95 = 1.645
_CONVICTION = {Conviction.HIGH: 1.0, Conviction.MEDIUM: 0.6, Conviction.LOW: 0.3}


class AnalystGateConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an approval needs, and what it may lead to."""

    may_trade: Literal["never", "ask", "auto"] = "never"
    """Whether a verdict itself becomes an order: never, when a person accepts it, or by itself."""
    min_analyst: float = 0.65
    """Least confidence of the analyst."""
    min_swarm: float = 0.60
    """Least confidence of the swarm."""
    drawdown_halt: float = 0.08
    """Drawdown from which nothing is approved, fraction."""
    daily_vol_breaker: float = 0.04
    """Volatility of a day from which what is held is reduced instead, decimal."""
    hedge_fraction: float = 0.025
    """Value that a hedge gives back, fraction of equity."""
    max_position: float = 0.05
    """Largest position that is approved, fraction of equity."""
    kelly_fraction: float = 0.25
    """Part of the Kelly fraction that is used."""
    max_daily_var: float = 0.02
    """Largest one-day 95 % value at risk of the approved order, fraction of equity."""
    min_value: Decimal = Decimal(100)
    """Smallest value worth an order, account currency."""
    entry_band: float = 0.02
    """Largest distance of the analyst's entry from the market, fraction."""
    max_age_s: int = 180
    """Age at which a cycle is no longer believed, seconds."""

    def __post_init__(self) -> None:
        fractions = (
            "min_analyst",
            "min_swarm",
            "drawdown_halt",
            "daily_vol_breaker",
            "hedge_fraction",
            "max_position",
            "kelly_fraction",
            "max_daily_var",
            "entry_band",
        )
        rules = dict.fromkeys(fractions, FRACTION)
        check(self, {**rules, "min_value": POSITIVE, "max_age_s": POSITIVE})


@dataclass(frozen=True, slots=True)
class Cycle:
    """The four stages of one cycle; None where a stage has not answered."""

    quant: QuantSnapshot | None
    swarm: SwarmSignal | None
    graph: GraphContext | None
    analyst: AnalystSignal | None

    def missing(self) -> str:
        """Return which stage cannot be used and why, "" when all can."""
        for name in ("quant", "swarm", "graph", "analyst"):
            stage = getattr(self, name)
            if stage is None:
                return f"{name}: no answer in this cycle"
            if stage.unavailable:
                return f"{name}: {stage.unavailable}"
        return ""


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The account and the instrument at the moment of the decision.

    `equity` and `drawdown` are None while they cannot be computed, `price` is the mid.
    """

    now: UnixNanos
    instrument: Instrument
    equity: Decimal | None
    drawdown: float | None
    position: Decimal
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What the gate says; `quantity` is zero for a rejection."""

    verdict: Verdict
    reason: str
    direction: Direction
    quantity: Decimal
    checks: tuple[GateCheck, ...]


class _Rejected(Exception):  # an answer, caught in this module
    pass


def judge(cycle: Cycle, held: Portfolio, config: AnalystGateConfig) -> Judged:
    """Return the verdict on one cycle with live portfolio inputs.

    Parameters
    ----------
    cycle : Cycle
        The four stages.
    held : Portfolio
        Account and instrument as they are now.
    config : AnalystGateConfig
        Thresholds.
    """
    sheet = _Sheet(held, config)
    try:
        return sheet.judge(cycle)
    except _Rejected as no:
        return sheet.judged(Verdict.REJECTED, str(no))


class _Sheet:
    """The comparisons made so far; the first that fails ends the judgement."""

    def __init__(self, held: Portfolio, config: AnalystGateConfig) -> None:
        self._held = held
        self._config = config
        self._checks: list[GateCheck] = []
        self._equity = self._price = money.ZERO
        self._daily_vol = 0.0

    def judge(self, cycle: Cycle) -> Judged:
        """Go through all comparisons in their order."""
        missing = cycle.missing()
        self._need("stages", not missing, missing or "4 of 4", "4 of 4 available", missing)
        quant, swarm, analyst = cycle.quant, cycle.swarm, cycle.analyst
        if quant is None or swarm is None or analyst is None:
            raise _Rejected("stages: not all are there")
        self._account(quant)
        breaker = self._config.daily_vol_breaker
        if self._daily_vol > breaker:
            return self._hedge()
        self._need("daily vol", True, f"{self._daily_vol:.2%}", f"{breaker:.2%} at most")
        self._agree(swarm, analyst)
        self._near(analyst)
        return self._size(swarm, analyst)

    def judged(
        self,
        verdict: Verdict,
        reason: str,
        direction: Direction = Direction.NEUTRAL,
        quantity: Decimal = money.ZERO,
    ) -> Judged:
        """Return the verdict with the comparisons that were made."""
        return Judged(verdict, reason, direction, quantity, tuple(self._checks))

    def _need(self, name: str, ok: bool, value: str, limit: str, reason: str = "") -> None:
        self._checks.append(GateCheck(name, value, limit, ok))
        if not ok:
            raise _Rejected(reason or f"{name}: {value}, needed {limit}")

    def _account(self, quant: QuantSnapshot) -> None:
        held, config = self._held, self._config
        age_s = (held.now - quant.ts_event) // NANOS_PER_SECOND
        self._need("age", age_s <= config.max_age_s, f"{age_s} s", f"{config.max_age_s} s at most")
        equity, price, fall = held.equity, held.price, held.drawdown
        if equity is None or price is None or fall is None or equity <= 0 or price <= 0:
            raise _Rejected("account: equity, drawdown or price is unknown")
        self._equity, self._price = equity, price
        halt = config.drawdown_halt
        self._need("drawdown", fall < halt, f"{fall:.2%}", f"below {halt:.2%}")
        vol = quant.garch_vol
        if vol is None or not 0.0 < vol < inf:
            raise _Rejected("volatility: unknown")
        self._daily_vol = vol / sqrt(TRADING_DAYS)

    def _agree(self, swarm: SwarmSignal, analyst: AnalystSignal) -> None:
        sides = f"analyst {analyst.direction}, swarm {swarm.direction}"
        neither = Direction.NEUTRAL not in {analyst.direction, swarm.direction}
        self._need("direction", neither, sides, "neither neutral")
        self._need("same side", analyst.direction is swarm.direction, sides, "the same")
        for name, told, least in (
            ("analyst confidence", analyst.confidence, self._config.min_analyst),
            ("swarm confidence", swarm.confidence, self._config.min_swarm),
        ):
            self._need(name, told >= least, f"{told:.2f}", f"{least:.2f}")

    def _near(self, analyst: AnalystSignal) -> None:
        px, band = float(self._price), self._config.entry_band
        away = abs(analyst.entry_px / px - 1.0)
        self._need("entry", away <= band, f"{away:.2%} away", f"within {band:.2%}")
        sign = analyst.direction.sign
        around = (px - analyst.stop_px) * sign > 0.0 and (analyst.take_profit_px - px) * sign > 0.0
        told = f"{analyst.stop_px:g} / {analyst.take_profit_px:g}"
        self._need("stop and target", around, told, f"on both sides of {px:g}")

    def _size(self, swarm: SwarmSignal, analyst: AnalystSignal) -> Judged:
        config, p, entry = self._config, analyst.confidence, analyst.entry_px
        odds = abs(analyst.take_profit_px - entry) / max(abs(entry - analyst.stop_px), 0.001)
        kelly = p - (1.0 - p) / odds if odds > 0.0 else 0.0
        self._need("kelly", kelly > 0.0, f"{kelly:.3f}", "above 0")
        share = min(kelly * config.kelly_fraction, config.max_position)
        share = min(share * _CONVICTION[swarm.conviction], analyst.position_size_pct)
        var = share * self._daily_vol * Z_95
        if var > config.max_daily_var:
            share *= config.max_daily_var / var
        told = f"{min(var, config.max_daily_var):.3%}"
        self._need("VaR 1d 95%", True, told, f"{config.max_daily_var:.2%} at most")
        value, least = self._equity * Decimal(str(share)), config.min_value
        self._need("order value", value >= least, f"{value:,.2f}", f"{least:,.2f} at least")
        lot = self._held.instrument.lot
        quantity = money.to_quantity(value / self._price, lot)
        self._need("quantity", quantity > 0, str(quantity), f"a lot of {lot}")
        reason = f"{analyst.direction}: analyst {p:.2f}, swarm {swarm.confidence:.2f}, {share:.2%}"
        return self.judged(Verdict.APPROVED, reason, analyst.direction, quantity)

    def _hedge(self) -> Judged:
        """Give back a part of what is held; never more than that, nothing when flat."""
        told, breaker = f"{self._daily_vol:.2%}", self._config.daily_vol_breaker
        self._checks.append(GateCheck("daily vol", told, f"{breaker:.2%} at most", False))
        reason = f"volatility of a day {told} is above {breaker:.2%}"
        position = self._held.position
        if not position:
            raise _Rejected(f"{reason}: nothing is held that could be reduced")
        value = self._equity * Decimal(str(self._config.hedge_fraction))
        lot = self._held.instrument.lot
        quantity = min(money.to_quantity(value / self._price, lot), abs(position))
        if quantity <= 0:
            raise _Rejected(f"{reason}: {value:,.2f} is less than a lot")
        direction = Direction.SHORT if position > 0 else Direction.LONG
        return self.judged(Verdict.HEDGE, f"{reason}: reduce", direction, quantity)
