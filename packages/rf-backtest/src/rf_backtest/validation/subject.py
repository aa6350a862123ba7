"""What an audit is told: the strategy, how to run it again, and how much work to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rf_backtest._checks import FloatArray
from rf_backtest.result import BacktestResult
from rf_backtest.validation._types import Grid, Runner
from rf_backtest.validation.layers import Limits
from rf_backtest.validation.lookahead import Lookahead
from rf_backtest.validation.robustness import CAPITALS, COST_PAIRS


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is audited. What is None makes its layer unavailable, and that is no pass.

    Parameters
    ----------
    result : BacktestResult
        The run with the parameters that were kept.
    runner, grid, rows : callable, mapping, int
        For the walk-forward and the trials; see `Runner`.
    trials : (t, n) array, optional
        Returns of every parameter set that was ever tried; without it the grid is run.
    with_costs : callable
        Of commission and slippage in basis points; runs the same strategy.
    with_capital : callable
        Of a starting capital; runs the same strategy with sizes that follow it.
    at_close : callable
        Runs it with fills at the close of the bar that decided.
    again : callable
        Runs it once more, unchanged.
    bias : Lookahead, optional
        What `find_lookahead` found.
    benchmark : (n,) array, optional
        Returns of the same periods.
    code : str
        Version or hash of the code.
    """

    result: BacktestResult
    runner: Runner | None = None
    grid: Grid = field(default_factory=dict)
    rows: int = 0
    trials: FloatArray | None = None
    with_costs: Callable[[float, float], BacktestResult] | None = None
    with_capital: Callable[[float], BacktestResult] | None = None
    at_close: Callable[[], BacktestResult] | None = None
    again: Callable[[], BacktestResult] | None = None
    bias: Lookahead | None = None
    benchmark: FloatArray | None = None
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the work of an audit is done.

    `folds`, `rolling`, `purge` and `embargo` are the walk-forward's, `groups` and `tested` the
    purged cross-validation's, `blocks` the symmetric one's.
    """

    seed: int = 1
    folds: int = 5
    rolling: bool = False
    purge: int = 0
    embargo: int = 0
    groups: int = 6
    tested: int = 2
    blocks: int = 16
    samples: int = 2_000
    simulations: int = 5_000
    cost_pairs: tuple[tuple[float, float], ...] = COST_PAIRS
    capitals: tuple[float, ...] = CAPITALS
    limits: Limits = field(default_factory=Limits)
