"""Reads the events of one streamed message: its text, its tokens, why it stopped.

Events are typed by the SDK without being checked, so every field is looked at before it is used.
"""

from __future__ import annotations

from rf_ai.errors import ModelAnswerInvalid
from rf_ai.prices import Usage

_TEXT_BLOCKS = {"text", "thinking", "redacted_thinking"}
_MAX_TOKENS = 100_000_000


class MessageReader:
    """Takes events one by one.

    Raises
    ------
    ModelAnswerInvalid
        From `receive`, for an event that has no place in an answer, such as a tool call.
    """

    def __init__(self) -> None:
        self.began = False
        self.ended = False
        self.stop_reason = ""
        self.request_id = ""
        self.usage = Usage()
        self._parts: list[str] = []

    @property
    def text(self) -> str:
        """The text received so far."""
        return "".join(self._parts)

    def receive(self, event: object) -> None:
        """Take one event; kinds that are not known are passed over."""
        kind = getattr(event, "type", None)
        if kind == "message_start":
            self._start(event)
        elif kind == "content_block_start":
            self._block(getattr(event, "content_block", None))
        elif kind == "content_block_delta":
            self._delta(getattr(event, "delta", None))
        elif kind == "message_delta":
            self._end(event)
        elif kind == "message_stop":
            self.ended = self.began

    def _start(self, event: object) -> None:
        if self.began:
            raise ModelAnswerInvalid("the stream holds two messages")
        self.began = True
        self.usage = _usage(getattr(getattr(event, "message", None), "usage", None), Usage())

    def _block(self, block: object) -> None:
        kind = getattr(block, "type", None)
        if kind not in _TEXT_BLOCKS:
            raise ModelAnswerInvalid("the answer holds something else than text")
        if kind == "text":
            self._add(getattr(block, "text", ""))

    def _delta(self, delta: object) -> None:
        if getattr(delta, "type", None) == "text_delta":
            self._add(getattr(delta, "text", None))
        elif getattr(delta, "type", None) == "input_json_delta":
            raise ModelAnswerInvalid("the answer holds something else than text")

    def _end(self, event: object) -> None:
        self.usage = _usage(getattr(event, "usage", None), self.usage)
        reason = getattr(getattr(event, "delta", None), "stop_reason", None)
        if isinstance(reason, str):
            self.stop_reason = reason

    def _add(self, text: object) -> None:
        if not isinstance(text, str):
            raise ModelAnswerInvalid("the stream holds a text that is none")
        self._parts.append(text)


def _usage(reported: object, before: Usage) -> Usage:
    """Return cumulative counts; what an event does not tell stays as it was."""

    def count(name: str, known: int) -> int:
        value = getattr(reported, name, None)
        if value is None:
            return known
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_TOKENS:
            raise ModelAnswerInvalid(f"the stream reports {name} that cannot be")
        return value

    return Usage(
        input_tokens=count("input_tokens", before.input_tokens),
        output_tokens=count("output_tokens", before.output_tokens),
        cache_write_tokens=count("cache_creation_input_tokens", before.cache_write_tokens),
        cache_read_tokens=count("cache_read_input_tokens", before.cache_read_tokens),
    )
