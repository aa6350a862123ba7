"""Day counts: from two dates to a fraction of a year."""

from __future__ import annotations

import calendar
from datetime import date
from enum import Enum


class DayCount(Enum):
    """How days between two dates become years."""

    THIRTY_360_US = "30/360 US"
    THIRTY_360_EU = "30E/360"
    ACT_360 = "ACT/360"
    ACT_365F = "ACT/365F"
    ACT_ACT_ISDA = "ACT/ACT ISDA"
    ACT_ACT_ICMA = "ACT/ACT ICMA"


def day_count_fraction(
    start: date,
    end: date,
    convention: DayCount,
    *,
    period: tuple[date, date] | None = None,
    frequency: int | None = None,
) -> float:
    """Return the fraction of a year from `start` to `end`.

    Parameters
    ----------
    start, end : date
        ``start <= end``.
    convention : DayCount
    period : pair of dates, optional
        Start and end of the coupon period the dates lie in; for ACT/ACT ICMA only.
    frequency : int, optional
        Coupons a year; for ACT/ACT ICMA only.

    Raises
    ------
    ValueError
        If dates are out of order, or ACT/ACT ICMA lacks a period around the dates or a frequency.

    References
    ----------
    ISDA (2006), Definitions, section 4.16; ICMA rule 251.

    Examples
    --------
    >>> day_count_fraction(date(2024, 1, 31), date(2024, 7, 31), DayCount.THIRTY_360_US)
    0.5
    """
    if end < start:
        raise ValueError(f"expected start not after end, were {start} and {end}")
    days = (end - start).days
    if convention is DayCount.ACT_360:
        return days / 360.0
    if convention is DayCount.ACT_365F:
        return days / 365.0
    if convention is DayCount.THIRTY_360_US:
        return _thirty_us(start, end) / 360.0
    if convention is DayCount.THIRTY_360_EU:
        return _thirty_days(start, end, min(start.day, 30), min(end.day, 30)) / 360.0
    if convention is DayCount.ACT_ACT_ISDA:
        return _isda(start, end)
    return _icma(start, end, period, frequency)


def _thirty_us(start: date, end: date) -> int:
    first, last = start.day, end.day
    if _is_end_of_february(start):
        if _is_end_of_february(end):
            last = 30
        first = 30
    if last == 31 and first >= 30:
        last = 30
    return _thirty_days(start, end, min(first, 30), last)


def _thirty_days(start: date, end: date, first: int, last: int) -> int:
    return 360 * (end.year - start.year) + 30 * (end.month - start.month) + last - first


def _is_end_of_february(day: date) -> bool:
    return day.month == 2 and day.day == calendar.monthrange(day.year, 2)[1]


def _isda(start: date, end: date) -> float:
    if start.year == end.year:
        return (end - start).days / _days_of(start.year)
    before = (date(start.year + 1, 1, 1) - start).days / _days_of(start.year)
    after = (end - date(end.year, 1, 1)).days / _days_of(end.year)
    return before + (end.year - start.year - 1) + after


def _days_of(year: int) -> float:
    return 366.0 if calendar.isleap(year) else 365.0


def _icma(start: date, end: date, period: tuple[date, date] | None, frequency: int | None) -> float:
    if period is None or frequency is None or frequency < 1:
        raise ValueError(f"expected a period and a frequency, were {period!r} and {frequency!r}")
    if not period[0] <= start <= end <= period[1] or period[0] == period[1]:
        raise ValueError(f"expected dates inside the period, were {start}, {end} and {period!r}")
    return (end - start).days / (frequency * (period[1] - period[0]).days)


def add_months(day: date, months: int, *, end_of_month: bool = False) -> date:
    """Return the same day `months` later, or the month's last if there is none.

    With `end_of_month` the last of a month goes to the last of a month.

    Examples
    --------
    >>> add_months(date(2024, 2, 29), 6), add_months(date(2024, 2, 29), 6, end_of_month=True)
    (datetime.date(2024, 8, 29), datetime.date(2024, 8, 31))
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    sticks = end_of_month and day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if sticks else min(day.day, last))
