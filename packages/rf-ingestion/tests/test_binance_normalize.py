"""Frames to events: every documented sample, every rule for bad ones, and garbage."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import (
    Bar,
    BookDelta,
    BookSnapshot,
    FeedGap,
    InstrumentId,
    Quote,
    Side,
    Trade,
    UnixNanos,
)
from rf_common.events import Payload
from rf_ingestion.binance.book_sync import SyncState
from rf_ingestion.binance.instruments import default_instrument, to_instrument_id
from rf_ingestion.binance.normalize import BinanceFeed
from rf_ingestion.config import BinanceConfig

NOW = UnixNanos(1_700_000_000_000_000_000)
BTC = InstrumentId("binance:BTCUSDT")
BNB = InstrumentId("binance:BNBBTC")
SYMBOLS = ("BTCUSDT", "ETHUSDT", "BNBBTC", "BNBUSDT", "XYZUSDT")

# Copied from shared/payloads/binance; the source is named there.
TICKER = (
    b'{"stream":"bnbusdt@bookTicker","data":{"u":400900217,"s":"BNBUSDT","b":"25.35190000",'
    b'"B":"31.21000000","a":"25.36520000","A":"40.66000000"}}'
)
TRADE = (
    b'{"stream":"bnbbtc@trade","data":{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,'
    b'"p":"0.001","q":"100","T":1672515782136,"m":true,"M":true}}'
)
KLINE = (
    b'{"stream":"bnbbtc@kline_1m","data":{"e":"kline","E":1672515840010,"s":"BNBBTC","k":'
    b'{"t":1672515780000,"T":1672515839999,"s":"BNBBTC","i":"1m","f":100,"L":233,"o":"0.0010",'
    b'"c":"0.0021","h":"0.0025","l":"0.0015","v":"1210","n":134,"x":true,"q":"1.0000",'
    b'"V":"500","Q":"0.500","B":"123456"}}}'
)
DEPTH = (
    b'{"stream":"bnbbtc@depth@100ms","data":{"e":"depthUpdate","E":1672515782136,"s":"BNBBTC",'
    b'"U":157,"u":160,"b":[["0.0024","10"]],"a":[["0.0026","100"]]}}'
)
DEPTH5 = (
    b'{"stream":"bnbbtc@depth5@100ms","data":{"lastUpdateId":160,"bids":[["0.0024","10"],'
    b'["0.0023","4"]],"asks":[["0.0026","100"],["0.0027","0"]]}}'
)


def new_feed(**options: Any) -> BinanceFeed:
    config = BinanceConfig(max_waiting=options.pop("max_waiting", 100))
    return BinanceFeed(map(default_instrument, SYMBOLS), config, **options)


def bare(frame: bytes) -> bytes:
    """Return the payload of a combined frame, as ``/ws`` sends it."""
    return json.dumps(json.loads(frame)["data"]).encode()


def changed(frame: bytes, **fields: Any) -> bytes:
    """Return the frame with other values in its payload, or in the candle of it."""
    tree = json.loads(frame)
    payload = tree["data"]
    for key, value in fields.items():
        inner = payload["k"] if key not in payload else payload
        inner[key] = value
    return json.dumps(tree, separators=(",", ":")).encode()


def depth(first: int, last: int, *bids: tuple[str, str], symbol: str = "BTCUSDT") -> bytes:
    row = {"e": "depthUpdate", "E": 1_723_161_255_208, "s": symbol, "U": first, "u": last}
    row |= {"b": bids, "a": []}
    return json.dumps({"stream": f"{symbol.lower()}@depth@100ms", "data": row}).encode()


def snapshot(last: int, *bids: tuple[str, str]) -> bytes:
    return json.dumps({"lastUpdateId": last, "bids": bids, "asks": []}).encode()


def synced_feed(**options: Any) -> BinanceFeed:
    feed = new_feed(**options)
    feed.on_frame(depth(1, 10), NOW)
    assert feed.wants_snapshot() == (BTC,)
    assert len(feed.on_snapshot(BTC, snapshot(10, ("100", "1")), NOW)) == 1
    return feed


# --- each kind --------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", [TICKER, bare(TICKER)])
def test_a_book_ticker_is_a_quote_at_the_time_of_receipt(frame: bytes) -> None:
    quote = Quote(InstrumentId("binance:BNBUSDT"), NOW, 25.3519, 31.21, 25.3652, 40.66, 400_900_217)
    assert list(new_feed().on_frame(frame, NOW)) == [quote]


def test_an_older_book_ticker_is_ignored_until_the_connection_is_new() -> None:
    feed = new_feed()
    assert len(feed.on_frame(TICKER, NOW)) == 1
    assert not feed.on_frame(changed(TICKER, u=400_900_216), NOW)
    assert feed.counters.dropped == {"bookTicker: older than the last": 1}
    feed.disconnected(NOW, "test")
    assert len(feed.on_frame(changed(TICKER, u=400_900_216), NOW)) == 1


@pytest.mark.parametrize(
    ("fields", "passes"),
    [
        ({"b": "25.3653"}, False),
        ({"b": "25.3652"}, True),
        ({"b": "0.00000000"}, False),
        ({"A": "0.00000000"}, False),
        ({"a": "NaN"}, False),
        ({"a": "inf"}, False),
        ({"a": "-25.4"}, False),
        ({"a": ""}, False),
        ({"a": "2_5.4"}, False),
        ({"a": None}, False),
        ({"a": True}, False),
        ({"a": 25.4, "b": 25}, True),
    ],
)
def test_a_book_ticker_must_be_possible(fields: dict[str, Any], passes: bool) -> None:
    feed = new_feed()
    assert bool(feed.on_frame(changed(TICKER, **fields), NOW)) is passes
    assert bool(feed.counters.dropped) is not passes


@pytest.mark.parametrize("frame", [TRADE, bare(TRADE)])
@pytest.mark.parametrize(("maker", "side"), [(b"true", Side.SELL), (b"false", Side.BUY)])
def test_the_aggressor_of_a_trade_is_not_the_maker(frame: bytes, maker: bytes, side: Side) -> None:
    told = frame.replace(b'"m":true', b'"m":' + maker).replace(b'"m": true', b'"m": ' + maker)
    ts = UnixNanos(1_672_515_782_136_000_000)
    assert list(new_feed().on_frame(told, NOW)) == [Trade(BNB, ts, 0.001, 100.0, side, 12345)]


def test_a_trade_without_maker_has_no_aggressor() -> None:
    [trade] = new_feed().on_frame(TRADE.replace(b'"m":true,', b""), NOW)
    assert isinstance(trade, Trade)
    assert trade.aggressor is None


@pytest.mark.parametrize("stamp", [0, -1, 2**63, "x", 18_446_744_073_710])
def test_a_trade_outside_the_range_of_time_is_dropped(stamp: object) -> None:
    feed = new_feed()
    assert not feed.on_frame(changed(TRADE, T=stamp), NOW)
    assert sum(feed.counters.dropped.values()) == 1


def test_ids_are_exact_above_two_to_the_53() -> None:
    [trade] = new_feed().on_frame(changed(TRADE, t=2**53 + 1), NOW)
    assert isinstance(trade, Trade)
    assert trade.trade_id == 2**53 + 1


def test_microseconds_are_scaled_when_they_were_asked_for() -> None:
    [trade] = new_feed(time_unit="us").on_frame(changed(TRADE, T=1_795_185_000_123_001), NOW)
    assert trade.ts_event == 1_795_185_000_123_001_000


@pytest.mark.parametrize("frame", [KLINE, bare(KLINE)])
def test_a_closed_kline_is_one_bar_labelled_by_its_open_time(frame: bytes) -> None:
    feed = new_feed()
    ts = UnixNanos(1_672_515_780_000_000_000)
    bar = Bar(BNB, ts, 60_000_000_000, 0.0010, 0.0025, 0.0015, 0.0021, 1210.0)
    assert list(feed.on_frame(frame, NOW)) == [bar]
    assert not feed.on_frame(frame, NOW)
    assert feed.counters.dropped == {"kline: closed before": 1}


@pytest.mark.parametrize(
    ("fields", "dropped"),
    [
        ({"x": False}, 0),
        ({"h": "0.0014"}, 1),
        ({"o": "0"}, 1),
        ({"v": "-1"}, 1),
        ({"c": "Infinity"}, 1),
        ({"i": "7m"}, 1),
        ({"T": 1_672_515_779_999}, 1),
        ({"T": 18_446_744_073_709}, 1),
    ],
)
def test_an_open_or_impossible_kline_is_no_bar(fields: dict[str, Any], dropped: int) -> None:
    feed = new_feed()
    assert not feed.on_frame(changed(KLINE, **fields), NOW)
    assert sum(feed.counters.dropped.values()) == dropped


def test_a_quiet_minute_is_a_bar_too() -> None:
    assert len(new_feed().on_frame(changed(KLINE, f=-1, L=-1, n=0, v="0"), NOW)) == 1


# --- books ------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", [DEPTH, bare(DEPTH)])
def test_differences_begin_with_the_snapshot_that_was_asked_for(frame: bytes) -> None:
    feed = new_feed()
    assert not feed.on_frame(frame, NOW)
    assert feed.wants_snapshot() == (BNB,)
    assert feed.wants_snapshot() == ()
    raw = b'{"lastUpdateId":158,"bids":[["0.0023","4"],["0.0024","7"]],"asks":[["0.0027","0"]]}'
    ts = UnixNanos(1_672_515_782_136_000_000)
    assert list(feed.on_snapshot(BNB, raw, NOW)) == [
        BookSnapshot(BNB, NOW, 158, ((0.0024, 7.0), (0.0023, 4.0)), ()),
        BookDelta(BNB, ts, 159, 160, ((0.0024, 10.0),), ((0.0026, 100.0),)),
    ]
    assert feed.wants_snapshot() == ()


def test_a_gap_is_told_and_a_snapshot_wanted() -> None:
    feed = synced_feed()
    [gap] = feed.on_frame(depth(13, 14), NOW)
    assert isinstance(gap, FeedGap)
    assert (gap.instrument_id, gap.first_missing, gap.last_missing) == (BTC, 11, 12)
    assert feed.wants_snapshot() == (BTC,)


def test_a_failed_or_too_old_snapshot_is_wanted_again() -> None:
    feed = new_feed()
    feed.on_frame(depth(5, 6), NOW)
    assert feed.wants_snapshot() == (BTC,)
    feed.snapshot_failed(BTC)
    assert feed.wants_snapshot() == (BTC,)
    assert not feed.on_snapshot(BTC, snapshot(3), NOW)
    assert feed.wants_snapshot() == (BTC,)
    assert len(feed.on_snapshot(BTC, snapshot(4), NOW)) == 2


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html></html>",
        b"[]",
        b"null",
        b'{"code":-1121,"msg":"Invalid symbol."}',
        b'{"lastUpdateId":10,"bids":[["100","1"],["100.00","2"]],"asks":[]}',
        b'{"lastUpdateId":10,"bids":[["100","NaN"]],"asks":[]}',
        b'{"lastUpdateId":10,"bids":[["100"]],"asks":[]}',
        b'{"lastUpdateId":10,"bids":[],"asks":null}',
        b"[" * 5000,
    ],
)
def test_a_useless_snapshot_is_counted_and_wanted_again(raw: bytes) -> None:
    feed = new_feed()
    feed.on_frame(depth(5, 10), NOW)
    feed.wants_snapshot()
    assert not feed.on_snapshot(BTC, raw, NOW)
    assert feed.wants_snapshot() == (BTC,)
    assert sum(feed.counters.dropped.values()) == 1
    assert feed.counters.errors == (b"1121" in raw)


@pytest.mark.parametrize(
    "bad",
    [
        depth(11, 12, ("100", "NaN")),
        depth(11, 12, ("100", "-1")),
        depth(11, 12, ("0", "1")),
        depth(11, 12, ("99", "1"), ("", "1")),
        depth(12, 11),
        changed(depth(11, 12), E=10**17),
        changed(depth(11, 12), b=None),
        bare(changed(depth(11, 12), U="x")),
    ],
)
def test_a_book_with_an_unreadable_update_is_lost_and_fetched_again(bad: bytes) -> None:
    feed = synced_feed()
    [gap] = feed.on_frame(bad, NOW)
    assert isinstance(gap, FeedGap)
    assert (gap.reason, gap.first_missing) == ("an update could not be read", 11)
    assert feed.counters.dropped == {"depthUpdate: unreadable": 1}
    assert not feed.on_frame(depth(13, 14), NOW)
    assert feed.wants_snapshot() == (BTC,)


def test_an_unreadable_update_before_the_snapshot_is_seen_by_its_number() -> None:
    feed = new_feed()
    feed.on_frame(depth(1, 2), NOW)
    assert feed.wants_snapshot() == (BTC,)
    assert not feed.on_frame(depth(3, 4, ("100", "x")), NOW)
    [gap] = feed.on_frame(depth(5, 6), NOW)
    assert isinstance(gap, FeedGap)
    assert not feed.on_snapshot(BTC, snapshot(2), NOW)
    assert len(feed.on_snapshot(BTC, snapshot(4), NOW)) == 2


def test_a_disconnect_is_a_gap_for_every_known_book_only() -> None:
    feed = synced_feed()
    feed.on_frame(depth(1, 2, symbol="ETHUSDT"), NOW)
    [gap] = feed.disconnected(NOW, "cut")
    assert isinstance(gap, FeedGap)
    assert (gap.instrument_id, gap.source, gap.reason) == (BTC, "binance", "cut")
    assert feed.wants_snapshot() == ()
    assert not feed.disconnected(NOW, "cut")
    feed.on_frame(depth(20, 21), NOW)
    assert feed.wants_snapshot() == (BTC,)


def test_a_resync_throws_a_known_book_away_and_leaves_one_under_way_alone() -> None:
    feed = synced_feed()
    assert len(feed.resync(BTC, NOW, "asked")) == 1
    assert feed.state_of(BTC) is SyncState.EMPTY
    feed.on_frame(depth(11, 12), NOW)
    assert not feed.resync(BTC, NOW, "asked")
    assert feed.wants_snapshot() == (BTC,)


def test_partial_books_are_whole_books_when_they_are_what_is_followed() -> None:
    feed = new_feed(depth="partial")
    book = BookSnapshot(BNB, NOW, 160, ((0.0024, 10.0), (0.0023, 4.0)), ((0.0026, 100.0),))
    assert list(feed.on_frame(DEPTH5, NOW)) == [book]
    assert not feed.on_frame(changed(DEPTH5, lastUpdateId=159), NOW)
    assert not feed.on_frame(DEPTH, NOW)
    assert feed.wants_snapshot() == ()


def test_partial_books_never_mix_with_differences() -> None:
    feed = new_feed()
    assert not feed.on_frame(DEPTH5, NOW)
    assert feed.counters.dropped == {"partial book: differences are followed": 1}


# --- what is no event -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"result":null,"id":1}', (1, None)),
        (b'{"result":["btcusdt@trade"],"id":3}', (3, None)),
        (b'{"result":null,"id":"sub7f3a"}', ("sub7f3a", None)),
        (b'{"code":0,"msg":"Unknown property","id":5}', (5, 0)),
        (b'{"code":3,"msg":"Invalid JSON"}', (None, 3)),
        (b'{"error":{"code":2,"msg":"Invalid request"},"id":9}', (9, 2)),
    ],
)
def test_answers_are_recognised(raw: bytes, expected: tuple[object, object]) -> None:
    feed = new_feed()
    assert not feed.on_frame(raw, NOW)
    [answer] = feed.answers
    assert (answer.id, answer.code) == expected
    assert feed.counters.errors == answer.is_error
    assert feed.counters.answers == (not answer.is_error)
    assert feed.counters.malformed == feed.counters.unknown == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"null",
        b"7",
        b'"text"',
        b"[]",
        b"{}",
        b"[[]]",
        b"\xff\xfe",
        TRADE[:-9],
        b'{"stream":"btcusdt@trade","data":null}',
        b'{"stream":"btcusdt@trade","data":[]}',
        b'{"stream":7,"data":{}}',
        b'{"code":null,"msg":null}',
        b'{"error":7}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_bytes_that_are_no_message_cost_one_counted_error(raw: bytes) -> None:
    feed = new_feed()
    assert not feed.on_frame(raw, NOW)
    assert (feed.counters.malformed, feed.counters.unknown) == (1, 0)
    assert len(feed.on_frame(TICKER, NOW)) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b'{"e":"brandNew","s":"BTCUSDT"}',
        b'{"stream":"btcusdt@brandNew","data":{"s":"BTCUSDT"}}',
        b'{"lastUpdateId":160,"bids":[],"asks":[]}',
        b'{"e":["trade"],"s":{}}',
    ],
)
def test_unknown_kinds_are_counted_and_skipped(raw: bytes) -> None:
    feed = new_feed()
    assert not feed.on_frame(raw, NOW)
    assert (feed.counters.unknown, feed.counters.malformed) == (1, 0)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"e":"serverShutdown","E":1770123456789}',
        b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}',
    ],
)
def test_a_shutdown_is_noticed_until_the_connection_is_gone(raw: bytes) -> None:
    feed = new_feed()
    assert not feed.on_frame(raw, NOW)
    assert feed.is_closing
    feed.disconnected(NOW, "cut")
    assert not feed.is_closing


@pytest.mark.parametrize(
    "raw",
    [
        changed(TRADE, s="DOGEBTC").replace(b"bnbbtc@", b"dogebtc@"),
        bare(changed(TRADE, s="DOGEBTC")),
        changed(TRADE, s="BTCUSDT"),
        changed(TICKER, s="BTCUSDT"),
        changed(KLINE, s="BTCUSDT").replace(b'"s":"BNBBTC","i"', b'"s":"BTCUSDT","i"'),
        changed(DEPTH, s="BTCUSDT"),
    ],
)
def test_messages_of_other_symbols_are_dropped(raw: bytes) -> None:
    feed = new_feed()
    assert not feed.on_frame(raw, NOW)
    assert sum(feed.counters.dropped.values()) == 1
    assert feed.wants_snapshot() == ()


def test_a_bad_element_of_an_array_does_not_cost_its_neighbours() -> None:
    good, bad = json.loads(TRADE), json.loads(changed(TRADE, p="NaN"))
    control = {"result": None, "id": 1}
    feed = new_feed()
    events = feed.on_frame(json.dumps([good, 7, control, bad, good["data"]]).encode(), NOW)
    assert [type(event) for event in events] == [Trade, Trade]
    assert feed.counters.dropped == {"trade: unreadable": 1}
    assert (feed.counters.malformed, feed.counters.answers, feed.counters.events) == (1, 1, 2)
    rows = {"stream": "bnbbtc@trade", "data": [good["data"], None, good["data"]]}
    assert len(feed.on_frame(json.dumps(rows).encode(), NOW)) == 2


@pytest.mark.parametrize("frame", [TICKER, TRADE, KLINE])
def test_other_spacing_and_more_fields_change_nothing(frame: bytes) -> None:
    tree = json.loads(frame)
    tree["data"] |= {"st": 1, "b2": [1, {"x": None}]}
    told = json.dumps({"new": 1} | tree, indent=1).encode()
    assert list(new_feed().on_frame(told, NOW)) == list(new_feed().on_frame(frame, NOW))


# --- the samples of the shared folder ---------------------------------------------------------

EVENTS_OF = {
    "agg_trade_combined": 1,
    "agg_trade_nautilus_recorded": 1,
    "agg_trade_raw": 1,
    "book_ticker_combined": 1,
    "book_ticker_raw": 1,
    "kline_closed_combined": 1,
    "kline_closed_raw": 1,
    "kline_microseconds": 1,
    "trade_combined": 1,
    "trade_microseconds": 1,
    "trade_nautilus_recorded": 1,
    "trade_raw": 1,
}
UNKNOWN = {
    "agg_trades_rest": 1,
    "avg_price": 1,
    "block_trade": 1,
    "depth5_raw": 1,
    "depth_snapshot": 1,
    "exchange_info_min": 1,
    "mini_ticker": 1,
    "mini_ticker_arr_combined": 2,
    "reference_price": 1,
    "reference_price_null": 1,
    "request_subscribe": 1,
    "request_unsubscribe": 1,
    "ticker_24h": 1,
    "book_sync_gap": 1,
    "book_sync_ok": 1,
    "book_sync_snapshot_too_old": 1,
}
ANSWERS = {"ack_get_property", "ack_list", "ack_string_id", "ack_subscribe"}


def test_every_sample_is_read_as_what_it_is(shared: Callable[[str], Path]) -> None:
    for path in sorted(shared("payloads/binance").glob("*.json")):
        micro = "microseconds" in path.stem
        feed = new_feed(time_unit="us" if micro else "ms")
        events = feed.on_frame(path.read_bytes(), NOW)
        counters = feed.counters
        assert len(events) == EVENTS_OF.get(path.stem, 0), path.stem
        assert counters.answers == (path.stem in ANSWERS), path.stem
        assert feed.is_closing == path.stem.startswith("server_shutdown"), path.stem
        assert (feed.wants_snapshot() != ()) == path.stem.startswith("depth_update"), path.stem
        if path.stem not in {"klines_rest", "rest_errors"}:
            assert (counters.unknown, counters.malformed) == (UNKNOWN.get(path.stem, 0), 0), path


def test_every_control_error_is_counted(shared: Callable[[str], Path]) -> None:
    lines = shared("payloads/binance/control_errors.jsonl").read_bytes().splitlines()
    feed = new_feed()
    for line in lines:
        assert not feed.on_frame(line, NOW)
    assert feed.counters.errors == len(lines) == 8


def test_the_microsecond_samples_keep_every_digit(shared: Callable[[str], Path]) -> None:
    feed = new_feed(time_unit="us")
    [trade] = feed.on_frame(shared("payloads/binance/trade_microseconds.json").read_bytes(), NOW)
    [bar] = feed.on_frame(shared("payloads/binance/kline_microseconds.json").read_bytes(), NOW)
    assert isinstance(bar, Bar)
    assert trade.ts_event == 1_795_185_000_123_001_000
    assert (bar.ts_event, bar.interval_ns) == (1_795_185_000_000_000_000, 60_000_000_000)


XYZ = to_instrument_id("XYZUSDT")


def play(feed: BinanceFeed, rows: Iterable[dict[str, Any]]) -> list[Payload]:
    return [event for row in rows for event in feed.on_frame(json.dumps(row).encode(), NOW)]


def book_of(events: Iterable[Payload]) -> tuple[dict[float, float], dict[float, float], int]:
    bids: dict[float, float] = {}
    asks: dict[float, float] = {}
    last_id = 0
    for event in events:
        if isinstance(event, BookSnapshot):
            bids, asks = dict(event.bids), dict(event.asks)
        if isinstance(event, BookSnapshot | BookDelta):
            bids.update(event.bids)
            asks.update(event.asks)
            last_id = event.last_id
    return (
        {px: qty for px, qty in bids.items() if qty},
        {px: qty for px, qty in asks.items() if qty},
        last_id,
    )


def expected_book(told: dict[str, Any]) -> tuple[dict[float, float], dict[float, float], int]:
    sides = [{float(px): float(qty) for px, qty in told[side]} for side in ("bids", "asks")]
    return sides[0], sides[1], told["lastUpdateId"]


@pytest.mark.parametrize("early", [0, 1, 3])
def test_book_sync_ok(shared: Callable[[str], Path], early: int) -> None:
    case = json.loads(shared("payloads/binance/book_sync_ok.json").read_bytes())
    feed = new_feed()
    events = play(feed, case["events"][: early + 1])
    assert feed.wants_snapshot() == (XYZ,)
    events += feed.on_snapshot(XYZ, json.dumps(case["snapshot"]).encode(), NOW)
    events += play(feed, case["events"][early + 1 :])
    deltas = [event.last_id for event in events if isinstance(event, BookDelta)]
    assert deltas == [1004, 1005, 1010]
    assert book_of(events) == expected_book(case["expected"]["book"])


def test_book_sync_gap(shared: Callable[[str], Path]) -> None:
    case = json.loads(shared("payloads/binance/book_sync_gap.json").read_bytes())
    feed = new_feed()
    events = play(feed, case["events"][:1])
    events += feed.on_snapshot(XYZ, json.dumps(case["snapshot"]).encode(), NOW)
    events += play(feed, case["events"][1:])
    *known, gap = events
    assert book_of(known) == expected_book(case["expected"]["book_before_gap"])
    assert isinstance(gap, FeedGap)
    assert (gap.first_missing, gap.last_missing) == (1007, 1008)
    assert feed.wants_snapshot() == (XYZ,)


def test_book_sync_snapshot_too_old(shared: Callable[[str], Path]) -> None:
    case = json.loads(shared("payloads/binance/book_sync_snapshot_too_old.json").read_bytes())
    feed = new_feed()
    assert play(feed, case["events"]) == []
    assert feed.wants_snapshot() == (XYZ,)
    assert not feed.on_snapshot(XYZ, json.dumps(case["snapshot"]).encode(), NOW)
    assert feed.wants_snapshot() == (XYZ,)
    second = json.dumps(case["expected"]["second_snapshot"]).encode()
    assert book_of(feed.on_snapshot(XYZ, second, NOW)) == expected_book(case["expected"]["book"])


# --- garbage ----------------------------------------------------------------------------------

FRAMES = (TICKER, TRADE, KLINE, DEPTH, DEPTH5, depth(11, 12, ("100", "2")))
_WIRE = msgspec.msgpack.Decoder(Payload)


def is_sane(event: Payload) -> bool:
    """Return whether an event survives the journal and has only possible numbers."""
    assert _WIRE.decode(msgspec.msgpack.encode(event)) == event
    if isinstance(event, Quote):
        return 0 < event.bid_px <= event.ask_px < 1e308 and event.bid_qty > 0 < event.ask_qty
    if isinstance(event, Trade):
        return 0 < event.px < 1e308 and 0 < event.qty < 1e308 and event.ts_event > 0
    if isinstance(event, BookSnapshot | BookDelta):
        return all(0 < px < 1e308 and 0 <= qty < 1e308 for px, qty in event.bids + event.asks)
    return isinstance(event, Bar | FeedGap)


@settings(deadline=None, max_examples=200)
@given(raw=st.binary(max_size=200))
def test_random_bytes_never_raise(raw: bytes) -> None:
    feed = new_feed()
    assert not feed.on_frame(raw, NOW)
    assert feed.counters.malformed + feed.counters.unknown == 1
    assert not feed.on_snapshot(BTC, raw, NOW)


TOKENS = st.sampled_from(
    [b"", b"0", b"-", b"9" * 30, b"NaN", b'"', b"null", b"[", b"}", b",", b"1e400", b"\xff", b" "]
)


@settings(deadline=None, max_examples=200)
@given(data=st.data(), partial=st.booleans())
def test_damaged_frames_never_raise_and_never_yield_impossible_numbers(
    data: st.DataObject, partial: bool
) -> None:
    feed = new_feed(depth="partial") if partial else synced_feed()
    for _ in range(data.draw(st.integers(1, 5))):
        frame = data.draw(st.sampled_from(FRAMES))
        start = data.draw(st.integers(0, len(frame)))
        end = min(len(frame), start + data.draw(st.integers(0, 12)))
        damaged = frame[:start] + data.draw(TOKENS) + frame[end:]
        assert all(is_sane(event) for event in feed.on_frame(damaged, NOW))
        assert all(is_sane(event) for event in feed.on_snapshot(BTC, damaged, NOW))


KEYS = ["stream", "data", "result", "id", "code", "msg", "error", "e", "s", "u", "U", "b", "a", "k"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner | st.sampled_from(["trade", "kline", "depthUpdate", "BTCUSDT", "btcusdt@trade"]),
            max_size=6,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=200)
@given(tree=JSON)
def test_any_json_never_raises(tree: object) -> None:
    feed = new_feed()
    assert all(is_sane(event) for event in feed.on_frame(json.dumps(tree).encode(), NOW))


@settings(deadline=None, max_examples=200)
@given(px=st.floats(min_value=1e-300, max_value=1e300))
def test_prices_are_correctly_rounded_from_their_text(px: float) -> None:
    texts = [repr(px), f"{px:.20e}", f"{px:.8f}"]
    for text in texts:
        events = new_feed().on_frame(changed(TRADE, p=text), NOW)
        expected = struct.pack("d", float(text))
        assert [struct.pack("d", e.px) for e in events if isinstance(e, Trade)] == (
            [expected] if float(text) > 0 else []
        )
