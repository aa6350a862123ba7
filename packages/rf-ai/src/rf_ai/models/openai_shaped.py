"""Models behind a chat-completions endpoint: Groq, OpenAI, and servers that speak like them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from rf_ai.config import AiConfig
from rf_ai.errors import ModelAnswerInvalid, ModelError, ModelRefused, ModelTimeout
from rf_ai.models.answer import one_object
from rf_ai.models.attempts import answered
from rf_ai.models.failure import checked_key
from rf_ai.models.port import Completion, Prompt, Schema
from rf_ai.models.transport import JsonClient
from rf_ai.prices import ModelPrice, Usage, cost_usd, worst_case_usd
from rf_common.clock import Clock, RealtimeClock, monotonic_ns
from rf_common.secret import Secret

TEMPERATURE = 0.3
ENVELOPE_TOKENS = 512
"""Tokens a provider may add around our texts: roles, separators, the schema's frame."""


class _Details(msgspec.Struct):
    cached_tokens: int = 0


class _Usage(msgspec.Struct):
    prompt_tokens: int
    completion_tokens: int
    prompt_tokens_details: _Details | None = None


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[Any] | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage
    id: str = ""


_DECODER = msgspec.json.Decoder(_Answer)


class OpenAiShapedModel:
    """One model of a chat-completions endpoint.

    Parameters
    ----------
    provider : str
        Short name, such as ``groq``.
    base_url : str
        Address up to and with the version, such as ``https://api.groq.com/openai/v1``.
    model : str
        Name of the model.
    key : Secret
        The provider's key; may be empty when `price` is free, for servers on this machine.
    price : ModelPrice
        What it costs.
    config : AiConfig, optional
        Limits and attempts.
    clock : Clock, optional
        To read ``Retry-After`` dates.

    Raises
    ------
    ModelKeyRefused
        If a key is needed and missing, or holds characters that no key has.
    """

    def __init__(
        self,
        provider: str,
        base_url: str,
        model: str,
        *,
        key: Secret,
        price: ModelPrice,
        config: AiConfig | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.provider = provider
        self.name = model
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._price = price
        self._config = config or AiConfig()
        self._clock = clock or RealtimeClock()
        if key or price.output_usd:
            checked_key(key, provider)
        self._client = JsonClient(provider, model, key=key, max_bytes=self._config.max_bytes)

    def __repr__(self) -> str:
        return f"OpenAiShapedModel({self.provider!r}, {self.name!r})"

    def worst_case_usd(self, input_tokens: int) -> Decimal:
        """Return the most that a call with so many input tokens may cost, US dollars."""
        return worst_case_usd(input_tokens, self._config.max_output_tokens, self._price)

    async def count_tokens(self, prompt: Prompt, *, schema: Schema, deadline_s: float) -> int:
        """Return an upper bound: no token is shorter than a byte. Nothing is sent."""
        return byte_bound(prompt, schema)

    async def complete(self, prompt: Prompt, *, schema: Schema, deadline_s: float) -> Completion:
        """Return the answer to `prompt`; see `Model.complete`."""
        started = monotonic_ns()
        body = self._body(prompt, schema)

        async def attempt() -> bytes:
            return await self._client.post(self._url, body, now=self._clock.now())

        raw, attempts = await answered(
            attempt,
            deadline_s=deadline_s,
            max_attempts=self._config.max_attempts,
            timed_out=lambda: ModelTimeout(
                f"no whole answer from {self.name} within {deadline_s:g} s", cost_usd=None
            ),
        )
        return self._completion(raw, (monotonic_ns() - started) // 1_000_000, attempts)

    async def aclose(self) -> None:
        """Close connections."""
        await self._client.aclose()

    def _body(self, prompt: Prompt, schema: Schema) -> dict[str, Any]:
        return {
            "model": self.name,
            "temperature": TEMPERATURE,
            "max_completion_tokens": self._config.max_output_tokens,
            "messages": messages(prompt),
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": dict(schema)},
            },
        }

    def _completion(self, raw: bytes, took_ms: int, attempts: int) -> Completion:
        try:
            held = _DECODER.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ModelAnswerInvalid(
                f"the answer of {self.provider} has another shape", cost_usd=None
            ) from None
        usage = _checked_usage(held.usage, self.provider)
        cost = cost_usd(usage, self._price)
        try:
            answer, reason = self._answer(held)
        except ModelError as error:
            error.cost_usd, error.usage = cost, usage
            raise
        return Completion(
            answer=answer,
            model=self.name,
            input_tokens=usage.all_input,
            output_tokens=usage.output_tokens,
            cached_tokens=usage.cache_read_tokens,
            cost_usd=cost,
            took_ms=took_ms,
            stop_reason=reason,
            request_id=held.id[:100] if held.id.isprintable() else "",
            attempts=attempts,
        )

    def _answer(self, held: _Answer) -> tuple[bytes, str]:
        if len(held.choices) != 1:
            raise ModelAnswerInvalid(f"expected one answer, got {len(held.choices)}")
        choice = held.choices[0]
        if choice.message.refusal or choice.finish_reason == "content_filter":
            raise ModelRefused(f"{self.name} declined to answer")
        if choice.finish_reason != "stop":
            raise ModelAnswerInvalid(f"the answer of {self.name} is not whole")
        if choice.message.tool_calls or choice.message.content is None:
            raise ModelAnswerInvalid("the answer holds something else than text")
        return one_object(choice.message.content), choice.finish_reason


def messages(prompt: Prompt) -> list[dict[str, str]]:
    """Return the prompt as a chat: instructions apart from what comes from outside."""
    return [
        {"role": "system", "content": prompt.system},
        {"role": "user", "content": f"{prompt.context}\n\n{prompt.question}"},
    ]


def byte_bound(prompt: Prompt, schema: Schema) -> int:
    """Return a number of tokens that a call cannot exceed: its bytes and a frame."""
    texts = (prompt.system, prompt.context, prompt.question)
    sent = sum(len(text.encode(errors="replace")) for text in texts)
    return sent + len(msgspec.json.encode(dict(schema))) + ENVELOPE_TOKENS


def _checked_usage(reported: _Usage, provider: str) -> Usage:
    cached = reported.prompt_tokens_details.cached_tokens if reported.prompt_tokens_details else 0
    if not 0 <= cached <= reported.prompt_tokens or reported.completion_tokens < 0:
        raise ModelAnswerInvalid(
            f"{provider} reports numbers of tokens that cannot be", cost_usd=None
        )
    return Usage(
        input_tokens=reported.prompt_tokens - cached,
        output_tokens=reported.completion_tokens,
        cache_read_tokens=cached,
    )
