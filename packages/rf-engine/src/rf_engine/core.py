"""What the rooms of the engine share: state, strategies, chain, sizer, and the way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.enums import Severity, SystemState
from rf_common.ids import InstrumentId, StrategyId
from rf_common.instruments import Instrument
from rf_common.orders import CommandAnswer, Notice, Output, StateChanged
from rf_engine.config import EngineConfig
from rf_engine.ledger import Ledger
from rf_engine.measures import SessionMeasures
from rf_engine.state import EngineState
from rf_feature import FeatureSet
from rf_risk import RiskChain, standard_checks
from rf_risk.session_vol import SessionGarch
from rf_strategy import Factory, StrategyRegistry, VolTargetSizer
from rf_strategy.registry import OFF_IN_SETTINGS

if TYPE_CHECKING:
    from rf_engine.minds import Mind


class Core:
    """State, parts and the outputs of the step being processed.

    Parameters
    ----------
    config : EngineConfig
        Settings.
    nonce : str
        Session nonce of the client order ids.
    instruments : iterable of Instrument
        What can be traded.
    factories : mapping
        Strategy factories by name.
    ledger : Ledger, optional
        What to start from.
    """

    def __init__(
        self,
        config: EngineConfig,
        nonce: str,
        instruments: Iterable[Instrument],
        factories: Mapping[str, Factory],
        ledger: Ledger | None,
    ) -> None:
        self.config = config
        self.nonce = nonce
        self.features: dict[InstrumentId, FeatureSet] = {}
        self.garch: dict[InstrumentId, SessionGarch] = {}
        self.state = EngineState(config, instruments, self._make_features, ledger)
        days = {name: m.instrument.seconds_per_day for name, m in self.state.markets.items()}
        self.measures = SessionMeasures(config.measures, days)
        self.registry = StrategyRegistry(factories, config.strategies)
        for strategy_id in self.registry:
            reason = self.state.disabled.get(strategy_id)
            if reason not in {None, OFF_IN_SETTINGS}:  # of settings, the present ones count
                self.registry.set_enabled(strategy_id, enabled=False, reason=reason)
        self.chain = RiskChain(standard_checks())
        self.sizer = VolTargetSizer(config.sizer)
        self.outputs: list[Output] = []
        self.last_words: dict[tuple[StrategyId, InstrumentId], str] = {}
        self.minds: dict[InstrumentId, Mind] = {}
        self.agreement: dict[InstrumentId, tuple[UnixNanos, float]] = {}

    def _make_features(self, instrument: Instrument) -> FeatureSet:
        measures = self.config.measures
        garch = SessionGarch(
            alpha=measures.garch_alpha,
            beta=measures.garch_beta,
            min_samples=measures.garch_min_samples,
            window=measures.garch_window,
        )
        self.garch[instrument.instrument_id] = garch
        made = FeatureSet(self.config.features, instrument.seconds_per_year, garch)
        self.features[instrument.instrument_id] = made
        return made

    def emit(self, output: Output) -> None:
        """Take an output's effect and hand it out."""
        self.state.commit(output)
        self.outputs.append(output)

    def notice(self, severity: Severity, code: str, text: str) -> None:
        """Tell people something."""
        self.emit(Notice(severity, code, text))

    def move_to(self, new: SystemState, reason: str, actor: str) -> None:
        """Change the system's state unless it is there already."""
        old = self.state.system_state
        if old is not new:
            self.emit(StateChanged(old, new, reason, actor))

    def answer(self, command_id: str, ok: bool, code: str, text: str, fix: str = "") -> None:
        """Answer a command."""
        self.emit(CommandAnswer(command_id, ok, code, text, fix))

    def agreement_of(self, instrument_id: InstrumentId) -> float | None:
        """Return the swarm's newest agreement about an instrument while it is believed."""
        told = self.agreement.get(instrument_id)
        if told is None:
            return None
        ts, share = told
        age_s = (self.state.now - ts) // NANOS_PER_SECOND
        return share if age_s <= self.config.gate.max_age_s else None
