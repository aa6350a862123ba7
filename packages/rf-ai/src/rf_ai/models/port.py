"""What a model is to the rest of the house: a prompt in, one object out."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

import msgspec

Schema = Mapping[str, Any]
"""A JSON schema of one object."""


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent: instructions, the fenced context, and the question about it.

    The system text is the same for every call and is cached by the provider. The context is
    cached too unless `cache_context` is False: it pays when several questions follow about the
    same rows, and costs a quarter more when they do not.
    """

    system: str
    context: str
    question: str
    cache_context: bool = True


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: the bytes of one JSON object, what it took and what it cost.

    `input_tokens` counts all input, `cached_tokens` those of it that were read from the cache.
    """

    answer: bytes
    model: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost_usd: Decimal
    took_ms: int
    stop_reason: str
    request_id: str
    attempts: int = 1


class Model(Protocol):
    """Whatever can answer with an object of a schema."""

    @property
    def provider(self) -> str:
        """Short name of who runs it, such as ``anthropic``."""
        ...

    @property
    def name(self) -> str:
        """Name of the model as its provider spells it."""
        ...

    async def complete(self, prompt: Prompt, *, schema: Schema, deadline_s: float) -> Completion:
        """Return the answer to `prompt`.

        Parameters
        ----------
        prompt : Prompt
            What is asked.
        schema : mapping
            JSON schema of the answer; the caller still checks the answer against its own type.
        deadline_s : float
            For everything together: waiting, retries, every byte of the answer.

        Raises
        ------
        ModelError
            For every reason why there is no answer, as its own type.
        """
        ...

    async def count_tokens(self, prompt: Prompt, *, schema: Schema, deadline_s: float) -> int:
        """Return how many input tokens the call will have, or an upper bound.

        Raises
        ------
        ModelError
            If the provider does not tell.
        """
        ...

    def worst_case_usd(self, input_tokens: int) -> Decimal:
        """Return the most that a call with so many input tokens may cost, US dollars."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...
