import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_risk.portfolio import (
    constant_correlation,
    correlation_of,
    ewma_covariance,
    ledoit_wolf,
    nonlinear_shrinkage,
    oas,
    sample_covariance,
)

SHAPES = st.tuples(st.integers(0, 1_000), st.integers(3, 60), st.integers(2, 8))


def draw(seed, n, p):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, p)) @ rng.normal(size=(p, p)) * 0.01


def textbook_ledoit_wolf(returns):
    """Ledoit and Wolf (2004), lemmas 3.2 to 3.5, sum by sum."""
    x = returns - returns.mean(axis=0)
    n, p = x.shape
    s = x.T @ x / n
    mu = np.trace(s) / p
    d2 = np.sum((s - mu * np.eye(p)) ** 2) / p
    b2 = sum(np.sum((np.outer(row, row) - s) ** 2) / p for row in x) / n**2
    share = min(b2, d2) / d2
    return share * mu * np.eye(p) + (1 - share) * s, share


def textbook_constant_correlation(returns):
    """Ledoit and Wolf (2004), "Honey", appendix B, index by index."""
    x = returns - returns.mean(axis=0)
    n, p = x.shape
    s = x.T @ x / n
    sd = np.sqrt(np.diag(s))
    rho = s / np.outer(sd, sd)
    r = (rho.sum() - p) / (p * (p - 1))
    f = r * np.outer(sd, sd)
    np.fill_diagonal(f, np.diag(s))
    pi = np.array([[np.mean((x[:, i] * x[:, j] - s[i, j]) ** 2) for j in range(p)]
                   for i in range(p)])  # fmt: skip

    def theta(k, i, j):
        return np.mean((x[:, k] ** 2 - s[k, k]) * (x[:, i] * x[:, j] - s[i, j]))

    shared = np.trace(pi) + sum(
        r / 2 * (sd[j] / sd[i] * theta(i, i, j) + sd[i] / sd[j] * theta(j, i, j))
        for i in range(p)
        for j in range(p)
        if i != j
    )
    return (pi.sum() - shared) / np.sum((f - s) ** 2) / n


@given(SHAPES)
def test_linear_shrinkage_is_the_textbooks(shape):
    returns = draw(*shape)
    expected, share = textbook_ledoit_wolf(returns)
    found = ledoit_wolf(returns)
    assert found.shrinkage == pytest.approx(share, rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-9, atol=1e-18)


def test_constant_correlation_tends_to_the_textbooks_as_the_sample_grows():
    # The textbook divides by n throughout, this one by n - 1 where it shrinks the sample.
    returns = draw(3, 5_000, 4)
    raw = textbook_constant_correlation(returns)
    assert constant_correlation(returns).shrinkage == pytest.approx(raw, rel=5e-3)


@given(SHAPES)
def test_shrunk_matrices_are_covariances_with_a_share_in_the_unit_interval(shape):
    returns = draw(*shape)
    for estimate in (ledoit_wolf, oas, constant_correlation):
        found = estimate(returns)
        assert 0.0 <= found.shrinkage <= 1.0
        np.testing.assert_array_equal(found.covariance, found.covariance.T)
        assert np.linalg.eigvalsh(found.covariance)[0] > -1e-12 * np.trace(found.covariance)


@given(SHAPES, st.floats(0.1, 10.0))
def test_estimates_scale_with_the_square_of_the_unit(shape, unit):
    returns = draw(*shape)
    for estimate in (ledoit_wolf, oas):
        one, other = estimate(returns), estimate(unit * returns)
        assert other.shrinkage == pytest.approx(one.shrinkage, rel=1e-6, abs=1e-9)
        np.testing.assert_allclose(
            other.covariance, unit**2 * one.covariance, rtol=1e-6, atol=1e-12
        )


def test_constant_correlation_keeps_the_variances():
    returns = draw(4, 50, 5)
    found = constant_correlation(returns).covariance
    np.testing.assert_allclose(np.diag(found), returns.var(axis=0, ddof=1), rtol=1e-12)


def straight_nonlinear(returns):
    """The formula for p < n, eigenvalue by eigenvalue."""
    x = returns - returns.mean(axis=0)
    n, p = x.shape[0] - 1, x.shape[1]
    values, vectors = np.linalg.eigh(x.T @ x / n)
    h, c = n ** (-1 / 3), p / n
    shrunk = []
    for value in values:
        density = hilbert = 0.0
        for other in values:
            u = (value - other) / (h * other)
            bump = 1 - u * u / 5
            if abs(u) < math.sqrt(5):
                density += 3 / (4 * math.sqrt(5)) * bump / (h * other) / p
            log = math.log(abs((math.sqrt(5) - u) / (math.sqrt(5) + u)))
            part = -3 * u / (10 * math.pi) + 3 / (4 * math.sqrt(5) * math.pi) * bump * log
            hilbert += part / (h * other) / p
        below = (math.pi * c * value * density) ** 2 + (1 - c - math.pi * c * value * hilbert) ** 2
        shrunk.append(value / below)
    return vectors @ np.diag(shrunk) @ vectors.T


def test_nonlinear_shrinkage_is_its_formula():
    returns = np.random.default_rng(5).normal(size=(80, 12))
    found = nonlinear_shrinkage(returns)
    np.testing.assert_allclose(found.covariance, straight_nonlinear(returns), atol=1e-9)


@pytest.mark.parametrize(("n", "p"), [(200, 100), (150, 150), (101, 100), (301, 300), (100, 200)])
def test_nonlinear_shrinkage_beats_the_sample_and_linear_shrinkage(n, p):
    # Population of the paper's simulations: a fifth of the variances 1, two fifths 3, two 10.
    rng = np.random.default_rng(n + p)
    variances = np.repeat([1.0, 3.0, 10.0], [p // 5, 2 * p // 5, p - p // 5 - 2 * p // 5])
    truth = np.diag(variances)
    loss = {"sample": 0.0, "linear": 0.0, "nonlinear": 0.0}
    for _ in range(5):
        returns = rng.normal(size=(n, p)) * np.sqrt(variances)
        loss["sample"] += np.sum((sample_covariance(returns) - truth) ** 2)
        loss["linear"] += np.sum((ledoit_wolf(returns).covariance - truth) ** 2)
        loss["nonlinear"] += np.sum((nonlinear_shrinkage(returns).covariance - truth) ** 2)
    assert loss["nonlinear"] < loss["linear"] < loss["sample"]


def test_nonlinear_shrinkage_keeps_its_digits_where_eigenvalues_are_far_apart():
    # Blocks with no correlation and scales of 1 and 1e-6: each is shrunk as if alone, nearly.
    rng = np.random.default_rng(11)
    returns = rng.normal(size=(301, 60)) * np.repeat([1.0, 1e-6], 30)
    found = nonlinear_shrinkage(returns).eigenvalues
    assert found[:30] == pytest.approx(np.full(30, 1e-12), rel=0.3)
    assert found[30:] == pytest.approx(np.full(30, 1.0), rel=0.3)


def test_nonlinear_shrinkage_of_a_long_sample_is_the_sample():
    returns = draw(7, 20_000, 3)
    np.testing.assert_allclose(
        nonlinear_shrinkage(returns).covariance, sample_covariance(returns), rtol=0.02
    )


@given(st.integers(0, 500), st.integers(1, 60), st.floats(0.5, 0.99))
def test_ewma_is_its_recursion(seed, n, decay):
    returns = draw(seed, n, 3)
    expected = returns.T @ returns / n
    for row in returns:
        expected = decay * expected + (1 - decay) * np.outer(row, row)
    np.testing.assert_allclose(ewma_covariance(returns, decay), expected, rtol=1e-9, atol=1e-18)


def test_equal_columns_have_correlation_one():
    column = draw(8, 30, 1)
    found = correlation_of(sample_covariance(np.hstack([column, 2 * column, -column])))
    np.testing.assert_allclose(np.abs(found), 1.0, rtol=1e-12)


def test_a_constant_table_has_no_shape_to_keep():
    assert ledoit_wolf(np.zeros((5, 2))).shrinkage == 1.0
    assert ledoit_wolf(np.zeros((5, 2))).covariance.tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    "call",
    [
        lambda: ledoit_wolf([[1.0, 2.0]]),
        lambda: ledoit_wolf([[1.0, math.nan], [1.0, 2.0]]),
        lambda: ledoit_wolf([1.0, 2.0]),
        lambda: oas(np.zeros((0, 2))),
        lambda: constant_correlation([[1.0], [2.0]]),
        lambda: constant_correlation([[1.0, 1.0], [1.0, 2.0]]),
        lambda: nonlinear_shrinkage(np.random.default_rng(1).normal(size=(12, 3))),
        lambda: nonlinear_shrinkage(np.tile(np.arange(20.0)[:, None] % 7, (1, 2))),
        lambda: nonlinear_shrinkage(np.zeros((20, 2))),
        lambda: ewma_covariance([[1.0]], 1.0),
        lambda: correlation_of([[0.0, 0.0], [0.0, 1.0]]),
        lambda: correlation_of([[1.0, 0.0]]),
    ],
)
def test_bad_tables_are_rejected(call):
    with pytest.raises(ValueError, match="expected"):
        call()
