"""Tables that cases refer to, and the transforms that turn prices into returns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """Columns of numbers by name; a column of dates is left out."""

    columns: dict[str, FloatArray]

    @classmethod
    def read(cls, path: Path) -> Series:
        """Read a CSV file with a header."""
        import polars as pl

        frame = pl.read_csv(path, infer_schema_length=None)
        numeric = [name for name, kind in frame.schema.items() if kind.is_numeric()]
        return cls({name: frame[name].cast(pl.Float64).to_numpy() for name in numeric})

    def rows(self, first: int, end: int) -> Series:
        """Return rows `first` to `end`, half open."""
        return Series({name: column[first:end] for name, column in self.columns.items()})

    def __getitem__(self, name: str) -> FloatArray:
        return self.columns[name]

    def matrix(self, names: list[str] | None = None) -> FloatArray:
        """Return the columns side by side, rows as in the file."""
        return np.column_stack([self.columns[name] for name in names or list(self.columns)])

    def returns(self, transform: str) -> FloatArray:
        """Return the series that a transform in words describes.

        Understood: the price column's name (`adj_close` unless `close` is named alone), "log"
        or "ln" for log returns, a factor of 100 unless "decimal" is named, "losses" or a minus
        before the factor for the opposite sign, "last N", and a slice "returns[a:b]".
        """
        text = transform.lower()
        px = self.columns[
            "adj_close" if "adj_close" in self.columns and not _plain_close(text) else "close"
        ]
        log = re.search(r"\blog\b|\bln\b", text) is not None
        found = np.diff(np.log(px)) if log else px[1:] / px[:-1] - 1.0
        if re.search(r"\b100\s*\*|percent", text):
            found = 100.0 * found
        if "loss" in text or re.search(r"-\s*100\s*\*", text):
            found = -found
        return sliced(found, text)


def sliced(values: FloatArray, text: str) -> FloatArray:
    """Apply "last N" or "[a:b]" in a transform to the rows of an array."""
    if last := re.search(r"last (\d+)", text):
        return values[-int(last[1]) :]
    if part := re.search(r"\[(-?\d+|none)?:(-?\d+|none)?\]", text.lower()):
        ends = [None if end in {None, "", "none"} else int(end) for end in part.groups()]
        return values[slice(*ends)]
    return values


def _plain_close(text: str) -> bool:
    return re.search(r"(?<!adj_)\bclose", text) is not None
