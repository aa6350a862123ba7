"""The REST half of the fake: depth, exchange info, time, weights, and faults on demand."""

from __future__ import annotations

import asyncio
import math
import re
from collections import deque
from decimal import Decimal
from typing import NamedTuple, Protocol

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from rf_common.clock import NANOS_PER_MILLI, Clock
from rf_testkit.binance.book import DepthSnapshot
from rf_testkit.binance.settings import Settings, Stats
from rf_testkit.synthetic import listing_of

_SYMBOL = re.compile(r"[A-Z0-9\-_.]{1,20}")
_DEPTH_WEIGHTS = ((100, 5), (500, 25), (1_000, 50))
_MAX_DEPTH = 5_000
_WINDOW_S = 60.0
# Requests that are answered 429 before the address is banned.
_PATIENCE = 10
_BAN_S = 120.0


class Market(Protocol):
    """What the REST half asks of the market."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """What is listed."""
        ...

    def snapshot(self, symbol: str, limit: int) -> DepthSnapshot:
        """Return the book as REST tells it now."""
        ...


class RestFault(NamedTuple):
    """What happens to the next request for `path`; status 0 only delays it."""

    path: str
    status: int
    body: str
    content_type: str
    headers: dict[str, str]
    delay_s: float


class _Refused(Exception):
    def __init__(self, code: int, text: str, status: int = 400, retry_s: float = 0.0) -> None:
        super().__init__(text)
        self.code, self.status, self.retry_s = code, status, retry_s


class RestServer:
    """An aiohttp application over a market.

    Parameters
    ----------
    market : Market
        Where snapshots and symbols come from.
    settings : Settings
        For the weight limit.
    stats : Stats
        Counted into.
    clock : Clock
        For the server time.
    """

    def __init__(self, market: Market, settings: Settings, stats: Stats, clock: Clock) -> None:
        self._market = market
        self._limit = settings.weight_limit
        self._stats = stats
        self._clock = clock
        self._faults: deque[RestFault] = deque()
        self._used: deque[tuple[float, int]] = deque()
        self._refusals = 0
        self._banned_until = 0.0
        self.app = web.Application(middlewares=[self._middleware()])
        self.app.router.add_get("/api/v3/ping", self._ping)
        self.app.router.add_get("/api/v3/time", self._time)
        self.app.router.add_get("/api/v3/depth", self._depth)
        self.app.router.add_get("/api/v3/exchangeInfo", self._exchange_info)

    def add_fault(self, fault: RestFault, times: int) -> None:
        """Let `fault` happen to the next `times` requests for its path."""
        self._faults.extend([fault] * times)

    def _middleware(self) -> Middleware:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._stats.rest_requests += 1
            try:
                response = await self._faulty(request) or await handler(request)
            except _Refused as refused:
                response = _error(refused)
            except web.HTTPNotFound:
                response = web.Response(status=404, text="<html>404</html>")
            response.headers["X-MBX-USED-WEIGHT-1M"] = str(self._weight())
            return response

        return guard

    async def _faulty(self, request: web.Request) -> web.Response | None:
        fault = next((f for f in self._faults if request.path.startswith(f.path)), None)
        if fault is None:
            return None
        self._faults.remove(fault)
        self._stats.rest_faults += 1
        await asyncio.sleep(fault.delay_s)
        if fault.status == 0:
            return None
        return web.Response(
            status=fault.status,
            text=fault.body,
            content_type=fault.content_type,
            headers=fault.headers,
        )

    def _weight(self) -> int:
        horizon = asyncio.get_running_loop().time() - _WINDOW_S
        while self._used and self._used[0][0] <= horizon:
            self._used.popleft()
        return sum(weight for _, weight in self._used)

    def _charge(self, weight: int) -> None:
        """Count `weight`; over the limit refuse with 429, and ban who goes on."""
        now = asyncio.get_running_loop().time()
        if now < self._banned_until:
            raise self._banned(now)
        self._used.append((now, weight))
        if self._weight() <= self._limit:
            self._refusals = 0
            return
        self._refusals += 1
        if self._refusals > _PATIENCE:
            self._banned_until = now + _BAN_S
            raise self._banned(now)
        text = (
            f"Too much request weight used; current limit is {self._limit} request weight "
            "per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API."
        )
        raise _Refused(-1003, text, 429, self._used[0][0] + _WINDOW_S - now)

    def _banned(self, now: float) -> _Refused:
        left_s = self._banned_until - now
        until_ms = self._now_ms() + int(left_s * 1_000)
        text = (
            f"Way too much request weight used; IP banned until {until_ms}. "
            "Please use WebSocket Streams for live updates to avoid bans."
        )
        return _Refused(-1003, text, 418, left_s)

    def _now_ms(self) -> int:
        return self._clock.now() // NANOS_PER_MILLI

    async def _ping(self, _: web.Request) -> web.Response:
        self._charge(1)
        return _json({})

    async def _time(self, _: web.Request) -> web.Response:
        self._charge(1)
        return _json({"serverTime": self._now_ms()})

    async def _depth(self, request: web.Request) -> web.Response:
        limit = _limit_of(request.query.get("limit", "100"))
        self._charge(next((cost for top, cost in _DEPTH_WEIGHTS if limit <= top), 250))
        symbol = self._known(request.query.get("symbol", ""))
        return _json(self._market.snapshot(symbol, limit))

    async def _exchange_info(self, request: web.Request) -> web.Response:
        self._charge(20)
        symbols = [self._known(name) for name in _symbols_of(request, self._market.symbols)]
        return _json(
            {
                "timezone": "UTC",
                "serverTime": self._now_ms(),
                "rateLimits": [
                    _rate_limit("REQUEST_WEIGHT", "MINUTE", 1, self._limit),
                    _rate_limit("RAW_REQUESTS", "MINUTE", 5, 300_000),
                ],
                "exchangeFilters": [],
                "symbols": [_symbol_info(symbol) for symbol in symbols],
            }
        )

    def _known(self, symbol: str) -> str:
        if not symbol:
            raise _missing("symbol")
        if not _SYMBOL.fullmatch(symbol):
            raise _Refused(
                -1100,
                "Illegal characters found in parameter 'symbol'; "
                "legal range is '^[A-Z0-9-_.]{1,20}$'.",
            )
        if symbol not in self._market.symbols:
            raise _Refused(-1121, "Invalid symbol.")
        return symbol


def _limit_of(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise _missing("limit")
    return min(int(text), _MAX_DEPTH)


def _symbols_of(request: web.Request, listed: tuple[str, ...]) -> list[str]:
    if "symbol" in request.query:
        return [request.query["symbol"]]
    if "symbols" not in request.query:
        return list(listed)
    try:
        return msgspec.json.decode(request.query["symbols"], type=list[str])
    except ValueError:
        raise _missing("symbols") from None


def _missing(name: str) -> _Refused:
    text = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    return _Refused(-1102, text)


def _rate_limit(kind: str, interval: str, count: int, limit: int) -> dict[str, object]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": count, "limit": limit}


def _symbol_info(symbol: str) -> dict[str, object]:
    listing = listing_of(symbol)
    quote = "USDT" if symbol.endswith("USDT") else symbol[-3:]
    return {
        "symbol": symbol,
        "status": "TRADING",
        "baseAsset": symbol.removesuffix(quote),
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT"],
        "isSpotTradingAllowed": True,
        "filters": [
            _grid("PRICE_FILTER", "Price", "tickSize", listing.tick, Decimal(1_000_000)),
            _grid("LOT_SIZE", "Qty", "stepSize", listing.lot, Decimal(9_000)),
            {
                "filterType": "NOTIONAL",
                "minNotional": "5.00000000",
                "applyMinToMarket": True,
                "maxNotional": "9000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
        ],
    }


def _grid(kind: str, what: str, step_name: str, step: Decimal, top: Decimal) -> dict[str, str]:
    return {
        "filterType": kind,
        f"min{what}": f"{step:.8f}",
        f"max{what}": f"{top:.8f}",
        step_name: f"{step:.8f}",
    }


def _json(body: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body),
        status=status,
        content_type="application/json",
        headers=headers,
    )


def _error(refused: _Refused) -> web.Response:
    headers = {"Retry-After": str(math.ceil(refused.retry_s))} if refused.retry_s else {}
    return _json({"code": refused.code, "msg": str(refused)}, refused.status, headers)
