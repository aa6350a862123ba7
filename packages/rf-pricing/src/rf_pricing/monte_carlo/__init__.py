"""Monte Carlo prices: models, payoffs, variance reduction, Greeks.

Start with `mc_price`, a model (`Gbm`, `Heston`) and a payoff (`European`, `Asian`). Every result
has a standard error; equal seeds give equal bits on any number of threads.
"""

from rf_pricing.monte_carlo.engine import mc_price
from rf_pricing.monte_carlo.greeks import McGreeks, mc_greeks
from rf_pricing.monte_carlo.heston import Heston
from rf_pricing.monte_carlo.models import Gbm, Merton, MultiAssetGbm
from rf_pricing.monte_carlo.payoffs import (
    Asian,
    Barrier,
    Basket,
    Digital,
    European,
    Lookback,
    Payoff,
)
from rf_pricing.monte_carlo.results import McResult, SimulationInterruptedError
from rf_pricing.monte_carlo.samples import (
    SimulatedPaths,
    TerminalSample,
    heston_variance_sample,
    simulate_paths,
    terminal_sample,
)

__all__ = [
    "mc_price",
    "mc_greeks",
    "Gbm",
    "Heston",
    "Merton",
    "MultiAssetGbm",
    "European",
    "Digital",
    "Asian",
    "Barrier",
    "Lookback",
    "Basket",
    "Payoff",
    "McResult",
    "McGreeks",
    "SimulationInterruptedError",
    "simulate_paths",
    "SimulatedPaths",
    "terminal_sample",
    "TerminalSample",
    "heston_variance_sample",
]
