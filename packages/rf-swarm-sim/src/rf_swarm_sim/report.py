"""The numbers behind the pictures of a simulated market; drawing them is the caller's work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from rf_swarm_sim.facts import StylizedFacts
from rf_swarm_sim.market import EnsembleRun, SwarmRun

FloatArray = npt.NDArray[np.float64]

QUANTILES: Final = (5, 25, 50, 75, 95)
BANDS_HOLD_FROM: Final = 2_000
"""Returns from which the bands of the stylised facts are meant to hold."""


class FactRow(NamedTuple):
    """One stylised fact: in the simulation, in a real series, and the band it should lie in."""

    fact: str
    measure: str
    value: float
    band: str
    is_inside: bool
    real: float | None


@dataclass(frozen=True, slots=True)
class Depth:
    """Size that rests at each distance from the mid; nearest first.

    `bid_bps`, `ask_bps` are distances in basis points of the mid, sizes are cumulated and in lots.
    """

    bid_bps: FloatArray
    bid_size: FloatArray
    ask_bps: FloatArray
    ask_size: FloatArray


_MEASURES: Final[tuple[tuple[str, str, str, Callable[[StylizedFacts], float]], ...]] = (
    ("no autocorrelation of returns", "acf r 1", "within .1", lambda f: f.acf[0]),
    ("volatility clusters", "acf |r| 1", ".1 to .45", lambda f: f.acf_abs[0]),
    ("clusters decay slowly", "least acf |r| to 50", "above 0", lambda f: f.acf_abs.min()),
    ("fat tails", "excess kurtosis", "above 1.5", lambda f: f.excess_kurtosis),
    ("tail index 2 to 6", "Hill, worst 5 %", "2 to 6", lambda f: f.hill_left),
    (
        "tails thin out with aggregation",
        "excess kurtosis of 20",
        "below that of 1",
        lambda f: f.kurtosis_aggregated[20],
    ),
    ("leverage effect", "corr(r, later r^2)", "below 0", lambda f: f.leverage[:5].mean()),
    (
        "volume rises with volatility",
        "corr(volume, |r|)",
        "above .1",
        lambda f: f.volume_correlation,
    ),
)


def fact_rows(facts: StylizedFacts, real: StylizedFacts | None = None) -> tuple[FactRow, ...]:
    """Return every fact that could be measured, with its band and its value in a real series.

    Examples
    --------
    >>> from rf_swarm_sim import stylized_facts
    >>> noise = stylized_facts(np.random.default_rng(1).normal(0.0, 0.01, 3_000))
    >>> [row.is_inside for row in fact_rows(noise) if row.fact == "fat tails"]
    [False]
    """
    inside = facts.accepted()
    return tuple(
        FactRow(
            fact,
            measure,
            float(measured(facts)),
            band,
            inside[fact],
            None if real is None else _known(float(measured(real))),
        )
        for fact, measure, band, measured in _MEASURES
        if fact in inside
    )


def fan(run: EnsembleRun) -> dict[int, FloatArray]:
    """Return the quantiles of price over the paths, percent -> (rounds + 1,), from the start.

    Examples
    --------
    >>> from rf_swarm_sim.market import SwarmConfig, simulate_ensemble
    >>> run = simulate_ensemble(SwarmConfig(agents=100), px=50.0, rounds=5, paths=3, seed=2)
    >>> [float(curve[0]) for curve in fan(run).values()]
    [50.0, 50.0, 50.0, 50.0, 50.0]
    """
    paths = np.concatenate([np.full((run.paths, 1), run.start), run.mid], axis=1)
    found = np.percentile(paths, QUANTILES, axis=0)
    return dict(zip(QUANTILES, found, strict=True))


def depth_profile(run: SwarmRun) -> Depth:
    """Return the final book as size against distance from the mid.

    Examples
    --------
    >>> from rf_swarm_sim.market import SwarmConfig, simulate
    >>> depth = depth_profile(simulate(SwarmConfig(agents=100), px=50.0, rounds=5, seed=2))
    >>> bool((np.diff(depth.bid_size) > 0).all() and (depth.ask_bps > 0).all())
    True
    """
    mid = float(run.mid[-1])
    bids = run.bids.ticks.astype(np.float64) * run.tick
    asks = run.asks.ticks.astype(np.float64) * run.tick
    return Depth(
        bid_bps=(1.0 - bids / mid) * 1e4,
        bid_size=np.cumsum(run.bids.sizes, dtype=np.float64),
        ask_bps=(asks / mid - 1.0) * 1e4,
        ask_size=np.cumsum(run.asks.sizes, dtype=np.float64),
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
