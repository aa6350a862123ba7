"""Our kernels against public peers: same inputs, same process, same accuracy; ratios as a table.

Run by ``make bench-peers`` in an environment of its own that holds both sides. Each figure is the
smallest of several rounds, so that a busy neighbour does not count; both sides are timed one
after the other with the same rounds. The error column is the largest difference between the two.
"""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

ROUNDS = 7
Row = dict[str, Any]


def best(call: Callable[[], object], *, repeat: int = 1) -> float:
    """Return the smallest time of one call, seconds, over several rounds."""
    call()
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(repeat):
            call()
        times.append((time.perf_counter() - begun) / repeat)
    return min(times)


def against(
    what: str,
    ours: Callable[[], Any],
    theirs: Callable[[], Any],
    *,
    peer: str,
    per: int = 1,
    repeat: int = 1,
    error: float | None = None,
) -> Row:
    """Return one row: time per item of both sides and their ratio."""
    mine, other = best(ours, repeat=repeat), best(theirs, repeat=repeat)
    return {
        "what": what,
        "peer": peer,
        "ours_ns": mine / per * 1e9,
        "theirs_ns": other / per * 1e9,
        "ratio": other / mine,
        "error": error,
    }


def gap(a: Any, b: Any) -> float:
    """Return the largest difference where both are numbers."""
    x, y = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    both = np.isfinite(x) & np.isfinite(y)
    return float(np.abs(x[both] - y[both]).max())


def book(n: int) -> tuple[np.ndarray, ...]:
    """Return spots, strikes, times and volatilities of n options."""
    rng = np.random.default_rng(1)
    return (
        np.full(n, 100.0),
        rng.uniform(60.0, 160.0, n),
        rng.uniform(0.05, 2.0, n),
        rng.uniform(0.1, 0.6, n),
    )


def vanilla() -> list[Row]:
    """Black-Scholes-Merton and implied volatility against NumPy with SciPy, vollib, QuantLib."""
    import QuantLib as ql  # noqa: N813  # its usual short name
    from py_vollib.black_scholes import black_scholes
    from py_vollib.black_scholes.greeks import analytical
    from py_vollib.black_scholes.implied_volatility import implied_volatility
    from scipy.special import ndtr

    from rf_pricing.vanilla import bsm_greeks, bsm_implied_vol, bsm_main_greeks, bsm_price

    rows = []
    rate = 0.03
    for n in (1_000, 1_000_000):
        s, k, t, v = book(n)

        def plain(s=s, k=k, t=t, v=v):
            spread = v * np.sqrt(t)
            d1 = (np.log(s / k) + rate * t) / spread + 0.5 * spread
            return s * ndtr(d1) - k * np.exp(-rate * t) * ndtr(d1 - spread)

        def plain_greeks(s=s, k=k, t=t, v=v):
            root = np.sqrt(t)
            spread = v * root
            d1 = (np.log(s / k) + rate * t) / spread + 0.5 * spread
            d2 = d1 - spread
            density = np.exp(-0.5 * d1 * d1) * 0.3989422804014327
            df = np.exp(-rate * t)
            delta, low = ndtr(d1), ndtr(d2)
            value = s * delta - k * df * low
            gamma = density / (s * spread)
            vega = s * density * root
            theta = -0.5 * s * density * v / root - rate * k * df * low
            return value, delta, gamma, vega, theta, k * t * df * low

        out = np.empty(n)
        label = f"{n:,} options"
        rows.append(
            against(
                f"price, {label}",
                lambda s=s, k=k, t=t, v=v, out=out: bsm_price(s, k, t, v, rate=rate, out=out),
                plain,
                peer="NumPy + SciPy",
                per=n,
                error=gap(bsm_price(s, k, t, v, rate=rate), plain()),
            )
        )
        main = np.empty((6, n))
        rows.append(
            against(
                f"price and 5 Greeks, {label}",
                lambda s=s, k=k, t=t, v=v, m=main: bsm_main_greeks(s, k, t, v, rate=rate, out=m),
                plain_greeks,
                peer="NumPy + SciPy",
                per=n,
                error=gap(
                    np.array(bsm_main_greeks(s, k, t, v, rate=rate)), np.array(plain_greeks())
                ),
            )
        )
    n = 2_000
    s, k, t, v = book(n)
    px = bsm_price(s, k, t, v, rate=rate)
    calls = list(zip(s, k, t, v, px, strict=True))
    rows.append(
        against(
            "price, one option",
            lambda: [bsm_price(a, b, c, d, rate=rate) for a, b, c, d, _ in calls],
            lambda: [black_scholes("c", a, b, c, rate, d) for a, b, c, d, _ in calls],
            peer=f"py_vollib {version('py_vollib')}",
            per=n,
            error=gap(px, [black_scholes("c", a, b, c, rate, d) for a, b, c, d, _ in calls]),
        )
    )

    def vollib_greeks() -> list[Any]:
        return [
            (
                analytical.delta("c", a, b, c, rate, d),
                analytical.gamma("c", a, b, c, rate, d),
                analytical.vega("c", a, b, c, rate, d),
                analytical.theta("c", a, b, c, rate, d),
                analytical.rho("c", a, b, c, rate, d),
            )
            for a, b, c, d, _ in calls
        ]

    rows.append(
        against(
            "all 16 figures (theirs: 5 Greeks), one option",
            lambda: [bsm_greeks(a, b, c, d, rate=rate) for a, b, c, d, _ in calls],
            vollib_greeks,
            peer=f"py_vollib {version('py_vollib')}",
            per=n,
        )
    )
    good = [
        call
        for call in calls
        if call[4] > max(call[0] - call[1] * math.exp(-rate * call[2]), 0) + 1e-6
    ]
    rows.append(
        against(
            "implied volatility, one option",
            lambda: [bsm_implied_vol(p, a, b, c, rate=rate) for a, b, c, _, p in good],
            lambda: [implied_volatility(p, a, b, c, rate, "c") for a, b, c, _, p in good],
            peer=f"py_vollib {version('py_vollib')} (Let's be rational)",
            per=len(good),
            error=gap(
                [bsm_implied_vol(p, a, b, c, rate=rate) for a, b, c, _, p in good],
                [row[3] for row in good],
            ),
        )
    )
    big = 1_000_000
    s, k, t, v = book(big)
    px = bsm_price(s, k, t, v, rate=rate)
    forward, df = s * np.exp(rate * t), np.exp(-rate * t)
    some = slice(0, 20_000)
    quotes = list(zip(k[some], forward[some], px[some], df[some], t[some], strict=True))

    def quantlib_iv() -> list[float]:
        found = []
        for strike, fwd, price, disc, years in quotes:
            try:
                sd = ql.blackFormulaImpliedStdDev(
                    ql.Option.Call,
                    float(strike),
                    float(fwd),
                    float(price),
                    float(disc),
                    0.0,
                    ql.nullDouble(),
                    1e-12,
                    1000,
                )
                found.append(sd / math.sqrt(years))
            except RuntimeError:
                found.append(math.nan)
        return found

    mine, theirs = best(lambda: bsm_implied_vol(px, s, k, t, rate=rate)), best(quantlib_iv)
    told = bsm_implied_vol(px, s, k, t, rate=rate)
    rows.append(
        {
            "what": "implied volatility, 1,000,000 options (theirs 20,000)",
            "peer": f"QuantLib {version('QuantLib')} blackFormulaImpliedStdDev",
            "ours_ns": mine / big * 1e9,
            "theirs_ns": theirs / len(quotes) * 1e9,
            "ratio": theirs / len(quotes) / (mine / big),
            "error": gap(told[some], quantlib_iv()),
        }
    )
    return rows


def heston() -> list[Row]:
    """A slice of 20 strikes and a calibration against QuantLib."""
    import QuantLib as ql  # noqa: N813  # its usual short name

    from rf_pricing.heston import HestonParams, calibrate_heston, heston_implied_vol, heston_price

    today = ql.Date(2, 1, 2026)
    ql.Settings.instance().evaluationDate = today
    flat = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, ql.Actual365Fixed()))
    spot = ql.QuoteHandle(ql.SimpleQuote(100.0))
    strikes = np.linspace(75.0, 130.0, 20)
    params = HestonParams(0.04, 1.5, 0.05, 0.5, -0.7)
    process = ql.HestonProcess(flat, flat, spot, 0.04, 1.5, 0.05, 0.5, -0.7)
    engine = ql.AnalyticHestonEngine(ql.HestonModel(process), 144)
    expiry = ql.EuropeanExercise(today + 365)
    options = []
    for strike in strikes:
        option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Call, float(strike)), expiry)
        option.setPricingEngine(engine)
        options.append(option)

    def quantlib() -> list[float]:
        found = []
        for option in options:
            option.recalculate()
            found.append(option.NPV())
        return found

    rows = [
        against(
            "Heston, 20 strikes of one expiry, per strike",
            lambda: heston_price(params, 100.0, strikes, 1.0),
            quantlib,
            peer=f"QuantLib {version('QuantLib')} AnalyticHestonEngine (144)",
            per=20,
            repeat=20,
            error=gap(heston_price(params, 100.0, strikes, 1.0), quantlib()),
        )
    ]
    days = (30, 91, 182, 365, 730)
    taus = np.repeat([d / 365.0 for d in days], 40)
    grid = np.tile(np.linspace(80.0, 125.0, 40), len(days))
    vols = np.concatenate([heston_implied_vol(params, 100.0, grid[:40], d / 365.0) for d in days])

    def quantlib_fit() -> Any:
        start = ql.HestonModel(ql.HestonProcess(flat, flat, spot, 0.05, 2.0, 0.05, 0.4, -0.5))
        start_engine = ql.AnalyticHestonEngine(start)
        helpers = []
        for strike, days_left, vol in zip(grid, np.repeat(days, 40), vols, strict=True):
            helper = ql.HestonModelHelper(
                ql.Period(int(days_left), ql.Days),
                ql.NullCalendar(),
                100.0,
                float(strike),
                ql.QuoteHandle(ql.SimpleQuote(float(vol))),
                flat,
                flat,
                ql.BlackCalibrationHelper.ImpliedVolError,
            )
            helper.setPricingEngine(start_engine)
            helpers.append(helper)
        start.calibrate(helpers, ql.LevenbergMarquardt(), ql.EndCriteria(500, 50, 1e-8, 1e-8, 1e-8))
        return start

    rows.append(
        against(
            "Heston calibration, 200 quotes",
            lambda: calibrate_heston(100.0, grid, taus, vols),
            quantlib_fit,
            peer=f"QuantLib {version('QuantLib')} LevenbergMarquardt",
            error=abs(calibrate_heston(100.0, grid, taus, vols).params.kappa - 1.5),
        )
    )
    return rows


def garch() -> list[Row]:
    """A fit against arch."""
    from arch import arch_model

    from rf_risk.volatility import fit_garch

    rows = []
    for n in (2_500, 10_000):
        rng = np.random.default_rng(3)
        r, s2 = np.empty(n), 1.0
        for i in range(n):
            r[i] = math.sqrt(s2) * rng.standard_normal()
            s2 = 0.02 + 0.08 * r[i] ** 2 + 0.90 * s2
        peer = arch_model(r, mean="Zero", rescale=False)
        mine = fit_garch(r, mean="zero").params
        rows.append(
            against(
                f"GARCH(1,1) fit with robust errors, {n:,} returns",
                lambda r=r: fit_garch(r, mean="zero").se_robust,
                lambda peer=peer: peer.fit(disp="off"),
                peer=f"arch {version('arch')}",
                error=abs(mine["beta"] - peer.fit(disp="off").params["beta[1]"]),
            )
        )
    return rows


def indicators() -> list[Row]:
    """RSI, MACD and Bollinger bands over a million bars against TA-Lib."""
    import talib

    from rf_signals import indicators as ours

    rng = np.random.default_rng(5)
    px = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.001, 1_000_000)))
    rows = [
        against(
            "RSI, 1,000,000 bars",
            lambda: ours.rsi(px, 14),
            lambda: talib.RSI(px, 14),
            peer=f"TA-Lib {version('TA-Lib')}",
            per=px.size,
            error=gap(ours.rsi(px, 14), talib.RSI(px, 14)),
        )
    ]
    rows.append(
        against(
            "MACD, 1,000,000 bars",
            lambda: ours.macd_talib(px),
            lambda: talib.MACD(px),
            peer=f"TA-Lib {version('TA-Lib')}",
            per=px.size,
            error=gap(ours.macd_talib(px)[0], talib.MACD(px)[0]),
        )
    )
    return rows


def risk() -> list[Row]:
    """VaR and shortfall of a ready series against empyrical."""
    import empyrical

    from rf_risk.portfolio import historical_var

    returns = np.random.default_rng(7).normal(0.0, 0.01, 10_000)

    def theirs() -> tuple[float, float]:
        return (
            empyrical.value_at_risk(returns, 0.05),
            empyrical.conditional_value_at_risk(returns, 0.05),
        )

    return [
        against(
            "historical VaR and shortfall, 10,000 returns",
            lambda: historical_var(returns, 0.95),
            theirs,
            peer=f"empyrical-reloaded {version('empyrical-reloaded')}",
            repeat=20,
        )
    ]


def graph() -> list[Row]:
    """Hops and personalised PageRank on 100,000 nodes and 500,000 edges against networkx."""
    import networkx as nx

    from rf_knowledge_graph.adjacency import Adjacency

    nodes, count, sources = 100_000, 500_000, list(range(50))
    rng = np.random.default_rng(1)
    heads, tails = rng.integers(0, nodes, count), rng.integers(0, nodes, count)
    weights = rng.random(count) + 0.01
    ours = Adjacency(nodes, heads, tails, weights)
    theirs = nx.MultiDiGraph()
    theirs.add_nodes_from(range(nodes))
    theirs.add_weighted_edges_from(
        zip(heads.tolist(), tails.tolist(), weights.tolist(), strict=True)
    )
    peer = f"networkx {version('networkx')}"

    def hops(cutoff: int) -> Callable[[], object]:
        return lambda: [
            nx.single_source_shortest_path_length(theirs, source, cutoff=cutoff)
            for source in sources
        ]

    rows = [
        against(
            f"nodes within {cutoff} hops, 50 sources",
            lambda cutoff=cutoff: ours.within_hops_of(sources, cutoff),  # type: ignore[misc]
            hops(cutoff),
            peer=peer,
            per=len(sources),
        )
        for cutoff in (2, 3)
    ]
    seeds = dict.fromkeys(range(5), 1.0)
    ranked = nx.pagerank(theirs, personalization=seeds, weight="weight", tol=1e-9)
    exact = ours.pagerank(seeds, tolerance=1e-9)
    error = max(abs(exact[node] - value) for node, value in ranked.items())
    for what, call, difference in (
        ("personalised PageRank, all nodes", lambda: ours.pagerank(seeds, tolerance=1e-6), error),
        ("personalised PageRank, best 50 by push", lambda: ours.pagerank_top(seeds, 50), None),
    ):
        rows.append(
            against(
                what,
                call,
                lambda: nx.pagerank(theirs, personalization=seeds, weight="weight", tol=1e-6),
                peer=peer,
                error=difference,
            )
        )
    return rows


def swarm() -> list[Row]:
    """A round of 100,000 agents that trade through the book against peers that only decide.

    Mesa and NumPy draw twice and compare once for each agent; there is no book, so they do far
    less than the round that they are set against.
    """
    import mesa

    from rf_swarm_sim.market import SwarmConfig, simulate

    agents, rounds = 100_000, 60
    twin = SwarmConfig.twin(agents=agents)
    rng = np.random.default_rng(1)

    class Trader(mesa.Agent):
        position = 0

        def step(self) -> None:
            if self.random.random() < 0.3:
                self.position += 1 if self.random.random() < 0.5 else -1

    model = mesa.Model(seed=1)
    Trader.create_agents(model, agents)
    position = np.zeros(agents, dtype=np.int64)

    def numpy_round() -> None:
        awake = rng.random(agents) < 0.3
        position[awake] += np.where(rng.random(int(awake.sum())) < 0.5, 1, -1)

    rows = [
        against(
            f"round of 100,000 agents, {threads} thread{'s' if threads > 1 else ''}",
            lambda threads=threads: simulate(  # type: ignore[misc]
                twin, px=100.0, rounds=rounds, seed=1, threads=threads
            ),
            lambda: [model.agents.shuffle_do("step") for _ in range(2)],
            peer=f"mesa {version('mesa')} shuffle_do, no book",
            per=rounds,
        )
        for threads in (1, 2)
    ]
    for row in rows:  # two of their rounds were timed
        row["theirs_ns"] *= rounds / 2
        row["ratio"] = row["theirs_ns"] / row["ours_ns"]
    rows.append(
        against(
            "round of 100,000 agents, 1 thread",
            lambda: simulate(twin, px=100.0, rounds=rounds, seed=1),
            numpy_round,
            peer=f"NumPy {version('numpy')}, no book",
        )
    )
    rows[-1]["ours_ns"] /= rounds
    rows[-1]["ratio"] = rows[-1]["theirs_ns"] / rows[-1]["ours_ns"]
    return rows


EVENT_BARS = 50_000
"""Bars, or quotes, of an event-driven run; time per event is linear in it on every side."""


def least(
    make: Callable[[], Callable[[], Any]],
    rounds: int = 3,
    *,
    clock: Callable[[], float] = time.process_time,
) -> tuple[float, Any]:
    """Return the smallest time of a run that is made anew each time, and what it returned.

    Time of the processor, in which a busy neighbour counts less, where all is one thread.
    """
    times, found = [], None
    for _ in range(rounds):
        run = make()
        begun = clock()
        found = run()
        times.append(clock() - begun)
    return min(times), found


def run_row(what: str, ours: tuple[float, Any], theirs: tuple[float, Any], **more: Any) -> Row:
    """Return a row of two timed runs; fills of both sides are told, ours first."""
    per, peer = more["per"], more["peer"]
    (mine, fills), (other, peer_fills) = ours, theirs
    return {
        "what": f"{what} ({fills:,} and {peer_fills:,} fills)",
        "peer": peer,
        "ours_ns": mine / per * 1e9,
        "theirs_ns": other / more.get("peer_per", per) * 1e9,
        "ratio": other / more.get("peer_per", per) / (mine / per),
        "error": more.get("error"),
    }


def backtest_closes(n: int) -> np.ndarray:
    """Return made-up closes in cents."""
    moves = np.random.default_rng(1).normal(0.0, 1e-3, n)
    return np.round(100.0 * np.exp(np.cumsum(moves)), 2)


class EmaCross:
    """Our side's strategy: the side of two averages of the close, or mid, 50 and 200."""

    def __init__(self, strategy_id: str, parameters: Any) -> None:
        from rf_common.events import Bar, Quote

        self.strategy_id, self.instruments = strategy_id, frozenset[str]()
        self.on = Quote if parameters["quotes"] else Bar
        self.fast, self.slow, self.seen, self.side = 0.0, 0.0, 0, 0

    def on_event(self, context: Any, event: Any) -> Any:
        """Turn when the averages have crossed."""
        from rf_common.events import Quote
        from rf_common.orders import Signal

        if type(event) is not self.on:
            return None
        px = (event.bid_px + event.ask_px) * 0.5 if self.on is Quote else event.close_px
        self.seen += 1
        self.fast += 2.0 / (min(self.seen, 50) + 1.0) * (px - self.fast)
        self.slow += 2.0 / (min(self.seen, 200) + 1.0) * (px - self.slow)
        side = 1 if self.fast > self.slow else -1
        if self.seen < 200 or side == self.side:
            return None
        self.side = side
        return Signal(self.strategy_id, event.instrument_id, side, 1.0, px, "crossed")

    def on_fill(self, context: Any, fill: Any) -> None:
        """Nothing follows from a fill."""

    def explain(self, instrument_id: str) -> tuple[()]:
        """Nothing to tell."""
        return ()


def our_event_run(close: np.ndarray, *, quotes: bool) -> Callable[[], int]:
    """Return a run of the event-driven engine; it returns how often it filled."""
    from decimal import Decimal

    from rf_backtest.config import CostConfig, bars_config, recording_config
    from rf_backtest.data import Bars
    from rf_backtest.engine import run_backtest
    from rf_common.events import Quote
    from rf_common.instruments import Instrument
    from rf_execution import PaperConfig

    minute, begun = 60 * 10**9, 1_700_000_040 * 10**9
    item = Instrument(instrument_id="sim:A", tick=Decimal("0.01"), lot=Decimal(1))
    costs = CostConfig(taker_bps=1.0, slippage_bps=0.0, spread_bps=0.0)
    config = bars_config(minute, {"ema": {"quotes": quotes}}, costs=costs)
    ts = begun + np.arange(close.size) * minute
    if quotes:
        paper = PaperConfig(maker_bps=1.0, taker_bps=1.0, latency_ms=0.0, jitter_ms=0.0)
        config = recording_config(config.engine, paper, seed=1)
        frames = [
            (when, (Quote("sim:A", when, px, 1e6, round(px + 0.01, 2), 1e6),))
            for when, px in zip(ts.tolist(), close.tolist(), strict=True)
        ]
        factories: dict[str, Any] = {"ema": EmaCross}
        return lambda: len(run_backtest(frames, config, factories, instruments=[item]).fills)
    opened = np.r_[100.0, close[:-1]]
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    bars = Bars(
        instrument=item, ts=ts, open=opened, high=high, low=low, close=close,
        volume=np.full(close.size, 1e9), interval_ns=minute,
    )  # fmt: skip
    return lambda: len(run_backtest(bars, config, {"ema": EmaCross}).fills)


def nautilus_run(close: np.ndarray, *, quotes: bool) -> Callable[[], int]:
    """Return a run of nautilus_trader; its engine is made and its data added before."""
    from decimal import Decimal

    import pandas as pd
    from nautilus_trader.backtest.engine import BacktestEngine
    from nautilus_trader.config import BacktestEngineConfig, LoggingConfig
    from nautilus_trader.indicators import ExponentialMovingAverage
    from nautilus_trader.model import identifiers, objects
    from nautilus_trader.model.currencies import USD
    from nautilus_trader.model.data import BarType
    from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, PriceType
    from nautilus_trader.model.instruments import Equity
    from nautilus_trader.persistence.wranglers import BarDataWrangler, QuoteTickDataWrangler
    from nautilus_trader.trading.strategy import Strategy

    venue = identifiers.Venue("SIM")
    name = identifiers.InstrumentId(identifiers.Symbol("A"), venue)
    item = Equity(
        name, name.symbol, USD, 2, objects.Price.from_str("0.01"), objects.Quantity.from_int(1),
        0, 0, taker_fee=Decimal("0.0001"), maker_fee=Decimal("0.0001"),
    )  # fmt: skip
    bar_type = BarType.from_str("A.SIM-1-MINUTE-LAST-EXTERNAL")

    class Cross(Strategy):  # type: ignore[misc]
        def on_start(self) -> None:
            self.fast = ExponentialMovingAverage(50, PriceType.MID)
            self.slow = ExponentialMovingAverage(200, PriceType.MID)
            self.side = 0
            if quotes:
                self.register_indicator_for_quote_ticks(name, self.fast)
                self.register_indicator_for_quote_ticks(name, self.slow)
                self.subscribe_quote_ticks(name)
            else:
                self.register_indicator_for_bars(bar_type, self.fast)
                self.register_indicator_for_bars(bar_type, self.slow)
                self.subscribe_bars(bar_type)

        def on_bar(self, bar: Any) -> None:
            if not self.slow.initialized:
                return
            side = 1 if self.fast.value > self.slow.value else -1
            if side == self.side:
                return
            units = objects.Quantity.from_int(200 if self.side else 100)
            self.side = side
            way = OrderSide.BUY if side > 0 else OrderSide.SELL
            self.submit_order(self.order_factory.market(name, way, units))

        on_quote_tick = on_bar

    index = pd.date_range("2024-01-01", periods=close.size, freq="1min", tz="UTC", name="timestamp")
    if quotes:
        columns = {"bid_price": close, "ask_price": np.round(close + 0.01, 2)}
        data = QuoteTickDataWrangler(item).process(pd.DataFrame(columns, index=index))
    else:
        opened = np.r_[100.0, close[:-1]]
        columns = {"open": opened, "high": np.maximum(opened, close)}
        columns |= {"low": np.minimum(opened, close), "close": close}
        data = BarDataWrangler(bar_type, item).process(pd.DataFrame(columns, index=index))
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    money = [objects.Money(100_000_000, USD)]
    engine.add_venue(venue, OmsType.NETTING, AccountType.MARGIN, money, USD)
    engine.add_instrument(item)
    engine.add_data(data)
    engine.add_strategy(Cross())

    def run() -> int:
        engine.run()
        return sum(order.is_closed and order.filled_qty > 0 for order in engine.cache.orders())

    return run


def backtesting_run(close: np.ndarray) -> Callable[[], int]:
    """Return a run of backtesting.py."""
    os.environ.setdefault("TQDM_DISABLE", "1")
    import pandas as pd
    from backtesting import Backtest, Strategy

    def average(px: Any, span: int) -> Any:
        return pd.Series(px).ewm(span=span, adjust=False).mean()

    class Cross(Strategy):  # type: ignore[misc]
        def init(self) -> None:
            self.fast = self.I(average, self.data.Close, 50)
            self.slow = self.I(average, self.data.Close, 200)
            self.side = 0

        def next(self) -> None:
            if len(self.data) < 200:
                return
            side = 1 if self.fast[-1] > self.slow[-1] else -1
            if side != self.side:
                self.side = side
                self.buy(size=0.9) if side > 0 else self.sell(size=0.9)

    opened = np.r_[100.0, close[:-1]]
    columns = {"Open": opened, "High": np.maximum(opened, close)}
    columns |= {"Low": np.minimum(opened, close), "Close": close}
    index = pd.date_range("2024-01-01", periods=close.size, freq="1min")
    test = Backtest(
        pd.DataFrame(columns, index=index), Cross, cash=100_000, commission=1e-4,
        exclusive_orders=True, finalize_trades=True,
    )  # fmt: skip
    return lambda: int(test.run()["# Trades"])


def backtrader_run(close: np.ndarray) -> Callable[[], int]:
    """Return a run of backtrader."""
    import backtrader as bt
    import pandas as pd

    class Cross(bt.Strategy):  # type: ignore[misc]
        def __init__(self) -> None:
            self.fast = bt.ind.EMA(self.data.close, period=50)
            self.slow = bt.ind.EMA(self.data.close, period=200)
            self.side, self.fills = 0, 0

        def next(self) -> None:
            side = 1 if self.fast[0] > self.slow[0] else -1
            if side != self.side:
                self.side = side
                self.order_target_percent(target=0.9 * side)

        def notify_order(self, order: Any) -> None:
            self.fills += order.status == order.Completed

    opened = np.r_[100.0, close[:-1]]
    columns = {"open": opened, "high": np.maximum(opened, close)}
    columns |= {
        "low": np.minimum(opened, close),
        "close": close,
        "volume": np.full(close.size, 1e9),
    }
    index = pd.date_range("2024-01-01", periods=close.size, freq="1min")
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(bt.feeds.PandasData(dataname=pd.DataFrame(columns, index=index)))
    cerebro.broker.setcash(100_000)
    cerebro.broker.setcommission(1e-4)
    cerebro.addstrategy(Cross)
    return lambda: cerebro.run()[0].fills


def event_peers() -> list[Row]:
    """The event-driven engine: everything of a session a bar, against the libraries' engines.

    Ours and nautilus_trader run a risk chain, order states and an account; the others only fill.
    Every side takes the side of two averages, pays 1 bps, and fills market-like orders.
    """
    close = backtest_closes(EVENT_BARS)
    nautilus = f"nautilus_trader {version('nautilus_trader')}"
    bars = least(lambda: our_event_run(close, quotes=False))
    quotes = least(lambda: our_event_run(close, quotes=True))
    what = f"event-driven EMA cross, {EVENT_BARS:,} bars, per bar"
    rows = [
        run_row(what, bars, least(lambda: nautilus_run(close, quotes=False)),
                per=EVENT_BARS, peer=nautilus),
        run_row(what, bars, least(lambda: backtesting_run(close)),
                per=EVENT_BARS, peer=f"backtesting.py {version('backtesting')}, trades"),
        run_row(what, bars, least(lambda: backtrader_run(close), 2),
                per=EVENT_BARS, peer=f"backtrader {version('backtrader')}"),
        run_row(what.replace("bar", "quote"), quotes,
                least(lambda: nautilus_run(close, quotes=True)), per=EVENT_BARS, peer=nautilus),
    ]  # fmt: skip
    from_start = {name: from_process_start(f"{name}_run", kwargs) for name, kwargs in (
        ("our_event", "quotes=False"), ("nautilus", "quotes=False"), ("backtesting", ""),
        ("backtrader", ""),
    )}  # fmt: skip
    mine = from_start.pop("our_event")
    for name, other in from_start.items():
        rows.append(
            run_row("process start to end, EMA cross, 1,000 bars", mine, other, per=1, peer=name)
        )
    return rows


def from_process_start(function: str, options: str) -> tuple[float, int]:
    """Return the time of a new interpreter that imports, reads 1,000 bars and runs them."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import peers; "
        f"print(peers.{function}(peers.backtest_closes(1_000), {options})())"
    )
    call = [sys.executable, "-W", "ignore", "-c", code]

    def run() -> int:
        told = subprocess.run(call, check=True, capture_output=True, text=True)
        return int(told.stdout.split()[-1])

    return least(lambda: run, clock=time.perf_counter)


def level_rows(messages: int) -> tuple[np.ndarray, ...]:
    """Return a made-up book: every message moves both best levels, four rows in all.

    Time, side, ticks and lots; levels are emptied before others are filled, so none cross.
    """
    mid = 60_000 + np.cumsum(np.random.default_rng(2).integers(-1, 2, messages))
    before = np.r_[mid[0], mid[:-1]]
    ticks = np.stack([before - 1, before + 1, mid - 1, mid + 1], axis=1).ravel()
    ts = np.repeat(np.arange(messages) * 1_000_000 + 1, 4)
    return ts, np.tile([1, -1], 2 * messages), ticks, np.tile([0, 0, 500, 500], messages)


def hft_cross() -> Any:
    """Return our compiled EMA cross, written for hftbacktest."""
    from hftbacktest.order import GTC, MARKET
    from numba import njit

    @njit  # type: ignore[untyped-decorator]
    def cross(test, fast_span, slow_span, units):  # type: ignore[no-untyped-def]
        fast, slow, seen, side, orders = 0.0, 0.0, 0.0, 0, 0
        while test.wait_next_feed(False, 10**15) == 2:
            depth = test.depth(0)
            mid = 0.5 * (depth.best_bid_tick + depth.best_ask_tick)
            seen += 1.0
            if seen <= fast_span:
                fast += mid / fast_span
            else:
                fast += 2.0 / (fast_span + 1.0) * (mid - fast)
            if seen <= slow_span:
                slow += mid / slow_span
            else:
                slow += 2.0 / (slow_span + 1.0) * (mid - slow)
            if seen < slow_span or fast == slow:
                continue
            now = 1 if fast > slow else -1
            if side != 0 and now != side:
                size = units if orders == 0 else 2.0 * units
                orders += 1
                if now > 0:
                    test.submit_buy_order(0, orders, depth.best_ask, size, GTC, MARKET, False)
                else:
                    test.submit_sell_order(0, orders, depth.best_bid, size, GTC, MARKET, False)
            side = now
        return test.state_values(0).num_trades

    return cross


def hft_peers() -> list[Row]:
    """The compiled ticks against hftbacktest: the same levels, latencies, fees and strategy."""
    from hftbacktest import (
        BUY_EVENT,
        DEPTH_EVENT,
        EXCH_EVENT,
        LOCAL_EVENT,
        SELL_EVENT,
        BacktestAsset,
        HashMapMarketDepthBacktest,
        ROIVectorMarketDepthBacktest,
    )  # fmt: skip
    from hftbacktest.types import event_dtype

    from rf_backtest.compiled import ticks
    from rf_backtest.compiled.columns import DEPTH, EventColumns
    from rf_backtest.config import CostConfig

    messages = 250_000
    ts, side, px, qty = level_rows(messages)
    n = ts.size
    last = np.tile(np.array([0, 0, 0, 1], np.int8), messages)
    columns = EventColumns(
        ts, ts + 3_000_000, np.full(n, DEPTH, np.int8), side.astype(np.int8), px, qty, last,
        0.1, 0.001,
    )  # fmt: skip
    events = np.zeros(n, event_dtype)
    flags = EXCH_EVENT | LOCAL_EVENT | DEPTH_EVENT
    events["ev"] = flags | np.where(side > 0, BUY_EVENT, SELL_EVENT)
    events["exch_ts"], events["local_ts"] = ts, ts + 3_000_000
    events["px"], events["qty"] = px * 0.1, qty * 0.001
    cross = hft_cross()
    latency = ticks.Latency(entry_ns=2_000_000, answer_ns=2_000_000)
    costs = CostConfig(maker_bps=0.0, taker_bps=5.0)

    def made(kind: Any) -> Callable[[], int]:
        asset = (
            BacktestAsset().data([events]).linear_asset(1.0).constant_order_latency(2_000_000,
            2_000_000).risk_adverse_queue_model().no_partial_fill_exchange()
            .trading_value_fee_model(0.0, 0.0005).tick_size(0.1).lot_size(0.001)
            .roi_lb(5_000.0).roi_ub(7_000.0).last_trades_capacity(0)
        )  # fmt: skip
        test = kind([asset])

        def run() -> int:
            found = int(cross(test, 50.0, 200.0, 0.01))
            test.close()
            return found

        return run

    def ours() -> int:
        return ticks.run(
            columns, ticks.EMA_CROSS, (50, 200, 10), costs=costs, latency=latency
        ).fills

    rows = []
    for kind in (ROIVectorMarketDepthBacktest, HashMapMarketDepthBacktest):
        name = kind.__name__.removesuffix("MarketDepthBacktest")
        rows.append(
            run_row(
                f"compiled EMA cross, latency and two books, {n:,} level rows, per row",
                least(lambda: ours, 7), least(lambda kind=kind: made(kind), 7), per=n,  # type: ignore[misc]
                peer=f"hftbacktest {version('hftbacktest')} {name}",
            )
        )  # fmt: skip
    return rows


def vectorbt_peers() -> list[Row]:
    """The compiled bars against vectorbt: a signal and its account, and many parameter sets."""
    import pandas as pd
    import vectorbt as vbt

    from rf_backtest.compiled import bars
    from rf_backtest.config import CostConfig

    n = 1_000_000
    close = backtest_closes(n)
    opened = np.r_[100.0, close[:-1]]
    columns = bars.BarColumns.of(opened, close)
    costs = CostConfig(taker_bps=1.0, slippage_bps=0.0, spread_bps=0.0)
    series, opens = pd.Series(close), pd.Series(opened)
    money, size = 100_000.0, 1.0

    def theirs(fast: list[int], slow: list[int]) -> Any:
        quick = vbt.MA.run(series, fast, short_name="fast")
        calm = vbt.MA.run(series, slow, short_name="slow")
        above, below = quick.ma_above(calm), quick.ma_below(calm)
        return vbt.Portfolio.from_signals(
            series, above.vbt.fshift(1), short_entries=below.vbt.fshift(1), price=opens,
            size=size, size_type="amount", fees=1e-4, init_cash=money, freq="1min",
        )  # fmt: skip

    def one_ours() -> Any:
        asked = bars.signal(columns, "sma_cross", [50, 200])
        return bars.run(columns, asked, costs=costs, funds=money, size=size)

    def one_theirs() -> Any:
        found = theirs([50], [200])
        found.value()
        return found

    mine, other = one_ours(), one_theirs()
    peer = f"vectorbt {version('vectorbt')} from_signals"
    error = abs(mine.equity[-1] - float(np.squeeze(other.final_value()))) / money
    counts = mine.fill_bar.size, int(np.squeeze(other.orders.count()))
    timed = (least(lambda: one_ours, 7)[0], counts[0]), (least(lambda: one_theirs)[0], counts[1])
    what = f"compiled SMA cross and its equity, {n:,} bars, per bar"
    rows = [run_row(what, *timed, per=n, peer=peer, error=error)]
    sets = [(fast, slow) for fast in range(5, 55, 5) for slow in range(60, 160, 10)]
    few = sets[::10]

    def many_ours(threads: int, wanted: list[tuple[int, int]] = sets) -> Any:
        return bars.sweep(
            columns, "sma_cross", wanted, costs=costs, funds=money, size=size,
            sizing="units", threads=threads,
        )  # fmt: skip

    def many_theirs() -> Any:
        found = theirs([fast for fast, _ in few], [slow for _, slow in few])
        return np.asarray(found.total_return())

    table = many_ours(1, few)
    error = float(np.abs(table.total_return - many_theirs()).max())
    other_s = least(lambda: many_theirs, 2)[0]
    for threads in (1, 2):
        clock = time.process_time if threads == 1 else time.perf_counter
        mine_s = least(lambda threads=threads: lambda: many_ours(threads), 3, clock=clock)[0]  # type: ignore[misc]
        per, peer_per = n * len(sets), n * len(few)
        rows.append(
            {
                "what": f"compiled sweep of {len(sets)} parameter sets (theirs {len(few)}), "
                f"{n:,} bars, {threads} thread{'s' * (threads > 1)}, per bar and set",
                "peer": peer,
                "ours_ns": mine_s / per * 1e9,
                "theirs_ns": other_s / peer_per * 1e9,
                "ratio": other_s / peer_per / (mine_s / per),
                "error": error,
            }
        )
    return rows


def backtest() -> list[Row]:
    """The event-driven engine and the compiled path against public backtesters."""
    return event_peers() + hft_peers() + vectorbt_peers()


PARTS = {f.__name__: f for f in (vanilla, heston, garch, indicators, risk, graph, swarm, backtest)}


def main(names: list[str]) -> int:
    """Measure and print; ``--json`` prints the rows."""
    wanted = [name for name in names if not name.startswith("-")] or list(PARTS)
    rows: list[Row] = []
    for name in wanted:
        print(f"measuring {name} ...", file=sys.stderr)
        rows += PARTS[name]()
    if "--json" in names:
        print(json.dumps(rows))
        return 0
    print(f"{platform.machine()}, Python {platform.python_version()}, numba {version('numba')}\n")
    print("| what | peer | ours | theirs | ratio | largest difference |")
    print("| --- | --- | --- | --- | --- | --- |")
    for row in rows:
        error = "" if row["error"] is None else f"{row['error']:.1e}"
        print(
            f"| {row['what']} | {row['peer']} | {_time(row['ours_ns'])} | "
            f"{_time(row['theirs_ns'])} | {row['ratio']:.1f} | {error} |"
        )
    return 0


def _time(ns: float) -> str:
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
