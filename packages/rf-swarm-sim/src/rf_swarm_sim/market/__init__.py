"""A market of agents that trade through a limit order book with price-time priority.

Makers rest quotes, everybody else takes them, and the price is what the matching leaves. The
names to start with are `SwarmConfig`, `simulate` and `Scenario`; `simulate_ensemble` runs many
paths, `interview` asks an agent why it did what it did. `simulate`, `simulate_ensemble` and
`impact_curve` are loaded when they are first asked for, so that configurations and results are
at hand without the compiler.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from rf_swarm_sim.market.actions import buy_sell_ratio, most_active_agent, write_log
from rf_swarm_sim.market.config import SwarmConfig
from rf_swarm_sim.market.interview import Interview, RiskStatus, interview
from rf_swarm_sim.market.kinds import Action, AgentKind, Reason
from rf_swarm_sim.market.run import ActionLog, AgentTable, BookDepth, Conservation, SwarmRun
from rf_swarm_sim.market.scenarios import (
    SCENARIOS,
    Scenario,
    ScenarioEntry,
    cpi_surprise,
    custom,
    dividend_cut,
    earnings_beat,
    earnings_miss,
    exchange_collapse,
    fed_rate_cut,
    fed_rate_hike,
    flash_crash,
    geopolitical_crisis,
    liquidity_vacuum,
    merger,
    oil_supply_shock,
    regulatory_crackdown,
    short_squeeze,
)
from rf_swarm_sim.market.twin import TwinEvent, TwinKind, twin_event, twin_events

if TYPE_CHECKING:
    from rf_swarm_sim.market.ensemble import EnsembleRun, simulate_ensemble
    from rf_swarm_sim.market.impact import ImpactCurve, impact_curve
    from rf_swarm_sim.market.single import simulate

_HEAVY = {
    "simulate": "single",
    "simulate_ensemble": "ensemble",
    "EnsembleRun": "ensemble",
    "impact_curve": "impact",
    "ImpactCurve": "impact",
}

__all__ = [
    "SwarmConfig",
    "simulate",
    "SwarmRun",
    "Scenario",
    "SCENARIOS",
    "simulate_ensemble",
    "EnsembleRun",
    "AgentKind",
    "Action",
    "Reason",
    "interview",
    "Interview",
    "RiskStatus",
    "twin_event",
    "twin_events",
    "TwinEvent",
    "TwinKind",
    "write_log",
    "buy_sell_ratio",
    "most_active_agent",
    "impact_curve",
    "ImpactCurve",
    "ScenarioEntry",
    "fed_rate_hike",
    "fed_rate_cut",
    "cpi_surprise",
    "earnings_beat",
    "earnings_miss",
    "oil_supply_shock",
    "exchange_collapse",
    "flash_crash",
    "short_squeeze",
    "liquidity_vacuum",
    "geopolitical_crisis",
    "regulatory_crackdown",
    "merger",
    "dividend_cut",
    "custom",
    "AgentTable",
    "ActionLog",
    "BookDepth",
    "Conservation",
]


def __getattr__(name: str) -> object:
    """Load what needs the compiler when it is first asked for."""
    if name not in _HEAVY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"rf_swarm_sim.market.{_HEAVY[name]}"), name)
