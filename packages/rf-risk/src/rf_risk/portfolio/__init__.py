"""Risk of holdings: VaR, shortfall, covariance, Kelly, drawdown, attribution.

Start with `historical_var`, `portfolio_var` and `ledoit_wolf`. `session_var` and `attribution`
are light; the other names load numpy and scipy when they are used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rf_risk.portfolio.attribution import Attribution, PnlEvent, Share, attribute
from rf_risk.portfolio.session_var import SessionVar, VarEstimate

if TYPE_CHECKING:
    from rf_risk.portfolio.backtest import (
        VarBacktest,
        backtest_var,
        basel_zone,
        christoffersen,
        kupiec,
    )
    from rf_risk.portfolio.component import PortfolioVar, portfolio_var
    from rf_risk.portfolio.concentration import (
        average_correlation,
        concentration_penalty,
        herfindahl,
        rolling_correlation,
    )
    from rf_risk.portfolio.covariance import (
        constant_correlation,
        correlation,
        ewma_covariance,
        ledoit_wolf,
        nonlinear_shrinkage,
        oracle_approximating,
        sample_covariance,
    )
    from rf_risk.portfolio.drawdown import (
        drawdown_distribution,
        drawdowns,
        probability_of_drawdown,
    )
    from rf_risk.portfolio.evt import TailFit, peaks_over_threshold
    from rf_risk.portfolio.by_greek import Explained, OptionState, explain
    from rf_risk.portfolio.kelly import (
        growth_rate,
        kelly_binary,
        kelly_continuous,
        kelly_discrete,
        kelly_portfolio,
        posterior_win_rate,
        shrunk_fraction,
    )
    from rf_risk.portfolio.var import (
        CornishFisher,
        HistoricalLoss,
        Loss,
        cornish_fisher_var,
        filtered_historical_var,
        historical_var,
        monte_carlo_var,
        normal_var,
        student_var,
        weighted_historical_var,
    )

_HEAVY = {
    "var": (
        "historical_var", "weighted_historical_var", "filtered_historical_var", "normal_var",
        "student_var", "cornish_fisher_var", "monte_carlo_var", "HistoricalLoss", "Loss",
        "CornishFisher",
    ),
    "evt": ("peaks_over_threshold", "TailFit"),
    "component": ("portfolio_var", "PortfolioVar"),
    "backtest": ("backtest_var", "VarBacktest", "kupiec", "christoffersen", "basel_zone"),
    "covariance": (
        "sample_covariance", "correlation", "ledoit_wolf", "oracle_approximating",
        "constant_correlation", "nonlinear_shrinkage", "ewma_covariance",
    ),
    "kelly": (
        "kelly_binary", "kelly_discrete", "kelly_continuous", "kelly_portfolio", "growth_rate",
        "shrunk_fraction", "posterior_win_rate",
    ),
    "drawdown": ("drawdowns", "drawdown_distribution", "probability_of_drawdown"),
    "concentration": (
        "rolling_correlation", "average_correlation", "herfindahl", "concentration_penalty",
    ),
    "by_greek": ("explain", "Explained", "OptionState"),
}  # fmt: skip
_HOMES = {name: module for module, names in _HEAVY.items() for name in names}

__all__ = [
    "historical_var", "weighted_historical_var", "filtered_historical_var", "normal_var",
    "student_var", "cornish_fisher_var", "monte_carlo_var", "HistoricalLoss", "Loss",
    "CornishFisher", "peaks_over_threshold", "TailFit", "portfolio_var", "PortfolioVar",
    "backtest_var", "VarBacktest", "kupiec", "christoffersen", "basel_zone",
    "sample_covariance", "correlation", "ledoit_wolf", "oracle_approximating",
    "constant_correlation", "nonlinear_shrinkage", "ewma_covariance", "kelly_binary",
    "kelly_discrete", "kelly_continuous", "kelly_portfolio", "growth_rate", "shrunk_fraction",
    "posterior_win_rate", "drawdowns", "drawdown_distribution", "probability_of_drawdown",
    "rolling_correlation", "average_correlation", "herfindahl", "concentration_penalty",
    "explain", "Explained", "OptionState", "attribute", "Attribution", "PnlEvent", "Share",
    "SessionVar", "VarEstimate",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Return a name of the heavy half."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
