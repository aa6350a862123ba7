import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_common import InstrumentId, StrategyId, UnixNanos
from rf_risk.portfolio import OpenPosition, PnlEvent, RollingPnl, attribute

MINUTE = 60_000_000_000
D = Decimal
MONEY = st.decimals(D("-1e20"), D("1e20"), places=8)

EVENTS = st.lists(
    st.builds(
        PnlEvent,
        ts_event=st.integers(0, 10**15).map(UnixNanos),
        instrument_id=st.sampled_from(["sim:A", "sim:B"]).map(InstrumentId),
        strategy_id=st.sampled_from(["momentum", "reversion"]).map(StrategyId),
        source=st.sampled_from(["dexter", "mirofish", "manual"]),
        realised=MONEY,
        commission=MONEY,
        slippage=MONEY,
    ),
    max_size=30,
).map(lambda events: sorted(events, key=lambda event: event.ts_event))

POSITIONS = st.lists(
    st.builds(
        OpenPosition,
        instrument_id=st.sampled_from(["sim:A", "sim:C"]).map(InstrumentId),
        strategy_id=st.sampled_from(["momentum", "other"]).map(StrategyId),
        source=st.just("dexter"),
        quantity=MONEY,
        entry_price=MONEY,
        mark_price=MONEY,
    ),
    max_size=4,
)


def event(at=0, **fields):
    return PnlEvent(
        ts_event=UnixNanos(at),
        instrument_id=InstrumentId(fields.pop("symbol", "sim:A")),
        strategy_id=StrategyId(fields.pop("strategy", "momentum")),
        source=fields.pop("source", "dexter"),
        **fields,
    )


def exact_sum(values):
    """Sum without rounding; Decimal itself rounds to 28 digits outside of the module."""
    return sum((Fraction(value) for value in values), Fraction(0))


@given(EVENTS, POSITIONS)
def test_every_breakdown_adds_up_to_the_total_exactly(events, positions):
    found = attribute(events, positions)
    parts = (found.by_strategy, found.by_symbol, found.by_source)
    for name in ("realised", "unrealised", "commission", "slippage", "total", "net"):
        whole = exact_sum([getattr(found.total, name)])
        for part in parts:
            assert exact_sum([getattr(share, name) for share in part.values()]) == whole
    for name in ("realised", "commission", "slippage", "trades", "wins", "losses"):
        for part in (*parts, found.by_hour, found.by_five_minutes):
            shares = [getattr(share, name) for share in part.values()]
            assert exact_sum(shares) == exact_sum([getattr(found.total, name)])


def test_a_day_of_two_strategies():
    found = attribute(
        [
            event(0, realised=D("10"), commission=D("0.1"), slippage=D("0.05")),
            event(59 * MINUTE, realised=D("-4"), strategy="reversion", source="manual"),
            event(61 * MINUTE, realised=D("-8"), commission=D("0.1"), symbol="sim:B"),
            event(25 * 60 * MINUTE, realised=D("2")),
        ]
    )
    assert found.total.net == D("-0.2")
    assert found.total.before_costs == D("0.05")
    momentum = found.by_strategy[StrategyId("momentum")]
    assert (momentum.trades, momentum.wins, momentum.losses) == (3, 2, 1)
    assert (momentum.largest_win, momentum.largest_loss) == (D("10"), D("-8"))
    assert momentum.drawdown == D("8.1")
    assert {hour: share.realised for hour, share in found.by_hour.items()} == {0: 6, 1: -6}
    assert list(found.by_five_minutes) == [0, 55 * MINUTE, 60 * MINUTE, 1500 * MINUTE]
    assert list(found.by_source) == ["dexter", "manual"]


def test_what_was_traded_and_what_is_left_of_a_symbol():
    found = attribute(
        [
            event(0, quantity=D("2"), price=D("100")),
            event(1, quantity=D("-0.5"), price=D("104"), realised=D("2")),
        ],
        [
            OpenPosition(
                instrument_id=InstrumentId("sim:A"),
                strategy_id=StrategyId("momentum"),
                source="dexter",
                quantity=D("1.5"),
                entry_price=D("100"),
                mark_price=D("102"),
            )
        ],
    )
    row = found.activity[InstrumentId("sim:A")]
    assert (row.volume, row.net_quantity) == (D("252"), D("1.5"))
    assert (row.entry_price, row.last_price) == (D("100"), D("102"))
    assert found.total.unrealised == D("3")
    assert found.by_symbol[InstrumentId("sim:A")].total == D("5")


def test_a_fill_that_realises_nothing_is_no_trade_unless_told():
    found = attribute([event(quantity=D(1), price=D(5)), event(win=False)]).total
    assert (found.trades, found.losses) == (1, 1)


def test_nothing_happened_is_zero_of_everything():
    found = attribute([])
    assert found.total.net == 0
    assert found.by_strategy == {}


def test_sums_beyond_the_usual_precision_keep_their_last_digit():
    found = attribute([event(realised=D("1e40")), event(realised=D("1e-40"))])
    assert found.total.realised == D("1" + "0" * 40 + "." + "0" * 39 + "1")


@given(EVENTS)
def test_rolling_total_is_that_of_the_last_five_minutes(events):
    rolling = RollingPnl()
    for i, one in enumerate(events):
        rolling.add(one.ts_event, one.realised)
        young = [e.realised for e in events[: i + 1] if one.ts_event - e.ts_event < 5 * MINUTE]
        assert exact_sum([rolling.total(one.ts_event)]) == exact_sum(young)


@pytest.mark.parametrize(
    "call",
    [
        lambda: attribute([event(1), event(0)]),
        lambda: attribute([event(realised=D("NaN"))]),
        lambda: attribute([event(commission=D("Infinity"))]),
        lambda: attribute([event(quantity=D(1))]),
        lambda: attribute([event(quantity=D(1), price=D(0))]),
        lambda: attribute([event(realised=D("1e300")), event(realised=D("1e-300"))]),
        lambda: RollingPnl(0),
        lambda: RollingPnl().add(UnixNanos(0), D("NaN")),
    ],
)
def test_bad_ledgers_are_rejected(call):
    with pytest.raises(ValueError, match="expected"):
        call()


def test_rolling_time_does_not_run_back():
    rolling = RollingPnl()
    rolling.add(UnixNanos(5), D(1))
    with pytest.raises(ValueError, match="expected an instant >= 5"):
        rolling.add(UnixNanos(4), D(1))
    assert rolling.total(UnixNanos(5)) == 1


def test_light_modules_load_neither_numpy_nor_scipy_nor_numba():
    code = (
        "import sys\n"
        "import rf_risk.portfolio.session_var, rf_risk.portfolio.attribution\n"
        "print(sorted({'numpy', 'scipy', 'numba'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_every_name_of_the_package_is_there_and_no_other():
    import rf_risk.portfolio as portfolio

    assert all(hasattr(portfolio, name) for name in portfolio.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = portfolio.nothing
