"""Tables that people bring: CSV and Parquet, columns found by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rf_cli.output import usage

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    FloatArray = npt.NDArray[np.float64]

PRICES = ("adj_close", "adj close", "close", "price", "px", "mid", "last")
RETURNS = ("return", "returns", "ret")


def read_table(path: Path) -> pl.DataFrame:
    """Return the table of a CSV or Parquet file, names of columns in lower case."""
    import polars as pl

    if not path.is_file():
        raise usage(f"{path}: expected a CSV or Parquet file, there is none")
    try:
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path)
        elif path.suffix in {".csv", ".txt", ".tsv"}:
            separator = "\t" if path.suffix == ".tsv" else ","
            frame = pl.read_csv(path, separator=separator, infer_schema_length=None)
        else:
            raise usage(f"{path}: expected a name that ends with .csv, .tsv or .parquet")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise usage(f"{path}: it cannot be read: {error}") from error
    return frame.rename({name: name.strip().lower() for name in frame.columns})


def numbers(frame: pl.DataFrame, name: str, path: Path) -> FloatArray:
    """Return one column as numbers; a row without one is named."""
    import polars as pl

    if name not in frame.columns:
        raise usage(f"{path}: expected a column {name!r}, there are {', '.join(frame.columns)}")
    column = frame[name].cast(pl.Float64, strict=False)
    bad = column.is_null() | ~column.is_finite()
    if bad.any():
        row = int(bad.arg_max() or 0)
        told = frame[name][row]
        raise usage(f"{path}: column {name!r}, row {row + 1}: expected a number, was {told!r}")
    return column.to_numpy()


def returns_of(path: Path, column: str | None, *, least: int = 2) -> tuple[FloatArray, str]:
    """Return simple returns of a file and which column they come from."""
    import numpy as np

    frame = read_table(path)
    known = [column] if column else [*RETURNS, *PRICES]
    found = next((name for name in known if name in frame.columns), None)
    if found is None:
        wanted = column or f"one of {', '.join(known)}"
        raise usage(f"{path}: expected a column {wanted}, there are {', '.join(frame.columns)}")
    values = numbers(frame, found, path)
    if found not in RETURNS:
        if (values <= 0).any():
            row = int(np.argmax(values <= 0)) + 1
            raise usage(f"{path}: column {found!r}, row {row}: expected a positive price")
        values = values[1:] / values[:-1] - 1.0
    if values.size < least:
        raise usage(f"{path}: expected at least {least} returns, was {values.size}")
    return values, found
