"""Many paths of the same market, each with random numbers of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from rf_swarm_sim.market._kernels.layout import F64, I64
from rf_swarm_sim.market._kernels.paths import run_paths, run_paths_together
from rf_swarm_sim.market.config import SwarmConfig
from rf_swarm_sim.market.results import agreement
from rf_swarm_sim.market.scenarios import Scenario
from rf_swarm_sim.market.setup import set_up
from rf_swarm_sim.market.state import check_rounds
from rf_swarm_sim.market.threads import threads_of

MAX_CELLS = 200_000_000
CHUNK_STEPS = 20_000_000


@dataclass(frozen=True, eq=False)
class EnsembleRun:
    """Paths of one market; arrays are (paths, rounds), `realised_vol` (paths,) per year.

    `px` is the last traded price, `mid` the middle of the book, `net_flow` in the quote currency,
    `volume` in lots, `agreement` the share of acting takers on the larger side.
    """

    config: SwarmConfig
    scenario: Scenario | None
    seed: int
    start: float
    vol: float
    tick: float
    lot: float
    px: F64
    mid: F64
    net_flow: F64
    agreement: F64
    buys: I64
    sells: I64
    volume: I64
    realised_vol: F64

    @property
    def paths(self) -> int:
        """Number of paths."""
        return int(self.px.shape[0])

    @property
    def rounds(self) -> int:
        """Number of rounds of each path."""
        return int(self.px.shape[1])


def simulate_ensemble(
    config: SwarmConfig,
    *,
    px: float,
    rounds: int,
    paths: int,
    seed: int,
    vol: float | None = None,
    history: npt.ArrayLike | None = None,
    sentiment: float = 0.0,
    scenario: Scenario | None = None,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> EnsembleRun:
    """Run `paths` markets that differ in their random numbers only.

    Arguments are those of `simulate`; `threads` run whole paths side by side, and a path is the
    same whatever their number and however many paths there are. `progress` is called with
    (paths done, paths).

    Raises
    ------
    ValueError
        If an argument is out of range; the message names it.

    Examples
    --------
    >>> run = simulate_ensemble(SwarmConfig(agents=100), px=50.0, rounds=5, paths=3, seed=2)
    >>> run.px.shape
    (3, 5)
    """
    check_rounds(rounds)
    if isinstance(paths, bool) or not isinstance(paths, int) or paths < 1:
        raise ValueError(f"expected paths an int of 1 or more, was {paths!r}")
    if paths * rounds > MAX_CELLS:
        raise ValueError(f"expected paths * rounds up to {MAX_CELLS}, was {paths * rounds}")
    setup = set_up(
        config,
        px=px,
        seed=seed,
        vol=vol,
        history=history,
        sentiment=sentiment,
        scenario=scenario,
    )
    out = np.zeros((paths, 6, rounds))
    with threads_of(threads) as together:
        run = run_paths_together if together else run_paths
        chunk = max(CHUNK_STEPS // (config.agents * rounds), 1)
        chunk = -(-chunk // threads) * threads
        for low in range(0, paths, chunk):
            high = min(low + chunk, paths)
            run(
                low,
                high,
                np.uint64(seed),
                setup.starts,
                setup.levels,
                setup.parameters,
                setup.history,
                out,
            )
            if progress is not None:
                progress(high, paths)
    buys, sells = out[:, 4].astype(np.int64), out[:, 5].astype(np.int64)
    mid = out[:, 1] * setup.tick
    moves = np.diff(mid, axis=1, prepend=px) / np.concatenate(
        [np.full((paths, 1), px), mid[:, :-1]], axis=1
    )
    year = sqrt(config.rounds_per_day * config.days_per_year)
    return EnsembleRun(
        config=config,
        scenario=scenario,
        seed=seed,
        start=px,
        vol=setup.vol,
        tick=setup.tick,
        lot=setup.lot,
        px=out[:, 0] * setup.tick,
        mid=mid,
        net_flow=out[:, 3] * setup.money,
        agreement=agreement(buys, sells),
        buys=buys,
        sells=sells,
        volume=out[:, 2].astype(np.int64),
        realised_vol=np.sqrt(np.mean(moves * moves, axis=1)) * year,
    )
