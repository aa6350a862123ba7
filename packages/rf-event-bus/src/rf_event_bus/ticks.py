"""Many quotes and trades in one piece: columns that NumPy reads where they lie.

A table of instruments stands once at the head, then each column in one run, wider ones first,
so that every number is aligned. Reading makes no object per tick and checks what a kernel will
rely on: sizes, indices, finite numbers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import starmap
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from rf_common.enums import Side
from rf_common.events import Quote, Trade
from rf_common.ids import InstrumentId
from rf_event_bus.errors import Undecodable, Unencodable
from rf_event_bus.postcard import codec

FloatColumn = npt.NDArray[np.float64]
LongColumn = npt.NDArray[np.int64]
IndexColumn = npt.NDArray[np.int32]
ByteColumn = npt.NDArray[np.int8]

_SIDES = (Side.SELL, None, Side.BUY)
_CODES = {side: code for code, side in enumerate(_SIDES, -1)}

_I64, _F64, _I32, _I8 = (np.dtype(name) for name in ("<i8", "<f8", "<i4", "i1"))
_QUOTE = (_I64, _I64, _F64, _F64, _F64, _F64, _I32)
_TRADE = (_I64, _I64, _F64, _F64, _I32, _I8)


class _Block(msgspec.Struct, frozen=True):
    instruments: tuple[InstrumentId, ...]
    count: int
    columns: bytes


class _Run(msgspec.Struct, frozen=True):
    """A run of both kinds; `trades_at` holds a byte a tick, 1 for a trade, if there are both."""

    trades_at: bytes
    quotes: bytes
    trades: bytes


_BLOCK = codec(_Block)
_RUN = codec(_Run)


class QuoteColumns(NamedTuple):
    """Quotes, each column of shape (n,); `instrument` indexes `instruments`."""

    instruments: tuple[InstrumentId, ...]
    instrument: IndexColumn
    ts: LongColumn
    bid_px: FloatColumn
    bid_qty: FloatColumn
    ask_px: FloatColumn
    ask_qty: FloatColumn
    update_id: LongColumn

    def events(self) -> list[Quote]:
        """Return the quotes one by one."""
        ids = [self.instruments[index] for index in self.instrument.tolist()]
        rest = (column.tolist() for column in self[2:])
        return list(starmap(Quote, zip(ids, *rest, strict=True)))


class TradeColumns(NamedTuple):
    """Trades, each column of shape (n,); `aggressor` is 1 buy, -1 sell, 0 not said."""

    instruments: tuple[InstrumentId, ...]
    instrument: IndexColumn
    ts: LongColumn
    px: FloatColumn
    qty: FloatColumn
    aggressor: ByteColumn
    trade_id: LongColumn

    def events(self) -> list[Trade]:
        """Return the trades one by one."""
        ids = [self.instruments[index] for index in self.instrument.tolist()]
        sides = [_SIDES[code + 1] for code in self.aggressor.tolist()]
        ts, px, qty, trade_id = (
            column.tolist() for column in (self.ts, self.px, self.qty, self.trade_id)
        )
        return list(starmap(Trade, zip(ids, ts, px, qty, sides, trade_id, strict=True)))


class TickColumns(NamedTuple):
    """Quotes and trades of one run; `is_trade` (n,) says which of them stands at each place."""

    is_trade: npt.NDArray[np.bool_]
    quotes: QuoteColumns
    trades: TradeColumns

    def events(self) -> list[Quote | Trade]:
        """Return quotes and trades in the order in which they were told."""
        quotes: Iterator[Quote | Trade] = iter(self.quotes.events())
        trades: Iterator[Quote | Trade] = iter(self.trades.events())
        return [next(trades if is_trade else quotes) for is_trade in self.is_trade.tolist()]


def pack_quotes(quotes: Sequence[Quote]) -> bytes:
    """Return quotes as columns.

    Raises
    ------
    Unencodable
        If a number is NaN, infinite or beyond 64 bits.
    """
    return _pack(
        [quote.instrument_id for quote in quotes],
        [quote.ts_event for quote in quotes] + [quote.update_id for quote in quotes],
        [quote.bid_px for quote in quotes]
        + [quote.bid_qty for quote in quotes]
        + [quote.ask_px for quote in quotes]
        + [quote.ask_qty for quote in quotes],
    )


def pack_trades(trades: Sequence[Trade]) -> bytes:
    """Return trades as columns; raises as `pack_quotes`."""
    return _pack(
        [trade.instrument_id for trade in trades],
        [trade.ts_event for trade in trades] + [trade.trade_id for trade in trades],
        [trade.px for trade in trades] + [trade.qty for trade in trades],
        [_CODES[trade.aggressor] for trade in trades],
    )


def pack_ticks(ticks: Sequence[Quote | Trade]) -> bytes:
    """Return a run of quotes and trades, in their order; raises as `pack_quotes`."""
    kinds = set(map(type, ticks))
    if kinds == {Quote}:
        return _RUN.encode(_Run(b"", pack_quotes(ticks), b""))  # type: ignore[arg-type]  # just seen
    quotes = [tick for tick in ticks if isinstance(tick, Quote)]
    trades = [tick for tick in ticks if isinstance(tick, Trade)]
    places = bytes(type(tick) is Trade for tick in ticks) if quotes else b""
    return _RUN.encode(_Run(places, pack_quotes(quotes) if quotes else b"", pack_trades(trades)))


def unpack_quotes(data: bytes) -> QuoteColumns:
    """Return the columns that lie in `data`, not copied and read-only.

    Raises
    ------
    Undecodable
        If `data` is not what `pack_quotes` makes.
    """
    ids, (ts, update_id, bid_px, bid_qty, ask_px, ask_qty, index) = _unpack(data, _QUOTE)
    return QuoteColumns(ids, index, ts, bid_px, bid_qty, ask_px, ask_qty, update_id)


def unpack_trades(data: bytes) -> TradeColumns:
    """Return the columns that lie in `data`, not copied and read-only.

    Raises
    ------
    Undecodable
        If `data` is not what `pack_trades` makes.
    """
    ids, (ts, trade_id, px, qty, index, aggressor) = _unpack(data, _TRADE)
    if not ((aggressor >= -1) & (aggressor <= 1)).all():
        raise Undecodable("aggressor: expected -1, 0 or 1")
    return TradeColumns(ids, index, ts, px, qty, aggressor, trade_id)


def unpack_ticks(data: bytes) -> TickColumns:
    """Return the columns of a run.

    Raises
    ------
    Undecodable
        If `data` is not what `pack_ticks` makes.
    """
    run = _RUN.decode(data)
    quotes = unpack_quotes(run.quotes) if run.quotes else _NO_QUOTES
    trades = unpack_trades(run.trades) if run.trades else _NO_TRADES
    counts = len(quotes.ts), len(trades.ts)
    places = np.frombuffer(run.trades_at, np.uint8)
    if not all(counts):
        places = np.full(sum(counts), counts[0] == 0, np.uint8)
    found = int((places == 0).sum()), int((places == 1).sum())
    if found != counts or sum(found) != len(places):
        raise Undecodable(f"expected places of {counts} quotes and trades, was {found}")
    return TickColumns(places.view(np.bool_), quotes, trades)


def _pack(
    ids: list[InstrumentId], longs: list[int], floats: list[float], codes: Sequence[int] = ()
) -> bytes:
    table = {name: index for index, name in enumerate(dict.fromkeys(ids))}
    index = [table[name] for name in ids]
    form = f"<{len(longs)}q{len(floats)}d{len(index)}i{len(codes)}b"
    try:
        raw = struct.pack(form, *longs, *floats, *index, *codes)
    except (struct.error, OverflowError) as error:
        raise Unencodable(f"expected columns of 64-bit numbers: {error}") from error
    if not np.isfinite(np.frombuffer(raw, _F64, len(floats), 8 * len(longs))).all():
        raise Unencodable("expected finite numbers, was NaN or infinite")
    return _BLOCK.encode(_Block(tuple(table), len(index), raw))


def _unpack(
    data: bytes, kinds: Sequence[np.dtype[Any]]
) -> tuple[tuple[InstrumentId, ...], list[Any]]:
    block = _BLOCK.decode(data)
    count, width = block.count, sum(kind.itemsize for kind in kinds)
    if len(block.columns) != count * width:
        raise Undecodable(
            f"expected {count} ticks of {width} bytes, was {len(block.columns)} bytes of columns"
        )
    columns, at = [], 0
    for kind in kinds:
        columns.append(np.frombuffer(block.columns, kind, count, at))
        at += count * kind.itemsize
    if not all(np.isfinite(column).all() for column in columns if column.dtype == _F64):
        raise Undecodable("expected finite numbers, was NaN or infinite")
    index = columns[kinds.index(_I32)]
    if count and not 0 <= int(index.min()) <= int(index.max()) < len(block.instruments):
        raise Undecodable(f"instrument: expected an index below {len(block.instruments)}")
    return block.instruments, columns


_NO_QUOTES = unpack_quotes(pack_quotes(()))
_NO_TRADES = unpack_trades(pack_trades(()))
