"""What the slow thinkers say: the six stages of the hybrid cycle as values and as events.

A cycle is one run for one instrument. Its stages answer one after the other with an event that
enters the corridor like any other, so that the journal holds them and a replay decides the same.
A stage that cannot compute says why in `unavailable`, and what follows from it is no trade.

Risk and strategies know these values only, never the swarm, the graph or the model.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from rf_common.clock import UnixNanos
from rf_common.ids import InstrumentId


class Direction(StrEnum):
    """Which way an opinion points."""

    LONG = "LONG"
    SHORT = "SHORT"
    NEUTRAL = "NEUTRAL"

    @property
    def sign(self) -> int:
        """+1 for LONG, -1 for SHORT, 0 for NEUTRAL."""
        return {"LONG": 1, "SHORT": -1}.get(self.value, 0)


class Conviction(StrEnum):
    """How far the bull and bear probabilities of a swarm lie apart."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class Horizon(StrEnum):
    """How long an analyst's opinion is meant to hold."""

    INTRADAY = "INTRADAY"
    SWING = "SWING"
    POSITION = "POSITION"


class Recommendation(StrEnum):
    """What an analyst recommends; RISK means: look at the risk before anything else."""

    BUY = "BUY"
    SELL = "SELL"
    HOLD = "HOLD"
    RISK = "RISK"


class RowKind(StrEnum):
    """Where a row of an analyst's context comes from; its letter begins the row's id."""

    FEATURE = "feature"
    SWARM = "swarm"
    GRAPH = "graph"
    NEWS = "news"
    HISTORY = "history"

    @property
    def letter(self) -> str:
        """First letter of the ids of such rows."""
        return self.value[0].upper()


class Verdict(StrEnum):
    """What the gate between analyst and swarm decided."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    HEDGE = "HEDGE"


class ContextRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One numbered fact that an analyst was shown, such as ``F3 feature rsi14 = 71.2``.

    `source` says what computed or published it, `ts_event` when.
    """

    row_id: str
    kind: RowKind
    text: str
    source: str
    ts_event: UnixNanos


class QuantSnapshot(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="iQ"):
    """Stage 1: measures of one instrument at one moment; None where one cannot be computed.

    Volatilities are decimals per year. `momentum` is the mean of the signs of the short and
    long momentum and of the MACD histogram, in [-1, 1], over those that are there. `heston_vol`
    is the at-the-money implied volatility of a Heston model mapped from the session's GARCH, and
    `bsm_value` that of an at-the-money call at `garch_vol`, both over the cycle's horizon.
    """

    cycle_id: str
    instrument_id: InstrumentId
    ts_event: UnixNanos
    unavailable: str
    trigger: str
    samples: int
    px: float | None
    rsi: float | None
    macd_histogram: float | None
    garch_vol: float | None
    average_vol: float | None
    heston_vol: float | None
    bsm_value: float | None
    vwap: float | None
    imbalance: float | None
    momentum_short: float | None
    momentum_long: float | None
    momentum: float | None


class VolatilityTold(msgspec.Struct, frozen=True, gc=False):
    """A session's variance model of one instrument, in squared log returns of one sample.

    `alpha` and `beta` are those in use, `variance` is that of the next sample, `long_run` the
    one it returns to, and `steps_per_year` samples make a trading year.
    """

    alpha: float
    beta: float
    variance: float
    long_run: float
    steps_per_year: float


class SwarmSignal(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="iS"):
    """Stage 2: what an ensemble of simulated markets says, with its standard errors.

    Probabilities lie in [0, 1]: bull, bear, neutral from the ensemble of order-book markets;
    rally, sideways, dip from the Mirofish forecast (they sum to 1), with the base rate of the
    same classes in the history that was given. `agreement` is the share of agents that stand
    on the larger side. `synthetic` is True until the simulation was calibrated to a history.
    """

    cycle_id: str
    instrument_id: InstrumentId
    ts_event: UnixNanos
    unavailable: str
    direction: Direction
    conviction: Conviction
    confidence: float
    bull: float
    bear: float
    neutral: float
    std_error: float
    agreement: float
    net_flow: float
    regime: str
    px: float
    vol: float
    rally: float
    sideways: float
    dip: float
    mirofish_error: float
    base_rally: float
    base_sideways: float
    base_dip: float
    brier: float | None
    scored: int
    agents: int
    paths: int
    rounds: int
    seed: int
    synthetic: bool


class GraphImpact(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """How a shock of the instrument's entity would reach another one."""

    target_id: str
    target_name: str
    score: float
    confidence: float
    path: str


class GraphContext(msgspec.Struct, frozen=True, array_like=True, tag="iG"):
    """Stage 3: what the knowledge graph knows about the instrument, as rows that can be cited."""

    cycle_id: str
    instrument_id: InstrumentId
    ts_event: UnixNanos
    unavailable: str
    entity_id: str
    entity_name: str
    nodes: int
    facts: tuple[ContextRow, ...]
    impacts: tuple[GraphImpact, ...]
    narrative: str


class AnalystSignal(msgspec.Struct, frozen=True, array_like=True, tag="iA"):
    """Stage 4: an analyst's opinion after every check; void answers are `unavailable`.

    `analyst` is ``rules`` or a provider's name, `model` the model that answered. Prices are the
    analyst's numbers as floats: they are checked against the market and never become an order's
    price by themselves. `cited` are the ids of the context rows the thesis rests on,
    `unsupported` figures of the thesis that no row contains.
    """

    cycle_id: str
    instrument_id: InstrumentId
    ts_event: UnixNanos
    unavailable: str
    analyst: str
    model: str
    direction: Direction
    confidence: float
    entry_px: float
    stop_px: float
    take_profit_px: float
    position_size_pct: float
    time_horizon: Horizon
    thesis: str
    key_risks: tuple[str, ...]
    catalyst: str
    recommendation: Recommendation
    rows: tuple[ContextRow, ...]
    cited: tuple[str, ...]
    unsupported: tuple[str, ...]
    figures_checked: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost_usd: Decimal
    call_id: str


class GateCheck(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One comparison of the gate: what it looked at, what was there, what is allowed."""

    name: str
    value: str
    limit: str
    ok: bool


class GateDecided(msgspec.Struct, frozen=True, array_like=True, tag="!g"):
    """Stage 5: the verdict on one cycle, with every comparison that led to it.

    `quantity` is exact and zero unless approved or hedging; `signal_direction` is what the
    analyst wanted. `seqs` are the journal's sequence numbers of the four stages it rests on.
    """

    cycle_id: str
    instrument_id: InstrumentId
    ts_event: UnixNanos
    verdict: Verdict
    reason: str
    direction: Direction
    quantity: Decimal
    stop_px: float
    take_profit_px: float
    confidence: float
    checks: tuple[GateCheck, ...]
    seqs: tuple[int, ...]


StageAnswer = QuantSnapshot | SwarmSignal | GraphContext | AnalystSignal
"""What enters the corridor from the thinkers; the gate's verdict is computed in it."""
