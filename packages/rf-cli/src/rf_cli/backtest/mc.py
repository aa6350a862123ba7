"""``rf backtest mc``: what the same returns and trades could have come to."""

from __future__ import annotations

from typing import Any

import numpy as np

from rf_cli.backtest import writing
from rf_cli.backtest.outcome import plain
from rf_cli.backtest.store import LATEST, Store, damaged
from rf_cli.context import Rf
from rf_cli.output import Answer, usage


def mc(
    name: str = LATEST,
    /,
    *,
    simulations: int = 5_000,
    block: int | None = None,
    ruin: float = 0.5,
    seed: int = 1,
    rf: Rf,
) -> Answer:
    """Draw futures from blocks of a run's returns and of its trades.

    Parameters
    ----------
    name
        Id of the run, or latest.
    simulations
        Futures of each kind.
    block
        Rows drawn together; the cube root of their number when not given.
    ruin
        Fraction of the start at or below which a future is ruined.
    seed
        Of the draws; equal seeds give equal futures.
    """
    if not 1 <= simulations <= 1_000_000:
        raise usage(f"--simulations {simulations}: expected 1 to 1000000")
    if not 0 <= ruin < 1:
        raise usage(f"--ruin {ruin}: expected a fraction from 0 to below 1")
    if seed < 0:
        raise usage(f"--seed {seed}: expected 0 or more")
    store = Store(rf.data_dir)
    folder = store.path(name)
    how = {"simulations": simulations, "block": block, "ruin_level": ruin}
    found, warnings = [], []
    for place, (of, values) in enumerate(_results(folder).items()):
        try:
            found.append(_drawn(of, values, how, np.random.default_rng([seed, place])))
        except ValueError as error:
            warnings.append(f"{of}: no futures: {error}")
    data = {"id": folder.name, "seed": seed, "futures": found}
    return Answer("backtest.mc", data, _text, warnings=tuple(warnings))


def _drawn(of: str, values: Any, how: dict[str, Any], rng: np.random.Generator) -> Any:
    from rf_backtest.validation import monte_carlo

    return plain(monte_carlo(values, rng=rng, of=of, **how))


def _results(folder: Any) -> dict[str, Any]:
    """Return the returns of a run's equity and of its trades, by name."""
    import polars as pl

    path = folder / writing.EQUITY
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise damaged(path, error) from error
    equity = frame["equity"].to_numpy()
    rows = writing.read_rows(folder / writing.TRADES)
    opened = np.array([np.datetime64(row["opened"].rstrip("Z"), "ns") for row in rows])
    place = np.searchsorted(frame["ts"].to_numpy(), opened.astype(np.int64), side="right") - 1
    pnl = np.array([float(row["pnl"]) for row in rows])
    return {
        "returns": equity[1:] / equity[:-1] - 1.0,
        "trades": pnl / equity[np.clip(place, 0, None)] if rows else np.empty(0),
    }


def _text(data: Any) -> str:
    lines = [f"{data['id']}   seed {data['seed']}"]
    for one in data["futures"]:
        lines += [
            "",
            f"futures of {one['of']}   {one['simulations']} draws, blocks of {one['block']}",
            f"{'percentile':<22}" + "".join(f"{share:>9}" for share in one["percentiles"]),
            f"{'final wealth':<22}" + "".join(f"{value:>8.2f}x" for value in one["wealth"]),
            f"{'deepest fall':<22}" + "".join(f"{-value:>9.1%}" for value in one["drawdown"]),
            f"ends below the start   {one['loss']:.1%}",
            f"touches {one['ruin_level']:.0%} of it       {one['ruin']:.1%}",
        ]
    return "\n".join(lines)
