"""What a decoded message is: its kind, an answer of the venue, a whole book."""

from __future__ import annotations

from typing import Any

import msgspec

from rf_common.clock import UnixNanos
from rf_common.events import BookSnapshot, Level
from rf_common.ids import InstrumentId
from rf_ingestion.binance.wire import Answer, Depth

_TICKER_KEYS = frozenset("usbBaA")


def kind_of(row: dict[str, Any], stream: str) -> str:
    """Return the kind of a message: what it says, else what its stream's name says."""
    told = text_of(row, "e")
    if told:
        return told
    name = stream.partition("@")[2]
    if name.startswith("depth"):
        return "depthUpdate" if name[5:6] in {"", "@"} else "partialDepth"
    if name:
        return name.partition("_")[0]
    return "bookTicker" if row.keys() >= _TICKER_KEYS else ""


def text_of(row: dict[str, Any], key: str) -> str:
    """Return the text of a field, empty if it is missing or not a text."""
    value = row.get(key)
    return value if isinstance(value, str) else ""


def to_answer(item: object) -> Answer:
    """Return the answer that a decoded message is, in any of the forms in use.

    Raises
    ------
    msgspec.ValidationError
        If it is none.
    """
    if isinstance(item, dict):
        inner = item.get("error")
        if isinstance(inner, dict):
            item = {"id": None} | inner | {"id": item.get("id")}
        elif "result" in item:
            item = {"id": item.get("id")}
        else:
            item = {"id": None} | item
            if item.get("code") is None:
                raise msgspec.ValidationError("an answer without a result has a code")
    return msgspec.convert(item, Answer)


def to_snapshot(instrument_id: InstrumentId, now: UnixNanos, depth: Depth) -> BookSnapshot:
    """Return a whole book, best levels first, levels of size zero left out.

    Raises
    ------
    ValueError
        If a price stands twice on one side.
    """
    bids = _best_first(depth.bids, descending=True)
    asks = _best_first(depth.asks, descending=False)
    return BookSnapshot(instrument_id, now, depth.last_update_id, bids, asks)


def _best_first(levels: tuple[Level, ...], *, descending: bool) -> tuple[Level, ...]:
    if len({px for px, _ in levels}) != len(levels):
        raise ValueError("expected every price once")
    return tuple(sorted((level for level in levels if level[1] > 0), reverse=descending))
