"""A model on this machine, or in this house: Ollama's chat endpoint. It costs nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from rf_ai.config import AiConfig
from rf_ai.errors import ZERO, ModelAnswerInvalid, ModelError, ModelRequestRefused, ModelTimeout
from rf_ai.models.answer import one_object
from rf_ai.models.attempts import answered
from rf_ai.models.openai_shaped import TEMPERATURE, byte_bound, messages
from rf_ai.models.port import Completion, Prompt, Schema
from rf_ai.models.transport import JsonClient
from rf_common.clock import Clock, RealtimeClock, monotonic_ns
from rf_common.secret import Secret

_NO_KEY = Secret("")


class _Message(msgspec.Struct):
    content: str


class _Answer(msgspec.Struct):
    message: _Message
    done: bool
    done_reason: str = "stop"
    prompt_eval_count: int = 0
    eval_count: int = 0


_DECODER = msgspec.json.Decoder(_Answer)


class OllamaModel:
    """The model that ``ai.ollama_host`` serves under ``ai.ollama_model``.

    Parameters
    ----------
    config : AiConfig
        Address, model and limits.
    clock : Clock, optional
        To read ``Retry-After`` dates.

    Raises
    ------
    ModelRequestRefused
        If no model is named.
    """

    provider = "ollama"

    def __init__(self, config: AiConfig, *, clock: Clock | None = None) -> None:
        if not config.ollama_model:
            raise ModelRequestRefused(
                "there is no name of an Ollama model",
                detail="nothing was sent",
                fix="set OLLAMA_MODEL or ai.ollama_model; the names: ollama list",
            )
        self.name = config.ollama_model
        self._url = f"{config.ollama_host.rstrip('/')}/api/chat"
        self._config = config
        self._clock = clock or RealtimeClock()
        self._client = JsonClient("Ollama", self.name, key=_NO_KEY, max_bytes=config.max_bytes)

    def __repr__(self) -> str:
        return f"OllamaModel({self.name!r})"

    def worst_case_usd(self, input_tokens: int) -> Decimal:
        """Return nothing: it runs on our own electricity."""
        return ZERO

    async def count_tokens(self, prompt: Prompt, *, schema: Schema, deadline_s: float) -> int:
        """Return an upper bound: no token is shorter than a byte. Nothing is sent."""
        return byte_bound(prompt, schema)

    async def complete(self, prompt: Prompt, *, schema: Schema, deadline_s: float) -> Completion:
        """Return the answer to `prompt`; see `Model.complete`."""
        started = monotonic_ns()
        body = self._body(prompt, schema)

        async def attempt() -> bytes:
            return await self._client.post(self._url, body, now=self._clock.now())

        try:
            raw, attempts = await answered(
                attempt,
                deadline_s=deadline_s,
                max_attempts=self._config.max_attempts,
                timed_out=lambda: ModelTimeout(
                    f"no whole answer from {self.name} within {deadline_s:g} s",
                    fix="raise ai.ollama_timeout_s, or take a smaller model",
                ),
            )
        except ModelError as error:
            error.cost_usd = ZERO
            raise
        held = _decoded(raw)
        return Completion(
            answer=one_object(held.message.content),
            model=self.name,
            input_tokens=max(0, held.prompt_eval_count),
            output_tokens=max(0, held.eval_count),
            cached_tokens=0,
            cost_usd=ZERO,
            took_ms=(monotonic_ns() - started) // 1_000_000,
            stop_reason=held.done_reason,
            request_id="",
            attempts=attempts,
        )

    async def aclose(self) -> None:
        """Close connections."""
        await self._client.aclose()

    def _body(self, prompt: Prompt, schema: Schema) -> dict[str, Any]:
        return {
            "model": self.name,
            "messages": messages(prompt),
            "stream": False,
            "format": dict(schema),
            "options": {
                "temperature": TEMPERATURE,
                "num_predict": self._config.max_output_tokens,
            },
        }


def _decoded(raw: bytes) -> _Answer:
    try:
        held = _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ModelAnswerInvalid("the answer of Ollama has another shape") from None
    if not held.done or held.done_reason != "stop":
        raise ModelAnswerInvalid("the answer of Ollama is not whole")
    return held
