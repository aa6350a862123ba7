"""Options on forwards: Black-76 and Bachelier."""

import math

import numpy as np
import pytest

from rf_pricing.vanilla import (
    bachelier_greeks,
    bachelier_price,
    black76_greeks,
    black76_price,
    bsm_greeks,
)


@pytest.mark.parametrize("is_call", [True, False])
def test_black76_is_black_scholes_on_the_forward(is_call: bool) -> None:
    rate, dividend, tau = 0.04, 0.015, 0.8
    spot, df = 100.0, math.exp(-0.04 * 0.8)
    growth = math.exp((rate - dividend) * tau)
    whole = bsm_greeks(spot, 95.0, tau, 0.25, rate=rate, dividend_yield=dividend, is_call=is_call)
    forward = black76_greeks(spot * growth, 95.0, tau, 0.25, df=df, is_call=is_call)
    assert forward.value == pytest.approx(whole.value, rel=1e-13)
    assert forward.delta * growth == pytest.approx(whole.delta, rel=1e-13)
    assert forward.gamma * growth**2 == pytest.approx(whole.gamma, rel=1e-13)
    assert forward.vega == pytest.approx(whole.vega, rel=1e-13)
    assert forward.vanna * growth == pytest.approx(whole.vanna, rel=1e-12)
    assert forward.volga == pytest.approx(whole.volga, rel=1e-12)


@pytest.mark.parametrize("model", [black76_greeks, bachelier_greeks])
@pytest.mark.parametrize(
    ("name", "of", "by"),
    [
        ("delta", "value", 0),
        ("gamma", "delta", 0),
        ("vega", "value", 3),
        ("vanna", "delta", 3),
        ("volga", "vega", 3),
        ("theta", "value", 2),
    ],
)
def test_every_greek_is_the_derivative_it_names(model: object, name: str, of: str, by: int) -> None:
    point = [97.0, 100.0, 0.7, 0.3 if model is black76_greeks else 25.0]
    step = 1e-4 * point[by]
    ends = []
    for move in (-2 * step, -step, step, 2 * step):
        moved = list(point)
        moved[by] += move
        ends.append(getattr(model(*moved, df=0.96, is_call=False), of))  # type: ignore[operator]
    slope = (8.0 * (ends[2] - ends[1]) - (ends[3] - ends[0])) / (12.0 * step)
    found = getattr(model(*point, df=0.96, is_call=False), name)  # type: ignore[operator]
    assert found == pytest.approx(-slope if name == "theta" else slope, rel=1e-8, abs=1e-9)


def test_bachelier_at_the_money_is_the_root_of_two_pi() -> None:
    px = bachelier_price(100.0, 100.0, 4.0, 3.0, df=0.9)
    assert px == pytest.approx(0.9 * 6.0 / math.sqrt(2.0 * math.pi), rel=1e-15)
    both = bachelier_price(-1.0, 2.0, 1.0, 1.0), bachelier_price(-1.0, 2.0, 1.0, 1.0, is_call=False)
    assert both[0] - both[1] == pytest.approx(-3.0, rel=1e-15)


def test_bachelier_is_the_limit_of_black_far_above_zero() -> None:
    black = black76_price(1e6, 1e6 + 1.0, 1.0, 1e-6)
    assert bachelier_price(1e6, 1e6 + 1.0, 1.0, 1.0) == pytest.approx(black, rel=2e-6)


@pytest.mark.parametrize("model", [black76_greeks, bachelier_greeks])
@pytest.mark.parametrize(("tau", "vol"), [(0.0, 0.2), (1.0, 0.0)])
def test_no_variance_leaves_the_discounted_intrinsic_value(
    model: object, tau: float, vol: float
) -> None:
    greeks = model([90.0, 110.0, 100.0], 100.0, tau, vol, df=0.9)  # type: ignore[operator]
    assert greeks.value.tolist() == [0.0, 9.0, 0.0]
    assert greeks.delta.tolist() == [0.0, 0.9, 0.45]
    assert greeks.gamma.tolist() == [0.0, 0.0, math.inf]


@pytest.mark.parametrize(
    ("name", "bad"),
    [("forward", math.nan), ("strike", math.inf), ("tau", -1.0), ("vol", -0.1), ("df", 0.0)],
)
def test_bad_input_is_named(name: str, bad: float) -> None:
    point = {"forward": 100.0, "strike": 100.0, "tau": 1.0, "vol": 0.2, "df": 0.9}
    for function in (black76_price, black76_greeks, bachelier_price, bachelier_greeks):
        for value in (bad, np.array([1.0, bad])):
            with pytest.raises(ValueError, match=f"expected {name} "):
                function(**(point | {name: value}))
    with pytest.raises(ValueError, match="expected forward"):
        black76_price(-1.0, 100.0, 1.0, 0.2)


def test_results_go_where_they_are_asked_for() -> None:
    out = np.empty(2)
    assert black76_price([90.0, 100.0], 100.0, 1.0, 0.2, out=out) is out
    table = np.empty((7, 2))
    assert np.shares_memory(bachelier_greeks([1.0, 2.0], 1.0, 1.0, 1.0, out=table).vega, table)
