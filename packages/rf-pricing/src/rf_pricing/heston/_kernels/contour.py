"""Where to integrate: one contour for options of one expiry out of the money on one side.

With ``X = log(S_T / F)`` and ``k = log(K / F)`` an undiscounted option is worth

    F / (2 pi i) * integral of M(s) exp((1 - s) k) / (s (s - 1)) ds

over a line that crosses the real axis beyond 1 (the call), below 0 (the put) or between (less
``min(S_T, K)``). The contour is ``s = a + i b sinh(y + i tilt)`` with real `y` (Boyarchenko and
Levendorskii 2019): it crosses near the saddle point, where nothing cancels (Lewis 2000; Andersen
and Lake 2018), and leans to the side on which the integrand dies away.
"""

from __future__ import annotations

import math

from numba import njit

from rf_pricing.heston._kernels.transform import last_moment, log_moment

_NARROW = 1e-4
_NOTHING = -800.0
_GOLDEN = 0.6180339887498949


@njit(cache=True, nogil=True, error_model="numpy")
def _height(s, k, tau, v0, kappa, theta, sigma, rho):  # type: ignore[no-untyped-def]
    """Return the logarithm of the integrand's size at real `s`."""
    moment = log_moment(s + 0.0j, tau, v0, kappa, theta, sigma, rho).real
    return moment + (1.0 - s) * k - math.log(abs(s * (s - 1.0)))


@njit(cache=True, nogil=True, error_model="numpy")
def _saddle(base, sign, room, start, model):  # type: ignore[no-untyped-def]
    """Return the distance from the pole `base` at which the integrand is least, roughly.

    Golden section in the logarithm of the distance, which is below `room`.
    """
    k, tau, v0, kappa, theta, sigma, rho = model
    top = math.log(0.97 * room)
    middle = min(math.log(start), top - 0.3)
    width = 1.0
    here = _height(base + sign * math.exp(middle), k, tau, v0, kappa, theta, sigma, rho)
    low = middle - width
    high = min(middle + width, top)
    for _ in range(60):
        at_low = _height(base + sign * math.exp(low), k, tau, v0, kappa, theta, sigma, rho)
        if not at_low < here:
            break
        high, middle, here = middle, low, at_low
        width *= 1.6
        low = middle - width
    for _ in range(60):
        if high >= top:
            high = top
            break
        at_high = _height(base + sign * math.exp(high), k, tau, v0, kappa, theta, sigma, rho)
        if not at_high < here:
            break
        low, middle, here = middle, high, at_high
        width *= 1.6
        high = min(middle + width, top)
    left = high - _GOLDEN * (high - low)
    right = low + _GOLDEN * (high - low)
    at_left = _height(base + sign * math.exp(left), k, tau, v0, kappa, theta, sigma, rho)
    at_right = _height(base + sign * math.exp(right), k, tau, v0, kappa, theta, sigma, rho)
    for _ in range(12):
        if high - low < 0.15:
            break
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = _height(base + sign * math.exp(left), k, tau, v0, kappa, theta, sigma, rho)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = _height(base + sign * math.exp(right), k, tau, v0, kappa, theta, sigma, rho)
    return math.exp(left if at_left < at_right else right)


@njit(cache=True, nogil=True, error_model="numpy")
def contour_of(k, tau, v0, kappa, theta, sigma, rho, total, mode):  # type: ignore[no-untyped-def]
    """Return crossing, offset `a`, scale `b`, tilt, half strip width and the strip's kind.

    `total` is the expected integrated variance. The kind is 1 for calls, -1 for puts, 0 for the
    strip between the poles, and 2 if the value is below the least double. `mode` 0 leans as far
    as is thought best, 1 not at all, 2 half way, 3 fully; 4 and 5 look closer at the peak.
    """
    model = (k, tau, v0, kappa, theta, sigma, rho)
    upper = k >= 0.0
    base = 1.0 if upper else 0.0
    sign = 1.0 if upper else -1.0
    room = last_moment(upper, tau, kappa, sigma, rho)
    # The saddle of a normal distribution: total * e - |k| - 1 / e = 0, about.
    far = abs(k) / total - 0.5
    start = 0.5 * (far + math.sqrt(far * far + 4.0 / total))
    kind = 0
    cross = 0.5
    if room > _NARROW:
        start = min(max(start, 1e-6 * room), 0.5 * room)
        e = _saddle(base, sign, room, start, model)
        outside = _height(base + sign * e, k, tau, v0, kappa, theta, sigma, rho)
        if outside < _NOTHING:
            return base + sign * e, 0.0, 0.0, 0.0, 0.0, 2
        between = _height(0.5, k, tau, v0, kappa, theta, sigma, rho)
        if outside < between + 1.0:
            kind = 1 if upper else -1
            cross = base + sign * e
    if kind == 0:
        best = math.inf
        for n in range(1, 10):
            h = _height(0.1 * n, k, tau, v0, kappa, theta, sigma, rho)
            if h < best:
                best = h
                cross = 0.1 * n
        low, high = 0.0, 1.0
    elif kind == 1:
        low, high = 1.0, 1.0 + room
    else:
        low, high = -room, 0.0
    near = min(cross - low, high - cross)
    step = 0.1 * near
    bend = (
        _height(cross + step, k, tau, v0, kappa, theta, sigma, rho)
        + _height(cross - step, k, tau, v0, kappa, theta, sigma, rho)
        - 2.0 * _height(cross, k, tau, v0, kappa, theta, sigma, rho)
    ) / (step * step)
    if not bend > 1e-8 / (near * near):
        bend = 1e-8 / (near * near)
    # Far out the logarithm is linear in s; the best direction is where it falls fastest.
    reach = v0 + kappa * theta * tau
    psi = math.atan2(reach * rho / sigma + k, reach * math.sqrt((1.0 - rho) * (1.0 + rho)) / sigma)
    x = sigma * math.sqrt(72.0 / bend) * (tau / (1.0 + kappa * tau))
    share = x / (1.0 + x)
    scale = 1.0
    if mode == 1:
        share = 0.0
    elif mode == 2:
        share = 0.5
    elif mode == 3:
        share = 1.0
    elif mode == 4:
        scale = 0.3
    elif mode == 5:
        share, scale = 1.0, 0.3
    tilt = -0.5 * psi * share
    strip = 0.9 * ((1.0 - share) * 0.25 * math.pi + share * (0.5 * math.pi - 0.5 * abs(psi)))
    to_high = math.sin(tilt) - math.sin(tilt - strip)
    to_low = math.sin(tilt + strip) - math.sin(tilt)
    b = 0.9 * min((high - cross) / to_high, (cross - low) / to_low)
    b = scale * min(b, 6.0 / math.sqrt(bend))
    return cross, cross + b * math.sin(tilt), b, tilt, strip, kind
