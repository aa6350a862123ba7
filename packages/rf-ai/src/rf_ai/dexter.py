"""Dexter: one opinion per cycle, from a model or from rules, and nothing of it taken on trust.

Every way to fail has a name and ends in a signal that is `unavailable`; nothing ends in a default
opinion. Where no call was made, the budget being used up for instance, the offline rules may
answer in its place, and say so.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from rf_ai.asking import Reply, ask
from rf_ai.caller import Asked, Caller, Fallback, author_of_failure
from rf_ai.checks import AnswerLimits, stale
from rf_ai.config import AiConfig
from rf_ai.context import Context, NewsItem, build_context
from rf_ai.errors import AiError, ModelError
from rf_ai.inputs import Inputs
from rf_ai.judgement import RULES, Author, Judged, judge, revoked, void
from rf_ai.models.routing import Route, Tier, Trigger, route
from rf_ai.prompt import PROMPT_VERSION
from rf_ai.records import Run, opinion_record, reply_record
from rf_ai.rules import RULES_VERSION, YEAR_S, Opinion, lacking_stage, rules_opinion
from rf_ai.schema import SIGNAL_SCHEMA, DexterSignal, parse
from rf_ai.store import CallRecord, CallStore
from rf_common.clock import Clock, UnixNanos
from rf_common.errors import DataError
from rf_common.ids import InstrumentId
from rf_common.intelligence import AnalystSignal, GraphContext, QuantSnapshot, SwarmSignal
from rf_common.secret import Redactor

if TYPE_CHECKING:
    from rf_ai.models.metered import MeteredModel

Latest = Callable[[InstrumentId], tuple[float, UnixNanos] | None]


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a call would send and cost at most; zero where rules answer."""

    analyst: str
    model: str
    reason: str
    rows: dict[str, int]
    characters: int
    input_tokens: int
    worst_usd: Decimal


class Dexter:
    """The analyst.

    Parameters
    ----------
    config : AiConfig
        Horizon and deadlines.
    models : mapping
        Metered models by tier, as `rf_ai.models.build.build_metered` returns them; empty when
        rules answer.
    clock : Clock
        The time.
    store : CallStore, optional
        Where calls are recorded.
    limits : AnswerLimits, optional
        How far answers may be from market and rules.
    fallback : str
        When the rules stand in for a model: ``uncalled`` if no call was made (budget, rate,
        breaker), ``always`` also if it failed, ``never``.
    blocked : str
        Why there is no model although one was asked for, such as a missing key: every answer is
        then unavailable with it, unless `fallback` is ``always``.
    latest : callable, optional
        Price and time of an instrument now, to check the answer against.
    nonce : callable, optional
        Makes delimiters; they must not be guessed.
    redactor : Redactor, optional
        The last mask before anything is sent.
    trusted_names : frozenset of str
        Names and ids of entities that no document has made up.
    year_s : float
        Trading seconds in a year.
    """

    def __init__(
        self,
        config: AiConfig,
        models: Mapping[Tier, MeteredModel] | None = None,
        *,
        clock: Clock,
        store: CallStore | None = None,
        limits: AnswerLimits | None = None,
        fallback: Fallback = "uncalled",
        blocked: str = "",
        latest: Latest | None = None,
        nonce: Callable[[], str] | None = None,
        redactor: Redactor | None = None,
        trusted_names: frozenset[str] = frozenset(),
        year_s: float = YEAR_S,
    ) -> None:
        self._config = config
        self._clock = clock
        self._store = store
        self._limits = limits or AnswerLimits()
        self._blocked = blocked
        self._latest = latest
        self._nonce = nonce or (lambda: secrets.token_hex(12))
        self._trusted_names = trusted_names
        self._year_s = year_s
        self._in_flight: set[InstrumentId] = set()
        self.caller = Caller(config, models or {}, clock, redactor=redactor, fallback=fallback)
        self.calls = 0

    async def analyse(
        self,
        quant: QuantSnapshot,
        swarm: SwarmSignal,
        graph: GraphContext,
        news: Sequence[NewsItem] = (),
        *,
        trigger: Trigger | None = None,
    ) -> AnalystSignal:
        """Return the opinion on one cycle, or why there is none.

        Parameters
        ----------
        quant, swarm, graph : QuantSnapshot, SwarmSignal, GraphContext
            Stages 1 to 3.
        news : sequence of NewsItem
            Newest first.
        trigger : Trigger, optional
            What asks; by default what `quant.trigger` says.
        """
        inputs = Inputs(quant=quant, swarm=swarm, graph=graph, news=tuple(news))
        context = self.context(inputs)
        name = quant.instrument_id
        reason = lacking_stage(quant, swarm, graph)
        if not reason and name in self._in_flight:
            reason = f"an analysis of {name} is already running"
        if reason:
            author = self.caller.author(Tier.NONE)
            return void(context, author, reason, ts_event=self._clock.now())
        self.calls += 1
        self._in_flight.add(name)
        try:
            run = Run(inputs, context, self._opinion(inputs, context), secrets.token_hex(8))
            return await self._analyse(run, self.route(inputs, trigger))
        finally:
            self._in_flight.discard(name)

    def context(self, inputs: Inputs) -> Context:
        """Return the rows of a cycle, earlier opinions included, with a new delimiter."""
        past = inputs.history
        if not past and self._store is not None:
            past = self._store.past(inputs.quant.instrument_id)
        made = build_context(
            inputs.quant,
            inputs.swarm,
            inputs.graph,
            inputs.news,
            past,
            nonce=self._nonce(),
            trusted_names=self._trusted_names,
        )
        return self.caller.masked(made)

    def route(self, inputs: Inputs, trigger: Trigger | None = None) -> Route:
        """Return which model would answer and why."""
        if not self.caller:
            return Route(Tier.NONE, self._blocked or "no model is configured")
        trigger = trigger or trigger_of(inputs.quant.trigger)
        confidence = min(max(inputs.swarm.confidence, 0.0), 1.0)
        return route(trigger, confidence=confidence)

    async def ask(self, inputs: Inputs, question: str) -> Reply:
        """Return what the rows of a cycle say to a free question.

        Raises
        ------
        ValueError
            If the question is empty.
        """
        context = self.context(inputs)
        reply = await ask(self.caller, context, question, tier=Tier.CHEAP)
        if self._store is not None:
            record = reply_record(self.caller, inputs, context, reply, self._clock.now())
            await asyncio.to_thread(self._store.add, record)
        return reply

    async def estimate(self, inputs: Inputs) -> Estimate:
        """Return what a call would send and cost at most; nothing is sent but the count.

        Raises
        ------
        ModelError
            If the provider does not count.
        """
        context = self.context(inputs)
        chosen = self.route(inputs)
        prompt = self.caller.prompt(context)
        model = self.caller.model(chosen.tier)
        tokens, worst = 0, Decimal(0)
        if model is not None:
            tokens, worst = await model.estimate_usd(prompt, schema=SIGNAL_SCHEMA)
        author = self.caller.author(chosen.tier)
        kinds = [row.kind.value for row in context.rows]
        return Estimate(
            analyst=author.analyst,
            model=author.model,
            reason=chosen.reason,
            rows={kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
            characters=len(prompt.system) + len(prompt.context) + len(prompt.question),
            input_tokens=tokens,
            worst_usd=worst,
        )

    async def replay(
        self, record: CallRecord, model: MeteredModel | None
    ) -> tuple[AnalystSignal | None, AnalystSignal]:
        """Return the recorded opinion and what another model makes of the same words.

        Parameters
        ----------
        record : CallRecord
            What happened.
        model : MeteredModel or None
            Who answers now; None for the rules.

        Raises
        ------
        DataError
            If the record holds no cycle, or was made with another version of the instructions.
        """
        if record.inputs is None or record.kind != "analyse":
            raise DataError(f"call {record.call_id} holds no cycle", code="RF-A-033")
        if model is not None and record.prompt_version != PROMPT_VERSION:
            raise DataError(
                f"call {record.call_id} was made with {record.prompt_version}, "
                f"this program has {PROMPT_VERSION}",
                code="RF-A-033",
                fix="replay it with the version of that time, or with the rules",
            )
        opinion = self._opinion(record.inputs, record.context)
        run = Run(record.inputs, record.context, opinion, secrets.token_hex(8))
        if model is None:
            return record.signal, self._by_rules(run, record.ts_event, RULES_VERSION).signal
        asked = await self._call(model, run)
        return record.signal, self._judged(asked, model, run, record.ts_event).signal

    async def _analyse(self, run: Run, chosen: Route) -> AnalystSignal:
        model = self.caller.model(chosen.tier)
        asked: Asked | None = None
        if model is None:
            judged = self._without_model(run)
        else:
            asked = await self._call(model, run)
            judged = self._judged(asked, model, run, self._clock.now())
        judged = self._in_time(judged, run.context)
        signal = msgspec.structs.replace(
            self.caller.masked_signal(judged.signal), call_id=run.call_id
        )
        if self._store is not None:
            record = opinion_record(
                self.caller,
                run,
                signal,
                notes=judged.notes,
                asked=asked,
                horizon_s=self._config.horizon_s,
            )
            await asyncio.to_thread(self._store.add, record)
        return signal

    async def _call(self, model: MeteredModel, run: Run) -> Asked:
        prompt, symbol = self.caller.prompt(run.context), run.context.instrument_id
        return await self.caller.call(
            model, prompt, SIGNAL_SCHEMA, call_id=run.call_id, symbol=symbol
        )

    def _opinion(self, inputs: Inputs, context: Context) -> Opinion:
        return rules_opinion(
            inputs.quant,
            inputs.swarm,
            inputs.graph,
            context,
            horizon_s=self._config.horizon_s,
            year_s=self._year_s,
        )

    def _without_model(self, run: Run) -> Judged:
        now = self._clock.now()
        if self._blocked and self.caller.fallback != "always":
            author = self.caller.author(Tier.NONE)
            return Judged(void(run.context, author, self._blocked, ts_event=now), ())
        label = f"{RULES_VERSION} ({self._blocked})" if self._blocked else RULES_VERSION
        return self._by_rules(run, now, label)

    def _by_rules(self, run: Run, now: UnixNanos, label: str) -> Judged:
        author, opinion = Author(RULES, label), run.opinion
        if opinion.answer is None:
            return Judged(void(run.context, author, opinion.unavailable, ts_event=now), ())
        return judge(
            opinion.answer, run.context, author, opinion, ts_event=now, limits=self._limits
        )

    def _judged(self, asked: Asked, model: MeteredModel, run: Run, now: UnixNanos) -> Judged:
        completion, error = asked.completion, asked.error
        author = Author(model.model.provider, model.model.name)
        if completion is not None:
            author = Author.of(model.model.provider, completion, run.call_id)
            try:
                answer = parse(completion.answer, DexterSignal)
            except ModelError as wrong:
                error = wrong
            else:
                return judge(
                    answer, run.context, author, run.opinion, ts_event=now, limits=self._limits
                )
        error = error or AiError("there was no answer")
        if self.caller.stands_in(error):
            label = f"{RULES_VERSION} (in place of {model.model.name}: {error.message})"
            return self._by_rules(run, now, label)
        if completion is None:
            author = author_of_failure(model, error, run.call_id)
        reason = f"{error.code} {error.message}"
        return Judged(void(run.context, author, reason, ts_event=now), ())

    def _in_time(self, judged: Judged, context: Context) -> Judged:
        """Void an opinion whose quote has become too old or whose market has moved away."""
        if judged.signal.unavailable:
            return judged
        reason = stale(context.ts_event, self._clock.now(), self._limits)
        latest = self._latest(context.instrument_id) if self._latest else None
        if not reason and latest is not None and context.px:
            moved = abs(latest[0] / context.px - 1.0)
            if not moved <= self._limits.entry_band:
                reason = f"the market moved {100 * moved:.1f} % since the snapshot"
        return judged._replace(signal=revoked(judged.signal, reason)) if reason else judged


def trigger_of(text: str) -> Trigger:
    """Return the trigger a snapshot names; words of another kind tell of an important move.

    Examples
    --------
    >>> trigger_of("timer").value, trigger_of("the price moved +4.2 deviations").value
    ('timer', 'drift')
    """
    try:
        return Trigger(text)
    except ValueError:
        return Trigger.DRIFT if text else Trigger.DEMAND
