"""Every limit, its default and its unit."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from rf_common.config import FRACTION, NOT_NEGATIVE, POSITIVE, check


class SelfMatch(StrEnum):
    """What to do with an order that would trade against one of our own."""

    CANCEL_RESTING = "cancel_resting"
    CANCEL_AGGRESSIVE = "cancel_aggressive"
    CANCEL_BOTH = "cancel_both"


class RiskLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of one account; amounts in account currency, fractions as decimals."""

    max_order_notional: Decimal = Decimal(25_000)
    """Largest value of one order."""
    max_order_quantity: Decimal = Decimal(10_000)
    """Largest quantity of one order, units."""
    max_position_notional: Decimal = Decimal(10_000)
    """Largest value held in one instrument, open orders counted."""
    max_gross_notional: Decimal = Decimal(60_000)
    """Largest sum of the absolute values held, open orders counted."""
    max_net_notional: Decimal = Decimal(40_000)
    """Largest absolute sum of the signed values held, open orders counted."""
    max_leverage: Decimal = Decimal(1)
    """Largest gross value held, as a multiple of equity."""
    max_daily_notional: Decimal = Decimal(5_000_000)
    """Largest value sent in one trading day."""
    max_daily_loss: Decimal = Decimal(2_000)
    """Loss since the start of the trading day that leaves only reducing orders."""
    max_drawdown: float = 0.05
    """Fall from the peak of equity that leaves only reducing orders, fraction."""
    max_open_orders: int = 20
    """Open orders at one time."""
    orders_per_second: float = 10.0
    """Orders, changes and cancels together, sustained rate and burst."""
    price_collar: float = 0.05
    """Largest distance of an order's price from the market, fraction."""
    stale_after_ms: int = 5_000
    """Age from which a price is stale and its instrument gets no new order."""
    duplicate_window_ms: int = 1_000
    """Time in which an identical order is taken for a duplicate."""
    allow_market_orders: bool = False
    """Whether orders without a limit price may be sent."""
    self_match: SelfMatch = SelfMatch.CANCEL_AGGRESSIVE
    """What to do with an order that would trade against our own."""
    max_unattended_orders: int = 5_000
    """Orders of one strategy without a person before it is disabled."""
    max_concentration: float = 0.20
    """Largest share of equity in one instrument, fraction."""
    max_agreement: float = 0.85
    """Largest share of a swarm's agents on one side."""
    max_vol_ratio: float = 2.5
    """Largest present volatility as a multiple of the instrument's own average."""
    max_correlation: float = 0.80
    """Largest mean correlation of what is held, the new order counted."""
    max_daily_var: float = 0.02
    """Largest one-day 95 % value at risk of what is held, share of equity."""
    max_account_vol: float = 0.80
    """Volatility of the account that leaves only reducing orders, decimal per year."""
    attenuate_after_trades: int = 50
    """Trades in one day from which new orders are made smaller."""
    attenuation: float = 0.25
    """What is left of an order after that, fraction."""

    def __post_init__(self) -> None:
        check(
            self,
            {
                "max_order_notional": POSITIVE,
                "max_order_quantity": POSITIVE,
                "max_position_notional": POSITIVE,
                "max_gross_notional": POSITIVE,
                "max_net_notional": POSITIVE,
                "max_leverage": POSITIVE,
                "max_daily_notional": POSITIVE,
                "max_daily_loss": POSITIVE,
                "max_drawdown": FRACTION,
                "max_open_orders": POSITIVE,
                "orders_per_second": POSITIVE,
                "price_collar": FRACTION,
                "stale_after_ms": POSITIVE,
                "duplicate_window_ms": NOT_NEGATIVE,
                "max_unattended_orders": POSITIVE,
                "max_concentration": FRACTION,
                "max_agreement": FRACTION,
                "max_vol_ratio": POSITIVE,
                "max_correlation": FRACTION,
                "max_daily_var": FRACTION,
                "max_account_vol": POSITIVE,
                "attenuate_after_trades": POSITIVE,
                "attenuation": FRACTION,
            },
        )


class MeasureConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How risk is measured from the session's own prices; windows count samples."""

    var_sample_ms: int = 500
    """Grid of event time on which prices are sampled for VaR and correlation, milliseconds."""
    var_window: int = 600
    """Samples that VaR and correlation look back on."""
    var_min_samples: int = 30
    """Samples before VaR and correlation are told."""
    garch_alpha: float = 0.10
    """Reaction of the volatility until a fit replaces it."""
    garch_beta: float = 0.85
    """Persistence of the volatility until a fit replaces it."""
    garch_min_samples: int = 30
    """Returns before a GARCH volatility is told."""
    garch_window: int = 2_000
    """Returns that a fit looks back on."""
    fit_min_samples: int = 500
    """Returns before the first fit."""
    fit_every_s: int = 60
    """Time between two fits of all instruments in the worker process, seconds; 0 for none."""

    def __post_init__(self) -> None:
        names = (
            "var_sample_ms",
            "var_window",
            "var_min_samples",
            "garch_min_samples",
            "garch_window",
            "fit_min_samples",
        )
        rules = dict.fromkeys(names, POSITIVE)
        rules |= dict.fromkeys(("garch_alpha", "garch_beta"), FRACTION)
        check(self, {**rules, "fit_every_s": NOT_NEGATIVE})
