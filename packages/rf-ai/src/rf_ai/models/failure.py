"""What a provider's refusal means, in our words and without its or our secrets.

Texts that come from outside are masked, put on one line, freed of control characters and cut:
they end up in logs and on terminals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from rf_ai.errors import (
    ModelError,
    ModelKeyRefused,
    ModelOverloaded,
    ModelRateLimited,
    ModelRequestRefused,
    ModelUnavailable,
)
from rf_common.clock import UnixNanos
from rf_common.secret import Redactor, Secret
from rf_net.retry import retry_after_s

_MAX_TEXT = 200
_MAX_WAIT_S = 86_400.0
_REPEATABLE = {408, 409, 429}
_BY_TYPE: Mapping[str, type[ModelError]] = {
    "rate_limit_error": ModelRateLimited,
    "overloaded_error": ModelOverloaded,
    "authentication_error": ModelKeyRefused,
    "permission_error": ModelKeyRefused,
    "billing_error": ModelKeyRefused,
    "invalid_request_error": ModelRequestRefused,
    "not_found_error": ModelRequestRefused,
    "request_too_large": ModelRequestRefused,
}
_BY_STATUS: Mapping[int, type[ModelError]] = {
    401: ModelKeyRefused,
    402: ModelKeyRefused,
    403: ModelKeyRefused,
    429: ModelRateLimited,
    503: ModelOverloaded,
    529: ModelOverloaded,
}


class Refusal(NamedTuple):
    """An answer that is an error, as the provider words it."""

    status: int
    kind: str
    message: str
    headers: Mapping[str, str]


def key_name(provider: str) -> str:
    """Return the name of a provider's key in the environment."""
    return f"{provider.upper()}_API_KEY"


def checked_key(key: Secret, provider: str) -> Secret:
    """Return `key` if it can be one.

    Raises
    ------
    ModelKeyRefused
        If it is empty, or holds what a header cannot carry. The value is not told.
    """
    value = key.reveal()
    fix = f"put {key_name(provider)} into .env, or into the environment"
    if not key:
        raise ModelKeyRefused(f"there is no {provider} key", detail="nothing was sent", fix=fix)
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ModelKeyRefused(
            f"the {provider} key holds characters that no key has ({key})",
            detail="nothing was sent",
            fix=fix,
        )
    return key


def refused(
    provider: str, model: str, refusal: Refusal, *, key: Secret, now: UnixNanos
) -> ModelError:
    """Return the state that a refusal before any work means; it cost nothing.

    Parameters
    ----------
    provider : str
        Who answered, for the message.
    model : str
        Which model was asked.
    refusal : Refusal
        What came back.
    key : Secret
        Masked should it occur in the text.
    now : UnixNanos
        To read a ``Retry-After`` date.
    """
    kind = _kind(refusal)
    wait_s = asked_wait_s(refusal.headers, now)
    text = safe_text(refusal.message, key)
    status = f"HTTP {refusal.status}" if refusal.status >= 400 else "an error in the stream"
    asked = f", wait {wait_s:g} s" if wait_s is not None else ""
    shown = f": {text}" if text else ""
    return kind(
        f"{provider} refused the call to {model} ({status}{asked}){shown}",
        retry_after_s=wait_s,
        repeatable=_is_repeatable(kind, refusal),
        request_id=safe_text(_header(refusal.headers, "request-id"), key),
        fix=_fix(kind, provider),
    )


def safe_text(text: object, key: Secret) -> str:
    """Return outside text for one line of a log, masked and cut."""
    if not isinstance(text, str):
        return ""
    masked = Redactor([key]).text(text[:4_096])
    line = " ".join("".join(c if c.isprintable() else " " for c in masked).split())
    return line if len(line) <= _MAX_TEXT else line[: _MAX_TEXT - 1] + "…"


def asked_wait_s(headers: Mapping[str, str], now: UnixNanos) -> float | None:
    """Return the seconds a provider asks us to wait, None if it asks nothing readable.

    Examples
    --------
    >>> asked_wait_s({"Retry-After-Ms": "1500", "Retry-After": "9"}, UnixNanos(0))
    1.5
    """
    millis = _number(_header(headers, "retry-after-ms"))
    if millis is not None:
        return millis / 1000
    seconds = _number(_header(headers, "retry-after"))
    return seconds if seconds is not None else retry_after_s(headers, now)


def _kind(refusal: Refusal) -> type[ModelError]:
    if refusal.kind in _BY_TYPE:
        return _BY_TYPE[refusal.kind]
    if refusal.status in _BY_STATUS:
        return _BY_STATUS[refusal.status]
    if 400 <= refusal.status < 500 and refusal.status not in _REPEATABLE:
        return ModelRequestRefused
    return ModelUnavailable


def _is_repeatable(kind: type[ModelError], refusal: Refusal) -> bool:
    told = _header(refusal.headers, "x-should-retry").lower()
    if told in {"true", "false"}:
        return told == "true"
    if kind in {ModelRateLimited, ModelOverloaded}:
        return True
    return refusal.status in _REPEATABLE or refusal.status >= 500


def _header(headers: Mapping[str, str], name: str) -> str:
    for key, value in headers.items():
        if key.lower() == name:
            return value
    return ""


def _number(text: str) -> float | None:
    try:
        value = float(text) if len(text) < 32 else math.nan
    except ValueError:
        return None
    return value if 0 <= value <= _MAX_WAIT_S * 1000 else None


def _fix(kind: type[ModelError], provider: str) -> str:
    if kind is ModelKeyRefused:
        return f"put a working key into .env: {key_name(provider)}"
    if kind is ModelRequestRefused:
        return "compare the names of the models and ai.effort with the provider's"
    return ""
