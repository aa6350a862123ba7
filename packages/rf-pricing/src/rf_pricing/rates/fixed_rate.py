"""Fixed rate bonds on calendar dates: schedule, accrued interest, clean and dirty values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from rf_pricing.rates.bonds import BondAnalytics, bond_analytics, bond_yield
from rf_pricing.rates.day_count import DayCount, add_months, day_count_fraction


@dataclass(frozen=True, slots=True)
class FixedRateBond:
    """A bullet bond with level coupons, dates counted back from maturity.

    Attributes
    ----------
    issue, maturity : date
        Interest runs from `issue`; a first period that does not fit is short.
    coupon : float
        Per year, decimal, not negative.
    frequency : int
        Coupons a year: 1, 2, 3, 4, 6 or 12.
    day_count : DayCount
        For accrued interest and a short first coupon; whole coupons are ``coupon / frequency``.
    face : float
        What is repaid, positive.

    Raises
    ------
    ValueError
        If an attribute is out of range.

    Notes
    -----
    No business day adjustment. Yields discount by whole and part periods of the street
    convention: the part is the share of the coupon period not yet accrued.

    Examples
    --------
    >>> bond = FixedRateBond(date(2020, 1, 15), date(2030, 1, 15), 0.05, 2)
    >>> round(bond.accrued(date(2024, 4, 15)), 4)
    1.25
    >>> round(bond.analytics(date(2024, 1, 15), 0.05).value, 6)
    100.0
    """

    issue: date
    maturity: date
    coupon: float
    frequency: int
    day_count: DayCount = DayCount.ACT_ACT_ICMA
    face: float = 100.0

    def __post_init__(self) -> None:
        if self.maturity <= self.issue:
            raise ValueError(
                f"expected maturity after issue, were {self.maturity} and {self.issue}"
            )
        if not (math.isfinite(self.coupon) and self.coupon >= 0.0):
            raise ValueError(f"expected coupon finite and not negative, was {self.coupon!r}")
        if self.frequency not in {1, 2, 3, 4, 6, 12}:
            raise ValueError(
                f"expected frequency to be 1, 2, 3, 4, 6 or 12, was {self.frequency!r}"
            )
        if not (math.isfinite(self.face) and self.face > 0.0):
            raise ValueError(f"expected face to be positive and finite, was {self.face!r}")

    def coupon_dates(self) -> tuple[date, ...]:
        """Return the dates of payment, first to last."""
        return tuple(self._marks()[1:])

    def _marks(self) -> list[date]:
        """Return the schedule from the start of the first regular period to maturity."""
        step = 12 // self.frequency
        marks, back = [self.maturity], 0
        while marks[0] > self.issue:
            back += step
            marks.insert(0, add_months(self.maturity, -back, end_of_month=True))
        return marks

    def _period(self, settlement: date) -> tuple[date, date]:
        if not self.issue <= settlement < self.maturity:
            raise ValueError(f"expected settlement from issue to before maturity, was {settlement}")
        marks = self._marks()
        at = max(i for i, mark in enumerate(marks) if mark <= settlement)
        return marks[at], marks[at + 1]

    def _fraction(self, start: date, end: date, period: tuple[date, date]) -> float:
        return day_count_fraction(
            start, end, self.day_count, period=period, frequency=self.frequency
        )

    def accrued(self, settlement: date) -> float:
        """Return interest accrued to `settlement`, in the units of `face`."""
        period = self._period(settlement)
        fraction = self._fraction(max(period[0], self.issue), settlement, period)
        return self.face * self.coupon * fraction

    def cash_flows(self, settlement: date) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return times in coupon years from `settlement` and what is paid then."""
        start, end = self._period(settlement)
        whole = self._fraction(start, end, (start, end))
        left = 1.0 - self._fraction(start, settlement, (start, end)) / whole
        dates = [day for day in self.coupon_dates() if day > settlement]
        times = tuple((left + i) / self.frequency for i in range(len(dates)))
        amounts = [self.face * self.coupon / self.frequency] * len(dates)
        if start < self.issue:
            amounts[0] = self.face * self.coupon * self._fraction(self.issue, end, (start, end))
        amounts[-1] += self.face
        return times, tuple(amounts)

    def analytics(self, settlement: date, annual_yield: float) -> BondAnalytics:
        """Return dirty value, durations, convexity and DV01 at a yield."""
        times, amounts = self.cash_flows(settlement)
        return bond_analytics(times, amounts, annual_yield, frequency=self.frequency)

    def dirty(self, settlement: date, annual_yield: float) -> float:
        """Return the value at a yield, accrued interest included."""
        return self.analytics(settlement, annual_yield).value

    def clean(self, settlement: date, annual_yield: float) -> float:
        """Return the value at a yield less accrued interest."""
        return self.dirty(settlement, annual_yield) - self.accrued(settlement)

    def yield_at_clean(self, settlement: date, clean: float) -> float:
        """Return the yield at which the clean value is `clean`."""
        times, amounts = self.cash_flows(settlement)
        dirty = clean + self.accrued(settlement)
        return bond_yield(times, amounts, dirty, frequency=self.frequency)
