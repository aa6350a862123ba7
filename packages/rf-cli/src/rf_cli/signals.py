"""``rf signals``: indicators over a file of bars."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rf_cli.context import Rf
from rf_cli.files import read_table
from rf_cli.output import Answer, table, usage
from rf_cli.price import PlotTo

if TYPE_CHECKING:
    from rich.console import RenderableType


def signals(
    file: Path,
    /,
    *,
    indicators: str = "rsi,macd",
    last: int = 20,
    out: Path | None = None,
    plot: PlotTo = None,
    rf: Rf,
) -> Answer:
    """Compute indicators over a file of bars.

    Parameters
    ----------
    file
        CSV or Parquet with columns open, high, low, close, volume as far as they are needed.
    indicators
        Names with parameters, separated by commas: rsi, rsi:21, macd, bb:20:2, atr:14.
    last
        Rows to print, newest last.
    out
        Write all rows as CSV or Parquet.
    plot
        Write the indicators as HTML.
    """
    from rf_signals.indicators import compute

    names = [name.strip() for name in indicators.split(",") if name.strip()]
    if not names:
        raise usage("--indicators: expected a name, such as rsi,macd")
    if last < 1:
        raise usage(f"--last {last}: expected 1 or more")
    frame = read_table(file)
    try:
        found = compute(frame, names)
    except ValueError as error:
        raise usage(f"{file}: {error}") from error
    whole = frame.with_columns(**found)
    if out is not None:
        _write(whole, out)
    if plot is not None:
        from rf_cli.plots import lines, save

        rows = list(range(frame.height))
        curves = {name: (rows, values.tolist()) for name, values in found.items()}
        save(lines(curves, title=str(file), x="row", y="value"), plot)
    keep = [name for name in ("date", "ts", "time", "close") if name in whole.columns]
    shown = whole.select([*keep, *found]).tail(last)
    data = [{name: _plain(value) for name, value in row.items()} for row in shown.to_dicts()]
    return Answer("signals", data, _text)


def _write(frame: Any, out: Path) -> None:
    if out.suffix == ".parquet":
        frame.write_parquet(out)
    elif out.suffix == ".csv":
        frame.write_csv(out)
    else:
        raise usage(f"--out {out}: expected a name that ends with .csv or .parquet")


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if value == value else None
    return value if isinstance(value, int | str | None) else str(value)


def _text(data: Any) -> RenderableType:
    if not data:
        return "no rows"
    names = list(data[0])
    rows = [tuple(_cell(row[name]) for name in names) for row in data]
    return table([f">{name}" for name in names], rows, empty="no rows")


def _cell(value: Any) -> str:
    if value is None:
        return "n/a"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
