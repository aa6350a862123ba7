"""Simulated crowds: a market of agents, a forecast of thousands of them, and how good it was.

Start with `forecast` (the Mirofish crowd over a history of closes), `swarm_signal` (an ensemble
of order-book markets and that crowd as one opinion with its errors) and `calibrate` (the mix of
agents that a history asks for). `stylized_facts` measures what every simulated market must show;
`ScoreBook` keeps forecasts until they can be scored. `rf_swarm_sim.market` is the market itself.

Whatever needs numba is loaded when it is first asked for: scores and facts do without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rf_swarm_sim.facts import StylizedFacts, stylized_facts
from rf_swarm_sim.score import Forecast, Score, ScoreBook

if TYPE_CHECKING:
    from rf_swarm_sim.calibration import Calibration, calibrate
    from rf_swarm_sim.mirofish import HistoryError, Mirofish, Scenarios, band_of, forecast
    from rf_swarm_sim.signal import actionable, forecast_of, swarm_signal, unavailable, with_score

__all__ = [
    "forecast",
    "band_of",
    "Mirofish",
    "Scenarios",
    "HistoryError",
    "swarm_signal",
    "actionable",
    "unavailable",
    "with_score",
    "forecast_of",
    "calibrate",
    "Calibration",
    "stylized_facts",
    "StylizedFacts",
    "ScoreBook",
    "Forecast",
    "Score",
]

_HEAVY = {
    "calibrate": "calibration",
    "Calibration": "calibration",
    "forecast": "mirofish",
    "band_of": "mirofish",
    "Mirofish": "mirofish",
    "Scenarios": "mirofish",
    "HistoryError": "mirofish",
    "swarm_signal": "signal",
    "actionable": "signal",
    "unavailable": "signal",
    "with_score": "signal",
    "forecast_of": "signal",
}


def __getattr__(name: str) -> Any:
    """Load what needs numba on first use; saves about a second of import."""
    if name not in _HEAVY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"rf_swarm_sim.{_HEAVY[name]}"), name)
    globals()[name] = found
    return found
