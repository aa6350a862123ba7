"""Counter-based random numbers: known answers, inversion, logarithm, bridge."""

import math

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import poisson

from rf_pricing.monte_carlo._kernels import bridge, functionals, numbers, paths
from rf_pricing.monte_carlo.random import bridge_normals, bridge_order

U = np.uint64


def words(*values):
    return [int(w) for w in numbers.philox(*map(U, values))]


@pytest.mark.parametrize(
    ("counter_and_key", "expected"),
    [
        ((0, 0, 0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 6, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_known_answers_of_its_authors(counter_and_key, expected):
    # Salmon et al. (2011), Random123 known-answer file, philox4x32 with 10 rounds.
    assert words(*counter_and_key) == list(expected)


def drawn(first, draws, key=7, *, flip=False, stream=0):
    u = np.empty((draws, numbers.LANES))
    numbers.uniforms_into(U(first), draws, stream, U(key), flip, u)
    return u


def test_a_path_has_the_same_numbers_wherever_its_chunk_begins():
    assert np.array_equal(drawn(0, 6)[:, 32:], drawn(32, 6)[:, :32])


def test_a_path_has_the_same_first_numbers_however_many_are_drawn():
    assert np.array_equal(drawn(64, 9)[:4], drawn(64, 4))


def test_seeds_streams_and_path_numbers_beyond_32_bits_differ():
    base = drawn(0, 2)
    others = (drawn(0, 2, 8), drawn(0, 2, 7 + (1 << 32)), drawn(0, 2, stream=1), drawn(1 << 32, 2))
    assert all(not np.array_equal(base, other) for other in others)


def test_mirrored_uniforms_and_normals_add_up_exactly():
    u, mirrored = drawn(0, 8), drawn(0, 8, flip=True)
    z, opposite = np.empty_like(u), np.empty_like(u)
    numbers.normals_into(u, z)
    numbers.normals_into(mirrored, opposite)
    assert np.array_equal(u + mirrored, np.ones_like(u))
    assert np.array_equal(z, -opposite)


def test_uniforms_have_the_moments_and_the_independence_they_should():
    u = np.concatenate([drawn(64 * k, 40) for k in range(200)], axis=1)
    n = u.shape[1]
    assert abs(u.mean() - 0.5) < 4 / math.sqrt(12 * u.size)
    assert abs(u.var() - 1 / 12) < 4 * math.sqrt(1 / 180 / u.size)
    off = np.corrcoef(u) - np.eye(40)
    assert np.abs(off).max() < 5 / math.sqrt(n)
    counts = np.histogram(u, bins=100, range=(0.0, 1.0))[0]
    chi2 = ((counts - u.size / 100) ** 2).sum() / (u.size / 100)
    assert 99 - 5 * math.sqrt(198) < chi2 < 99 + 5 * math.sqrt(198)


def test_the_inverse_is_within_4e_13_of_scipy_over_all_uniforms():
    tails = np.concatenate((2.0 ** -np.arange(1.0, 53.5, 0.25), np.linspace(0.001, 0.999, 1999)))
    both = np.concatenate((tails, 1.0 - tails[tails > 1e-10]))
    found = np.array([numbers.normal_of(u) for u in both])
    assert np.abs(found - ndtri(both)).max() < 4e-13


def test_the_logarithm_is_relative_accurate():
    xs = np.concatenate((np.logspace(-300, 300, 2000), 1.0 + np.linspace(-0.3, 0.5, 1000)))
    found, exact = np.array([numbers.log_of(x) for x in xs]), np.log(xs)
    assert np.abs(found - exact).max() < 3e-16 * np.abs(exact).max()
    assert (np.abs(found - exact) <= 2e-15 * np.abs(exact) + 1e-300).all()


def test_normals_and_probabilities_are_each_others_inverse():
    u = drawn(0, 4)
    z, back = np.empty_like(u), np.empty_like(u)
    numbers.normals_into(u, z)
    numbers.probabilities_into(z, back)
    assert np.abs(back - u).max() < 2e-13


def test_bridged_normals_are_independent_on_an_uneven_grid():
    times = np.array([0.0, 0.1, 0.4, 0.5, 1.0, 1.3])
    points = np.random.default_rng(5).random((1 << 15, 5))
    z = bridge_normals(points, times, (True,))
    flat = z.transpose(1, 0, 2).reshape(5, -1)
    assert np.abs(np.cov(flat) - np.eye(5)).max() < 0.04
    # The first point alone decides the end of the path.
    end = np.sqrt(np.diff(times)) @ flat
    assert np.allclose(end, math.sqrt(1.3) * ndtri(points[:, 0]), rtol=0.0, atol=1e-11)


def test_a_factor_that_is_no_brownian_motion_keeps_its_points():
    points = np.random.default_rng(5).random((64, 6))
    z = bridge_normals(points, np.array([0.0, 1.0, 2.0, 3.0]), (True, False))
    assert np.allclose(ndtr(z[0, 1::2].T), points[:, 1::2], rtol=0.0, atol=1e-12)


def test_every_point_of_the_bridge_is_drawn_once_after_its_ends():
    where, _ = bridge_order(np.linspace(0.0, 1.0, 14))
    seen = {0}
    for point, left, right in where:
        assert left in seen
        assert right in seen | {-1}
        seen.add(int(point))
    assert seen == set(range(14))


@pytest.mark.parametrize("mean", [0.0, 0.3, 4.0, 60.0])
def test_poisson_numbers_follow_their_distribution(mean):
    u = np.random.default_rng(1).random(2000)
    found = [paths.poisson_of(x, mean, math.exp(-mean)) for x in u]
    assert np.array_equal(found, poisson.ppf(u, mean))


def test_kernels_agree_with_their_python_source():
    for x in (1e-9, 0.3, 0.8):
        assert numbers.normal_of(x) == pytest.approx(numbers.normal_of.py_func(x), abs=1e-14)
    x = np.cumsum(np.random.default_rng(2).normal(0, 0.1, (1, 5, 64)), axis=1)
    v, step = np.empty((0, 0, 64)), np.full(4, 0.01)
    pairs = []
    for kernel, arguments in (
        (functionals.mean_spot, (x, np.full(5, 0.2))),
        (functionals.mean_log, (x, np.full(5, 0.2))),
        (functionals.survival, (x, v, step, 0.3, True, True)),
        (functionals.extremum, (x, v, step, True, True, U(0), U(1), False)),
    ):
        compiled, plain = np.empty((1, 64)), np.empty((1, 64))
        kernel(*arguments, compiled)
        kernel.py_func(*arguments, plain)
        pairs.append((compiled, plain))
    assert all(np.allclose(a, b, rtol=1e-12, atol=1e-14) for a, b in pairs)


def test_the_step_of_heston_agrees_with_its_python_source():
    k = np.array([0.98, 0.0008, 0.004, 1e-6, -2.2, 0.005, 0.005, -2.2, 0.0, 0.005, 0.005])
    u = drawn(0, 1)[0]
    z = np.empty((2, 64))
    numbers.normals_into(drawn(64, 2), z)
    states = []
    for step in (paths.qe_step, paths.qe_step.py_func):
        v, ivar, x = np.linspace(0.0, 0.1, 64), np.zeros(64), np.zeros(64)
        step(k, u, z[0], z[1], v, ivar, x)
        states.append((v, ivar, x))
    for compiled, plain in zip(*states, strict=True):
        assert np.allclose(compiled, plain, rtol=1e-10, atol=1e-14)


def test_the_bridge_agrees_with_its_python_source():
    times = np.linspace(0.0, 1.0, 5)
    where, weights = bridge_order(times)
    z = np.random.default_rng(0).normal(size=(1, 8, 64))
    found = []
    for kernel in (bridge.bridge_steps, bridge.bridge_steps.py_func):
        out = np.empty_like(z)
        kernel(z, np.array([True, False]), where, weights, np.sqrt(np.diff(times)), out)
        found.append(out)
    assert np.allclose(*found, rtol=0.0, atol=1e-14)
