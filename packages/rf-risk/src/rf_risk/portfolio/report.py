"""One report of a portfolio's value at risk, from positions and a table of prices by date."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rf_risk.portfolio import _checks as check
from rf_risk.portfolio._checks import FloatArray
from rf_risk.portfolio.component import component_var, historical_components
from rf_risk.portfolio.covariance import correlation_of, ledoit_wolf, sample_covariance
from rf_risk.portfolio.var import historical_var, student_t_var

ReportMethod = Literal["historical", "parametric", "student_t", "shrinkage"]

_TEN_DAYS = 10.0


class Holding(NamedTuple):
    """A position: symbol, signed quantity and price."""

    symbol: str
    qty: float
    px: float


class AlignedPrices(NamedTuple):
    """Prices of several symbols on the dates that all of them have."""

    dates: npt.NDArray[Any]
    """(n,), ascending."""
    symbols: tuple[str, ...]
    px: FloatArray
    """(n, p)."""
    dropped: int
    """Dates that only some of the symbols have."""

    @property
    def returns(self) -> FloatArray:
        """(n - 1, p) simple returns from each common date to the next."""
        found: FloatArray = self.px[1:] / self.px[:-1] - 1.0
        return found


class VarReport(NamedTuple):
    """Value at risk of a portfolio, positive for a loss, currency."""

    method: ReportMethod
    var_95_1d: float
    var_99_1d: float
    var_99_10d: float
    """``sqrt(10)`` times `var_99_1d`."""
    es_95_1d: float
    """Conditional VaR at 95 %."""
    var_95_1d_share: float
    """Of the gross exposure."""
    var_99_1d_share: float
    gross_exposure: float
    """Gross notional."""
    net_exposure: float
    components: Mapping[str, float]
    """Parts of `var_95_1d` by symbol; they add up to it."""
    individual: Mapping[str, float]
    """`var_95_1d` of each symbol alone."""
    diversification_ratio: float
    """Sum of `individual` over `var_95_1d`; NaN unless the latter is positive."""
    correlation: FloatArray | None
    """(p, p), None for the historical method, which needs none, or where a symbol stood still."""
    shrinkage: float | None
    """Weight of the target, for the shrinkage method."""
    observations: int
    """Returns used."""
    first_date: Any
    last_date: Any
    dropped_dates: int


def align_by_date(
    series: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]],
) -> AlignedPrices:
    """Return prices on the dates that all symbols have.

    Parameters
    ----------
    series : mapping of symbol to (dates, px)
        Each (n,) and (n,), n of its own; dates of one sortable type (datetime64, int or ISO
        text), in any order, none twice; prices positive.

    Returns
    -------
    AlignedPrices
        A return over dates that one symbol misses spans them for all, so that each row is one
        P&L of the whole portfolio.

    Raises
    ------
    ValueError
        If there is no symbol, lengths differ, a date comes twice, or a price is not positive.

    Examples
    --------
    >>> table = align_by_date({"A": ([1, 2, 3], [10.0, 11.0, 12.0]), "B": ([1, 3], [5.0, 6.0])})
    >>> table.dates.tolist(), table.dropped, table.px.tolist()
    ([1, 3], 1, [[10.0, 5.0], [12.0, 6.0]])
    """
    if not series:
        raise ValueError("expected series of at least one symbol, was none")
    dated = {symbol: _dated(symbol, *pair) for symbol, pair in series.items()}
    tables = list(dated.values())
    common = tables[0][0]
    for dates, _ in tables[1:]:
        common = np.intersect1d(common, dates, assume_unique=True)
    every = np.unique(np.concatenate([dates for dates, _ in tables]))
    columns = [px[np.searchsorted(dates, common)] for dates, px in tables]
    return AlignedPrices(
        common, tuple(dated), np.column_stack(columns), int(every.size - common.size)
    )


def _dated(
    symbol: str, dates: npt.ArrayLike, px: npt.ArrayLike
) -> tuple[npt.NDArray[Any], FloatArray]:
    days, values = np.asarray(dates), check.vector(f"px of {symbol}", px)
    if days.shape != values.shape:
        raise ValueError(f"expected {values.size} dates of {symbol}, was {days.shape}")
    if days.dtype.kind not in "iuMUS":
        raise ValueError(f"expected dates of {symbol}, was an array of {days.dtype}")
    if days.dtype.kind == "M" and np.isnat(days).any():
        raise ValueError(f"expected dates of {symbol}, was NaT")
    if values.min() <= 0.0:
        raise ValueError(f"expected positive px of {symbol}, was {float(values.min())}")
    order = np.argsort(days, kind="stable")
    days, values = days[order], values[order]
    if (days[1:] == days[:-1]).any():
        raise ValueError(f"expected each date of {symbol} once")
    return days, values


def var_report(
    holdings: Sequence[Holding],
    series: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]],
    *,
    method: ReportMethod = "historical",
    window: int = 252,
    nu: float = 5.0,
    min_observations: int = 30,
) -> VarReport:
    """Return the value at risk of positions.

    Parameters
    ----------
    holdings : sequence of Holding
        Signed; a symbol may come several times.
    series : mapping of symbol to (dates, px)
        Daily prices, as for `align_by_date`; symbols that are not held are left out.
    method : {"historical", "parametric", "student_t", "shrinkage"}
        Past returns; a normal with the sample covariance; a Student-t with it; a normal with the
        covariance shrunk by Ledoit and Wolf (2004). Means are zero but for the first.
    window : int
        Newest returns that count.
    nu : float
        Degrees of freedom of the Student-t.
    min_observations : int
        Aligned returns without which there is no report.

    Returns
    -------
    VarReport

    Raises
    ------
    ValueError
        If nothing is held, a symbol has no prices, an input is not finite, or there are too few
        common dates.

    Examples
    --------
    >>> days = np.arange(40)
    >>> px = 100.0 * np.cumprod(1.0 + 0.01 * np.sin(days * 1.7))
    >>> report = var_report([Holding("A", 10.0, 100.0)], {"A": (days, px)})
    >>> report.gross_exposure, report.observations, report.components["A"] == report.var_95_1d
    (1000.0, 39, True)
    """
    held = _exposures(holdings)
    missing = [symbol for symbol in held if symbol not in series]
    if missing:
        raise ValueError(f"expected prices of {', '.join(missing)}, was none")
    days = check.count("window", window, 2)
    table = align_by_date({symbol: series[symbol] for symbol in held})
    returns = table.returns[-days:]
    least = check.count("min_observations", min_observations, 2)
    if returns.shape[0] < least:
        raise ValueError(
            f"expected {least} aligned returns, was {returns.shape[0]}: "
            f"{table.dropped} dates are not common to all symbols"
        )
    exposures = np.array(list(held.values()))
    numbers = _numbers(method, returns, exposures, nu)
    gross = float(np.abs(exposures).sum())
    alone = float(numbers.individual.sum())
    return VarReport(
        method=method,
        var_95_1d=numbers.var_95,
        var_99_1d=numbers.var_99,
        var_99_10d=numbers.var_99 * math.sqrt(_TEN_DAYS),
        es_95_1d=numbers.es_95,
        var_95_1d_share=numbers.var_95 / gross,
        var_99_1d_share=numbers.var_99 / gross,
        gross_exposure=gross,
        net_exposure=float(exposures.sum()),
        components=_by_symbol(held, numbers.components),
        individual=_by_symbol(held, numbers.individual),
        diversification_ratio=alone / numbers.var_95 if numbers.var_95 > 0.0 else math.nan,
        correlation=numbers.correlation,
        shrinkage=numbers.shrinkage,
        observations=returns.shape[0],
        first_date=table.dates[-returns.shape[0] - 1],
        last_date=table.dates[-1],
        dropped_dates=table.dropped,
    )


class _Numbers(NamedTuple):
    var_95: float
    var_99: float
    es_95: float
    components: FloatArray
    individual: FloatArray
    correlation: FloatArray | None = None
    shrinkage: float | None = None


def _by_symbol(held: Mapping[str, float], values: FloatArray) -> dict[str, float]:
    return dict(zip(held, values.tolist(), strict=True))


def _exposures(holdings: Sequence[Holding]) -> dict[str, float]:
    found: dict[str, float] = {}
    for symbol, qty, px in holdings:
        value = check.finite(f"qty of {symbol}", qty) * check.positive(f"px of {symbol}", px)
        found[symbol] = found.get(symbol, 0.0) + value
    if not any(found.values()):
        raise ValueError("expected holdings with something held, was nothing")
    return found


def _numbers(
    method: ReportMethod, returns: FloatArray, exposures: FloatArray, nu: float
) -> _Numbers:
    if method == "historical":
        return _historical(returns, exposures)
    if method not in {"parametric", "student_t", "shrinkage"}:
        raise ValueError(f"expected a method of ReportMethod, was {method!r}")
    shrinkage = None
    if method == "shrinkage":
        matrix, shrinkage = ledoit_wolf(returns)
    else:
        matrix = sample_covariance(returns)
    z_95 = z_99 = None
    if method == "student_t":
        z_95, z_99 = (student_t_var(1.0, 1.0, nu, c).var for c in (0.95, 0.99))
    at_95 = component_var(exposures, matrix, 0.95, z=z_95)
    shortfall = at_95.expected_shortfall
    if method == "student_t":
        shortfall = student_t_var(1.0, at_95.sigma, nu, 0.95).expected_shortfall
    moving = float(np.diagonal(matrix).min()) > 0.0
    return _Numbers(
        at_95.var,
        component_var(exposures, matrix, 0.99, z=z_99).var,
        shortfall,
        at_95.component_var,
        at_95.individual_var,
        correlation_of(matrix) if moving else None,
        shrinkage,
    )


def _historical(returns: FloatArray, exposures: FloatArray) -> _Numbers:
    at_95 = historical_components(returns, exposures, 0.95)
    at_99 = historical_components(returns, exposures, 0.99)
    alone = [historical_var(column, 0.95).var for column in (returns * exposures).T]
    return _Numbers(
        at_95.var, at_99.var, at_95.expected_shortfall, at_95.component_var, np.array(alone)
    )
