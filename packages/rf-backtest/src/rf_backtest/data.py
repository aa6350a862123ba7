"""Bars as arrays: checked once, hashed, cut and sliced.

What is wrong with data is counted and told. Rows that are not numbers and rows that stand twice
are left out; times that go back, prices that cannot be and two different rows of one time are
refused, since nobody can say which is right.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from rf_backtest.result import FloatArray, IntArray
from rf_common.canonical import canonical_bytes
from rf_common.clock import NANOS_PER_SECOND
from rf_common.instruments import Instrument

if TYPE_CHECKING:
    import polars as pl

_MAX_TS = 4_102_444_800 * NANOS_PER_SECOND
_YEAR_NS = int(365.25 * 86_400) * NANOS_PER_SECOND
_PRICES = ("open", "high", "low", "close")
_COLUMNS = (*_PRICES, "volume")


@dataclass(frozen=True, slots=True)
class DataReport:
    """What was found in data, counted.

    `gaps` counts steps longer than the interval, nights and weekends among them; `nan_rows` and
    `duplicates` count what a run leaves out.
    """

    rows: int
    gaps: int = 0
    duplicates: int = 0
    unsorted: int = 0
    nan_rows: int = 0
    zero_volume: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """One instrument's bars; each is labelled by its open time, nanoseconds UTC.

    Parameters
    ----------
    instrument : Instrument
        What they are of.
    ts : (n,) array of int64
        Open times.
    open, high, low, close, volume : (n,) arrays
        Prices in currency, volume in units; a volume that is zero throughout is unknown.
    interval_ns : int
        Length of a bar, nanoseconds.
    bid, ask : (n,) arrays, optional
        Quote at the close; without them the spread is that of `CostConfig`.
    splits : tuple of (ts, factor)
        New shares for one old share, from the first bar that opens at or after `ts`.
    dividends : tuple of (ts, amount)
        Currency a share, paid on what is held before the first bar at or after `ts` opens.
    delisted_ts : int, optional
        When it stopped trading: what is held then is closed at the last price.

    Raises
    ------
    ValueError
        If lengths differ or the interval is not positive.
    """

    instrument: Instrument
    ts: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    interval_ns: int
    bid: FloatArray | None = None
    ask: FloatArray | None = None
    splits: tuple[tuple[int, float], ...] = ()
    dividends: tuple[tuple[int, float], ...] = ()
    delisted_ts: int | None = None

    def __post_init__(self) -> None:
        ts = np.ascontiguousarray(self.ts, dtype=np.int64)
        object.__setattr__(self, "ts", ts)
        for name in (*_COLUMNS, "bid", "ask"):
            values = getattr(self, name)
            if values is None:
                continue
            array = np.ascontiguousarray(values, dtype=np.float64)
            if array.shape != ts.shape:
                raise ValueError(f"expected {name} of shape {ts.shape}, was {array.shape}")
            object.__setattr__(self, name, array)
        if self.interval_ns <= 0:
            raise ValueError(f"expected a positive interval_ns, was {self.interval_ns}")
        for name in ("splits", "dividends"):
            for when, amount in getattr(self, name):
                if not (0 < amount < 1e12 and 0 < when < _MAX_TS):
                    raise ValueError(f"expected a time and a positive number in {name}, was "
                                     f"{when}, {amount}")  # fmt: skip

    def __len__(self) -> int:
        return int(self.ts.size)

    def check(self) -> DataReport:
        """Return what is wrong with the data, counted.

        Raises
        ------
        ValueError
            Naming the first row that no treatment can mend: an impossible time, a time that goes
            back, a price that is not positive, a high below a low, two rows of one time that
            differ, a negative volume.
        """
        return self.cleaned()[1]

    def cleaned(self) -> tuple[Bars, DataReport]:
        """Return the bars that a run uses, and what was left out of them; see `check`."""
        name = self.instrument.instrument_id
        self._refuse_times(name)
        table = np.stack([getattr(self, column) for column in _COLUMNS])
        whole = np.isfinite(table).all(axis=0)
        steps = np.diff(self.ts)
        twice = np.flatnonzero(steps == 0) + 1
        same = ((table[:, twice] == table[:, twice - 1]) | ~whole[twice] | ~whole[twice - 1]).all(0)
        if not same.all():
            row = int(twice[~same][0])
            raise ValueError(
                f"{name} row {row}: two different bars of {self.ts[row]}; expected one"
            )
        keep = whole.copy()
        keep[twice] &= ~whole[twice - 1]
        kept = self if keep.all() else self._take(np.flatnonzero(keep))
        kept._refuse_prices(name)
        return kept, kept._report(self, int((~whole).sum()), int((whole & ~keep).sum()))

    def _refuse_times(self, name: str) -> None:
        bad = np.flatnonzero((self.ts <= 0) | (self.ts >= _MAX_TS))
        if bad.size:
            row = int(bad[0])
            raise ValueError(f"{name} row {row}: {self.ts[row]} is no time from 1970 to 2099 in "
                             "nanoseconds")  # fmt: skip
        back = np.flatnonzero(np.diff(self.ts) < 0)
        if back.size:
            raise ValueError(
                f"{name} row {int(back[0]) + 1}: time goes back ({back.size} times in all); "
                "expected rows in order of time"
            )

    def _refuse_prices(self, name: str) -> None:
        low, high = self.low, self.high
        bottom, top = np.minimum(self.open, self.close), np.maximum(self.open, self.close)
        rules = (
            ("prices above 0", low <= 0),
            ("low <= open, close <= high", (bottom < low) | (top > high)),
            ("a volume not below 0", self.volume < 0),
        )  # fmt: skip
        for expected, broken in rules:
            rows = np.flatnonzero(broken)
            if rows.size:
                row = int(rows[0])
                told = ", ".join(f"{c} {getattr(self, c)[row]:g}" for c in _COLUMNS)
                raise ValueError(f"{name} row {row}: expected {expected}, was {told}")
        if self.ts.size == 0:
            raise ValueError(f"{name}: expected at least one bar, was none")

    def _report(self, raw: Bars, nan_rows: int, duplicates: int) -> DataReport:
        steps = np.diff(self.ts)
        gaps = int((steps > self.interval_ns).sum())
        overlaps = int((steps < self.interval_ns).sum())
        has_volume = bool(self.volume.any())
        zero = int((self.volume == 0).sum()) if has_volume else 0
        name = self.instrument.instrument_id
        told = (
            (nan_rows, "rows with a value that is no number are left out"),
            (duplicates, "rows that stand twice are used once"),
            (overlaps, "bars are shorter than the interval"),
            (zero, "bars without volume: nothing fills in them"),
        )
        warnings = tuple(f"{name}: {count} {text}" for count, text in told if count)
        return DataReport(len(raw), gaps, duplicates, 0, nan_rows, zero, warnings)

    def _take(self, rows: IntArray) -> Bars:
        columns = (*_COLUMNS, "ts", "bid", "ask")
        parts = {c: getattr(self, c)[rows] for c in columns if getattr(self, c) is not None}
        return replace(self, **parts)

    def cut(self, end_ts: int) -> Bars:
        """Return the bars that are complete by `end_ts`, with the actions known by then."""
        rows = np.flatnonzero(self.ts + self.interval_ns <= end_ts)
        gone = self.delisted_ts is not None and self.delisted_ts <= end_ts
        return replace(
            self._take(rows),
            splits=tuple(item for item in self.splits if item[0] <= end_ts),
            dividends=tuple(item for item in self.dividends if item[0] <= end_ts),
            delisted_ts=self.delisted_ts if gone else None,
        )

    def slice(self, start_ts: int, end_ts: int) -> Bars:
        """Return the bars that open at or after `start_ts` and before `end_ts`."""
        rows = np.flatnonzero((self.ts >= start_ts) & (self.ts < end_ts))
        return replace(
            self._take(rows),
            splits=tuple(item for item in self.splits if start_ts <= item[0] < end_ts),
            dividends=tuple(item for item in self.dividends if start_ts <= item[0] < end_ts),
        )

    def adjusted(self) -> Bars:
        """Return the bars in today's shares: earlier prices divided by later splits.

        Then a split is no jump for a strategy; dividends are per today's share too.
        """
        factor = np.ones(self.ts.size)
        paid = []
        for when, new in self.splits:
            factor[self.ts < when] *= new
        for when, amount in self.dividends:
            later = [new for split_ts, new in self.splits if split_ts > when]
            paid.append((when, amount / float(np.prod(later)) if later else amount))
        parts = {c: getattr(self, c) / factor for c in (*_PRICES, "bid", "ask")
                 if getattr(self, c) is not None}  # fmt: skip
        volume = self.volume * factor
        return replace(self, **parts, volume=volume, splits=(), dividends=tuple(paid))

    @property
    def periods_per_year(self) -> float:
        """Bars in a year, counted in the data: nights and weekends are in it."""
        n = self.ts.size
        span = int(self.ts[-1] - self.ts[0]) if n > 1 else 0
        return (n - 1) * _YEAR_NS / span if span > 0 else _YEAR_NS / self.interval_ns

    @property
    def hash(self) -> str:
        """SHA-256 of everything in it."""
        found = hashlib.sha256()
        for field in fields(self):
            value = getattr(self, field.name)
            found.update(field.name.encode())
            found.update(value.tobytes() if isinstance(value, np.ndarray) else
                         canonical_bytes(value))  # fmt: skip
        return found.hexdigest()


def bars_from_frame(
    frame: pl.DataFrame,
    instrument: Instrument,
    interval_ns: int | None = None,
    *,
    splits: tuple[tuple[int, float], ...] = (),
    dividends: tuple[tuple[int, float], ...] = (),
    delisted_ts: int | None = None,
) -> Bars:
    """Return bars from a table with the columns date, ts or time, and open, high, low, close.

    Parameters
    ----------
    frame : polars.DataFrame
        Times are dates, datetimes (UTC where no zone is told), ISO text, or whole numbers in
        seconds, milliseconds, microseconds or nanoseconds, told apart by their size. A volume is
        optional; with `adj_close` all prices are scaled by it over the close.
    interval_ns : int, optional
        Length of a bar; without it the most frequent step.

    Raises
    ------
    ValueError
        If a column is missing or a time cannot be read.

    Examples
    --------
    >>> import polars as pl
    >>> from decimal import Decimal
    >>> item = Instrument(instrument_id="sim:A", tick=Decimal("0.01"), lot=Decimal(1))
    >>> table = pl.DataFrame({"date": ["2024-01-02", "2024-01-03"], "open": [10.0, 11.0],
    ...     "high": [11.0, 12.0], "low": [9.0, 10.0], "close": [10.5, 11.5], "volume": [5, 6]})
    >>> bars = bars_from_frame(table, item)
    >>> len(bars), bars.interval_ns // 10**9
    (2, 86400)
    """
    table = frame.rename({name: name.strip().lower().replace(" ", "_") for name in frame.columns})
    missing = [name for name in _PRICES if name not in table.columns]
    if missing:
        raise ValueError(f"expected the columns {', '.join(_PRICES)}; missing: "
                         f"{', '.join(missing)}")  # fmt: skip
    ts = _times(table)
    columns = {name: _numbers(table, name) for name in _PRICES}
    if "adj_close" in table.columns:
        scale = _numbers(table, "adj_close") / columns["close"]
        columns = {name: values * scale for name, values in columns.items()}
    has_volume = "volume" in table.columns
    columns["volume"] = _numbers(table, "volume") if has_volume else np.zeros(ts.size)
    for name in ("bid", "ask"):
        if name in table.columns:
            columns[name] = _numbers(table, name)
    return Bars(
        instrument=instrument,
        ts=ts,
        interval_ns=interval_ns or _step(ts),
        splits=splits,
        dividends=dividends,
        delisted_ts=delisted_ts,
        **columns,
    )


def _numbers(table: pl.DataFrame, name: str) -> FloatArray:
    import polars as pl

    try:
        values = table[name].cast(pl.Float64).to_numpy()
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"expected numbers in the column {name}: {error}") from error
    return np.asarray(values, dtype=np.float64)


def _times(table: pl.DataFrame) -> IntArray:
    import polars as pl

    name = next((n for n in ("ts", "time", "date", "datetime", "timestamp") if n in table.columns),
                None)  # fmt: skip
    if name is None:
        raise ValueError(f"expected a column ts, time or date, was {', '.join(table.columns)}")
    column = table[name]
    if column.null_count():
        raise ValueError(f"expected a time in each row of {name}, was none in "
                         f"{column.null_count()} of them")  # fmt: skip
    if column.dtype.is_integer():
        return _from_numbers(column.to_numpy().astype(np.int64))
    try:
        if column.dtype == pl.String:
            column = _from_text(column)
        moments = column.cast(pl.Datetime("ns"))
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"expected times in the column {name}: {error}") from error
    return moments.cast(pl.Int64).to_numpy().astype(np.int64)


def _from_text(column: pl.Series) -> pl.Series:
    import polars as pl

    if column.str.contains(r"^\d{4}-\d{2}-\d{2}$").all():
        return column.str.to_date("%Y-%m-%d")
    moments = column.str.to_datetime(time_unit="ns", time_zone="UTC")
    return moments.cast(pl.Datetime("ns"))


def _from_numbers(values: IntArray) -> IntArray:
    """Return nanoseconds: seconds have ten digits in our century, and so on by thousands."""
    largest = int(np.abs(values).max()) if values.size else 0
    for scale, limit in ((10**9, 10**11), (10**6, 10**14), (10**3, 10**17)):
        if largest < limit:
            return values * scale
    return values


def _step(ts: IntArray) -> int:
    steps = np.diff(ts)
    steps = steps[steps > 0]
    if not steps.size:
        raise ValueError("expected two different times, or interval_ns")
    values, counts = np.unique(steps, return_counts=True)
    return int(values[int(counts.argmax())])
