"""Claude through the anthropic SDK: typed answers, counted tokens, one deadline for everything.

The SDK builds and signs requests, speaks the stream and types its events. Three things are kept
in our hands, hence ``max_retries=0`` there:

- One deadline covers retries, waits and the whole stream. The SDK's timeout is per read, and an
  answer that drips a byte a second never meets it.
- A retry waits as long as ``retry-after-ms`` or ``retry-after`` says; if that is longer than
  what is left, the call fails at once.
- Only what was not billed is repeated: a refusal before the first event of the stream, or a
  connection that was never made. A stream that broke is not asked for again, so that no call
  costs more than its reservation.

The model is given no tools. Its answer is constrained by the API's structured output and counts
as untrusted text all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import anthropic
import httpx2

from rf_ai.config import AiConfig
from rf_ai.errors import (
    ZERO,
    ModelAnswerInvalid,
    ModelError,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
)
from rf_ai.models.answer import one_object
from rf_ai.models.attempts import answered
from rf_ai.models.claude_stream import MessageReader
from rf_ai.models.failure import Refusal, checked_key, refused, safe_text
from rf_ai.models.port import Completion, Prompt, Schema
from rf_ai.models.transport import client_for
from rf_ai.prices import cost_usd, worst_case_usd
from rf_common.clock import Clock, RealtimeClock, monotonic_ns
from rf_common.secret import Secret

# The SDK's parser meets bytes from outside. It lets its own errors and the HTTP client's
# through, and, for events of the wrong shape, plain ones of Python.
_BROKEN = (
    anthropic.AnthropicError,
    httpx2.HTTPError,
    httpx2.StreamError,
    httpx2.InvalidURL,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    RecursionError,
)
_WHOLE = ("end_turn", "stop_sequence")
_MARGIN = 20
_FRAME_TOKENS = 64
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class ClaudeModel:
    """One Claude model; connections belong to the event loop that first used it.

    Parameters
    ----------
    key : Secret
        Anthropic's key.
    model : str
        Name of the model; its price must be known.
    config : AiConfig, optional
        Address, limits and attempts.
    clock : Clock, optional
        To read ``Retry-After`` dates.

    Raises
    ------
    ModelKeyRefused
        If the key is missing or holds characters that no key has.
    ConfigError
        If the price of the model is not known.
    """

    provider = "anthropic"

    def __init__(
        self,
        key: Secret,
        model: str,
        *,
        config: AiConfig | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.name = model
        self._key = checked_key(key, "Anthropic")
        self._config = config or AiConfig()
        self._clock = clock or RealtimeClock()
        self._price = self._config.price_of(model)
        self._client: anthropic.AsyncAnthropic | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        return f"ClaudeModel({self.name!r})"

    def worst_case_usd(self, input_tokens: int) -> Decimal:
        """Return the most that a call with so many counted tokens may cost, US dollars.

        A count is an estimate, says the provider, so a little is added to it.
        """
        most = input_tokens + input_tokens // _MARGIN + _FRAME_TOKENS
        return worst_case_usd(most, self._config.max_output_tokens, self._price)

    async def count_tokens(self, prompt: Prompt, *, schema: Schema, deadline_s: float) -> int:
        """Return how many input tokens the provider counts for the call; it costs nothing.

        Raises
        ------
        ModelError
            If it does not tell within the deadline.
        """
        request = self._request(prompt, schema)

        async def attempt() -> int:
            try:
                counted = await self._here().messages.count_tokens(timeout=deadline_s, **request)
                return _counted(counted.input_tokens)
            except _BROKEN as error:
                failure = self._failure(error, MessageReader())
                failure.cost_usd = ZERO
            raise failure  # outside the handler: the SDK's error holds the request and its key

        tokens, _ = await answered(
            attempt,
            deadline_s=deadline_s,
            max_attempts=self._config.max_attempts,
            timed_out=lambda: ModelTimeout(f"{self.name} counted no tokens in {deadline_s:g} s"),
        )
        return tokens

    async def complete(self, prompt: Prompt, *, schema: Schema, deadline_s: float) -> Completion:
        """Return the answer to `prompt`; see `Model.complete`."""
        request = self._request(prompt, schema)
        started = monotonic_ns()
        reader = MessageReader()

        async def attempt() -> None:
            try:
                await self._read(reader, request, deadline_s)
                return
            except _BROKEN as error:
                failure = self._failure(error, reader)
            except ModelError as error:
                failure = error
                failure.cost_usd, failure.usage = None, reader.usage
            raise failure

        def timed_out() -> ModelTimeout:
            return ModelTimeout(
                f"no whole answer from {self.name} within {deadline_s:g} s",
                cost_usd=None,
                usage=reader.usage,
                request_id=reader.request_id,
            )

        _, attempts = await answered(
            attempt,
            deadline_s=deadline_s,
            max_attempts=self._config.max_attempts,
            timed_out=timed_out,
        )
        return self._completion(reader, (monotonic_ns() - started) // 1_000_000, attempts)

    async def aclose(self) -> None:
        """Close connections."""
        client, self._client = self._client, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.close()

    async def _read(
        self, reader: MessageReader, request: dict[str, Any], deadline_s: float
    ) -> None:
        stream = await self._here().messages.create(
            max_tokens=self._config.max_output_tokens, stream=True, timeout=deadline_s, **request
        )
        async with stream:
            reader.request_id = safe_text(stream.response.headers.get("request-id"), self._key)
            async for event in stream:
                reader.receive(event)
        if not reader.ended:
            raise ModelUnavailable(f"the answer of {self.name} ended in the middle")

    def _completion(self, reader: MessageReader, took_ms: int, attempts: int) -> Completion:
        """Return what was read if it is whole; what it cost is known either way."""
        if not reader.usage.all_input or not reader.usage.output_tokens:
            raise ModelAnswerInvalid(f"{self.name} does not tell what it used", cost_usd=None)
        cost = cost_usd(reader.usage, self._price)
        try:
            if reader.stop_reason == "refusal":
                raise ModelRefused(f"{self.name} declined to answer")
            if reader.stop_reason not in _WHOLE:
                why = safe_text(reader.stop_reason, self._key) or "no reason given"
                raise ModelAnswerInvalid(f"the answer of {self.name} is not whole: {why}")
            answer = one_object(reader.text)
        except ModelError as error:
            error.cost_usd, error.usage = cost, reader.usage
            error.request_id = reader.request_id
            raise
        return Completion(
            answer=answer,
            model=self.name,
            input_tokens=reader.usage.all_input,
            output_tokens=reader.usage.output_tokens,
            cached_tokens=reader.usage.cache_read_tokens,
            cost_usd=cost,
            took_ms=took_ms,
            stop_reason=reader.stop_reason,
            request_id=reader.request_id,
            attempts=attempts,
        )

    def _failure(self, error: BaseException, reader: MessageReader) -> ModelError:
        """Return our state for what the SDK raised, with what it cost and whether to repeat."""
        failure: ModelError
        ours = _cause(error, ModelError)
        if ours is not None:  # the byte count speaks from inside the HTTP client
            failure = ours
            failure.cost_usd = None
        elif isinstance(error, anthropic.APIStatusError):
            refusal = Refusal(
                status=error.status_code,
                kind=str(error.type or ""),
                message=error.api_message or "",
                headers=error.response.headers,
            )
            failure = refused("Anthropic", self.name, refusal, key=self._key, now=self._clock.now())
        elif _cause(error, *_NEVER_SENT) is not None:
            failure = ModelUnavailable("Anthropic cannot be reached", repeatable=True)
        elif isinstance(error, anthropic.APITimeoutError):
            failure = ModelTimeout(f"{self.name} fell silent", cost_usd=None)
        elif isinstance(error, anthropic.APIConnectionError | httpx2.HTTPError):
            failure = ModelUnavailable("the connection to Anthropic broke", cost_usd=None)
        else:
            failure = ModelAnswerInvalid(
                f"the stream of {self.name} cannot be read: {type(error).__name__}", cost_usd=None
            )
        if reader.began:
            failure.cost_usd, failure.repeatable = None, False
        failure.usage = reader.usage
        failure.request_id = failure.request_id or reader.request_id
        return failure

    def _request(self, prompt: Prompt, schema: Schema) -> dict[str, Any]:
        context: dict[str, Any] = {"type": "text", "text": prompt.context}
        if prompt.cache_context:
            context["cache_control"] = {"type": "ephemeral"}
        wanted = anthropic.transform_schema(_without_type_lists(schema))
        output: dict[str, Any] = {"format": {"type": "json_schema", "schema": wanted}}
        if self._config.effort:
            output["effort"] = self._config.effort
        return {
            "model": self.name,
            "system": [
                {
                    "type": "text",
                    "text": prompt.system,
                    "cache_control": {"type": "ephemeral"},
                }
            ],
            "messages": [
                {
                    "role": "user",
                    "content": [context, {"type": "text", "text": prompt.question}],
                }
            ],
            "output_config": output,
        }

    def _here(self) -> anthropic.AsyncAnthropic:
        """Return the client of this event loop; connections do not move between loops."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._loop = loop
            self._client = anthropic.AsyncAnthropic(
                api_key=self._key.reveal(),
                base_url=self._config.base_url or None,
                max_retries=0,
                open_telemetry=False,
                http_client=client_for(self._config.base_url, self._config.max_bytes),
            )
        return self._client


def _without_type_lists(schema: Any) -> Any:
    """Return `schema` with ``anyOf`` for lists of types, which the SDK does not translate."""
    if isinstance(schema, Mapping):
        held = {key: _without_type_lists(value) for key, value in schema.items()}
        kinds = held.get("type")
        if isinstance(kinds, list):
            del held["type"]
            held["anyOf"] = [{"type": kind} for kind in kinds]
        return held
    return [_without_type_lists(part) for part in schema] if isinstance(schema, list) else schema


def _counted(tokens: object) -> int:
    if not isinstance(tokens, int) or tokens < 0:
        raise ValueError("expected a number of tokens")
    return tokens


def _cause(error: BaseException | None, *kinds: type[BaseException]) -> Any:
    """Return the first of `kinds` among the error and what caused it."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, kinds):
            return error
        error, seen = error.__cause__, seen + 1
    return None
