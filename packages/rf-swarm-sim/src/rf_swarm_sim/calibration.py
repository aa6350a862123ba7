"""Fit the mix and the intensities of a simulated market to a history, by simulated moments.

Every candidate market runs with the same random numbers, so that what differs between two of them
is their parameters. A seeded design of the whole range comes first, then the simplex method from
its best point. Evaluations are remembered: a fit that was interrupted continues where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.stats import qmc

from rf_swarm_sim.market import SwarmConfig, simulate
from rf_swarm_sim.moments import Target, moments_of, target_of
from rf_swarm_sim.parameters import RANGES, config_of, config_state, configured, value_of

FloatArray = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]

WARM_UP: Final = 250
"""Rounds that are run before those that are measured."""
FAILED: Final = 1e12
"""J of a market that has none, say because its price stands still."""
DESIGN_SHARE: Final = 0.4


DEFAULT_PARAMETERS: Final = (
    "annual_vol",
    "clustering",
    "leverage",
    "news_jump",
    "maker_anchor",
    "momentum",
    "contrarian",
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """One moment: of the history, of the fitted market, and their distance in errors.

    `error` is the history's own; the t-ratio allows for the simulation's as well.
    """

    name: str
    target: float
    simulated: float
    error: float
    t_ratio: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a fit found, finished or not.

    `j` is the squared distance of the moments in the history's own errors, `p_value` the share of
    bootstrap resamples of the history that lie farther from it, the simulation's noise allowed
    for: below .05 the market is not what made the history. `is_converged` tells whether the
    search ended by itself, `is_interrupted` whether it was stopped; `evaluated` is what a later
    call needs to continue.
    """

    config: SwarmConfig
    parameters: Mapping[str, float]
    moments: tuple[Fitted, ...]
    j: float
    j_start: float
    p_value: float
    evaluations: int
    is_converged: bool
    is_interrupted: bool
    returns: int
    seed: int
    evaluated: tuple[tuple[tuple[float, ...], float], ...] = field(repr=False)

    @property
    def is_accepted(self) -> bool:
        """Whether one in twenty resamples of the history itself lies as far away."""
        return self.p_value >= 0.05

    def state(self) -> dict[str, Any]:
        """Return everything as values that JSON knows."""
        found: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        found["config"] = config_state(self.config)
        found["parameters"] = dict(self.parameters)
        found["moments"] = [asdict(row) for row in self.moments]
        found["evaluated"] = [[list(place), j] for place, j in self.evaluated]
        return found

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Calibration:
        """Return the fit that `state` was taken from.

        Raises
        ------
        ValueError
            If it is no state of a fit.
        """
        given = dict(state)
        try:
            given["config"] = config_of(given["config"])
            given["moments"] = tuple(Fitted(**row) for row in given["moments"])
            given["evaluated"] = tuple(
                (tuple(map(float, p)), float(j)) for p, j in given["evaluated"]
            )
            return cls(**given)
        except (TypeError, KeyError) as error:
            raise ValueError(f"state: expected what Calibration.state gave, {error}") from error


def calibrate(
    prices: npt.ArrayLike,
    *,
    volumes: npt.ArrayLike | None = None,
    config: SwarmConfig | None = None,
    parameters: Sequence[str] = DEFAULT_PARAMETERS,
    seed: int,
    budget: int = 200,
    rounds: int | None = None,
    threads: int = 1,
    resume: Calibration | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Return the market whose moments are nearest to those of a history.

    Parameters
    ----------
    prices : (n,) array
        Closes, currency, oldest first, 501 or more. One round of the market is one close.
    volumes : (n,) array, optional
        Volume of each close; adds the correlation of volume and size of returns.
    config : SwarmConfig, optional
        What is not fitted; 1,000 agents and one round a day when left out.
    parameters : sequence of str
        Names out of `RANGES`.
    seed : int
        Of the bootstrap, of the design and of every market.
    budget : int
        Markets to simulate, 2 or more.
    rounds : int, optional
        Rounds of each market that are measured; as many as the history has returns, 2,000 at
        least.
    threads : int
        Threads of numba; the bits do not depend on them.
    resume : Calibration, optional
        An earlier fit with the same arguments but a smaller budget, or one that was interrupted.
    progress : callable, optional
        Called with (evaluations, budget) after each.

    Returns
    -------
    Calibration
        The best so far, on Ctrl-C too.

    Raises
    ------
    ValueError
        If prices or volumes are not as described, or an option is out of range.

    Notes
    -----
    J is ``g' W g`` with g the difference of simulated and empirical moments and W the inverse of
    their covariance over blocks of the history, its correlations shrunk by 5 % to the diagonal.
    The p-value and the t-ratios allow for the noise of the simulation, a factor of
    ``1 + returns / rounds`` on the covariance. One evaluation costs one run.

    References
    ----------
    Franke and Westerhoff (2012), *Structural stochastic volatility in asset pricing dynamics:
    estimation and model contest*, sections 3 and 4; McFadden (1989); Nelder and Mead (1965).

    Examples
    --------
    >>> import numpy as np
    >>> closes = 100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.01, 600)))
    >>> fit = calibrate(closes, parameters=("annual_vol",), seed=1, budget=3, rounds=500)
    >>> fit.evaluations, fit.is_converged
    (3, False)
    """
    returns = _log_returns(prices)
    _check(parameters, budget)
    traded = None if volumes is None else np.asarray(volumes, dtype=np.float64)[1:]
    target = target_of(returns, traded, generator=np.random.default_rng(seed))
    base = config or SwarmConfig(agents=1_000, rounds_per_day=1)
    search = _Search(
        target=target,
        base=base,
        names=tuple(parameters),
        seed=seed,
        rounds=rounds or max(returns.size, 2_000),
        threads=threads,
        has_volume=traded is not None,
        budget=budget,
        progress=progress,
        known=dict(resume.evaluated) if resume is not None else {},
    )
    return search.fit(returns)


class _OutOfBudgetError(Exception):
    """The search has used up its evaluations."""


@dataclass
class _Search:
    """One fit: what it has tried and what was best."""

    target: Target
    base: SwarmConfig
    names: tuple[str, ...]
    seed: int
    rounds: int
    threads: int
    has_volume: bool
    budget: int
    progress: Progress | None
    known: dict[tuple[float, ...], float]
    tried: dict[tuple[float, ...], float] = field(default_factory=dict)

    def fit(self, returns: FloatArray) -> Calibration:
        """Search until the simplex has shrunk, the budget is used or somebody presses Ctrl-C."""
        is_converged = is_interrupted = False
        start = self._start(returns)
        try:
            j_start = self.j(start)
            is_converged = self._search(start)
        except _OutOfBudgetError:
            pass
        except KeyboardInterrupt:
            if not self.tried:
                raise
            is_interrupted, j_start = True, next(iter(self.tried.values()))
        return self._told(j_start, is_converged, is_interrupted)

    def j(self, place: Sequence[float]) -> float:
        """Return the distance of the market at a place of the unit cube."""
        key = tuple(round(min(max(float(x), 0.0), 1.0), 12) for x in place)
        if key in self.tried:
            return self.tried[key]
        if len(self.tried) >= self.budget:
            raise _OutOfBudgetError
        found = self.known.get(key)
        if found is None:
            moments = self.moments(key)
            found = FAILED if moments is None else min(self.target.distance(moments), FAILED)
        self.tried[key] = found
        if self.progress is not None:
            self.progress(len(self.tried), self.budget)
        return found

    def moments(self, place: Sequence[float]) -> FloatArray | None:
        """Return the moments of the market at a place, None where it has none."""
        config = configured(self.base, self.parameters(place))
        run = simulate(
            config, px=100.0, rounds=self.rounds + WARM_UP, seed=self.seed, threads=self.threads
        )
        volume = run.volume[WARM_UP:] if self.has_volume else None
        try:
            return moments_of(run.returns()[WARM_UP:], volume)
        except ValueError:
            return None

    def parameters(self, place: Sequence[float]) -> dict[str, float]:
        """Return the parameters at a place of the unit cube."""
        return {n: RANGES[n].at(x) for n, x in zip(self.names, place, strict=True)}

    def _start(self, returns: FloatArray) -> list[float]:
        """Return the place of the base, with the volatility of the history."""
        year = (self.base.rounds_per_day * self.base.days_per_year) ** 0.5
        values = {n: value_of(self.base, n) for n in self.names}
        if "annual_vol" in values:
            values["annual_vol"] = float(returns.std()) * year
        return [RANGES[n].place(values[n]) for n in self.names]

    def _search(self, start: Sequence[float]) -> bool:
        """Try a design, then go downhill from its best; return whether that ended by itself."""
        k = len(self.names)
        count = max(int(DESIGN_SHARE * self.budget), 1)
        for place in qmc.LatinHypercube(k, rng=np.random.default_rng(self.seed)).random(count):
            if "annual_vol" in self.names:  # the history says what it is, within a factor
                i = self.names.index("annual_vol")
                place[i] = start[i] + 0.15 * (place[i] - 0.5)
            self.j(place)
        best = min(self.tried, key=lambda key: (self.tried[key], key))
        simplex = np.clip([best, *(np.array(best) + 0.1 * _away(best, i) for i in range(k))], 0, 1)
        found = minimize(
            self.j,
            np.array(best),
            method="Nelder-Mead",
            bounds=[(0.0, 1.0)] * k,
            options={
                "initial_simplex": simplex,
                "maxfev": 10 * self.budget,
                "xatol": 1e-3,
                "fatol": 1e-2,
                "adaptive": k > 4,
            },
        )
        return bool(found.success)

    def _told(self, j_start: float, is_converged: bool, is_interrupted: bool) -> Calibration:
        best = min(self.tried, key=lambda key: (self.tried[key], key))
        j, moments = self.tried[best], self.moments(best)
        if moments is None:
            raise ValueError("parameters: no market with any of them has returns that vary")
        target, parameters = self.target, self.parameters(best)
        noise = 1.0 + target.n / self.rounds
        rows = zip(target.names, target.values, moments, target.errors, strict=True)
        return Calibration(
            config=configured(self.base, parameters),
            parameters=parameters,
            moments=tuple(
                Fitted(name, float(t), float(s), float(e), float((s - t) / (e * noise**0.5)))
                for name, t, s, e in rows
            ),
            j=j,
            j_start=j_start,
            p_value=float(np.mean(target.distances * noise >= j)),
            evaluations=len(self.tried),
            is_converged=is_converged,
            is_interrupted=is_interrupted,
            returns=target.n,
            seed=self.seed,
            evaluated=tuple(self.tried.items()),
        )


def _away(place: Sequence[float], i: int) -> FloatArray:
    """Return the step of a corner of the first simplex along axis i, towards the middle."""
    step = np.zeros(len(place))
    step[i] = 1.0 if place[i] < 0.5 else -1.0
    return step


def _log_returns(prices: npt.ArrayLike) -> FloatArray:
    px = np.asarray(prices, dtype=np.float64)
    if px.ndim != 1:
        raise ValueError(f"prices: expected one dimension, was shape {px.shape}")
    bad = ~(np.isfinite(px) & (px > 0.0))
    if bad.any():
        at = int(bad.argmax())
        raise ValueError(f"prices[{at}]: expected a finite price above zero, was {px[at]}")
    return np.diff(np.log(px))


def _check(parameters: Sequence[str], budget: int) -> None:
    if not parameters or len(set(parameters)) != len(parameters):
        raise ValueError(f"parameters: expected distinct names, was {tuple(parameters)}")
    for name in parameters:
        if name not in RANGES:
            known = ", ".join(RANGES)
            raise ValueError(f"parameters: expected names out of {known}, was {name!r}")
    if isinstance(budget, bool) or not isinstance(budget, int) or budget < 2:
        raise ValueError(f"budget: expected a whole number of 2 or more, was {budget!r}")
