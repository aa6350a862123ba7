"""``rf backtest check``: what a file of bars holds, and which sessions of a calendar it lacks."""

from __future__ import annotations

import importlib.util
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from rf_cli.backtest.flags import DATA, DataFlags, data_spec
from rf_cli.context import Rf
from rf_cli.exits import Exit
from rf_cli.output import Answer, table, usage
from rf_common.clock import NANOS_PER_SECOND

if TYPE_CHECKING:
    from rich.console import RenderableType

_DAY_NS = 86_400 * NANOS_PER_SECOND
_SHOWN = 5
_EPOCH = np.datetime64("1970-01-01", "D")


def check(*, data: DataFlags = DATA, calendar: str | None = None, rf: Rf) -> Answer:
    """Count gaps, duplicates and bad rows of bars; compare their days with an exchange's calendar.

    Exit code 8 when something was found.

    Parameters
    ----------
    calendar
        Calendar of an exchange, such as XNYS; needs the extra calendars.
    """
    from rf_cli.backtest.sources import load

    loaded = load(data_spec(data, "a check")[0])
    if not loaded.is_bars:
        raise usage("expected --data with bars; a recording tells its own gaps")
    rows = loaded.described()
    found = False
    for row, bars in zip(rows, loaded.bars, strict=True):
        if calendar is not None:
            days = np.unique(bars.ts // _DAY_NS)
            row.update(_against(days, calendar))
            found = found or bool(row["missing_sessions"] or row["extra_days"])
        bad = row["duplicates"] + row["unsorted"] + row["nan_rows"]
        found = found or bool(bad)
    code = Exit.FOUND if found else Exit.OK
    return Answer("backtest.check", rows, _text, exit_code=code)


def _against(days: np.ndarray[Any, np.dtype[np.int64]], name: str) -> dict[str, Any]:
    """Return sessions without a bar and days with bars that are no session."""
    expected = _sessions(name, int(days[0]), int(days[-1]))
    missing, extra = np.setdiff1d(expected, days), np.setdiff1d(days, expected)
    return {
        "calendar": name,
        "sessions": int(expected.size),
        "missing_sessions": int(missing.size),
        "first_missing": [_date(day) for day in missing[:_SHOWN].tolist()],
        "extra_days": int(extra.size),
        "first_extra": [_date(day) for day in extra[:_SHOWN].tolist()],
    }


def _sessions(name: str, first: int, last: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    if importlib.util.find_spec("exchange_calendars") is None:
        raise usage(
            f"--calendar {name}: the package exchange-calendars is not installed",
            fix="install the extra calendars of rf-cli",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its use of pandas is not ours to mend
        import exchange_calendars

        try:
            # One more day: a calendar needs two sessions at least.
            found = exchange_calendars.get_calendar(
                name, start=_date(first - 7), end=_date(last + 7)
            )
        except exchange_calendars.errors.InvalidCalendarName as error:
            raise usage(f"--calendar {name}: {error}") from error
        days = np.array([stamp.value // _DAY_NS for stamp in found.sessions], dtype=np.int64)
    inside: np.ndarray[Any, np.dtype[np.int64]] = days[(days >= first) & (days <= last)]
    return inside


def _date(day: int) -> str:
    return str(_EPOCH + np.timedelta64(day, "D"))


def _text(rows: Any) -> RenderableType:
    from rich.console import Group

    counts = [
        (r["instrument_id"], str(r["rows"]), r["interval"], str(r["gaps"]), str(r["duplicates"]),
         str(r["nan_rows"]), str(r["zero_volume"]))
        for r in rows
    ]  # fmt: skip
    names = ("instrument", ">bars", "interval", ">gaps", ">duplicates", ">NaN rows", ">no volume")
    parts: list[RenderableType] = [table(names, counts, empty="no bars")]
    for row in rows:
        if "calendar" in row:
            parts.append(
                f"{row['instrument_id']}  {row['calendar']}: {row['sessions']} sessions, "
                f"{row['missing_sessions']} missing {' '.join(row['first_missing'])}, "
                f"{row['extra_days']} days that are none {' '.join(row['first_extra'])}"
            )
    return Group(*parts)
