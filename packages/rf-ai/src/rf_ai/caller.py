"""One call to a model: the words masked, the time bounded, every failure a value with its name."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from rf_ai.config import AiConfig
from rf_ai.context import Context
from rf_ai.errors import AiError, BudgetExhausted, CallRefused, ModelError
from rf_ai.judgement import RULES, Author
from rf_ai.models.port import Completion, Prompt, Schema
from rf_ai.models.routing import Tier
from rf_ai.prompt import to_prompt
from rf_ai.rules import RULES_VERSION
from rf_common.clock import NANOS_PER_MILLI, Clock
from rf_common.intelligence import AnalystSignal
from rf_common.secret import Redactor

if TYPE_CHECKING:
    from rf_ai.models.metered import MeteredModel

Fallback = Literal["uncalled", "never", "always"]
"""When rules stand in for a model: if no call was made, never, or also if a call failed."""
GRACE_S = 2.0


class Asked(NamedTuple):
    """A completion, or the error in its place, and how long it took."""

    completion: Completion | None
    error: AiError | None
    took_ms: int


class Caller:
    """Models by tier and what every call to them has in common.

    Parameters
    ----------
    config : AiConfig
        Deadlines.
    models : mapping
        Metered models by tier.
    clock : Clock
        To tell how long a call took.
    redactor : Redactor, optional
        The last mask before anything is sent.
    fallback : str
        When the rules stand in for a model.
    """

    def __init__(
        self,
        config: AiConfig,
        models: Mapping[Tier, MeteredModel],
        clock: Clock,
        *,
        redactor: Redactor | None = None,
        fallback: Fallback = "uncalled",
    ) -> None:
        self._limit_s = max(config.deadline_s, config.ollama_timeout_s) + GRACE_S
        self._models = dict(models)
        self._clock = clock
        self.redactor = redactor or Redactor()
        self.fallback = fallback

    def __bool__(self) -> bool:
        return bool(self._models)

    def model(self, tier: Tier) -> MeteredModel | None:
        """Return the model of a tier, None where rules answer."""
        return self._models.get(tier)

    def author(self, tier: Tier) -> Author:
        """Return who would answer."""
        model = self._models.get(tier)
        if model is None:
            return Author(RULES, RULES_VERSION)
        return Author(model.model.provider, model.model.name)

    def masked(self, context: Context) -> Context:
        """Return `context` without a known secret in the rows from outside."""
        if not context.outside:
            return context
        rows = tuple(
            msgspec.structs.replace(
                row, text=self.redactor.text(row.text), source=self.redactor.text(row.source)
            )
            if row.row_id in context.outside
            else row
            for row in context.rows
        )
        return msgspec.structs.replace(context, rows=rows)

    def masked_signal(self, signal: AnalystSignal) -> AnalystSignal:
        """Return `signal` without a known secret in its words."""
        mask = self.redactor.text
        return msgspec.structs.replace(
            signal,
            unavailable=mask(signal.unavailable),
            thesis=mask(signal.thesis),
            key_risks=tuple(map(mask, signal.key_risks)),
            catalyst=mask(signal.catalyst),
            unsupported=tuple(map(mask, signal.unsupported)),
        )

    def prompt(self, context: Context, question: str = "") -> Prompt:
        """Return what would be sent, masked."""
        made = to_prompt(context, question)
        return msgspec.structs.replace(
            made,
            context=self.redactor.text(made.context),
            question=self.redactor.text(made.question),
        )

    async def call(
        self, model: MeteredModel, prompt: Prompt, schema: Schema, *, call_id: str, symbol: str
    ) -> Asked:
        """Return the completion or the error; only cancellation is raised."""
        begun = self._clock.now()
        completion, error = None, None
        try:
            async with asyncio.timeout(self._limit_s):
                completion = await model.ask(prompt, schema=schema, call_id=call_id, symbol=symbol)
        except TimeoutError:
            error = AiError(f"no answer within {self._limit_s:g} s", code="RF-A-003")
        except AiError as failure:
            error = failure
        return Asked(completion, error, (self._clock.now() - begun) // NANOS_PER_MILLI)

    def stands_in(self, error: AiError) -> bool:
        """Return whether the rules answer in place of a call that ended with `error`."""
        uncalled = isinstance(error, BudgetExhausted | CallRefused)
        return self.fallback == "always" or (self.fallback == "uncalled" and uncalled)


def author_of_failure(model: MeteredModel, error: AiError, call_id: str) -> Author:
    """Return who failed and what that cost, as far as it is known."""
    if not isinstance(error, ModelError):
        return Author(model.model.provider, model.model.name, call_id=call_id)
    return Author(
        model.model.provider,
        model.model.name,
        error.usage.all_input,
        error.usage.output_tokens,
        error.usage.cache_read_tokens,
        error.cost_usd or Decimal(0),
        call_id,
    )
