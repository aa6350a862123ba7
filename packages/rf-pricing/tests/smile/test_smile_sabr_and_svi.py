import numpy as np
import pytest

from rf_pricing.smile import (
    SsviSurface,
    SviSlice,
    calibrate_sabr,
    fit_ssvi,
    fit_svi,
    sabr_density,
    sabr_implied_vol,
)
from rf_pricing.smile._kernels import sabr_vol

PARAMETERS = {"alpha": 2.0, "beta": 0.5, "rho": -0.3, "nu": 0.8}


def test_hagans_vol_agrees_with_a_published_value() -> None:
    # QuantLib test-suite, interpolations.cpp, testSabrInterpolation.
    vol = sabr_implied_vol(0.039, 0.03, 1.0, alpha=0.3, beta=0.6, rho=0.01, nu=0.02)
    assert vol == pytest.approx(1.16725837321531, abs=1e-12)


def test_the_smile_is_continuous_through_the_money() -> None:
    atm = sabr_implied_vol(100.0, 100.0, 1.0, **PARAMETERS)
    steps = np.array([1e-14, 1e-12, 1e-10, 1e-8])
    for sign in (-1.0, 1.0):
        vols = sabr_implied_vol(100.0, 100.0 * (1.0 + sign * steps), 1.0, **PARAMETERS)
        assert np.abs(vols - atm).max() < 1e-8
        assert np.abs(vols[:2] - atm).max() < 1e-12


def test_no_vol_of_vol_and_beta_one_is_flat() -> None:
    vols = sabr_implied_vol(1.0, [0.5, 1.0, 3.0], 2.0, alpha=0.2, beta=1.0, rho=0.3, nu=0.0)
    assert vols == pytest.approx([0.2] * 3, rel=1e-15)


def test_the_kernel_agrees_with_its_python_source() -> None:
    given = (100.0, 80.0, 20.0, 1.0, 2.0, 0.5, -0.3, 0.8, True)
    assert sabr_vol(*given) == pytest.approx(sabr_vol.py_func(*given), rel=1e-14)


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("rho", [-0.8, 0.0, 0.4])
def test_calibration_recovers_an_exact_smile(beta: float, rho: float) -> None:
    strikes = np.linspace(70.0, 140.0, 9)
    alpha = 0.25 * 100.0 ** (1.0 - beta)
    vols = sabr_implied_vol(100.0, strikes, 0.5, alpha=alpha, beta=beta, rho=rho, nu=0.9)
    fit = calibrate_sabr(100.0, strikes, vols, 0.5, beta=beta)
    assert (fit.alpha, fit.rho, fit.nu) == pytest.approx((alpha, rho, 0.9), rel=1e-6, abs=1e-6)
    assert fit.converged
    assert fit.rmse_vol < 1e-10


def test_the_density_integrates_to_one_where_the_expansion_is_good() -> None:
    strikes = np.linspace(1.0, 400.0, 4001)
    density = sabr_density(100.0, strikes, 0.5, alpha=0.2, beta=1.0, rho=-0.3, nu=0.3)
    assert np.trapezoid(density, strikes) == pytest.approx(1.0, abs=1e-5)


def test_an_svi_slice_is_recovered() -> None:
    k = np.linspace(-0.6, 0.5, 15)
    true = SviSlice(0.02, 0.3, -0.5, 0.05, 0.15)
    fit = fit_svi(k, true.total_variance(k))
    got = (fit.slice.a, fit.slice.b, fit.slice.rho, fit.slice.m, fit.slice.sigma)
    assert got == pytest.approx((0.02, 0.3, -0.5, 0.05, 0.15), rel=1e-5)
    assert fit.converged
    assert fit.butterfly_free


def test_vogts_slice_has_a_butterfly() -> None:
    # Gatheral and Jacquier (2014), example 3.1.
    assert not SviSlice(-0.0410, 0.1331, 0.3060, 0.3586, 0.4153).butterfly_free()
    assert not SviSlice(0.04, 1.8, -0.4, 0.0, 0.1).butterfly_free()


def test_a_higher_slice_does_not_cross_a_lower_one() -> None:
    low, high = SviSlice(0.02, 0.2, -0.3, 0.0, 0.2), SviSlice(0.03, 0.2, -0.3, 0.0, 0.2)
    assert not low.crosses(high)
    assert high.crosses(low)


def test_an_ssvi_surface_is_recovered_and_its_slices_are_svi() -> None:
    surface = SsviSurface((0.5, 1.0), (0.02, 0.04), -0.4, 0.8, 0.5)
    k = np.linspace(-0.3, 0.3, 7)
    w = np.concatenate([surface.total_variance(k, tau) for tau in surface.taus])
    fit = fit_ssvi(np.tile(k, 2), np.repeat(surface.taus, 7), w)
    found = fit.surface
    assert (found.rho, found.eta, found.gamma) == pytest.approx((-0.4, 0.8, 0.5), rel=1e-4)
    assert surface.slice(1.0).total_variance(k) == pytest.approx(w[7:], rel=1e-13)
    assert surface.slice(1.0).butterfly_free()
    assert not surface.slice(0.5).crosses(surface.slice(1.0))


@pytest.mark.parametrize(
    "call",
    [
        lambda: sabr_implied_vol(1.0, np.nan, 1.0, alpha=0.2, beta=1.0, rho=0.0, nu=0.3),
        lambda: sabr_implied_vol(1.0, 1.0, 1.0, alpha=-0.2, beta=1.0, rho=0.0, nu=0.3),
        lambda: sabr_implied_vol(1.0, 1.0, 1.0, alpha=0.2, beta=1.0, rho=1.0, nu=0.3),
        lambda: calibrate_sabr(1.0, [0.9, 1.0], [0.2, 0.2], 1.0, beta=1.0),
        lambda: calibrate_sabr(1.0, [0.9, 1.0, 1.1], [0.2, np.nan, 0.2], 1.0, beta=1.0),
        lambda: SviSlice(-1.0, 0.1, 0.0, 0.0, 0.1),
        lambda: fit_svi([0.0, 0.1], [0.04, 0.04]),
        lambda: SsviSurface((1.0,), (0.04,), 0.0, -1.0, 0.5),
    ],
)
def test_bad_smile_input_is_refused(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="expected"):
        call()
