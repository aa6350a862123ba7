"""Risk of what is held: VaR, shortfall, covariance, Kelly, drawdown, attribution.

Start with `historical_var`, `var_report`, `component_var` and `ledoit_wolf`. `attribution` and
`session_var` are plain Python; the other modules load numpy, and scipy or numba where they need
them, when one of their names is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rf_risk.portfolio.attribution import (
    Attribution,
    OpenPosition,
    PnlEvent,
    PnlShare,
    RollingPnl,
    SymbolActivity,
    attribute,
)
from rf_risk.portfolio.session_var import SessionVar, VarEstimate

if TYPE_CHECKING:
    from rf_risk.portfolio.backtest import (
        Christoffersen,
        LikelihoodRatio,
        TrafficLight,
        VarBacktest,
        backtest_var,
        basel_traffic_light,
        christoffersen,
        kupiec,
    )
    from rf_risk.portfolio.component import (
        ComponentVar,
        HistoricalComponents,
        component_var,
        covariance_of,
        historical_components,
        portfolio_historical_var,
    )
    from rf_risk.portfolio.concentration import (
        average_abs_correlation,
        concentration_penalty,
        effective_positions,
        herfindahl,
        long_share,
        rolling_correlation,
    )
    from rf_risk.portfolio.covariance import (
        NonlinearShrunk,
        Shrunk,
        constant_correlation,
        correlation_of,
        ewma_covariance,
        ledoit_wolf,
        nonlinear_shrinkage,
        oas,
        sample_covariance,
    )
    from rf_risk.portfolio.drawdown import (
        DrawdownDistribution,
        MaxDrawdown,
        brownian_drawdown_probability,
        drawdown_distribution,
        drawdown_series,
        expected_max_drawdown,
        max_drawdown,
    )
    from rf_risk.portfolio.evt import (
        GpdFit,
        PotFit,
        fit_gpd,
        fit_pot,
    )
    from rf_risk.portfolio.explain import (
        DollarGreeks,
        Moves,
        OptionHolding,
        PnlExplain,
        explain_moves,
        explain_option,
        portfolio_greeks,
    )
    from rf_risk.portfolio.filtered import (
        FilteredVar,
        filtered_historical_var,
    )
    from rf_risk.portfolio.kelly import (
        BetaKelly,
        Kelly,
        MultiKelly,
        beta_kelly,
        binary_kelly,
        continuous_growth,
        continuous_kelly,
        discrete_kelly,
        fractional_kelly,
        growth_share,
        multi_kelly,
        probability_of_falling_to,
        shrunk_kelly,
    )
    from rf_risk.portfolio.monte_carlo import (
        SimulatedVar,
        monte_carlo_var,
    )
    from rf_risk.portfolio.report import (
        AlignedPrices,
        Holding,
        VarReport,
        align_by_date,
        var_report,
    )
    from rf_risk.portfolio.streaming import EwmaVar
    from rf_risk.portfolio.var import (
        CornishFisher,
        SampleMoments,
        TailRisk,
        cornish_fisher_var,
        historical_var,
        parametric_var,
        sample_moments,
        student_t_var,
        weighted_historical_var,
    )

_MODULES = {
    "var": (
        "sample_moments", "historical_var", "weighted_historical_var", "parametric_var",
        "student_t_var", "cornish_fisher_var", "TailRisk", "CornishFisher", "SampleMoments",
    ),
    "component": (
        "component_var", "covariance_of", "portfolio_historical_var", "historical_components",
        "ComponentVar", "HistoricalComponents",
    ),
    "filtered": (
        "filtered_historical_var", "FilteredVar",
    ),
    "monte_carlo": (
        "monte_carlo_var", "SimulatedVar",
    ),
    "evt": (
        "fit_pot", "fit_gpd", "GpdFit", "PotFit",
    ),
    "report": (
        "align_by_date", "var_report", "Holding", "AlignedPrices", "VarReport",
    ),
    "backtest": (
        "kupiec", "christoffersen", "basel_traffic_light", "backtest_var", "LikelihoodRatio",
        "Christoffersen", "TrafficLight", "VarBacktest",
    ),
    "covariance": (
        "sample_covariance", "correlation_of", "ledoit_wolf", "oas", "constant_correlation",
        "nonlinear_shrinkage", "ewma_covariance", "Shrunk", "NonlinearShrunk",
    ),
    "kelly": (
        "binary_kelly", "discrete_kelly", "continuous_kelly", "continuous_growth",
        "multi_kelly", "fractional_kelly", "growth_share", "probability_of_falling_to",
        "shrunk_kelly", "beta_kelly", "Kelly", "MultiKelly", "BetaKelly",
    ),
    "drawdown": (
        "drawdown_series", "max_drawdown", "drawdown_distribution",
        "brownian_drawdown_probability", "expected_max_drawdown", "MaxDrawdown",
        "DrawdownDistribution",
    ),
    "concentration": (
        "rolling_correlation", "average_abs_correlation", "long_share", "concentration_penalty",
        "herfindahl", "effective_positions",
    ),
    "explain": (
        "explain_moves", "explain_option", "portfolio_greeks", "Moves", "PnlExplain",
        "DollarGreeks", "OptionHolding",
    ),
    "streaming": ("EwmaVar",),
}  # fmt: skip
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "sample_moments", "historical_var", "weighted_historical_var", "parametric_var",
    "student_t_var", "cornish_fisher_var", "TailRisk", "CornishFisher", "SampleMoments",
    "component_var", "covariance_of", "portfolio_historical_var", "historical_components",
    "ComponentVar", "HistoricalComponents", "filtered_historical_var", "FilteredVar",
    "monte_carlo_var", "SimulatedVar", "fit_pot", "fit_gpd", "GpdFit", "PotFit",
    "align_by_date", "var_report", "Holding", "AlignedPrices", "VarReport", "kupiec",
    "christoffersen", "basel_traffic_light", "backtest_var", "LikelihoodRatio",
    "Christoffersen", "TrafficLight", "VarBacktest", "sample_covariance", "correlation_of",
    "ledoit_wolf", "oas", "constant_correlation", "nonlinear_shrinkage", "ewma_covariance",
    "Shrunk", "NonlinearShrunk", "binary_kelly", "discrete_kelly",
    "continuous_kelly", "continuous_growth", "multi_kelly", "fractional_kelly", "growth_share",
    "probability_of_falling_to", "shrunk_kelly", "beta_kelly", "Kelly", "MultiKelly",
    "BetaKelly", "drawdown_series", "max_drawdown", "drawdown_distribution",
    "brownian_drawdown_probability", "expected_max_drawdown", "MaxDrawdown",
    "DrawdownDistribution", "rolling_correlation", "average_abs_correlation", "long_share",
    "concentration_penalty", "herfindahl", "effective_positions", "explain_moves",
    "explain_option", "portfolio_greeks", "Moves", "PnlExplain", "DollarGreeks",
    "OptionHolding", "attribute", "Attribution", "PnlEvent", "PnlShare", "OpenPosition",
    "SymbolActivity", "RollingPnl", "EwmaVar", "SessionVar", "VarEstimate",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Return a name of a module that is loaded when it is used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
