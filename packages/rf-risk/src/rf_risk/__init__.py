"""Pre-trade risk: one ordered chain that every order passes, and the kill switch.

`RiskChain` runs `standard_checks` over a `RiskSnapshot` of live state; the first refusal wins
and carries its rule, value and limit. `RiskState` counts what the limits are measured against
and survives a restart. What cannot be computed refuses.
"""

from rf_risk.analyst_gate import AnalystGateConfig, Cycle, Portfolio, judge
from rf_risk.chain import (
    Approved,
    Check,
    Judgement,
    OpenOrder,
    Outcome,
    Refused,
    RiskChain,
    RiskSnapshot,
)
from rf_risk.checks import HUMAN, safety_gate, standard_checks
from rf_risk.config import RiskLimits, SelfMatch
from rf_risk.kill_switch import KillState
from rf_risk.state import RiskState, RiskStateCopy, TokenBucket

__all__ = [
    "RiskChain",
    "standard_checks",
    "RiskLimits",
    "SelfMatch",
    "RiskSnapshot",
    "OpenOrder",
    "Approved",
    "Refused",
    "Judgement",
    "Outcome",
    "Check",
    "RiskState",
    "RiskStateCopy",
    "TokenBucket",
    "KillState",
    "HUMAN",
    "safety_gate",
    "AnalystGateConfig",
    "Cycle",
    "Portfolio",
    "judge",
]
