from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import InstrumentId, UnixNanos
from rf_risk import RiskState, RiskStateCopy, TokenBucket
from rf_risk.state import NANOS_PER_DAY

Make = Callable[..., Any]
D = Decimal
DAY = NANOS_PER_DAY
SECOND = 1_000_000_000


def _at(day: int, second: int = 0) -> UnixNanos:
    return UnixNanos(day * DAY + second * SECOND)


def test_the_first_mark_opens_the_day() -> None:
    risk = RiskState(10.0)
    assert (risk.daily_pnl, risk.drawdown) == (None, None)

    assert risk.mark(D(1_000), _at(5))

    assert (risk.day_start_equity, risk.peak_equity, risk.daily_pnl) == (1_000, 1_000, 0)


def test_a_new_day_starts_from_the_last_equity_and_forgets_the_counters(
    intent: Make, sent: Make
) -> None:
    risk = RiskState(10.0)
    risk.mark(D(1_000), _at(5))
    risk.mark(D(900), _at(5, 86_399))
    risk.sent(sent(intent()), D(1_000), _at(5, 86_399))
    risk.filled()
    assert (risk.daily_pnl, risk.orders_today, risk.fills_today) == (-100, 1, 1)

    assert risk.mark(D(890), _at(6))

    assert (risk.day_start_equity, risk.daily_pnl) == (900, -10)
    assert (risk.orders_today, risk.fills_today, risk.notional_today) == (0, 0, 0)
    assert risk.peak_equity == 1_000
    assert risk.unattended == {"momentum": 1}


def test_a_day_never_reopens_when_the_clock_goes_back(intent: Make, sent: Make) -> None:
    risk = RiskState(10.0)
    risk.mark(D(1_000), _at(6))
    risk.sent(sent(intent()), D(1_000), _at(6))
    risk.mark(D(900), _at(6, 5))

    for now in (_at(5, 86_399), _at(0), _at(6), _at(6, 86_399)):
        assert not risk.mark(D(800), now)

    assert (risk.day, risk.day_start_equity, risk.daily_pnl) == (6, 1_000, -200)
    assert risk.orders_today == 1
    assert risk.mark(D(800), _at(7))


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 5)), min_size=1, max_size=30))
def test_peak_day_and_loss_follow_their_definitions(marks: list[tuple[int, int]]) -> None:
    risk = RiskState(10.0)
    newest, start, peak = -1, 0, 0
    previous = None

    for equity, day in marks:
        rolled = risk.mark(D(equity), _at(day))

        assert rolled == (day > newest)
        if rolled:
            start = equity if previous is None else previous
        newest, previous, peak = max(newest, day), equity, max(peak, equity)
        assert (risk.daily_pnl, risk.peak_equity) == (equity - start, peak)
        assert risk.drawdown == pytest.approx(1 - equity / peak, abs=1e-12)


@pytest.mark.parametrize("equity", ["0", "-5"])
def test_without_a_positive_peak_there_is_no_drawdown(equity: str) -> None:
    risk = RiskState(10.0)
    risk.mark(D(equity), _at(1))
    risk.mark(D(equity) - 5, _at(1))

    assert risk.drawdown is None


def test_counters_survive_a_restart(intent: Make, sent: Make) -> None:
    risk = RiskState(3.0)
    risk.mark(D(1_000), _at(5))
    risk.mark(D("900.5"), _at(5, 1))
    for _ in range(3):
        risk.sent(sent(intent()), D("12.5"), _at(5, 2))
    risk.filled()
    risk.refused("max_gross")
    risk.refused("daily_loss")
    risk.refused("max_gross")

    wire = msgspec.msgpack.encode(risk.state())
    again = RiskState(3.0)
    again.restore(msgspec.msgpack.decode(wire, type=RiskStateCopy))

    assert again.state() == risk.state()
    assert msgspec.msgpack.encode(again.state()) == wire
    assert again.refusals == {"daily_loss": 1, "max_gross": 2}
    assert (again.daily_pnl, again.drawdown) == (risk.daily_pnl, risk.drawdown)
    assert again.bucket.available(_at(5, 2)) == risk.bucket.available(_at(5, 2)) == 0
    assert not again.mark(D(900), _at(5, 3))


def test_a_restart_on_another_day_rolls_from_the_last_known_equity() -> None:
    risk = RiskState(3.0)
    risk.mark(D(1_000), _at(5))
    again = RiskState(3.0)
    again.restore(risk.state())

    again.mark(D(700), _at(9))

    assert again.daily_pnl == -300


def test_recent_orders_are_bounded(intent: Make, sent: Make) -> None:
    risk = RiskState(3.0)

    for number in range(100):
        order = intent(instrument_id=InstrumentId(f"sim:{number}"))
        risk.sent(sent(order), D(1), _at(5))

    assert len(risk.recent) == 64
    assert risk.recent[-1].instrument_id == "sim:99"


# --- token bucket --------------------------------------------------------------------------------


def test_a_burst_is_one_seconds_worth_and_comes_back_at_the_rate() -> None:
    bucket = TokenBucket(10.0)
    now = _at(1)
    for _ in range(10):
        assert bucket.available(now) >= 1
        bucket.take(now)

    assert bucket.available(now) == 0
    assert bucket.available(UnixNanos(now + SECOND // 10 - 1)) < 1
    assert bucket.available(UnixNanos(now + SECOND // 10)) == 1
    assert bucket.available(UnixNanos(now + 3_600 * SECOND)) == 10


def test_a_slow_rate_still_allows_one() -> None:
    bucket = TokenBucket(0.5)
    bucket.take(_at(1))

    assert bucket.available(_at(1, 1)) == 0.5
    assert bucket.available(_at(1, 2)) == 1
    assert bucket.available(_at(1, 60)) == 1


def test_a_clock_that_goes_back_earns_nothing() -> None:
    bucket = TokenBucket(10.0)
    for _ in range(10):
        bucket.take(_at(9))

    assert bucket.available(_at(1)) == 0
    bucket.take(_at(1))
    assert bucket.available(_at(9)) == -1
    assert bucket.available(_at(9, 1)) == 9


def test_what_must_be_sent_goes_into_debt() -> None:
    bucket = TokenBucket(2.0)
    for _ in range(6):
        bucket.take(_at(1))

    assert bucket.available(_at(1)) == -4
    assert bucket.available(_at(1, 2)) == 0


@settings(deadline=None, max_examples=100)
@given(
    rate=st.sampled_from([0.3, 1.0, 2.5, 10.0, 33.3]),
    gaps=st.lists(st.integers(0, 400_000_000), min_size=1, max_size=80),
)
def test_no_window_holds_more_than_burst_and_rate_allow(rate: float, gaps: list[int]) -> None:
    bucket = TokenBucket(rate)
    now, taken = _at(1), []
    for gap in gaps:
        now = UnixNanos(now + gap)
        if bucket.available(now) >= 1:
            bucket.take(now)
            taken.append(now)

    assert taken
    for i, start in enumerate(taken):
        for j in range(i, len(taken)):
            allowed = max(rate, 1.0) + rate * (taken[j] - start) / SECOND
            assert j - i + 1 <= allowed + 1e-6
