from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_common.clock import NANOS_PER_SECOND
from rf_common.instruments import Instrument
from rf_common.intelligence import Conviction, Direction, Verdict
from rf_risk import AnalystGateConfig, Cycle, Portfolio, judge
from rf_testkit.builders import START
from rf_testkit.stages import analyst_stage, graph_stage, quant_stage, swarm_stage

LOT = Instrument(instrument_id="sim:AAA", tick=Decimal("0.01"), lot=Decimal("0.001"))


def portfolio(**changes):
    fields = {
        "now": START,
        "instrument": LOT,
        "equity": Decimal(100_000),
        "drawdown": 0.0,
        "position": Decimal(0),
        "price": Decimal(100),
    }
    return Portfolio(**(fields | changes))


def cycle(quant=None, swarm=None, graph=None, analyst=None):
    return Cycle(
        quant_stage(**(quant or {})),
        swarm_stage(**(swarm or {})),
        graph_stage(**(graph or {})),
        analyst_stage(**(analyst or {})),
    )


def verdict(told=None, held=None, config=None):
    return judge(told or cycle(), held or portfolio(), config or AnalystGateConfig())


def test_agreeing_stages_are_approved_with_a_quarter_of_kelly():
    judged = verdict()
    # p 0.72, b = 4 / 2: f = 0.72 - 0.28 / 2 = 0.58, a quarter is 14.5 %, above the 5 % that is most
    assert (judged.verdict, judged.direction) == (Verdict.APPROVED, Direction.LONG)
    assert judged.quantity == Decimal(50)
    assert all(check.ok for check in judged.checks)


@pytest.mark.parametrize(
    ("conviction", "quantity"),
    [(Conviction.HIGH, 50), (Conviction.MEDIUM, 30), (Conviction.LOW, 15)],
)
def test_conviction_scales_the_order(conviction, quantity):
    assert verdict(cycle(swarm={"conviction": conviction})).quantity == quantity


def test_the_analyst_may_ask_for_less_and_never_for_more():
    assert verdict(cycle(analyst={"position_size_pct": 0.01})).quantity == Decimal(10)
    assert verdict(cycle(analyst={"position_size_pct": 0.10})).quantity == Decimal(50)


def test_a_small_edge_is_a_small_order():
    # b = 1, p = 0.65: f = 0.30, a quarter is 7.5 % -> 5 %; b = 0.6: f = 0.0667, a quarter 1.67 %
    told = cycle(analyst={"confidence": 0.65, "take_profit_px": 101.2})
    assert verdict(told).quantity == Decimal("16.666")


def test_an_edge_that_is_none_is_rejected():
    judged = verdict(cycle(analyst={"confidence": 0.65, "take_profit_px": 100.5}))
    assert judged.reason.startswith("kelly")


def test_value_at_risk_scales_the_order_down():
    config = AnalystGateConfig(max_daily_var=0.0005)
    # 5 % x 0.2/sqrt(252) x 1.645 = 0.104 % of equity; the limit leaves 0.05 %
    judged = verdict(config=config)
    assert judged.verdict is Verdict.APPROVED
    assert float(judged.quantity) == pytest.approx(
        50 * 0.0005 / (0.05 * 0.2 / 252**0.5 * 1.645), abs=1e-3
    )


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"analyst": {"direction": Direction.NEUTRAL}}, "direction"),
        ({"swarm": {"direction": Direction.NEUTRAL}}, "direction"),
        ({"swarm": {"direction": Direction.SHORT}}, "same side"),
        ({"analyst": {"confidence": 0.64}}, "analyst confidence"),
        ({"swarm": {"confidence": 0.59}}, "swarm confidence"),
        ({"analyst": {"entry_px": 103.0}}, "entry"),
        ({"analyst": {"stop_px": 101.0}}, "stop and target"),
        ({"analyst": {"take_profit_px": 99.0}}, "stop and target"),
        ({"analyst": {"entry_px": float("nan")}}, "entry"),
        ({"analyst": {"confidence": float("nan")}}, "analyst confidence"),
        ({"analyst": {"position_size_pct": 0.0}}, "order value"),
    ],
)
def test_each_disagreement_is_rejected_by_its_name(changes, rule):
    judged = verdict(cycle(**changes))
    assert (judged.verdict, judged.quantity) == (Verdict.REJECTED, 0)
    assert judged.reason.startswith(rule)
    assert not judged.checks[-1].ok


@pytest.mark.parametrize("stage", ["quant", "swarm", "graph", "analyst"])
def test_a_stage_that_is_missing_or_unavailable_is_no_trade(stage):
    judged = verdict(cycle(**{stage: {"unavailable": "the worker died"}}))
    assert (judged.verdict, judged.reason) == (Verdict.REJECTED, f"{stage}: the worker died")
    present = {
        "quant": quant_stage(),
        "swarm": swarm_stage(),
        "graph": graph_stage(),
        "analyst": analyst_stage(),
    }
    judged = verdict(Cycle(**(present | {stage: None})))
    assert judged.reason == f"{stage}: no answer in this cycle"


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ({"equity": None}, "account"),
        ({"drawdown": None}, "account"),
        ({"price": None}, "account"),
        ({"equity": Decimal(0)}, "account"),
        ({"drawdown": 0.08}, "drawdown"),
        ({"equity": Decimal(1_000)}, "order value"),
        ({"now": START + 181 * NANOS_PER_SECOND}, "age"),
    ],
)
def test_an_account_that_cannot_bear_it_is_no_trade(held, words):
    judged = verdict(held=portfolio(**held))
    assert judged.verdict is Verdict.REJECTED
    assert judged.reason.startswith(words)


@pytest.mark.parametrize("vol", [None, 0.0, float("nan"), float("inf")])
def test_an_unknown_volatility_is_no_trade(vol):
    assert verdict(cycle(quant={"garch_vol": vol})).reason == "volatility: unknown"


@pytest.mark.parametrize(("position", "direction"), [(90, Direction.SHORT), (-90, Direction.LONG)])
def test_a_hedge_reduces_what_is_held(position, direction):
    storm = cycle(quant={"garch_vol": 0.70})
    judged = verdict(storm, portfolio(position=Decimal(position)))
    assert (judged.verdict, judged.direction, judged.quantity) == (Verdict.HEDGE, direction, 25)
    small = verdict(storm, portfolio(position=Decimal(position) / 10))
    assert small.quantity == 9
    assert verdict(storm).verdict is Verdict.REJECTED


@given(
    p=st.floats(0.0, 1.0),
    target=st.floats(100.01, 200.0),
    stop=st.floats(1.0, 99.99),
    size=st.floats(0.0, 0.10),
    vol=st.floats(0.01, 0.63),
)
def test_no_approval_is_larger_than_the_limits(p, target, stop, size, vol):
    told = cycle(
        quant={"garch_vol": vol},
        analyst={
            "confidence": p,
            "take_profit_px": target,
            "stop_px": stop,
            "position_size_pct": size,
        },
    )
    judged = verdict(told)
    value = judged.quantity * 100
    assert value <= 5_000
    assert float(value) * vol / 252**0.5 * 1.645 <= 2_000
    assert (judged.verdict is Verdict.APPROVED) == (judged.quantity > 0)


@given(st.floats(0.01, 0.63), st.floats(0.65, 1.0))
def test_long_and_short_are_judged_alike(vol, p):
    mirrored = {
        "direction": Direction.SHORT,
        "stop_px": 102.0,
        "take_profit_px": 96.0,
        "confidence": p,
    }
    long = verdict(cycle(quant={"garch_vol": vol}, analyst={"confidence": p}))
    short = verdict(
        cycle(quant={"garch_vol": vol}, swarm={"direction": Direction.SHORT}, analyst=mirrored)
    )
    assert long.quantity == short.quantity
