import math
from decimal import Decimal
from typing import Any

import pytest

from rf_common import ConfigError
from rf_common.config import load
from rf_risk import RiskLimits, SelfMatch

POSITIVE = [
    "max_order_notional", "max_order_quantity", "max_position_notional", "max_gross_notional",
    "max_net_notional", "max_leverage", "max_daily_notional", "max_daily_loss", "max_open_orders",
    "orders_per_second", "stale_after_ms", "max_unattended_orders", "max_vol_ratio",
    "attenuate_after_trades", "max_account_vol",
]  # fmt: skip
FRACTIONS = ["max_drawdown", "price_collar", "max_concentration", "attenuation", "max_correlation",
             "max_daily_var", "max_agreement"]  # fmt: skip
OTHER = ["duplicate_window_ms", "allow_market_orders", "self_match"]


def test_every_limit_is_tested_here() -> None:
    assert set(RiskLimits.__struct_fields__) == {*POSITIVE, *FRACTIONS, *OTHER}


def test_the_defaults_are_those_of_the_requirements() -> None:
    limits = RiskLimits()

    assert (limits.max_position_notional, limits.max_order_notional) == (10_000, 25_000)
    assert (limits.max_drawdown, limits.max_open_orders, limits.max_daily_loss) == (0.05, 20, 2_000)
    assert (limits.price_collar, limits.orders_per_second) == (0.05, 10)
    assert (limits.stale_after_ms, limits.duplicate_window_ms) == (5_000, 1_000)
    assert (limits.max_concentration, limits.max_vol_ratio) == (0.20, 2.5)
    assert (limits.max_correlation, limits.max_daily_var) == (0.80, 0.02)
    assert limits.max_account_vol == 0.80
    assert (limits.attenuate_after_trades, limits.attenuation) == (50, 0.25)
    assert not limits.allow_market_orders
    assert limits.self_match is SelfMatch.CANCEL_AGGRESSIVE


@pytest.mark.parametrize("name", POSITIVE)
@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf, Decimal("NaN"), Decimal("Infinity")])
def test_a_limit_is_positive_and_finite(name: str, bad: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} = "):
        RiskLimits(**{name: bad})
    assert RiskLimits(**{name: 1}) is not None


@pytest.mark.parametrize("name", FRACTIONS)
@pytest.mark.parametrize("bad", [0, -0.1, 1.0001, 5, math.nan, math.inf])
def test_a_fraction_is_no_percentage(name: str, bad: float) -> None:
    with pytest.raises(ValueError, match=f"{name} = .*write 0.05 for 5 %"):
        RiskLimits(**{name: bad})
    assert RiskLimits(**{name: 1.0}) is not None
    assert RiskLimits(**{name: 0.001}) is not None


def test_the_duplicate_window_may_be_zero_and_not_less() -> None:
    assert RiskLimits(duplicate_window_ms=0).duplicate_window_ms == 0
    with pytest.raises(ValueError, match="duplicate_window_ms"):
        RiskLimits(duplicate_window_ms=-1)


@pytest.mark.parametrize("text", ["nan", "inf", "-5", "0", "1_000", "lots", "１００"])
def test_a_limit_from_the_environment_is_checked(text: str) -> None:
    with pytest.raises(ConfigError, match="max_daily_loss"):
        load(RiskLimits, {}, {"RF_MAX_DAILY_LOSS": text})


def test_limits_keep_every_digit_from_text() -> None:
    limits, _ = load(
        RiskLimits, {"max_daily_loss": 1500.10}, {"RF_MAX_ORDER_QUANTITY": "0.00000001"}
    )

    assert limits.max_daily_loss == Decimal("1500.1")
    assert limits.max_order_quantity == Decimal("0.00000001")
