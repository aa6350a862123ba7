"""Streaming features of one instrument, updated in place by each quote and trade.

What depends on the book (mid, spread, microprice, imbalance, order flow) moves with every quote.
What depends on time (volatility, RSI, moving averages) moves on a grid of event time, so that a
busy second weighs as much as a quiet one; a sample is taken with the first quote of each step.
Nothing looks ahead: a value is made of quotes that came before or with the one being processed.
"""

from __future__ import annotations

from math import inf, log, sqrt
from typing import Protocol

from rf_common.clock import NANOS_PER_MILLI, NANOS_PER_SECOND
from rf_common.events import Quote, Trade
from rf_feature.config import FeatureConfig
from rf_feature.toxicity import SessionVpin
from rf_signals.streaming import Ema, EwmaVol, Macd, Ofi, Rsi, Vwap


class VarianceModel(Protocol):
    """A model of the next step's variance that is moved by returns."""

    def update(self, ret: float) -> float | None:
        """Take one return of one step; return the variance of the next, None in the warm-up."""
        ...

    @property
    def long_run(self) -> float:
        """Variance of a step that the model returns to."""
        ...


class FeatureSet:
    """Features of one instrument; attributes are None until they can be computed.

    Parameters
    ----------
    config : FeatureConfig
        Windows and decays.
    seconds_per_year : float
        Trading seconds in a year, to annualise volatility.
    variance : VarianceModel, optional
        What tells `garch_vol` and, as its long-run level, `average_vol`; without one the first
        stays None and the second is a slow moving average.

    Attributes
    ----------
    mid_px, micro_px : float
        Mid and size-weighted mid, currency.
    spread_bps : float
        Spread over mid, basis points.
    imbalance : float
        (bid size - ask size) / (bid size + ask size), -1 to 1.
    vol, average_vol : float
        Present and long-run volatility, decimal per year.
    garch_vol : float
        Volatility of the next step by the variance model, decimal per year.
    rsi : float
        Relative strength index, 0 to 100.
    ema_fast, ema_slow : float
        Exponential moving averages of the sampled mid, currency.
    vwap : float
        Volume-weighted average price of the session's trades, currency.
    macd, macd_signal : float
        Fast less slow average of the sampled mid, and the average of that, currency.
    vpin : float
        Volume-synchronised probability of informed trading, 0 to 1.
    samples : int
        Samples taken so far.

    Examples
    --------
    >>> features = FeatureSet(FeatureConfig(), seconds_per_year=31_536_000.0)
    >>> features.on_quote(Quote("binance:BTCUSDT", 0, 100.0, 3.0, 101.0, 1.0), now=0)
    >>> features.mid_px, features.micro_px, features.vol
    (100.5, 100.75, None)
    """

    __slots__ = (
        "_average",
        "_fast",
        "_last_px",
        "_last_step",
        "_macd",
        "_min_samples",
        "_next_ns",
        "_ofi",
        "_rsi",
        "_slow",
        "_step_ns",
        "_steps_per_year",
        "_variance",
        "_vol",
        "_vpin",
        "_vwap",
        "average_vol",
        "ema_fast",
        "ema_slow",
        "garch_vol",
        "imbalance",
        "micro_px",
        "mid_px",
        "rsi",
        "samples",
        "spread_bps",
        "vol",
        "vwap",
    )

    def __init__(
        self,
        config: FeatureConfig,
        seconds_per_year: float,
        variance: VarianceModel | None = None,
    ) -> None:
        self._step_ns = config.sample_ms * NANOS_PER_MILLI
        self._steps_per_year = seconds_per_year * NANOS_PER_SECOND / self._step_ns
        steps_per_year = self._steps_per_year
        self._variance = variance
        self._vol = EwmaVol(config.vol_decay, periods_per_year=steps_per_year)
        self._average = EwmaVol(config.average_vol_decay, periods_per_year=steps_per_year)
        self._rsi = Rsi(config.rsi_period)
        self._fast = Ema(config.ema_fast)
        self._slow = Ema(config.ema_slow)
        self._ofi = Ofi(config.ofi_window)
        self._macd = Macd(config.ema_fast, config.ema_slow, config.macd_signal)
        self._vwap = Vwap()
        self._vpin = SessionVpin(config.vpin_trades, config.vpin_window)
        self._min_samples = config.min_samples
        self._next_ns = 0
        self._last_step = 0
        self._last_px = 0.0
        self.samples = 0
        self.mid_px: float | None = None
        self.micro_px: float | None = None
        self.spread_bps: float | None = None
        self.imbalance: float | None = None
        self.vol: float | None = None
        self.average_vol: float | None = None
        self.garch_vol: float | None = None
        self.rsi: float | None = None
        self.ema_fast: float | None = None
        self.ema_slow: float | None = None
        self.vwap: float | None = None

    @property
    def ofi(self) -> float | None:
        """Normalised order flow imbalance of the last quotes, -1 to 1."""
        return self._ofi.normalized

    @property
    def macd(self) -> float | None:
        """Fast less slow moving average, currency."""
        return self._macd.line

    @property
    def macd_signal(self) -> float | None:
        """Moving average of the MACD, currency."""
        return self._macd.signal

    @property
    def vpin(self) -> float | None:
        """Share of one-sided volume in the last full buckets, 0 to 1."""
        return self._vpin.value

    def on_quote(self, quote: Quote, now: int) -> None:
        """Take one quote that became known at `now`, nanoseconds.

        Raises
        ------
        ValueError
            If the mid is not a positive number or a size is negative or not finite; nothing
            has changed then.
        """
        bid, ask = quote.bid_px, quote.ask_px
        bid_qty, ask_qty = quote.bid_qty, quote.ask_qty
        mid = (bid + ask) * 0.5
        if not 0.0 < mid < inf:
            raise ValueError(f"expected positive prices for bid_px, ask_px, was {bid}, {ask}")
        self._ofi.update(bid, bid_qty, ask, ask_qty)
        self.mid_px = mid
        self.spread_bps = (ask - bid) / mid * 10_000.0
        size = bid_qty + ask_qty
        if size > 0.0:
            self.imbalance = (bid_qty - ask_qty) / size
            self.micro_px = bid + (ask - bid) * (bid_qty / size)
        else:
            self.imbalance, self.micro_px = 0.0, mid
        if now >= self._next_ns:
            self._sample(mid, now)

    def on_trade(self, trade: Trade) -> None:
        """Take one print."""
        self.vwap = self._vwap.update(trade.px, trade.qty)
        self._vpin.update(trade.px, trade.qty, trade.aggressor.sign if trade.aggressor else 0)

    def use_variance(self, variance: float) -> None:
        """Take the next step's variance from a model that was fitted anew."""
        self.garch_vol = sqrt(variance * self._steps_per_year)

    def _sample(self, mid: float, now: int) -> None:
        step = now // self._step_ns
        self._next_ns = (step + 1) * self._step_ns
        self.samples += 1
        self.rsi = self._rsi.update(mid)
        self.ema_fast = self._fast.update(mid)
        self.ema_slow = self._slow.update(mid)
        self._macd.update(mid)
        if self.samples > 1:
            # A return over several steps has that many steps' variance.
            ret = log(mid / self._last_px) / sqrt(step - self._last_step)
            vol, average = self._vol.update(ret), self._average.update(ret)
            if self.samples > self._min_samples:
                self.vol, self.average_vol = vol, average
            variance = self._variance.update(ret) if self._variance is not None else None
            if variance is not None and self._variance is not None:
                self.use_variance(variance)
                self.average_vol = sqrt(self._variance.long_run * self._steps_per_year)
        self._last_px, self._last_step = mid, step
