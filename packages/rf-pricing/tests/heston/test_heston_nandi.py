import math

import numpy as np
import pytest

from rf_pricing.heston import HestonNandi, heston_nandi_price
from rf_pricing.vanilla import bsm_price

# R package fOptions and Heston and Nandi (2000): estimates of the paper's kind.
MODEL = HestonNandi(omega=2.3e-6, alpha=2.9e-6, beta=0.85, gamma=184.25, premium=-0.5)


def test_an_independent_implementation():
    told = heston_nandi_price(MODEL, 100.0, 100.0, 252, rate=0.05 / 252)
    assert told == pytest.approx(8.992099770141648, abs=1e-9)


def test_puts_and_calls_are_in_parity():
    call = heston_nandi_price(MODEL, 100.0, 95.0, 60, rate=1e-4)
    put = heston_nandi_price(MODEL, 100.0, 95.0, 60, rate=1e-4, is_call=False)
    assert call - put == pytest.approx(100.0 - 95.0 * math.exp(-60e-4))


def test_without_reaction_it_is_black_and_scholes():
    flat = HestonNandi(omega=1e-4, alpha=0.0, beta=0.0, gamma=0.0)
    told = heston_nandi_price(flat, 100.0, 103.0, 100, h1=1e-4)
    assert told == pytest.approx(bsm_price(100.0, 103.0, 100 / 252, math.sqrt(252e-4)), abs=1e-9)


def test_simulated_paths_agree():
    rng = np.random.default_rng(7)
    h = np.full(200_000, MODEL.stationary_variance)
    x = np.zeros_like(h)
    for _ in range(40):
        z = rng.standard_normal(h.size)
        x += -0.5 * h + np.sqrt(h) * z
        h = MODEL.omega + MODEL.beta * h + MODEL.alpha * (
            z - MODEL.pricing_gamma * np.sqrt(h)
        ) ** 2  # fmt: skip
    payoff = np.maximum(100.0 * np.exp(x) - 102.0, 0.0)
    error = payoff.std() / math.sqrt(payoff.size)
    assert heston_nandi_price(MODEL, 100.0, 102.0, 40) == pytest.approx(
        payoff.mean(), abs=4 * error
    )


@pytest.mark.parametrize(
    "bad", [{"omega": -1e-6}, {"beta": 0.99}, {"gamma": math.nan}, {"alpha": 1e-4}]
)
def test_variances_that_explode_are_refused(bad):
    fields = {"omega": 2.3e-6, "alpha": 2.9e-6, "beta": 0.85, "gamma": 184.25, "premium": -0.5}
    with pytest.raises(ValueError, match="expected"):
        HestonNandi(**{**fields, **bad})


def test_an_option_that_has_expired_is_refused():
    with pytest.raises(ValueError, match="days"):
        heston_nandi_price(MODEL, 100.0, 100.0, 0)
