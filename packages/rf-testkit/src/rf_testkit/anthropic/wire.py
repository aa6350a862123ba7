r"""The shapes of the Messages API: messages, stream events, errors.

A stream, as it is sent::

    event: message_start
    data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant",...}}

    event: content_block_start
    data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

    event: ping
    data: {"type":"ping"}

    event: content_block_delta
    data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{\""}}

    event: content_block_stop
    data: {"type":"content_block_stop","index":0}

    event: message_delta
    data: {"type":"message_delta","delta":{"stop_reason":"end_turn",...},"usage":{...}}

    event: message_stop
    data: {"type":"message_stop"}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

_CHUNK = 24


class Tokens(NamedTuple):
    """What a call uses, as the API reports it; a token is four bytes here."""

    input_tokens: int
    cache_creation: int
    cache_read: int
    output_tokens: int

    def usage(self, output_tokens: int) -> dict[str, Any]:
        """Return the object of the wire with so many output tokens so far."""
        return {
            "input_tokens": self.input_tokens,
            "cache_creation_input_tokens": self.cache_creation,
            "cache_read_input_tokens": self.cache_read,
            "output_tokens": output_tokens,
            "service_tier": "standard",
        }


class Reply(NamedTuple):
    """One message to be sent."""

    message_id: str
    model: str
    block: dict[str, Any]
    stop_reason: str
    tokens: Tokens


def tokens_of(text: str) -> int:
    """Return the tokens of `text`: a quarter of its bytes, rounded up."""
    return -(-len(text.encode(errors="replace")) // 4)


def event(kind: str, **fields: Any) -> bytes:
    """Return one event of the stream."""
    return raw_event(kind, msgspec.json.encode({"type": kind, **fields}))


def raw_event(kind: str, line: bytes) -> bytes:
    """Return one event whose data is `line`."""
    return b"event: " + kind.encode() + b"\ndata: " + line + b"\n\n"


def message(reply: Reply) -> dict[str, Any]:
    """Return the whole message as one object."""
    return {
        **_head(reply),
        "content": [reply.block],
        "stop_reason": reply.stop_reason,
        "usage": reply.tokens.usage(reply.tokens.output_tokens),
    }


def opening(reply: Reply) -> bytes:
    """Return the event with which a message begins."""
    return event("message_start", message=_head(reply))


def middle(reply: Reply) -> Iterator[bytes]:
    """Yield the events of the one block, with a ping among them."""
    is_text = reply.block["type"] == "text"
    empty: dict[str, Any] = {"text": ""} if is_text else {"input": {}}
    yield event("content_block_start", index=0, content_block={**reply.block, **empty})
    yield event("ping")
    words = reply.block["text"] if is_text else msgspec.json.encode(reply.block["input"]).decode()
    size = max(_CHUNK, len(words) // 200)
    for at in range(0, len(words), size):
        part = words[at : at + size]
        delta = (
            {"type": "text_delta", "text": part}
            if is_text
            else {"type": "input_json_delta", "partial_json": part}
        )
        yield event("content_block_delta", index=0, delta=delta)
    yield event("content_block_stop", index=0)


def closing(reply: Reply) -> Iterator[bytes]:
    """Yield the events with which a message ends."""
    delta = {"stop_reason": reply.stop_reason, "stop_sequence": None}
    usage = reply.tokens.usage(reply.tokens.output_tokens)
    yield event("message_delta", delta=delta, usage=usage)
    yield event("message_stop")


def error_body(error_type: str, words: str, request_id: str) -> dict[str, Any]:
    """Return the object of an error."""
    return {
        "type": "error",
        "error": {"type": error_type, "message": words, "details": None},
        "request_id": request_id,
    }


def _head(reply: Reply) -> dict[str, Any]:
    return {
        "id": reply.message_id,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": reply.tokens.usage(1),
    }
