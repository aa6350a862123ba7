"""What a server tells us about coming back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from rf_common.clock import NANOS_PER_SECOND, UnixNanos

_MAX_DIGITS = 9


def retry_after_s(headers: Mapping[str, str], now: UnixNanos) -> float | None:
    """Return the seconds of a ``Retry-After`` header, None if there is none to obey.

    Parameters
    ----------
    headers : mapping
        Response headers; the case of names does not matter.
    now : UnixNanos
        Present time, to which an HTTP date is compared.

    Notes
    -----
    Seconds and HTTP dates are understood (RFC 9110, section 10.2.3). A header that is not
    readable and a date in the past count as none: the caller's own back-off applies.

    Examples
    --------
    >>> retry_after_s({"retry-after": "120"}, UnixNanos(0))
    120.0
    """
    for name, value in headers.items():
        if name.lower() == "retry-after":
            text = value.strip()
            if text.isascii() and text.isdigit():
                return float(text) if len(text) <= _MAX_DIGITS else None
            return _until(text, now)
    return None


def _until(date: str, now: UnixNanos) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
        seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - now / NANOS_PER_SECOND
    except (ValueError, OverflowError):
        return None
    return seconds if seconds >= 0 else None
