"""Zero curves, the Hull-White model, bonds and day counts."""

from rf_pricing.rates.bonds import (
    BondAnalytics,
    bond_analytics,
    bond_value,
    bond_yield,
    taylor_change,
)
from rf_pricing.rates.curve import ZeroCurve
from rf_pricing.rates.day_count import DayCount, add_months, day_count_fraction
from rf_pricing.rates.fixed_rate import FixedRateBond
from rf_pricing.rates.hull_white import HullWhite

__all__ = [
    "BondAnalytics",
    "DayCount",
    "FixedRateBond",
    "HullWhite",
    "ZeroCurve",
    "add_months",
    "bond_analytics",
    "bond_value",
    "bond_yield",
    "day_count_fraction",
    "taylor_change",
]
