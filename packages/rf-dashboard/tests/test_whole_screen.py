"""What a person would read, whole: the views and the formats together on one small desk."""

from __future__ import annotations

from decimal import Decimal

from rf_common import FeedState, Severity, Side
from rf_common.orders import FeedChanged, Notice, Refusal
from rf_dashboard import DashboardState, Live, Offline, views
from rf_dashboard import format as fmt


def _screen(state, now, *, ascii=False):
    head = views.header(state, now)

    def money(amount):
        return fmt.money(amount, head.currency)

    def percent(fraction):
        return fmt.percent(fraction, ascii=ascii)

    lines = [
        f"{fmt.show(head.mode, str)} {fmt.show(head.account, str)} "
        f"{fmt.show(head.equity, money)} {fmt.show(head.day_fraction, percent)} | "
        f"{fmt.show(head.state, str)} | age {fmt.show(head.tick_age_ms, fmt.age)} | "
        f"{head.link} {fmt.age(head.link_ms)} {head.link_reason}".rstrip(),
        "".join(f"{row.name}{fmt.dot(row.status, ascii=ascii)} " for row in head.feeds).rstrip(),
        "-- watch",
    ]
    for row in views.watchlist(state, now):
        mid = fmt.show(row.mid, lambda px, tick=row.tick: fmt.price(px, tick))
        lines.append(
            f"{row.symbol} {mid} {fmt.show(row.change, percent)} {row.mid.reason}".rstrip()
        )
    lines.append("-- positions")
    for row in views.positions(state, now):
        lines.append(
            f"{row.symbol} {fmt.quantity(row.quantity, row.lot)} {fmt.show(row.unrealised, money)} "
            f"{fmt.show(row.unrealised_fraction, percent)}"
        )
    lines.append("-- orders")
    for row in views.orders(state, 9, now):
        limit = fmt.show(row.limit_price, lambda price, tick=row.tick: fmt.price(price, tick))
        lines.append(
            f"{fmt.short_id(row.client_order_id)} {row.side} {fmt.quantity(row.quantity, row.lot)} "
            f"{row.symbol} {fmt.order_type(row.order_type)} {limit} {fmt.order_status(row.status)} "
            f"{row.reason}".rstrip()
        )
    book = views.book(state, "binance:BTCUSDT", 2, now)
    lines.append(f"-- book spread {fmt.show(book.spread, str)} {book.reason}".rstrip())
    for bid, ask in zip(book.bids, book.asks, strict=False):
        lines.append(f"{bid.cumulative} {bid.qty} {bid.px} | {ask.px} {ask.qty} {ask.cumulative}")
    lines.append("-- risk")
    for row in views.risk_bars(state, now):
        used = fmt.bar(row.used.value, 10, ascii=ascii)
        lines.append(f"{row.rule} {used} {row.value}/{row.limit} {row.level}")
    lines.append("-- alerts")
    for row in views.alerts(state, 9, now):
        times = f" x{row.count}" if row.count > 1 else ""
        lines.append(f"{fmt.clock(row.ts)} {row.severity} {row.code}: {fmt.clean(row.text)}{times}")
    return "\n".join(lines) + "\n"


def _busy(desk, make):
    refusal = Refusal(
        "human", make.BTC, Side.BUY, Decimal("50"), Decimal("399"), "max_order_notional",
        "19950", "10000", "the order is too large", "tui",
    )  # fmt: skip
    desk.apply(refusal, make.at(2))
    desk.apply(refusal, make.at(2.5))
    desk.apply(Notice(Severity.INFO, "RF-X-001", "news\x1b[2J from\noutside"), make.at(3))
    return desk


LIVE = """\
PAPER SIM-1 10,024.50 USDT ▲+0.24% | ACTIVE | age 2.4s | live 3.4s
NYSE○ NASDAQ○ CME○ CBOE○ LSE○ CRYPTO● NSE○ BSE○
-- watch
BTCUSDT 101.0 ▲+0.50%
ETHUSDT n/a n/a no price yet
-- positions
BTCUSDT -0.010 0.02 USDT ▲+1.47%
-- orders
0001 BUY 0.020 BTCUSDT LMT 99.5 working
0002 BUY 0.020 BTCUSDT LMT 99.5 REJECTED notional 19950 > limit 10000
-- book spread 1.0
1.0 1.0 100.5 | 101.5 2.0 2.0
4.0 3.0 100.0 | 102.0 2.0 4.0
-- risk
daily_loss ░░░░░░░░░░ 0/200 ok
max_gross ████████░░ 17000/20000 near
max_drawdown ?????????? n/a/0.05 unknown
-- alerts
22:13:03 info RF-X-001: news[2J from outside
22:13:02 warning max_order_notional: BUY 50 binance:BTCUSDT refused: 19950 (limit 10000): \
the order is too large x2
"""

AWAY = """\
PAPER? SIM-1? 10,024.50 USDT? ^+0.24%? | ACTIVE? | age 40s? | offline 38s connection refused
NYSEo NASDAQo CMEo CBOEo LSEo CRYPTO? NSEo BSEo
-- watch
BTCUSDT 101.0? ^+0.50%? the daemon is offline: connection refused
ETHUSDT n/a n/a no price yet
-- positions
BTCUSDT -0.010 0.02 USDT? ^+1.47%?
-- orders
0001 BUY 0.020 BTCUSDT LMT 99.5? working
0002 BUY 0.020 BTCUSDT LMT 99.5? REJECTED notional 19950 > limit 10000
-- book spread 1.0? the daemon is offline: connection refused
1.0 1.0 100.5 | 101.5 2.0 2.0
4.0 3.0 100.0 | 102.0 2.0 4.0
-- risk
daily_loss :::::::::: 0/200 ok
max_gross ########:: 17000/20000 near
max_drawdown ?????????? n/a/0.05 unknown
-- alerts
22:13:03 info RF-X-001: news[2J from outside
22:13:02 warning max_order_notional: BUY 50 binance:BTCUSDT refused: 19950 (limit 10000): \
the order is too large x2
"""

NOTHING = """\
n/a n/a n/a n/a | n/a | age n/a | connecting n/a
NYSE○ NASDAQ○ CME○ CBOE○ LSE○ CRYPTO○ NSE○ BSE○
-- watch
-- positions
-- orders
-- book spread n/a the daemon told nothing of this instrument
-- risk
-- alerts
"""


def test_a_live_screen_reads_like_this(desk, make):
    assert _screen(_busy(desk, make), make.at(3.4)) == LIVE


def test_the_same_screen_restored_from_its_snapshot_reads_the_same(desk, make):
    restored = DashboardState.from_snapshot(_busy(desk, make).snapshot())
    restored.connection(Live(make.at(0)))
    assert _screen(restored, make.at(3.4)) == LIVE


def test_a_screen_without_its_daemon_marks_everything_and_has_an_ascii_form(desk, make):
    desk = _busy(desk, make)
    desk.connection(Offline(make.at(3), "connection refused"))
    told = _screen(desk, make.at(41), ascii=True)
    assert told == AWAY
    assert told.isascii()


def test_a_screen_that_was_told_nothing_shows_nothing(make):
    assert _screen(DashboardState(), make.at(0)) == NOTHING


def test_a_silent_feed_is_seen_in_its_own_line_only(desk, make):
    desk.apply(make.quote(2_000.0, 2_001.0, 3, make.ETH), make.at(3))
    desk.apply(FeedChanged(make.BTC, FeedState.STALE, "silent for 5 s"), make.at(3))
    watch = _screen(desk, make.at(3)).split("-- watch\n")[1].split("-- positions")[0]
    assert watch == ("BTCUSDT 101.0? ▲+0.50%? feed stale: silent for 5 s\nETHUSDT 2000.50 =0.00%\n")
