"""The thinkers beside the corridor: when a cycle runs, where each stage is computed.

The heavy worker simulates, fits and ranks; the analyst has a process of its own, because a model
may take half a minute to answer. Answers enter the corridor as events and nobody waits for them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from rf_ai import work
from rf_ai.config import AiConfig
from rf_ai.context import NewsItem
from rf_ai.pipeline import Cycle, Pipeline
from rf_ai.rota import Rota
from rf_common.clock import NANOS_PER_SECOND, Clock
from rf_common.events import Payload
from rf_common.ids import InstrumentId, symbol_of
from rf_common.intelligence import (
    AnalystSignal,
    GraphContext,
    QuantSnapshot,
    StageAnswer,
    SwarmSignal,
)
from rf_common.secret import Secret
from rf_daemon.worker import Worker, WorkerDied
from rf_dashboard.wire import IntelligenceView
from rf_engine import Engine
from rf_engine.quant import price_history, quant_snapshot, volatility_told

_LOG = logging.getLogger(__name__)
_LOOK_S = 1.0
_MOST_WHEN_NONE_MATCH = 3
_NOTHING_SPENT = work.Money(
    spent_day=Decimal(0),
    cap_day=Decimal(0),
    spent_month=Decimal(0),
    cap_month=Decimal(0),
    calls_day=0,
    estimate_usd=None,
    cache_share=None,
    scored=0,
    hit_rate=None,
    brier=None,
    base_brier=None,
)
_NEWS_KEPT = 200
_NEWS_AGE_S = 86_400
_SLACK_S = 5.0
"""What a deadline of a worker's call has beyond that of the work itself, seconds."""


class Thinking:
    """Runs cycles of the hybrid pipeline for one engine.

    Parameters
    ----------
    engine : Engine
        Read only.
    clock : Clock
        Stamps.
    put : callable
        Brings answers into the corridor.
    config : AiConfig
        Who answers, how often, for how much.
    worker : Worker
        The heavy worker.
    keys : mapping
        Keys of model providers, by provider.
    folder : Path
        Where budget, calls and graph are kept.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        put: Callable[[Sequence[Payload]], Awaitable[None]],
        config: AiConfig,
        *,
        worker: Worker,
        keys: Mapping[str, Secret],
        folder: Path,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._put = put
        self._config = config
        self._worker = worker
        self._folder = folder
        self._analyst = Worker("analyst", work.prepare_analyst, config, _plain(keys), folder)
        self._told: work.AnalystStatus | None = None
        self._analyst_lost = ""
        self._news: deque[tuple[NewsItem, tuple[InstrumentId, ...]]] = deque(maxlen=_NEWS_KEPT)
        self._sample_s = engine.core.config.features.sample_ms / 1_000
        self.instruments = _looked_at(engine, config)
        self._rotas = {
            name: Rota(config.every_s, seconds_per_year=self._seconds_per_year(name))
            for name in self.instruments
        }
        limit = max(config.deadline_s, config.ollama_timeout_s) + _SLACK_S
        deadlines = {"quant": 30.0, "swarm": config.swarm_deadline_s, "graph": 30.0}
        self.pipeline = Pipeline(
            self, self._bring, clock, deadlines_s={**deadlines, "analyst": limit}
        )

    # --- the run ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run cycles when they are due until cancelled; the analyst's process ends with it."""
        if not self.instruments or not self._config.enabled:
            return
        pipeline = asyncio.create_task(self.pipeline.run(), name="pipeline")
        try:
            await self._look_at_money()
            while True:
                await asyncio.sleep(_LOOK_S)
                self._look()
        finally:
            pipeline.cancel()
            await asyncio.gather(pipeline, return_exceptions=True)
            self._analyst.close()

    def ask(self, instrument_id: InstrumentId, what: str) -> Cycle:
        """Have a cycle run because a person asked for it."""
        return self.pipeline.ask(instrument_id, "demand", only_swarm=what == "swarm")

    def _look(self) -> None:
        busy = self.pipeline.busy_with
        for name, rota in self._rotas.items():
            if name in busy:
                continue
            seen = quant_snapshot(self._engine.core, name, cycle_id="", trigger="")
            why = rota.due(seen)
            if why:
                self.pipeline.ask(name, why)

    async def _bring(self, answers: Sequence[StageAnswer]) -> None:
        await self._put(answers)
        last = answers[-1]
        if isinstance(last, AnalystSignal):
            rota = self._rotas.get(last.instrument_id)
            if rota is not None:
                rota.ended(last.instrument_id, well=not last.unavailable)
            await self._look_at_money()

    async def _look_at_money(self) -> None:
        """Hear from the analyst's process what was spent and how good its opinions were."""
        now = self._clock.now()
        try:
            self._told = await self._analyst.call(work.analyst_status, now, self._mids())
            self._analyst_lost = ""
        except WorkerDied as error:
            self._analyst_lost = error.message

    def _mids(self) -> dict[InstrumentId, float]:
        features = self._engine.core.features
        mids = {name: features[name].mid_px for name in self.instruments}
        return {name: px for name, px in mids.items() if px is not None}

    def _seconds_per_year(self, name: InstrumentId) -> float:
        return self._engine.state.markets[name].instrument.seconds_per_year

    # --- the stages ---------------------------------------------------------------------------

    async def quant(
        self, instrument_id: InstrumentId, cycle_id: str, trigger: str
    ) -> QuantSnapshot:
        """Measure the instrument now; option values are the worker's."""
        core = self._engine.core
        seen = quant_snapshot(core, instrument_id, cycle_id=cycle_id, trigger=trigger)
        told = volatility_told(core, instrument_id)
        if seen.unavailable or told is None:
            return seen
        horizon = self._config.horizon_s / self._sample_s
        return await self._worker.call(work.with_option_values, seen, told, horizon)

    async def swarm(self, quant: QuantSnapshot) -> SwarmSignal:
        """Simulate the market from the session's own prices."""
        history = price_history(self._engine.core, quant.instrument_id)
        return await self._worker.call(
            work.swarm,
            quant,
            history,
            self._config,
            sample_s=self._sample_s,
            steps_per_year=self._seconds_per_year(quant.instrument_id) / self._sample_s,
            folder=self._folder,
        )

    async def graph(self, quant: QuantSnapshot) -> GraphContext:
        """Look up what is known."""
        return await self._worker.call(work.graph, quant, self._folder)

    async def analyst(
        self, quant: QuantSnapshot, swarm: SwarmSignal, graph: GraphContext
    ) -> AnalystSignal:
        """Ask the analyst, in a process of its own."""
        return await self._analyst.call(
            work.analyse,
            (quant, swarm, graph),
            self._news_about(quant.instrument_id),
            self._seconds_per_year(quant.instrument_id),
        )

    async def question(self, instrument_id: InstrumentId, question: str) -> dict[str, Any]:
        """Answer a person's question from the newest cycle's rows."""
        mind = self._engine.core.minds.get(instrument_id)
        if mind is None or mind.quant is None or mind.swarm is None or mind.graph is None:
            return {"ok": False, "text": "there is no finished cycle yet; rf ai analyse starts one"}
        stages = (mind.quant, mind.swarm, mind.graph)
        year_s = self._seconds_per_year(instrument_id)
        return await self._analyst.call(work.ask, stages, question, year_s)

    async def take_news(self, item: NewsItem) -> dict[str, Any]:
        """Sort a news item, keep it for the instruments it is about, let the graph learn."""
        names = tuple(self._engine.state.markets)
        read = await self._analyst.call(work.read_news, item, names, self._folder)
        told: dict[str, Any] = msgspec.to_builtins(read)
        triaged = read.triaged
        if triaged.withheld or triaged.same_as:
            return {**told, "ok": True, "asked": []}
        self._news.appendleft((item, read.instruments))
        wanted = [n for n in read.instruments if n in self.instruments and triaged.important]
        for name in wanted:
            self.pipeline.ask(name, "news")
        return {**told, "ok": True, "asked": wanted}

    def _news_about(self, name: InstrumentId) -> tuple[NewsItem, ...]:
        """Return what came about an instrument in the last day, newest first."""
        oldest = self._clock.now() - _NEWS_AGE_S * NANOS_PER_SECOND
        return tuple(
            item for item, about in self._news if name in about and item.ts_event >= oldest
        )

    # --- what is seen -------------------------------------------------------------------------

    def view(self) -> IntelligenceView:
        """Return worker, analyst, budget and score as screens show them."""
        told, worker = self._told, self._worker
        off = not self._config.enabled or not self.instruments
        why = "switched off" if not self._config.enabled else "no instrument to look at"
        return IntelligenceView(
            ts_event=self._clock.now(),
            worker="OFF" if off else worker.state,
            worker_reason=why if off else worker.reason,
            analyst=told.analyst if told is not None else "",
            model=told.model if told is not None else "",
            why_rules=self._analyst_lost or (told.why_rules if told is not None else ""),
            instruments=self.instruments,
            every_s=round(self._config.every_s),
            running=self.pipeline.busy_with,
            **msgspec.structs.asdict(told.money if told is not None else _NOTHING_SPENT),
            may_trade=self._engine.core.config.gate.may_trade,
        )


def _plain(keys: Mapping[str, Secret]) -> dict[str, str]:
    """Return keys as they travel to our own process; a Secret refuses to be pickled."""
    return {name: key.reveal() for name, key in keys.items()}


def _looked_at(engine: Engine, config: AiConfig) -> tuple[InstrumentId, ...]:
    """Return the configured instruments of this session, or its first ones when none matches."""
    names = tuple(engine.state.markets)
    wanted = {symbol.upper() for symbol in config.symbols}
    found = tuple(name for name in names if symbol_of(name).upper() in wanted or name in wanted)
    return found or names[:_MOST_WHEN_NONE_MATCH]
