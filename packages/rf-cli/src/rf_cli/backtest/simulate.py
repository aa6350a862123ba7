"""A run description and its data, ready to be simulated with any parameters over any rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from rf_backtest.config import BacktestConfig
from rf_backtest.result import BacktestResult
from rf_cli.backtest.sources import Loaded
from rf_cli.backtest.spec import RunSpec
from rf_cli.backtest.strategies import factory_of
from rf_cli.exits import Exit
from rf_common.errors import RfError
from rf_strategy import Factory

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Simulation:
    """One strategy on one set of data; rows count the distinct times of its bars."""

    spec: RunSpec
    loaded: Loaded

    def run(
        self,
        parameters: Mapping[str, Any] | None = None,
        *,
        seed: int | None = None,
        progress: Callable[[int], None] | None = None,
        factory: Factory | None = None,
        config: BacktestConfig | None = None,
    ) -> BacktestResult:
        """Return what the engine makes of the data.

        Parameters
        ----------
        parameters : mapping, optional
            Of the strategy; the description's own if not given.
        factory, config : optional
            Another way to build the strategy, other settings than the description's.

        Raises
        ------
        RfError
            If it refuses the data or the settings.
        """
        from rf_backtest.engine import run_backtest

        spec, loaded = self.spec, self.loaded
        chosen = spec.parameters if parameters is None else parameters
        data: Any = loaded.bars if loaded.is_bars else loaded.events()
        try:
            return run_backtest(
                data,
                (spec if config is None else spec.with_(config=config)).config_for(
                    chosen, seed=seed
                ),
                {spec.strategy.name: factory or factory_of(spec.strategy)},
                instruments=None if loaded.is_bars else loaded.instruments,
                progress=progress,
            )
        except ValueError as error:
            raise refused(error) from error

    def between(self, start_ts: int, end_ts: int) -> Simulation:
        """Return the same on the bars that open from `start_ts` to before `end_ts`."""
        self._cuttable()
        cut = (one.slice(start_ts, end_ts) for one in self.loaded.bars)
        return replace(self, loaded=replace(self.loaded, bars=tuple(b for b in cut if b.ts.size)))

    def after(self, start_ts: int) -> Simulation:
        """Return the same on the bars that open at `start_ts` or later."""
        return self.between(start_ts, 2**63 - 1)

    @cached_property
    def times(self) -> IntArray:
        """Opening times of all bars, each once, in order."""
        return np.unique(np.concatenate([one.ts for one in self.loaded.bars]))

    @property
    def rows(self) -> int:
        """How many distinct times there are."""
        return int(self.times.size)

    def runner(self, warm_up: int) -> Callable[[Mapping[str, Any], int, int], FloatArray]:
        """Return a function of parameters, first and end row that gives the rows' returns.

        Parameters
        ----------
        warm_up : int
            Rows before the first one that the strategy sees, so that its averages are there.
            What it does in them does not count.
        """
        self._cuttable()

        def run(parameters: Mapping[str, Any], start: int, end: int) -> FloatArray:
            return self.returns(parameters, start, end, warm_up=warm_up)

        return run

    def returns(
        self, parameters: Mapping[str, Any], start: int, end: int, *, warm_up: int = 0
    ) -> FloatArray:
        """Return one return a row, from row `start` to before `end`."""
        times = self.times
        first = int(times[max(0, start - warm_up)])
        last = int(times[end]) if end < times.size else 2**63 - 1
        result = self.between(first, last).run(parameters)
        return row_returns(result, float(self.spec.config.engine.starting_equity), end - start)

    def _cuttable(self) -> None:
        if not self.loaded.is_bars:
            raise RfError(
                "a recording cannot be cut into rows",
                code="RF-B-006",
                detail="walk, sweep of folds and audit need bars",
                fix="pass --data with bars",
                exit_code=Exit.USAGE,
            )


def row_returns(result: BacktestResult, start_value: float, rows: int) -> FloatArray:
    """Return the last `rows` returns of equity; the first row starts from the starting equity."""
    wealth = np.concatenate(([start_value], result.equity))
    found = np.asarray(wealth[1:] / wealth[:-1] - 1.0, dtype=np.float64)
    if found.size < rows:  # times at which nothing could be marked earned nothing
        found = np.concatenate((np.zeros(rows - found.size), found))
    return found[found.size - rows :]


def refused(error: object) -> RfError:
    """Return the error of a run that the engine refuses to start or cannot finish."""
    return RfError(
        f"the run was refused: {error}",
        code="RF-B-004",
        detail="nothing was kept",
        fix="correct the data or the settings that the message names",
        exit_code=Exit.DATA,
    )
