"""A model behind the budget, the breaker and the rate: the only way the house calls one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from rf_ai.budget import Budget, Reservation
from rf_ai.errors import CallRefused, ModelError, ModelRefused, ModelTimeout
from rf_ai.models.breaker import Breaker
from rf_ai.models.bucket import TokenBucket
from rf_ai.models.port import Completion, Model, Prompt, Schema
from rf_ai.prices import Usage
from rf_common.clock import Clock

_log = logging.getLogger(__name__)


class CallGate:
    """What all models of one provider share: breaker, rate, and one call at a time per symbol."""

    def __init__(self, breaker: Breaker | None = None, bucket: TokenBucket | None = None) -> None:
        self.breaker = breaker or Breaker()
        self.bucket = bucket or TokenBucket(capacity=5.0, per_s=0.2)
        self._in_flight: set[str] = set()

    @contextmanager
    def passing(self, symbol: str, clock: Clock) -> Iterator[None]:
        """Let one call about `symbol` through.

        Raises
        ------
        CallRefused
            If one is in flight, the rate is used up, or the breaker is open.
        """
        if symbol in self._in_flight:
            raise CallRefused(f"a call about {symbol} is already in flight")
        now = clock.now()
        if self.breaker.wait_ns(now):
            seconds = self.breaker.wait_ns(now) / 1e9
            raise CallRefused(
                f"the provider failed repeatedly: no call for another {seconds:.0f} s",
                detail="Dexter answers from offline rules meanwhile and says so",
            )
        if not self.bucket.take(now):
            raise CallRefused(
                f"calls come too fast: the next may be made in {self.bucket.wait_s():.0f} s"
            )
        if not self.breaker.allows(now):
            raise CallRefused("the provider failed repeatedly: one trial is under way")
        self._in_flight.add(symbol)
        try:
            yield
        finally:
            self._in_flight.discard(symbol)


class MeteredModel:
    """Counts, reserves, calls, settles.

    Parameters
    ----------
    model : Model
        Who answers.
    budget : Budget
        Where the worst case is reserved before anything is sent.
    gate : CallGate
        Shared by all models of the provider.
    clock : Clock
        For the budget and the breaker.
    deadline_s : float
        For counting and answering together, seconds.
    """

    def __init__(
        self, model: Model, *, budget: Budget, gate: CallGate, clock: Clock, deadline_s: float
    ) -> None:
        self.model = model
        self._budget = budget
        self._gate = gate
        self._clock = clock
        self._deadline_s = deadline_s

    async def estimate_usd(self, prompt: Prompt, *, schema: Schema) -> tuple[int, Decimal]:
        """Return input tokens and the worst cost of a call, before it is made.

        Raises
        ------
        ModelError
            If the provider does not count.
        """
        tokens = await self.model.count_tokens(prompt, schema=schema, deadline_s=self._deadline_s)
        return tokens, self.model.worst_case_usd(tokens)

    async def ask(self, prompt: Prompt, *, schema: Schema, call_id: str, symbol: str) -> Completion:
        """Return the answer to `prompt`.

        Parameters
        ----------
        prompt : Prompt
            What is asked.
        schema : mapping
            JSON schema of the answer.
        call_id : str
            Id of the call; the same again while it is open is the same call.
        symbol : str
            What it is about: calls are limited per symbol.

        Raises
        ------
        BudgetExhausted
            If the worst case does not fit under a cap.
        CallRefused
            If the breaker, the rate, or a call in flight forbid it.
        ModelError
            For every reason why there is no answer.
        """
        self._budget.check(symbol, now=self._clock.now())
        with self._gate.passing(symbol, self._clock):
            try:
                completion = await self._ask(prompt, schema, call_id, symbol)
            except ModelRefused:
                self._gate.breaker.succeeded()
                raise
            except ModelError:
                self._gate.breaker.failed(self._clock.now())
                raise
            except BaseException:
                self._gate.breaker.abandoned()
                raise
            self._gate.breaker.succeeded()
            return completion

    async def _ask(self, prompt: Prompt, schema: Schema, call_id: str, symbol: str) -> Completion:
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._deadline_s
        tokens = await self.model.count_tokens(prompt, schema=schema, deadline_s=self._deadline_s)
        left_s = ends - loop.time()
        if left_s <= 0:
            raise ModelTimeout(f"counting tokens took the whole {self._deadline_s:g} s")
        worst = self.model.worst_case_usd(tokens)
        reservation = self._budget.reserve(
            call_id, symbol, worst, model=self.model.name, now=self._clock.now()
        )
        try:
            completion = await self.model.complete(prompt, schema=schema, deadline_s=left_s)
        except ModelError as error:
            self._close(reservation, error)
            raise
        except BaseException:
            self._budget.settle(reservation, None)  # cancelled: it may have been billed in full
            raise
        self._settle(reservation, completion)
        return completion

    def _close(self, reservation: Reservation, error: ModelError) -> None:
        if error.cost_usd == 0:
            self._budget.release(reservation)
        else:
            self._budget.settle(reservation, error.cost_usd, usage=error.usage)

    def _settle(self, reservation: Reservation, completion: Completion) -> None:
        if completion.cost_usd > reservation.worst_usd:
            _log.warning(
                "a call cost more than its worst case",
                extra={
                    "call_id": reservation.call_id,
                    "cost_usd": str(completion.cost_usd),
                    "worst_usd": str(reservation.worst_usd),
                },
            )
        usage = Usage(
            input_tokens=completion.input_tokens - completion.cached_tokens,
            output_tokens=completion.output_tokens,
            cache_read_tokens=completion.cached_tokens,
        )
        self._budget.settle(reservation, completion.cost_usd, usage=usage)
