import math

import pytest

from rf_common.enums import Side, SystemState
from rf_common.events import VolatilityFitted
from rf_common.ids import InstrumentId
from rf_common.orders import Notice, Refusal
from rf_engine.measures import SessionMeasures
from rf_risk.config import MeasureConfig

A, B = InstrumentId("sim:AAA"), InstrumentId("sim:BBB")


def test_var_is_unavailable_until_the_session_has_samples_enough(make_driver):
    driver = make_driver(measures=MeasureConfig(var_sample_ms=500))
    driver.start()
    driver.strategy("one").say(1)
    driver.quotes()

    refusals = [o for _, outputs in driver.steps for o in outputs if isinstance(o, Refusal)]
    assert [r.rule for r in refusals][-1] in {"volatility", "value_at_risk"}
    assert refusals[-1].value == "unavailable"


def test_a_person_may_trade_before_anything_is_measured(make_driver):
    driver = make_driver(measures=MeasureConfig()).start()

    assert driver.place() is not None


def test_var_of_what_is_held_beyond_the_limit_leaves_only_reducing_orders(make_driver):
    driver = make_driver(limits={"max_daily_var": 0.02}).start()
    key = driver.working(quantity=100)
    driver.fill(key, 100)
    for bid in (100.0, 99.0, 100.0, 99.0):
        driver.quote(A, bid, bid + 0.02)
        driver.heartbeat()

    assert driver.system_state is SystemState.REDUCING
    codes = {o.code for _, outputs in driver.steps for o in outputs if isinstance(o, Notice)}
    assert "RF-R-012" in codes
    assert driver.place(price="99.00") is None
    assert driver.place(side=Side.SELL, quantity=50, price="99.00") is not None


def test_a_volatile_account_leaves_only_reducing_orders(make_driver):
    driver = make_driver(limits={"max_account_vol": 0.5}).start()
    key = driver.working(quantity=100)
    driver.fill(key, 100)
    driver.heartbeat()

    assert driver.system_state is SystemState.REDUCING
    codes = {o.code for _, outputs in driver.steps for o in outputs if isinstance(o, Notice)}
    assert codes == {"RF-R-013"}


def test_fitted_parameters_change_the_volatility_from_the_next_event_on(driver):
    garch, features = driver.engine.core.garch[A], driver.engine.core.features[A]
    before = features.garch_vol
    level = sum(r * r for r in garch.returns) / len(garch.returns)

    driver.feed(VolatilityFitted(A, driver.now, "GARCH(1,1)", level, 0.0, 0.0, 0.0, -1.0, 500))

    assert garch.fitted_on == 500
    assert garch.variance == pytest.approx(level)
    assert features.garch_vol != before


@pytest.mark.parametrize(
    "numbers", [(-1.0, 0.1, 0.8, 0.0), (1e-6, 0.5, 0.6, 0.0), (math.nan, 0.1, 0.8, 0.0)]
)
def test_parameters_that_are_no_model_are_told_and_left(driver, numbers):
    before = driver.engine.core.garch[A].params

    driver.feed(VolatilityFitted(A, driver.now, "GARCH(1,1)", *numbers, -1.0, 500))

    assert driver.engine.core.garch[A].params is before
    assert driver.told(Notice)[0].code == "RF-R-014"


def test_a_fit_of_an_unknown_instrument_changes_nothing(driver):
    event = VolatilityFitted(InstrumentId("sim:NONE"), driver.now, "g", 1e-6, 0.1, 0.8, 0, 0, 9)
    assert driver.feed(event) == ()


def measured():
    measures = SessionMeasures(
        MeasureConfig(var_sample_ms=1_000, var_window=100, var_min_samples=20),
        {A: 86_400.0, B: 86_400.0},
    )
    pxs = [(100.0 * 1.001 ** (i % 5), 50.0 * 1.001 ** (-(i % 5))) for i in range(40)]
    for a, b in pxs:
        measures._session.observe({A: a, B: b})
    return measures


def test_a_hedge_lowers_the_correlation_and_a_double_bet_raises_it():
    measures = measured()

    assert measures.correlation({A: 1_000.0, B: 1_000.0}) == pytest.approx(-1.0, abs=0.01)
    assert measures.correlation({A: 1_000.0, B: -1_000.0}) == pytest.approx(1.0, abs=0.01)
    assert measures.correlation({A: 1_000.0}) is None


def test_nothing_held_has_no_risk_and_a_holding_without_samples_is_unknown():
    measures = measured()

    assert measures.value_at_risk({}) == 0.0
    assert measures.value_at_risk({A: 0.0}) == 0.0
    assert measures.value_at_risk({A: 1_000.0}) > 0.0
    assert measures.value_at_risk({InstrumentId("sim:NONE"): 1.0}) is None


def test_var_grows_with_the_square_root_of_the_day():
    measures = measured()
    step = measures._session.var({A: 1_000.0}).var

    assert measures.value_at_risk({A: 1_000.0}) == pytest.approx(step * math.sqrt(86_400))
