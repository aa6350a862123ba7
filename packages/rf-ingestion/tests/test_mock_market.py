from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from math import log, sqrt
from statistics import pstdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import CausalityError, FeedState, InstrumentId, Side, UnixNanos, money
from rf_common.events import (
    Bar,
    BookDelta,
    BookSnapshot,
    FeedGap,
    FeedStatus,
    Payload,
    Quote,
    Trade,
)
from rf_ingestion.config import MockConfig
from rf_ingestion.mock import HOUSE_SYMBOLS, MockMarket

STEP_NS = 100_000_000
MINUTE_NS = 60_000_000_000
START = 1_700_000_040 * 1_000_000_000  # a whole minute
BTC = InstrumentId("sim:BTCUSDT")


def run(market: MockMarket, steps: int, start: int = START) -> list[tuple[Payload, ...]]:
    return [market.step(UnixNanos(start + number * market.step_ns)) for number in range(steps)]


def flat(batches: Iterable[tuple[Payload, ...]]) -> list[Payload]:
    return [payload for batch in batches for payload in batch]


class BruteBook:
    """Levels in two plain dicts, the best found by looking at all of them."""

    def __init__(self) -> None:
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}
        self.last_id = 0
        self.known = False

    def apply(self, event: BookSnapshot | BookDelta) -> None:
        if isinstance(event, BookSnapshot):
            self.bids, self.asks, self.known = dict(event.bids), dict(event.asks), True
        else:
            assert self.known
            assert event.first_id == self.last_id + 1
            for side, levels in ((self.bids, event.bids), (self.asks, event.asks)):
                for px, qty in levels:
                    if qty == 0:
                        assert side.pop(px, None) is not None, "a level was removed twice"
                    else:
                        side[px] = qty
        self.last_id = event.last_id

    def best(self) -> tuple[float, float, float, float]:
        bid, ask = max(self.bids), min(self.asks)
        return bid, self.bids[bid], ask, self.asks[ask]


def test_house_market_has_thirteen_instruments_on_sim() -> None:
    instruments = MockMarket(MockConfig()).instruments()
    assert tuple(item.symbol for item in instruments) == HOUSE_SYMBOLS
    assert len(HOUSE_SYMBOLS) == 13
    assert {item.venue for item in instruments} == {"sim"}


def test_first_step_tells_the_feed_is_live_and_every_book() -> None:
    first = MockMarket(MockConfig()).step(UnixNanos(START))
    assert first[0] == FeedStatus("sim", UnixNanos(START), FeedState.LIVE)
    kinds = [type(payload) for payload in first[1:]]
    assert kinds == [Quote, BookSnapshot] * 13


def test_same_seed_gives_the_same_payloads() -> None:
    config = MockConfig(seed=11, outage_every_s=20.0, outage_s=3.0)
    assert run(MockMarket(config), 600) == run(MockMarket(config), 600)


def test_another_seed_gives_other_payloads() -> None:
    one, other = (run(MockMarket(MockConfig(seed=seed)), 5) for seed in (1, 2))
    assert one != other


def test_a_symbols_path_does_not_depend_on_its_neighbours() -> None:
    whole = run(MockMarket(MockConfig(outage_every_s=0.0)), 400)
    alone = run(MockMarket(MockConfig(outage_every_s=0.0, symbols=("BTCUSDT",))), 400)
    mixed = MockConfig(outage_every_s=0.0, symbols=("DOGEUSDT", "SPY", "BTCUSDT"))

    def of_btc(batches: list[tuple[Payload, ...]]) -> list[Payload]:
        return [p for p in flat(batches) if getattr(p, "instrument_id", "") == BTC]

    assert of_btc(whole) == of_btc(alone) == of_btc(run(MockMarket(mixed), 400))


def test_start_prices_are_taken_whatever_their_order() -> None:
    config = MockConfig(symbols=("AAPL", "BTCUSDT"))
    aapl = InstrumentId("sim:AAPL")
    one = MockMarket(config, {aapl: 300.0, BTC: 50_000.0, InstrumentId("sim:NOT-HERE"): 1.0})
    other = MockMarket(config, {BTC: 50_000.0, aapl: 300.0})
    first = one.step(UnixNanos(START))
    assert first == other.step(UnixNanos(START))
    mids = {p.instrument_id: (p.bid_px + p.ask_px) / 2 for p in first if isinstance(p, Quote)}
    assert mids[aapl] == pytest.approx(300.0, rel=1e-3)
    assert mids[BTC] == pytest.approx(50_000.0, rel=1e-3)


@pytest.mark.parametrize(
    ("symbol", "px"),
    [
        *(("AAPL", px) for px in (0.0, -1.0, float("nan"), float("inf"))),
        *(("PM:FED-DEC", px) for px in (0.0, 1.0, 1.5)),
    ],
)
def test_impossible_start_price_is_refused(symbol: str, px: float) -> None:
    with pytest.raises(ValueError, match=f"start price of {symbol}: expected above 0"):
        MockMarket(MockConfig(symbols=(symbol,)), {InstrumentId(f"sim:{symbol}"): px})


def test_malformed_or_repeated_symbols_are_refused() -> None:
    with pytest.raises(ValueError, match="expected a symbol"):
        MockMarket(MockConfig(symbols=("A B",)))
    with pytest.raises(ValueError, match="each symbol once"):
        MockMarket(MockConfig(symbols=("AAPL", "AAPL")))


def test_time_cannot_go_back_but_may_stand_still() -> None:
    market = MockMarket(MockConfig(symbols=("AAPL",)))
    market.step(UnixNanos(10))
    market.step(UnixNanos(10))
    with pytest.raises(CausalityError, match="cannot go back"):
        market.step(UnixNanos(9))


@settings(deadline=None, max_examples=6)
@given(seed=st.integers(0, 2**63 - 1), levels=st.integers(1, 20))
def test_books_agree_with_every_quote_and_trades_with_the_standing_one(
    seed: int, levels: int
) -> None:
    config = MockConfig(seed=seed, book_levels=levels, outage_every_s=15.0, outage_s=2.0)
    market = MockMarket(config)
    grids = {i.instrument_id: (i.tick, i.lot) for i in market.instruments()}
    books: dict[InstrumentId, BruteBook] = defaultdict(BruteBook)
    quotes: dict[InstrumentId, Quote] = {}
    trade_ids: dict[InstrumentId, int] = {}
    checks = 0
    for payload in flat(run(market, 2_000)):
        if isinstance(payload, Quote):
            quotes[payload.instrument_id] = payload
            assert 0 < payload.bid_px < payload.ask_px
            assert payload.bid_qty > 0
            assert payload.ask_qty > 0
        elif isinstance(payload, BookSnapshot | BookDelta):
            book, quote = books[payload.instrument_id], quotes[payload.instrument_id]
            book.apply(payload)
            told = (quote.bid_px, quote.bid_qty, quote.ask_px, quote.ask_qty)
            assert book.best() == told
            assert book.last_id == quote.update_id
            assert len(book.bids) <= levels
            assert len(book.asks) <= levels
            assert min(book.bids) > 0
            checks += 1
        elif isinstance(payload, FeedGap):
            assert payload.first_missing == books[payload.instrument_id].last_id + 1
            books[payload.instrument_id] = BruteBook()
        elif isinstance(payload, Trade):
            quote = quotes[payload.instrument_id]
            buys = payload.aggressor is Side.BUY
            assert payload.px == (quote.ask_px if buys else quote.bid_px)
            assert 0 < payload.qty <= (quote.ask_qty if buys else quote.bid_qty)
            assert payload.trade_id > trade_ids.get(payload.instrument_id, 0)
            trade_ids[payload.instrument_id] = payload.trade_id
        if checks % 50 == 1 and isinstance(payload, BookSnapshot | BookDelta):
            tick, lot = grids[payload.instrument_id]
            for px, qty in (*payload.bids, *payload.asks):
                assert money.on_step(money.of_float(px), tick)
                assert money.on_step(money.of_float(qty), lot)
    assert checks > 10_000


def test_books_are_as_deep_as_configured() -> None:
    first = MockMarket(MockConfig(symbols=("AAPL", "BTCUSDT"), book_levels=25)).step(
        UnixNanos(START)
    )
    books = [payload for payload in first if isinstance(payload, BookSnapshot)]
    assert [(len(book.bids), len(book.asks)) for book in books] == [(25, 25)] * 2
    for book in books:
        assert list(book.bids) == sorted(book.bids, reverse=True)
        assert list(book.asks) == sorted(book.asks)


def test_an_event_contract_stays_between_zero_and_one_at_its_edges() -> None:
    for px in (0.001, 0.999):
        market = MockMarket(
            MockConfig(symbols=("PM:BTC-15M",)), {InstrumentId("sim:PM:BTC-15M"): px}
        )
        prices = {
            level[0]
            for payload in flat(run(market, 500))
            if isinstance(payload, BookSnapshot | BookDelta)
            for level in (*payload.bids, *payload.asks)
        }
        assert min(prices) >= 0.01
        assert max(prices) <= 0.99


def test_a_price_below_one_tick_still_gives_a_valid_quote() -> None:
    market = MockMarket(MockConfig(symbols=("AAPL",)), {InstrumentId("sim:AAPL"): 0.004})
    quotes = [payload for payload in flat(run(market, 100)) if isinstance(payload, Quote)]
    assert {(quote.bid_px, quote.ask_px) for quote in quotes} == {(0.01, 0.02)}


def test_events_arrive_at_the_rate_of_a_live_feed() -> None:
    events = flat(run(MockMarket(MockConfig(outage_every_s=0.0)), 600))
    assert 100 <= len(events) / 60 <= 250


def test_no_symbol_is_quiet_for_long_enough_to_look_stale() -> None:
    newest: dict[InstrumentId, int] = {}
    for payload in flat(run(MockMarket(MockConfig(outage_every_s=0.0)), 3_000)):
        if isinstance(payload, Quote):
            before = newest.get(payload.instrument_id, payload.ts_event)
            assert payload.ts_event - before < 3_000_000_000
            newest[payload.instrument_id] = payload.ts_event
    assert len(newest) == 13


def test_quoted_prices_have_the_volatility_of_the_preset() -> None:
    # The first burst comes after 150 s at the earliest; 1,400 steps are 140 s.
    mids = [
        (payload.bid_px + payload.ask_px) / 2
        for payload in flat(run(MockMarket(MockConfig(symbols=("BTCUSDT",))), 1_400))
        if isinstance(payload, Quote)
    ]
    returns = [log(after / before) for before, after in pairwise(mids)]
    assert len(mids) == 1_400
    assert pstdev(returns) * sqrt(10 * 365 * 86_400) == pytest.approx(0.50, rel=0.08)


def test_bursts_widen_the_spread_and_end() -> None:
    config = MockConfig(symbols=("BTCUSDT",), outage_every_s=0.0, step_ms=1_000)
    wide = [
        (quote.ask_px - quote.bid_px) / quote.bid_px > 0.4e-4
        for quote in flat(run(MockMarket(config), 3_000))
        if isinstance(quote, Quote)
    ]
    assert not wide[0]
    assert 0.03 < sum(wide) / len(wide) < 0.3
    changes = sum(before != after for before, after in pairwise(wide))
    assert 4 <= changes <= 40


def test_trades_have_both_aggressors_and_sizes_of_some_thousand() -> None:
    trades = [
        payload
        for payload in flat(run(MockMarket(MockConfig(symbols=("AAPL", "BTCUSDT"))), 1_000))
        if isinstance(payload, Trade)
    ]
    notionals = sorted(trade.px * trade.qty for trade in trades)
    assert 1_000 < notionals[len(notionals) // 2] < 10_000
    buys = sum(trade.aggressor is Side.BUY for trade in trades)
    assert 0.4 < buys / len(trades) < 0.6


def test_bars_are_made_of_the_trades_of_their_minute() -> None:
    config = MockConfig(outage_every_s=0.0, symbols=("AAPL", "PM:FED-DEC"))
    events = flat(run(MockMarket(config), 3_001, START + 30_000_000_000))
    trades: dict[tuple[InstrumentId, int], list[Trade]] = defaultdict(list)
    for payload in events:
        if isinstance(payload, Trade):
            key = payload.instrument_id, payload.ts_event // MINUTE_NS
            trades[key].append(payload)
    bars = [payload for payload in events if isinstance(payload, Bar)]
    assert [bar.ts_event for bar in bars[::2]] == [START + n * MINUTE_NS for n in range(5)]
    for bar in bars:
        made_of = trades[bar.instrument_id, bar.ts_event // MINUTE_NS]
        prices = [trade.px for trade in made_of]
        told = (bar.open_px, bar.high_px, bar.low_px, bar.close_px)
        assert told == (prices[0], max(prices), min(prices), prices[-1])
        volume = sum((money.of_float(trade.qty) for trade in made_of), Decimal(0))
        assert money.of_float(bar.volume) == volume
        assert bar.interval_ns == MINUTE_NS
        assert bar.is_closed


def test_a_bar_comes_before_the_trades_of_the_next_minute() -> None:
    config = MockConfig(outage_every_s=0.0, symbols=("BTCUSDT",))
    closed = -1
    for payload in flat(run(MockMarket(config), 3_000)):
        if isinstance(payload, Bar):
            closed = payload.ts_event // MINUTE_NS
        elif isinstance(payload, Trade) and closed >= 0:
            assert payload.ts_event // MINUTE_NS == closed + 1
    assert closed >= 0


def test_a_minute_without_trades_gives_a_flat_bar() -> None:
    # Two steps a minute apart: the contract trades about once in five seconds, a step is 100 ms.
    market = MockMarket(MockConfig(symbols=("PM:FED-DEC",)))
    market.step(UnixNanos(START))
    bars = [p for p in market.step(UnixNanos(START + MINUTE_NS)) if isinstance(p, Bar)]
    assert [(bar.open_px, bar.high_px, bar.low_px, bar.close_px) for bar in bars] == [(0.63,) * 4]
    assert bars[0].volume == 0


def outages_of(batches: list[tuple[Payload, ...]]) -> list[list[InstrumentId]]:
    """Return the symbols of each step that tells gaps."""
    told = [[p.instrument_id for p in batch if isinstance(p, FeedGap)] for batch in batches]
    return [names for names in told if names]


def test_an_outage_silences_one_group_and_ends_with_gap_quote_and_book() -> None:
    config = MockConfig(seed=3, outage_every_s=30.0, outage_s=8.0)
    groups = [
        {f"sim:{symbol}" for symbol in HOUSE_SYMBOLS[:8]},
        {f"sim:{symbol}" for symbol in HOUSE_SYMBOLS[8:11]},
        {f"sim:{symbol}" for symbol in HOUSE_SYMBOLS[11:]},
    ]
    batches = run(MockMarket(config), 3_000)
    ends = outages_of(batches)
    assert all(set(names) in groups for names in ends)
    assert len({frozenset(names) for names in ends}) == 3
    assert not any(isinstance(p, FeedStatus) for batch in batches[1:] for p in batch)
    for names in ends[:3]:
        check_recovery(batches, names)


def check_recovery(batches: list[tuple[Payload, ...]], names: list[InstrumentId]) -> None:
    back = next(
        number
        for number, batch in enumerate(batches)
        if [p.instrument_id for p in batch if isinstance(p, FeedGap)] == names
    )
    for name in names:
        heard = [[p for p in b if getattr(p, "instrument_id", "") == name] for b in batches]
        assert not any(heard[back - 80 : back])
        gap, quote, book = heard[back]
        assert isinstance(gap, FeedGap)
        assert isinstance(quote, Quote)
        assert isinstance(book, BookSnapshot)
        assert gap.first_missing <= gap.last_missing == book.last_id == quote.update_id
        assert gap.source == "sim"


def test_outages_come_as_often_and_last_as_long_as_configured() -> None:
    config = MockConfig(symbols=("BTCUSDT",), step_ms=1_000, outage_every_s=100.0, outage_s=5.0)
    batches = run(MockMarket(config), 20_000)
    silent = [not batch for batch in batches]
    assert 0.03 < sum(silent) / len(silent) < 0.07
    assert len(outages_of(batches)) == pytest.approx(20_000 / 105, rel=0.15)


def test_outages_hide_the_market_but_do_not_change_it() -> None:
    with_outages = MockConfig(symbols=("BTCUSDT",), outage_every_s=10.0, outage_s=2.0)
    without = MockConfig(symbols=("BTCUSDT",), outage_every_s=0.0)

    def quotes(config: MockConfig) -> dict[int, Quote]:
        told = flat(run(MockMarket(config), 1_000))
        return {p.update_id: p for p in told if isinstance(p, Quote)}

    holes, whole = quotes(with_outages), quotes(without)
    assert 500 < len(holes) < len(whole)
    assert holes.items() <= whole.items()
