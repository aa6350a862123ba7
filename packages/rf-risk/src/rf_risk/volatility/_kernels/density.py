"""Log densities of standardised innovations with all derivatives up to the second order.

`shape` holds what depends on the degrees of freedom `nu` and the skew alone, so that it is
computed once for a series. Student's t is the skewed density at skew zero.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from rf_risk.volatility._kernels.layout import NORMAL, SKEWED

Floats = npt.NDArray[np.float64]

HALF_LOG_2PI = 0.9189385332046727
SHAPE_SIZE = 22


@njit(cache=True, nogil=True, error_model="numpy")
def digamma(x: float) -> float:
    """Return the derivative of ln Gamma for x > 0: recurrence up to 10, then the series."""
    total = 0.0
    while x < 10.0:
        total -= 1.0 / x
        x += 1.0
    y = 1.0 / (x * x)
    tail = y * (1 / 240 - y * (1 / 132 - y * (691 / 32760 - y / 12)))
    tail = y * (1 / 12 - y * (1 / 120 - y * (1 / 252) + y * tail))
    return total + math.log(x) - 0.5 / x - tail


@njit(cache=True, nogil=True, error_model="numpy")
def trigamma(x: float) -> float:
    """Return the second derivative of ln Gamma for x > 0."""
    total = 0.0
    while x < 10.0:
        total += 1.0 / (x * x)
        x += 1.0
    y = 1.0 / (x * x)
    tail = y * (1 / 30 - y * (5 / 66 - y * (691 / 2730 - y * 7 / 6)))
    tail = y * (1 / 6 - y * (1 / 30 - y * (1 / 42 - tail)))
    return total + 1.0 / x + 0.5 * y + tail / x


@njit(cache=True, nogil=True, error_model="numpy")
def prepare_shape(kind: int, nu: float, skew: float, shape: Floats) -> None:
    """Fill the constants of a density (Hansen 1994, equations 10 to 14)."""
    shape[:] = 0.0
    if kind == NORMAL:
        return
    p = nu - 2.0
    log_c = math.lgamma(0.5 * (nu + 1.0)) - math.lgamma(0.5 * nu) - 0.5 * math.log(math.pi * p)
    d1 = 0.5 * (digamma(0.5 * (nu + 1.0)) - digamma(0.5 * nu)) - 0.5 / p
    d2 = 0.25 * (trigamma(0.5 * (nu + 1.0)) - trigamma(0.5 * nu)) + 0.5 / (p * p)
    a = a_n = a_nn = a_s = a_ns = 0.0
    b, b_n, b_s, b_nn, b_ns, b_ss = 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
    if kind == SKEWED:
        q = nu - 1.0
        k = 4.0 * math.exp(log_c) * p / q
        slope = d1 + 1.0 / p - 1.0 / q
        k1 = k * slope
        k2 = k * (slope * slope + d2 - 1.0 / (p * p) + 1.0 / (q * q))
        a, a_n, a_nn, a_s, a_ns = skew * k, skew * k1, skew * k2, k, k1
        b = math.sqrt(1.0 + 3.0 * skew * skew - a * a)
        sq_n, sq_s = -2.0 * a * a_n, 6.0 * skew - 2.0 * a * a_s
        sq_nn = -2.0 * (a_n * a_n + a * a_nn)
        sq_ns = -2.0 * (a_n * a_s + a * a_ns)
        sq_ss = 6.0 - 2.0 * a_s * a_s
        b_n, b_s = sq_n / (2.0 * b), sq_s / (2.0 * b)
        cube = 4.0 * b * b * b
        b_nn = sq_nn / (2.0 * b) - sq_n * sq_n / cube
        b_ns = sq_ns / (2.0 * b) - sq_n * sq_s / cube
        b_ss = sq_ss / (2.0 * b) - sq_s * sq_s / cube
    shape[0], shape[1] = nu, skew
    shape[2], shape[3], shape[4], shape[5], shape[6] = a, a_n, a_nn, a_s, a_ns
    shape[7], shape[8], shape[9], shape[10], shape[11], shape[12] = b, b_n, b_s, b_nn, b_ns, b_ss
    # ln b + ln c and its derivatives
    shape[13] = math.log(b) + log_c
    shape[14] = b_n / b + d1
    shape[15] = b_s / b
    shape[16] = b_nn / b - (b_n / b) ** 2 + d2
    shape[17] = b_ns / b - b_n * b_s / (b * b)
    shape[18] = b_ss / b - (b_s / b) ** 2


@njit(cache=True, nogil=True, error_model="numpy")
def log_density(kind: int, z: float, shape: Floats) -> float:
    """Return the log density at z."""
    if kind == NORMAL:
        return -HALF_LOG_2PI - 0.5 * z * z
    nu, a, b = shape[0], shape[2], shape[7]
    y = b * z + a
    y /= 1.0 - shape[1] if y < 0.0 else 1.0 + shape[1]
    return float(shape[13] - 0.5 * (nu + 1.0) * math.log1p(y * y / (nu - 2.0)))


@njit(cache=True, nogil=True, error_model="numpy")
def density_derivatives(kind: int, z: float, shape: Floats) -> tuple[float, ...]:
    """Return f and its derivatives: f, z, zz, n, s, nn, ns, ss, zn, zs (n for nu, s for skew)."""
    if kind == NORMAL:
        return -HALF_LOG_2PI - 0.5 * z * z, -z, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    nu = shape[0]
    p = nu - 2.0
    b, b_n, b_s = shape[7], shape[8], shape[9]
    top = b * z + shape[2]
    side = -1.0 if top < 0.0 else 1.0
    q = 1.0 + side * shape[1]
    top_n, top_s = b_n * z + shape[3], b_s * z + shape[5]
    y = top / q
    y_z = b / q
    y_n = top_n / q
    y_s = (top_s - side * y) / q
    y_zn = b_n / q
    y_zs = (b_s - side * y_z) / q
    y_nn = (shape[10] * z + shape[4]) / q
    y_ns = (shape[11] * z + shape[6] - side * y_n) / q
    y_ss = (shape[12] * z - 2.0 * side * y_s) / q
    r = p + y * y
    n1 = nu + 1.0
    t = -0.5 * n1 * math.log1p(y * y / p)
    t_y = -n1 * y / r
    t_yy = -n1 * (p - y * y) / (r * r)
    gap = 1.0 / r - 1.0 / p
    t_n = t / n1 - 0.5 * n1 * gap
    t_yn = -y / r + n1 * y / (r * r)
    t_nn = -gap + 0.5 * n1 * (1.0 / (r * r) - 1.0 / (p * p))
    f_n = shape[14] + t_n + t_y * y_n
    f_nn = shape[16] + t_nn + 2.0 * t_yn * y_n + t_yy * y_n * y_n + t_y * y_nn
    f_zn = t_yn * y_z + t_yy * y_n * y_z + t_y * y_zn
    f_s = shape[15] + t_y * y_s
    f_ns = shape[17] + t_yn * y_s + t_yy * y_n * y_s + t_y * y_ns
    f_ss = shape[18] + t_yy * y_s * y_s + t_y * y_ss
    f_zs = t_yy * y_s * y_z + t_y * y_zs
    return shape[13] + t, t_y * y_z, t_yy * y_z * y_z, f_n, f_s, f_nn, f_ns, f_ss, f_zn, f_zs
