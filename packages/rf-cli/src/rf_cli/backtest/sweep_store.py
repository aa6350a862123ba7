"""The trials of a sweep in SQLite: what is finished is on disk, whatever comes."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import numpy as np

from rf_backtest.sweep import Trial
from rf_cli.backtest.store import damaged

FILE = "trials.sqlite"
_TABLE = """
create table if not exists trials (
    number integer primary key,
    parameters text not null,
    metrics text not null,
    returns blob not null,
    error text not null
) strict
"""
_PUT = "insert or ignore into trials values (?, ?, ?, ?, ?)"
_ALL = "select number, parameters, metrics, returns, error from trials order by number"


class TrialStore:
    """Trials by number; one process writes.

    Parameters
    ----------
    path : Path
        The file; it is made when it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._db = sqlite3.connect(path)
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma synchronous = normal")
            self._db.execute(_TABLE)
        except sqlite3.Error as error:
            raise damaged(path, error) from error

    def __enter__(self) -> TrialStore:
        """Return the store."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._db.close()

    def put(self, trials: Iterable[Trial]) -> None:
        """Add trials in one transaction; one that is there already stays as it is."""
        rows = [
            (
                trial.number,
                json.dumps(trial.parameters),
                json.dumps({name: _told(value) for name, value in trial.metrics.items()}),
                np.ascontiguousarray(trial.returns, dtype="<f8").tobytes(),
                trial.error,
            )
            for trial in trials
        ]
        with self._db:
            self._db.executemany(_PUT, rows)

    def numbers(self) -> set[int]:
        """Return the numbers of the finished trials."""
        return {int(row[0]) for row in self._db.execute("select number from trials")}

    def trials(self) -> list[Trial]:
        """Return every trial, in order of number; DataError when the file is damaged."""
        try:
            rows = self._db.execute(_ALL).fetchall()
            return [
                Trial(
                    number,
                    json.loads(parameters),
                    {
                        name: math.nan if value is None else float(value)
                        for name, value in json.loads(metrics).items()
                    },
                    np.frombuffer(returns, dtype="<f8").astype(np.float64),
                    error,
                )
                for number, parameters, metrics, returns, error in rows
            ]
        except (sqlite3.Error, ValueError) as error:
            raise damaged(self._path, error) from error


def _told(value: float) -> float | None:
    return value if math.isfinite(value) else None
