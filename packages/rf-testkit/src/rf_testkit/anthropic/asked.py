"""What was asked: the checks that the real API makes of a request, and the request kept.

Known here: the key as ``authorization`` or ``x-api-key`` header, ``anthropic-version``, and of
the body ``model``, ``max_tokens``, ``messages``, ``system``, ``stream``, ``output_config`` and
``cache_control``.
From version 2026-10-21 on sampling parameters are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

VERSIONS = ("2023-06-01", "2026-10-21")
MAX_REQUEST_BYTES = 32 * 1_048_576
_SAMPLING = ("temperature", "top_p", "top_k")
_MAX_BREAKPOINTS = 4
_MAX_OUTPUT = 128_000


class Asked(NamedTuple):
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    raw: bytes
    body: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The key it came with."""
        return key_of(self.headers)

    @property
    def system(self) -> str:
        """The instructions."""
        return "".join(blocks(self.body.get("system", "")))

    @property
    def user(self) -> str:
        """Everything in user turns."""
        turns = self.body.get("messages", ())
        return "\n".join("\n".join(blocks(turn.get("content", ""))) for turn in turns)

    @property
    def schema(self) -> Mapping[str, Any]:
        """The schema of the answer, empty if none was given."""
        chosen = (self.body.get("output_config") or {}).get("format") or {}
        return chosen.get("schema") or {}


class Complaint(NamedTuple):
    """Why a request is refused."""

    status: int
    error_type: str
    message: str


def key_of(headers: Mapping[str, str]) -> str:
    """Return the key: clients of version 2026-10-21 send it as a bearer token."""
    return headers.get("x-api-key", "") or headers.get("authorization", "").removeprefix("Bearer ")


def blocks(content: object) -> list[str]:
    """Return the texts of a content, given as one text or as blocks."""
    if isinstance(content, str):
        return [content]
    return [block.get("text", "") for block in content if isinstance(block, dict)]  # type: ignore[attr-defined]


def complaint(
    headers: Mapping[str, str], raw: bytes, *, keys: frozenset[str], models: frozenset[str]
) -> Complaint | None:
    """Return why the real API would refuse, None if it would not.

    Parameters
    ----------
    headers : mapping
        Of the request, names in lower case.
    raw : bytes
        Its body.
    keys, models : frozenset of str
        What is accepted; empty accepts every key, or every model that begins with ``claude-``.
    """
    key = key_of(headers)
    if not key:
        return Complaint(401, "authentication_error", "an API key is required")
    if keys and key not in keys:
        return Complaint(401, "authentication_error", "invalid API key")
    version = headers.get("anthropic-version", "")
    if version not in VERSIONS:
        return _bad(f"anthropic-version: {version!r} is not a valid version")
    if len(raw) > MAX_REQUEST_BYTES:
        return Complaint(413, "request_too_large", "Request exceeds the maximum size")
    try:
        body = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return _bad("The request body is not valid JSON")
    if not isinstance(body, dict):
        return _bad("The request body is not an object")
    return _body_complaint(body, version, models)


def output_complaint(body: Mapping[str, Any]) -> Complaint | None:
    """Return what is wrong with ``max_tokens``; token counting does not take it."""
    most = body.get("max_tokens")
    if not isinstance(most, int) or isinstance(most, bool):
        return _bad("max_tokens: Field required")
    if not 1 <= most <= _MAX_OUTPUT:
        return _bad(f"max_tokens: {most} is not from 1 to {_MAX_OUTPUT}")
    return None


def _body_complaint(
    body: Mapping[str, Any], version: str, models: frozenset[str]
) -> Complaint | None:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        return _bad("model: Field required")
    if (models and model not in models) or not model.startswith("claude-"):
        return Complaint(404, "not_found_error", f"model: {model}")
    extra = [name for name in _SAMPLING if name in body]
    if extra and version >= "2026-10-21":
        return _bad(f"{extra[0]}: Extra inputs are not permitted")
    if body.get("tool_choice") is not None and not body.get("tools"):
        return _bad("tool_choice: tools are required")
    return (
        _messages_complaint(body.get("messages"))
        or _cache_complaint(body)
        or _schema_complaint(body)
    )


def _messages_complaint(turns: object) -> Complaint | None:
    if not isinstance(turns, list) or not turns:
        return _bad("messages: at least one message is required")
    for number, turn in enumerate(turns):
        if not isinstance(turn, dict) or turn.get("role") not in {"user", "assistant"}:
            return _bad(f"messages.{number}.role: Input should be 'user' or 'assistant'")
        if not any(text.strip() for text in blocks(turn.get("content") or "")):
            return _bad(f"messages.{number}: text content blocks must be non-empty")
    return None if turns[-1]["role"] == "user" else _bad("messages: prefill is not supported")


def _cache_complaint(body: Mapping[str, Any]) -> Complaint | None:
    marked = sum("cache_control" in block for block in all_blocks(body))
    if marked > _MAX_BREAKPOINTS:
        return _bad(f"A maximum of {_MAX_BREAKPOINTS} blocks with cache_control may be provided")
    return None


def _schema_complaint(body: Mapping[str, Any]) -> Complaint | None:
    chosen = (body.get("output_config") or {}).get("format")
    if chosen is None:
        return None
    if chosen.get("type") != "json_schema" or not isinstance(chosen.get("schema"), dict):
        return _bad("output_config.format: expected a json_schema")
    open_at = _open_object(chosen["schema"], "schema")
    if open_at:
        return _bad(f"output_config.format.{open_at}: additionalProperties must be false")
    return None


def all_blocks(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the blocks of system and turns in their order, those that are objects."""
    contents = [body.get("system") or "", *(turn.get("content") for turn in body["messages"])]
    return [
        block
        for content in contents
        if isinstance(content, list)
        for block in content
        if isinstance(block, dict)
    ]


def _open_object(schema: Any, at: str) -> str:
    """Return the place of the first object that allows other keys, empty if there is none."""
    if isinstance(schema, list):
        parts = [_open_object(part, f"{at}.{n}") for n, part in enumerate(schema)]
        return next(filter(None, parts), "")
    if not isinstance(schema, dict):
        return ""
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        return at
    return next(filter(None, (_open_object(v, f"{at}.{k}") for k, v in schema.items())), "")


def _bad(message: str) -> Complaint:
    return Complaint(400, "invalid_request_error", message)
