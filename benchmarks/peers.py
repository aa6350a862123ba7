"""Our kernels against public peers: same inputs, same process, same accuracy; ratios as a table.

Run by ``make bench-peers`` in an environment of its own that holds both sides. Each figure is the
smallest of several rounds, so that a busy neighbour does not count; both sides are timed one
after the other with the same rounds. The error column is the largest difference between the two.
"""

from __future__ import annotations

import json
import math
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
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


PARTS = {f.__name__: f for f in (vanilla, heston, garch, indicators, risk, graph, swarm)}


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
