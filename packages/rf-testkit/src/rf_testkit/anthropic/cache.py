"""The prompt cache: prefixes that were marked before are read, new ones are written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from rf_testkit.anthropic.asked import all_blocks
from rf_testkit.anthropic.wire import Tokens, tokens_of

MIN_TOKENS = 512
_LIFE_S = 300.0
_FRAME = 12


class PromptCache:
    """Remembers marked prefixes per model for five minutes; shorter ones than the least are not.

    Parameters
    ----------
    min_tokens : int
        Prefixes below it are not cached, as with the real API.
    """

    def __init__(self, min_tokens: int = MIN_TOKENS) -> None:
        self._min_tokens = min_tokens
        self._until: dict[str, float] = {}

    def tokens(self, body: Mapping[str, Any], answer: str, now_s: float) -> Tokens:
        """Return what a call uses, and keep its prefixes until `now_s` plus five minutes."""
        total = count(body)
        marked = self._marked(body)
        read = max((size for name, size in marked if self._until.get(name, 0.0) > now_s), default=0)
        written = max((size for _, size in marked), default=0)
        for name, _ in marked:
            self._until[name] = now_s + _LIFE_S
        return Tokens(
            input_tokens=total - max(read, written),
            cache_creation=max(0, written - read),
            cache_read=read,
            output_tokens=max(1, tokens_of(answer)),
        )

    def _marked(self, body: Mapping[str, Any]) -> list[tuple[str, int]]:
        """Return name and tokens of each marked prefix that is long enough."""
        so_far, found = str(body.get("model", "")), []
        size = 0
        for block in all_blocks(body):
            so_far += "\x00" + block.get("text", "")
            size += tokens_of(block.get("text", ""))
            if "cache_control" in block and size >= self._min_tokens:
                found.append((hashlib.sha256(so_far.encode(errors="replace")).hexdigest(), size))
        return found


def count(body: Mapping[str, Any]) -> int:
    """Return the input tokens of a request."""
    texts = [block.get("text", "") for block in all_blocks(body)]
    texts += [turn["content"] for turn in body["messages"] if isinstance(turn["content"], str)]
    system = body.get("system")
    texts += [system] if isinstance(system, str) else []
    return _FRAME + sum(map(tokens_of, texts))
