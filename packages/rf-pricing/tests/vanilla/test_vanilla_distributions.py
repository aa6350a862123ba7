"""The normal distribution of the kernels, and the public distribution functions."""

import math

import numpy as np
import pytest
from scipy import special

from rf_pricing import _normal
from rf_pricing.distributions import chi2_cdf, chi2_sf, norm_cdf, norm_ppf, t_cdf, t_ppf

# x, N(x) in 40 digits (mpmath), rounded to double.
NORMAL = [
    (-30.0, 4.906713927148187e-198),
    (-10.0, 7.619853024160525e-24),
    (-6.0, 9.86587645037698e-10),
    (-3.0, 0.0013498980316300946),
    (-1.0, 0.15865525393145705),
    (-0.1, 0.460172162722971),
    (0.0, 0.5),
    (1.0, 0.8413447460685429),
    (5.0, 0.9999997133484281),
    (8.0, 0.9999999999999993),
]


@pytest.mark.parametrize(("x", "expected"), NORMAL)
def test_the_normal_distribution_keeps_its_digits(x: float, expected: float) -> None:
    assert _normal.norm_cdf(x) == pytest.approx(expected, rel=6e-16, abs=0.0)
    assert norm_cdf(x) == _normal.norm_cdf(x)


def test_the_lower_tail_vanishes_where_doubles_do() -> None:
    assert _normal.norm_cdf(-38.4) == pytest.approx(6.26e-323, abs=5e-324)
    assert _normal.norm_cdf(-39.0) == 0.0
    assert _normal.norm_cdf(-math.inf) == 0.0
    assert _normal.norm_cdf(math.inf) == 1.0
    assert math.isnan(_normal.norm_cdf(math.nan))
    assert _normal.norm_pdf(0.0) == pytest.approx(1.0 / math.sqrt(2.0 * math.pi), rel=1e-16)


def test_the_ratio_of_mills_agrees_with_the_scaled_error_function() -> None:
    z = np.linspace(0.0, 60.0, 2_001)
    found = np.array([_normal.mills(one) for one in z])
    exact = math.sqrt(0.5 * math.pi) * special.erfcx(z * math.sqrt(0.5))
    assert np.abs(found / exact - 1.0).max() < 3e-15


def test_the_slope_of_the_ratio_of_mills() -> None:
    for z in (0.0, 0.3, 0.7):
        assert _normal.mills_slope(z) == pytest.approx(1.0 - z * _normal.mills(z), rel=1e-15)
    for z in (50.0, 1e3, 1e6):
        series = (1.0 - 3.0 / z**2 + 15.0 / z**4 - 105.0 / z**6) / z**2
        assert _normal.mills_slope(z) == pytest.approx(series, rel=1e-10, abs=0.0)


def test_quantiles_invert_in_both_tails() -> None:
    for p in (1e-300, 1e-20, 1e-6, 0.01, 0.2, 0.3, 0.5, 0.7, 0.99, 1.0 - 1e-12):
        exact = special.ndtri(p)
        assert _normal.norm_ppf(p) == pytest.approx(exact, rel=2e-15, abs=1e-15)
        assert norm_ppf(p) == exact
    assert _normal.norm_ppf(0.0) == -math.inf
    assert _normal.norm_ppf(1.0) == math.inf
    assert math.isnan(_normal.norm_ppf(1.5))


@pytest.mark.parametrize(
    ("x", "nu", "expected"),
    [
        (-2.0, 5.0, 0.05096973941492918),
        (1.5, 3.5, 0.8910909064923274),
        (-10.0, 4.0, 0.00028100181135799556),
        (0.3, 30.0, 0.6168769473578236),
        (0.0, 7.0, 0.5),
        (-math.inf, 7.0, 0.0),
    ],
)
def test_student_t(x: float, nu: float, expected: float) -> None:
    assert t_cdf(x, nu) == pytest.approx(expected, rel=1e-13, abs=0.0)


def test_student_t_with_one_degree_is_cauchy_far_out() -> None:
    for x in (1e-8, 0.5, 3.0, 1e6, 1e12):
        assert t_cdf(-x, 1.0) == pytest.approx(math.atan2(1.0, x) / math.pi, rel=1e-13)


def test_quantiles_of_student_t_invert() -> None:
    p = np.array([1e-6, 0.01, 0.3, 0.7, 0.999])
    assert np.allclose(t_cdf(t_ppf(p, 4.5), 4.5), p, rtol=1e-12)
    assert t_ppf(0.99, 4.0) == pytest.approx(3.746947387979196, rel=1e-13)


def test_chi_square() -> None:
    assert chi2_sf(3.84, 1.0) == pytest.approx(0.050043521248705106, rel=1e-13)
    assert chi2_sf(5.99, 2.0) == pytest.approx(math.exp(-0.5 * 5.99), rel=1e-14)
    assert chi2_cdf(5.99, 2.0) == pytest.approx(-math.expm1(-0.5 * 5.99), rel=1e-14)
    assert chi2_sf(-1.0, 2.0) == 1.0


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="expected x without NaN"):
        norm_cdf([0.0, math.nan])
    with pytest.raises(ValueError, match="expected p within"):
        norm_ppf(1.1)
    with pytest.raises(ValueError, match="expected nu to be positive"):
        t_cdf(0.0, 0.0)
    with pytest.raises(ValueError, match="expected k to be positive"):
        chi2_sf(1.0, -1.0)
    with pytest.raises(ValueError, match="expected x to be numeric"):
        norm_cdf("a")
