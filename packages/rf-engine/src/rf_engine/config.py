"""Settings of the decision loop."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from rf_common.config import POSITIVE, check
from rf_common.enums import Mode
from rf_common.ids import StrategyId
from rf_feature.config import FeatureConfig
from rf_risk.analyst_gate import AnalystGateConfig
from rf_risk.config import MeasureConfig, RiskLimits
from rf_strategy.registry import StrategySpec
from rf_strategy.sizing import SizerConfig

DEFAULT_STRATEGIES = (
    StrategySpec(id=StrategyId("momentum"), factory="momentum"),
    StrategySpec(id=StrategyId("mean_reversion"), factory="mean_reversion"),
    StrategySpec(id=StrategyId("ai_momentum"), factory="ai_momentum"),
)


class EngineConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one engine decides with; goes into the journal's first record."""

    mode: Mode = Mode.SIM
    """What the numbers and orders are."""
    account: str = "SIM-1"
    """Name of the account, for people."""
    starting_equity: Decimal = Decimal(100_000)
    """Cash at the very first start, account currency."""
    limits: RiskLimits = RiskLimits()
    """Every risk limit."""
    sizer: SizerConfig = SizerConfig()
    """How large positions are."""
    features: FeatureConfig = FeatureConfig()
    """Windows of the streaming features."""
    measures: MeasureConfig = MeasureConfig()
    """Windows of VaR, correlation and GARCH volatility."""
    gate: AnalystGateConfig = AnalystGateConfig()
    """What the verdict on an analyst's opinion needs."""
    strategies: tuple[StrategySpec, ...] = DEFAULT_STRATEGIES
    """Strategies to run, in order."""
    heartbeat_ms: int = 500
    """How often equity is marked and limits and feeds are looked at, milliseconds."""
    answer_timeout_ms: int = 5_000
    """Time after which an unanswered order is UNKNOWN and asked for, milliseconds."""
    report_every_ms: int = 30_000
    """How often the venue is asked for its whole book of ours, milliseconds."""

    def __post_init__(self) -> None:
        rules = dict.fromkeys(
            ("starting_equity", "heartbeat_ms", "answer_timeout_ms", "report_every_ms"), POSITIVE
        )
        check(self, rules)
