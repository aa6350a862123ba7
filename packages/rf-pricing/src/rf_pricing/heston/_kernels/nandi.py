"""The transform of Heston and Nandi and its integral through the saddle point."""

from __future__ import annotations

import cmath
import math

from numba import njit

_STRIP = 0.7
_CUT = 1e-19


@njit(cache=True, nogil=True, error_model="numpy")
def log_moment_days(s, days, h1, omega, alpha, beta, gamma):  # type: ignore[no-untyped-def]
    """Return ``log E[(S_T / F)**s]`` and whether it is finite for the real part of `s`.

    `gamma` is that of the pricing measure, where lambda is -1/2. Heston and Nandi (2000),
    equations 10 to 12.
    """
    a = 0.0j
    b = 0.0j
    lean = s * (gamma - 0.5) - 0.5 * gamma * gamma
    square = 0.5 * (s - gamma) * (s - gamma)
    for _ in range(days):
        room = 1.0 - 2.0 * alpha * b
        if not room.real > 0.0:
            return a, False
        a += omega * b - 0.5 * cmath.log(room)
        b = lean + beta * b + square / room
    return a + h1 * b, True


@njit(cache=True, nogil=True, error_model="numpy")
def crossing(k, days, h1, omega, alpha, beta, gamma):  # type: ignore[no-untyped-def]
    """Return where the contour crosses the real axis, and the distance to the next pole."""
    best, cross, near = math.inf, 0.5, 0.5
    for n in range(1, 10):
        s = 0.1 * n
        height, fine = log_moment_days(s + 0.0j, days, h1, omega, alpha, beta, gamma)
        size = height.real + (1.0 - s) * k - math.log(s * (1.0 - s))
        if fine and size < best:
            best, cross, near = size, s, min(s, 1.0 - s)
    between, e = best, 0.05
    while e < 1e6:
        s = 1.0 + e if k >= 0.0 else -e
        height, fine = log_moment_days(s + 0.0j, days, h1, omega, alpha, beta, gamma)
        if not fine or not height.real < 1e6:
            break
        size = height.real + (1.0 - s) * k - math.log(e * (1.0 + e))
        if size < min(best, between + 1.0):
            best, cross, near = size, s, e
        elif size > best + 2.0:
            break
        e *= 1.15
    return cross, near


@njit(cache=True, nogil=True, error_model="numpy")
def integral(k, days, cross, near, panels, h1, omega, alpha, beta, gamma):  # type: ignore[no-untyped-def]
    """Return two rules for the option out of the money (between the poles: less the minimum).

    The step is ``1 / panels``; the first rule takes every node, the second every other.
    """
    # Wide enough to look straight across the peak, and short of the poles.
    b = near / math.sin(_STRIP)
    base, _ = log_moment_days(cross + 0.0j, days, h1, omega, alpha, beta, gamma)
    even, odd, largest, quiet = 0.0, 0.0, 0.0, 0
    h = 1.0 / panels
    for j in range(60 * panels):
        y = j * h
        s = complex(cross, b * math.sinh(y))
        moment, fine = log_moment_days(s, days, h1, omega, alpha, beta, gamma)
        if not fine:
            return math.nan, math.nan
        term = cmath.exp(moment - base.real - 1j * s.imag * k) / (s * (s - 1.0)) * math.cosh(y)
        if j == 0:
            term *= 0.5
        if j % 2 == 0:
            even += term.real
        else:
            odd += term.real
        size = abs(term)
        largest = max(largest, size)
        quiet = quiet + 1 if size < _CUT * largest else 0
        if quiet > 3:
            break
    scale = math.exp(base.real + (1.0 - cross) * k) * b / math.pi * h
    return scale * (even + odd), scale * 2.0 * even
