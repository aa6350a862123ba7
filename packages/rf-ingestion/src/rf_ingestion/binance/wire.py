"""Binance spot messages as the venue sends them, limited to the fields that we read.

Unknown fields are ignored. Numbers come as text or as JSON numbers; decode with
``strict=False``. The limits below stand in the types, so that a decoded struct holds no NaN, no
infinity, no price of zero and no id that 63 bits cannot hold. Source of the samples: Binance's
own documentation, by way of ``shared/payloads/binance``.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any, Generic, Literal, TypeVar

from msgspec import Meta, Struct

Px = Annotated[float, Meta(gt=0, le=sys.float_info.max)]
"""A price or a traded size: finite and above zero."""

Qty = Annotated[float, Meta(ge=0, le=sys.float_info.max)]
"""The size of a book level: finite, zero removes the level."""

Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Stamp = Annotated[int, Meta(gt=0, le=2**63 - 1)]
"""A time in the unit that the connection asked for, milliseconds unless told otherwise."""

Interval = Literal[
    "1s",
    "1m",
    "3m",
    "5m",
    "15m",
    "30m",
    "1h",
    "2h",
    "4h",
    "6h",
    "8h",
    "12h",
    "1d",
    "3d",
    "1w",
    "1M",
]
Levels = tuple[tuple[Px, Qty], ...]
T = TypeVar("T")


class Combined(Struct, Generic[T], gc=False):
    """The wrapper of the combined stream; the name of the stream is read by hand.

    ``{"stream":"btcusdt@trade","data":{...}}``
    """

    data: T


class BookTicker(
    Struct,
    gc=False,
    rename={
        "update_id": "u",
        "symbol": "s",
        "bid_px": "b",
        "bid_qty": "B",
        "ask_px": "a",
        "ask_qty": "A",
    },
):
    """Best bid and ask of ``<symbol>@bookTicker``; spot sends no kind and no time.

    ``{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000",
    "A":"40.66000000"}``
    """

    update_id: Id
    symbol: str
    bid_px: Px
    bid_qty: Px
    ask_px: Px
    ask_qty: Px


class Print(
    Struct,
    gc=False,
    kw_only=True,
    rename={
        "symbol": "s",
        "trade_id": "t",
        "px": "p",
        "qty": "q",
        "traded_at": "T",
        "buyer_is_maker": "m",
    },
):
    """One trade of ``<symbol>@trade``; the buyer being the maker means that the aggressor sold.

    ``{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100",
    "T":1672515782136,"m":true,"M":true}``
    """

    symbol: str
    trade_id: Id
    px: Px
    qty: Px
    traded_at: Stamp
    buyer_is_maker: bool | None = None


class AggregatePrint(Print, gc=False, kw_only=True, rename={"trade_id": "a"}):
    """Fills of one order at one price, ``<symbol>@aggTrade``, numbered in a series of its own.

    ``{"e":"aggTrade","E":1672515782136,"s":"BNBBTC","a":12345,"p":"0.001","q":"100","f":100,
    "l":105,"T":1672515782136,"m":true,"M":true}``
    """

    trade_id: Id


class Candle(
    Struct,
    gc=False,
    rename={
        "opened_at": "t",
        "closes_at": "T",
        "interval": "i",
        "open_px": "o",
        "high_px": "h",
        "low_px": "l",
        "close_px": "c",
        "volume": "v",
        "is_closed": "x",
    },
):
    """The inner part of `Kline`; it ends one unit of time before the next one opens."""

    opened_at: Stamp
    closes_at: Stamp
    interval: Interval
    open_px: Px
    high_px: Px
    low_px: Px
    close_px: Px
    volume: Qty
    is_closed: bool


class Kline(Struct, gc=False, rename={"symbol": "s", "candle": "k"}):
    """A bar of ``<symbol>@kline_<interval>``; only the last message of a bar has ``x`` true.

    ``{"e":"kline","E":1672515840010,"s":"BNBBTC","k":{"t":1672515780000,"T":1672515839999,
    "s":"BNBBTC","i":"1m","f":100,"L":233,"o":"0.0010","c":"0.0021","h":"0.0025","l":"0.0015",
    "v":"1210","n":134,"x":true,"q":"1.0000","V":"500","Q":"0.500","B":"123456"}}``
    """

    symbol: str
    candle: Candle


class DepthUpdate(
    Struct,
    gc=False,
    rename={
        "sent_at": "E",
        "symbol": "s",
        "first_id": "U",
        "last_id": "u",
        "bids": "b",
        "asks": "a",
    },
):
    """New absolute sizes of some levels, ``<symbol>@depth@100ms``.

    ``{"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":157,"u":160,"b":[["0.0024","10"]],
    "a":[["0.0026","100"]]}``
    """

    sent_at: Stamp
    symbol: str
    first_id: Id
    last_id: Id
    bids: Levels
    asks: Levels


class Depth(Struct, gc=False, rename="camel"):
    """A whole book: the REST snapshot, and the frames of ``<symbol>@depth5`` (10, 20).

    Neither symbol nor time stand in it.

    ``{"lastUpdateId":1027024,"bids":[["4.00000000","431.00000000"]],
    "asks":[["4.00000200","12.00000000"]]}``
    """

    last_update_id: Id
    bids: Levels
    asks: Levels


class SymbolFilter(Struct, rename="camel"):
    """One trading rule of a symbol; each kind fills other fields.

    ``{"filterType":"LOT_SIZE","minQty":"0.00001000","maxQty":"9000.00000000",
    "stepSize":"0.00001000"}``
    """

    filter_type: str
    tick_size: str | None = None
    step_size: str | None = None
    max_qty: str | None = None
    min_notional: str | None = None


class SymbolInfo(Struct, rename="camel"):
    """One symbol of the exchange information.

    ``{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT",
    "filters":[{"filterType":"PRICE_FILTER","tickSize":"0.01000000"}]}``
    """

    symbol: str
    status: str
    quote_asset: str
    filters: list[SymbolFilter]


class ExchangeInfo(Struct):
    """Answer of ``GET /api/v3/exchangeInfo``; the symbols are decoded one by one.

    ``{"timezone":"UTC","serverTime":1795185000000,"rateLimits":[],"symbols":[]}``
    """

    symbols: list[Any]


class Answer(Struct, frozen=True):
    """What the stream says to a request of ours, or to a mistake in one.

    ``{"result":null,"id":1}``, ``{"code":2,"msg":"Invalid request: too many parameters"}``; an
    answer is never wrapped, also on the combined stream, and a refusal may lack the id.
    """

    id: int | str | None
    code: int | None = None
    msg: str = ""

    @property
    def is_error(self) -> bool:
        """True when the venue refused."""
        return self.code is not None
