"""Trees and the spectral method for American options, compiled.

The spectral method solves for the exercise boundary of a put; a call is the put with spot and
strike, and the two rates, exchanged. With ``L(u) = ln(B(u) / X)`` and X the boundary just before
expiry, ``L**2`` is interpolated in the square root of time to expiry at Chebyshev points, and
integrals over ``0 <= u <= tau`` run over an angle, ``u = tau cos(a)**2``, in which the roots at
both ends are smooth.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from rf_pricing._normal import INV_SQRT_2PI, gauss, norm_cdf, norm_pdf
from rf_pricing.vanilla._kernels.black import bsm_value

_TANH_SINH_REACH = 3.2
_FIXED_POINT_ROUNDS = 60
_LEVELS = 4
_AGREED = 1e-8
_ACCEPTED = 1e-6
_FALLBACK_STEPS = 1000
_LOWEST_LOG = -60.0


@njit(cache=True, nogil=True, error_model="numpy")
def tree_probability(tau, vol, rate, dividend_yield, steps, trinomial):  # type: ignore[no-untyped-def]
    """Return the up probability of a step (of half a step of the trinomial tree)."""
    dt = tau / steps
    width = vol * math.sqrt(0.5 * dt) if trinomial else vol * math.sqrt(dt)
    drift = (rate - dividend_yield) * (0.5 * dt if trinomial else dt)
    up = math.expm1(width)
    down = math.expm1(-width)
    return (math.expm1(drift) - down) / (up - down)


@njit(cache=True, nogil=True, error_model="numpy")
def binomial_value(spot, strike, tau, vol, rate, dividend_yield, sign, steps, american):  # type: ignore[no-untyped-def]
    """Return the value on the tree of Cox, Ross and Rubinstein; NaN if p leaves [0, 1]."""
    if tau == 0.0:
        return max(sign * (spot - strike), 0.0)
    p = tree_probability(tau, vol, rate, dividend_yield, steps, False)
    if not 0.0 <= p <= 1.0:
        return math.nan
    dt = tau / steps
    width = vol * math.sqrt(dt)
    df = math.exp(-rate * dt)
    up, down = df * p, df * (1.0 - p)
    spots = np.empty(2 * steps + 1)
    for i in range(2 * steps + 1):
        spots[i] = spot * math.exp(width * (i - steps))
    values = np.empty(steps + 1)
    for j in range(steps + 1):
        values[j] = max(sign * (spots[2 * j] - strike), 0.0)
    for i in range(steps - 1, -1, -1):
        for j in range(i + 1):
            held = up * values[j + 1] + down * values[j]
            if american:
                held = max(held, sign * (spots[steps - i + 2 * j] - strike))
            values[j] = held
    return values[0]


@njit(cache=True, nogil=True, error_model="numpy")
def trinomial_value(spot, strike, tau, vol, rate, dividend_yield, sign, steps, american):  # type: ignore[no-untyped-def]
    """Return the value on the trinomial tree; NaN if a probability leaves [0, 1]."""
    if tau == 0.0:
        return max(sign * (spot - strike), 0.0)
    half = tree_probability(tau, vol, rate, dividend_yield, steps, True)
    if not 0.0 <= half <= 1.0:
        return math.nan
    dt = tau / steps
    width = vol * math.sqrt(2.0 * dt)
    df = math.exp(-rate * dt)
    up, down = df * half * half, df * (1.0 - half) * (1.0 - half)
    middle = df * 2.0 * half * (1.0 - half)
    payoffs = np.empty(2 * steps + 1)
    for i in range(2 * steps + 1):
        payoffs[i] = sign * (spot * math.exp(width * (i - steps)) - strike)
    values = np.maximum(payoffs, 0.0)
    for i in range(steps - 1, -1, -1):
        for j in range(2 * i + 1):
            held = up * values[j + 2] + middle * values[j + 1] + down * values[j]
            if american:
                held = max(held, payoffs[steps - i + j])
            values[j] = held
    return values[0]


@njit(cache=True, nogil=True, error_model="numpy")
def _drifting_tree(spot, strike, tau, vol, rate, dividend_yield, steps):  # type: ignore[no-untyped-def]
    """Return an American put on a tree around the forward, exact European at the last step."""
    dt = tau / steps
    width = vol * math.sqrt(dt)
    centre = (rate - dividend_yield - 0.5 * vol * vol) * dt
    p = (math.expm1(0.5 * width * width) - math.expm1(-width)) / (2.0 * math.sinh(width))
    df = math.exp(-rate * dt)
    up, down = df * p, df * (1.0 - p)
    values = np.empty(steps)
    ratio = math.exp(2.0 * width)
    for i in range(steps - 1, -1, -1):
        s = spot * math.exp(centre * i - width * i)
        for j in range(i + 1):
            if i == steps - 1:
                held = bsm_value(s, strike, dt, vol, rate, dividend_yield, -1.0)
            else:
                held = up * values[j + 1] + down * values[j]
            values[j] = max(held, strike - s)
            s *= ratio
    return values[0]


@njit(cache=True, nogil=True, error_model="numpy")
def _tree_put(spot, strike, tau, vol, rate, dividend_yield):  # type: ignore[no-untyped-def]
    """Return the put extrapolated from two trees."""
    n = _FALLBACK_STEPS
    coarse = _drifting_tree(spot, strike, tau, vol, rate, dividend_yield, n)
    fine = _drifting_tree(spot, strike, tau, vol, rate, dividend_yield, 2 * n)
    return 2.0 * fine - coarse


@njit(cache=True, nogil=True, error_model="numpy")
def _certain_put(spot, strike, tau, rate, dividend_yield):  # type: ignore[no-untyped-def]
    """Return the put without volatility: the best moment to exercise."""
    best = max(strike - spot, 0.0)
    best = max(best, strike * math.exp(-rate * tau) - spot * math.exp(-dividend_yield * tau))
    if rate * dividend_yield > 0.0 and rate != dividend_yield:
        when = math.log(rate * strike / (dividend_yield * spot)) / (rate - dividend_yield)
        if 0.0 < when < tau:
            at = strike * math.exp(-rate * when) - spot * math.exp(-dividend_yield * when)
            best = max(best, at)
    return best


@njit(cache=True, nogil=True, error_model="numpy")
def _gauss_legendre(n):  # type: ignore[no-untyped-def]
    """Return points and weights on the angle from 0 to a right angle."""
    points, weights = np.empty(n), np.empty(n)
    for i in range(n):
        x = math.cos(math.pi * (i + 0.75) / (n + 0.5))
        slope = 1.0
        for _ in range(10):
            last, here = 1.0, x
            for k in range(2, n + 1):
                last, here = here, ((2 * k - 1) * x * here - (k - 1) * last) / k
            slope = n * (x * here - last) / (x * x - 1.0)
            x -= here / slope
        points[i] = 0.25 * math.pi * (1.0 + x)
        weights[i] = 0.25 * math.pi * 2.0 / ((1.0 - x * x) * slope * slope)
    return points, weights


@njit(cache=True, nogil=True, error_model="numpy")
def _log_boundary(coefficients, x):  # type: ignore[no-untyped-def]
    """Return L at ``x`` in [-1, 1] by Clenshaw's recurrence."""
    b1, b2 = 0.0, 0.0
    for k in range(coefficients.size - 1, 0, -1):
        b1, b2 = 2.0 * x * b1 - b2 + coefficients[k], b1
    squared = x * b1 - b2 + coefficients[0]
    return -math.sqrt(max(squared, 0.0))


@njit(cache=True, nogil=True, error_model="numpy")
def _coefficients(levels):  # type: ignore[no-untyped-def]
    """Return Chebyshev coefficients of L**2 from L at the extrema, from x = 1 down to -1."""
    n = levels.size - 1
    out = np.empty(n + 1)
    for k in range(n + 1):
        total = 0.0
        for j in range(n + 1):
            half = 0.5 if j == 0 or j == n else 1.0
            total += half * levels[j] * levels[j] * math.cos(math.pi * ((j * k) % (2 * n)) / n)
        out[k] = total * (1.0 if k == 0 or k == n else 2.0) / n
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _perpetual_log(vol, rate, dividend_yield, start):  # type: ignore[no-untyped-def]
    """Return ln of the perpetual boundary over X, both for a strike of one."""
    variance = vol * vol
    mu = rate - dividend_yield - 0.5 * variance
    root = math.sqrt(mu * mu + 2.0 * variance * rate)
    exponent = (mu + root) / variance if mu >= 0.0 else 2.0 * rate / (root - mu)
    if exponent <= 0.0:
        return _LOWEST_LOG
    return max(min(-math.log1p(1.0 / exponent) - math.log(start), 0.0), _LOWEST_LOG)


@njit(cache=True, nogil=True, error_model="numpy")
def _cardinals(x, nodes, out):  # type: ignore[no-untyped-def]
    """Fill `out` with the interpolation weights of the nodes at `x`."""
    n = nodes.size - 1
    total = 0.0
    for k in range(n + 1):
        gap = x - nodes[k]
        if gap == 0.0:
            out[:] = 0.0
            out[k] = 1.0
            return
        weight = (1.0 if k % 2 == 0 else -1.0) * (0.5 if k == 0 or k == n else 1.0) / gap
        out[k] = weight
        total += weight
    for k in range(n + 1):
        out[k] /= total


@njit(cache=True, nogil=True, error_model="numpy")
def _equation(i, levels, nodes, tau, rules, model, row):  # type: ignore[no-untyped-def]
    """Return `_equation_at` for the level that is there."""
    return _equation_at(i, levels[i], levels, nodes, tau, rules, model, row)


@njit(cache=True, nogil=True, error_model="numpy")
def _equation_at(i, here, levels, nodes, tau, rules, model, row):  # type: ignore[no-untyped-def]
    """Return the i-th equation of system B, logarithm of its right side less the left.

    Fills `row` with its derivatives in the levels unless it is empty.
    """
    vol, rate, dividend_yield, log_start = model
    angles, weights, cards = rules[0], rules[1], np.empty(nodes.size)
    reach = 0.5 * (1.0 + nodes[i])
    tau = tau * reach * reach
    spread = vol * math.sqrt(tau)
    carry = rate - dividend_yield
    d1 = (here + log_start + carry * tau) / spread + 0.5 * spread
    df, dq = math.exp(-rate * tau), math.exp(-dividend_yield * tau)
    top, bottom = df * norm_cdf(d1 - spread), dq * norm_cdf(d1)
    top_slope = df * norm_pdf(d1 - spread) / spread
    bottom_slope = dq * norm_pdf(d1) / spread
    count = angles.size
    parts = np.empty((3, count if row.size > 0 else 0))
    for j in range(count):
        sine, cosine = math.sin(angles[j]), math.cos(angles[j])
        left = tau * sine * sine
        width = spread * sine
        if row.size > 0:
            _cardinals(2.0 * reach * cosine - 1.0, nodes, cards)
            squared = 0.0
            for k in range(nodes.size):
                squared += cards[k] * levels[k] * levels[k]
            level = -math.sqrt(max(squared, 1e-40))
            for k in range(nodes.size):
                rules[2][j, k] = cards[k] * levels[k] / level
        else:
            level = _interpolated(2.0 * reach * cosine - 1.0, nodes, levels)
        d1 = (here - level + carry * left) / width + 0.5 * width
        weight = weights[j] * 2.0 * tau * sine * cosine
        df = weight * rate * math.exp(-rate * left)
        dq = weight * dividend_yield * math.exp(-dividend_yield * left)
        top += df * norm_cdf(d1 - width)
        bottom += dq * norm_cdf(d1)
        if row.size > 0:
            parts[0, j] = df * norm_pdf(d1 - width) / width
            parts[1, j] = dq * norm_pdf(d1) / width
    if not (top > 1e-280 and bottom > 1e-280):
        return math.nan
    if row.size > 0:
        row[:] = 0.0
        row[i] = top_slope / top - bottom_slope / bottom - 1.0
        for j in range(count):
            slope = parts[0, j] / top - parts[1, j] / bottom
            row[i] += slope
            for k in range(row.size):
                row[k] -= slope * rules[2][j, k]
    return math.log(top / bottom) - log_start - here


@njit(cache=True, nogil=True, error_model="numpy")
def _interpolated(x, nodes, levels):  # type: ignore[no-untyped-def]
    n = nodes.size - 1
    total, weighted = 0.0, 0.0
    for k in range(n + 1):
        gap = x - nodes[k]
        if gap == 0.0:
            return levels[k]
        weight = (1.0 if k % 2 == 0 else -1.0) * (0.5 if k == 0 or k == n else 1.0) / gap
        total += weight
        weighted += weight * levels[k] * levels[k]
    return -math.sqrt(max(weighted / total, 1e-40))


@njit(cache=True, nogil=True, error_model="numpy")
def _misses(levels, nodes, tau, rules, model, out):  # type: ignore[no-untyped-def]
    """Fill `out` with every equation's value; return the largest, NaN if one has none."""
    none = np.empty(0)
    worst = 0.0
    for i in range(nodes.size - 1):
        out[i] = _equation(i, levels, nodes, tau, rules, model, none)
        if not math.isfinite(out[i]):
            out[0] = 1e150
            return math.inf
        worst = max(worst, abs(out[i]))
    return worst


@njit(cache=True, nogil=True, error_model="numpy")
def _sweep(levels, nodes, tau, rules, model, lowest):  # type: ignore[no-untyped-def]
    """Move every level by its own equation, the levels inside integrals held."""
    n = nodes.size - 1
    none = np.empty(0)
    held = levels.copy()
    for i in range(n):
        miss = _equation(i, held, nodes, tau, rules, model, none)
        if math.isfinite(miss):
            # The slope of the equation in its own level alone.
            slope = max(_own_slope(i, held, nodes, tau, rules, model), -11.0)
            if slope > -0.1:
                slope = -1.0  # the plain fixed point
            levels[i] = min(max(held[i] - miss / slope, lowest), -1e-12)


@njit(cache=True, nogil=True, error_model="numpy")
def _own_slope(i, levels, nodes, tau, rules, model):  # type: ignore[no-untyped-def]
    none = np.empty(0)
    step = 1e-6
    here = levels[i]
    high = _equation_at(i, here + step, levels, nodes, tau, rules, model, none)
    low = _equation_at(i, here - step, levels, nodes, tau, rules, model, none)
    found = (high - low) / (2.0 * step)
    return found if math.isfinite(found) else -1.0


@njit(cache=True, nogil=True, error_model="numpy")
def _solve_boundary(levels, tau, vol, rate, dividend_yield, start, points):  # type: ignore[no-untyped-def]
    """Solve for L at the Chebyshev points in place; return the norm of what is missed."""
    n = levels.size - 1
    angles, weights = _gauss_legendre(points)
    rules = (angles, weights, np.empty((points, n + 1)))
    model = (vol, rate, dividend_yield, math.log(start))
    nodes = np.empty(n + 1)
    for i in range(n + 1):
        nodes[i] = math.cos(math.pi * i / n)
    lowest = _perpetual_log(vol, rate, dividend_yield, start)
    backup = levels.copy()
    missed = _least_squares(levels, nodes, tau, rules, model, lowest - 1.0)
    if missed > 1e-8:
        # Newton's way leads to a fold of the equations: point by point does not cross it.
        values = np.zeros(n)
        for _ in range(40):
            _sweep(backup, nodes, tau, rules, model, lowest)
        again = _misses(backup, nodes, tau, rules, model, values)
        if again < missed:
            levels[:] = backup
            missed = again
    return missed


@njit(cache=True, nogil=True, error_model="numpy")
def _least_squares(levels, nodes, tau, rules, model, lowest):  # type: ignore[no-untyped-def]
    """Solve all equations together in place; return the norm of what is missed."""
    n = nodes.size - 1
    jacobian = np.empty((n, n))
    miss, trial = np.empty(n), np.empty(n)
    moved = levels.copy()
    change = math.inf
    damping = 1e-6
    for _ in range(40):
        for i in range(n):
            miss[i] = _equation(i, levels, nodes, tau, rules, model, jacobian[i])
            if not math.isfinite(miss[i]):
                return math.inf
        cost = np.dot(miss, miss)
        if math.sqrt(cost) < 1e-13:
            return 0.0
        # Levenberg-Marquardt: near expiry, where the boundary hardly matters, the equations
        # do not determine it either.
        gradient = jacobian.T @ miss
        normal = jacobian.T @ jacobian
        size = np.trace(normal)
        if not (math.isfinite(size) and size > 0.0):
            return math.inf
        found = False
        while damping < 1e6:
            lifted = normal.copy()
            for i in range(n):
                lifted[i, i] += damping * normal[i, i] + 1e-13 * size
            step = np.linalg.solve(lifted, -gradient)
            for i in range(n):
                target = levels[i] + step[i]
                # Half way to a bound that a step would cross.
                if target >= 0.0:
                    target = 0.5 * levels[i]
                elif target < lowest:
                    target = 0.5 * (levels[i] + lowest)
                moved[i] = target
            _misses(moved, nodes, tau, rules, model, trial)
            after = np.dot(trial, trial)
            if after < cost:
                found = True
                break
            damping *= 10.0
        if not found:
            return math.sqrt(cost)
        levels[:] = moved
        damping = max(damping * 0.01, 1e-16)
        change = math.sqrt(after)
        if change < 1e-11 or (after > 0.9 * cost and change < 1e-7):
            break
    return change


@njit(cache=True, nogil=True, error_model="numpy")
def _put_premium(spot, strike, tau, vol, rate, dividend_yield, start, coefficients, points):  # type: ignore[no-untyped-def]
    """Return what early exercise adds to the European put, spot above the boundary."""
    angles, weights = _gauss_legendre(points)
    spread = vol * math.sqrt(tau)
    carry = rate - dividend_yield
    log_spot = math.log(spot / strike) - math.log(start)
    total = 0.0
    for j in range(points):
        sine, cosine = math.sin(angles[j]), math.cos(angles[j])
        left = tau * sine * sine
        width = spread * sine
        gap = log_spot - _log_boundary(coefficients, 2.0 * cosine - 1.0)
        d1 = (gap + carry * left) / width + 0.5 * width
        gained = rate * strike * math.exp(-rate * left) * norm_cdf(width - d1)
        lost = dividend_yield * spot * math.exp(-dividend_yield * left) * norm_cdf(-d1)
        total += weights[j] * 2.0 * tau * sine * cosine * (gained - lost)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _first_guess(n, tau, vol, rate, dividend_yield, start):  # type: ignore[no-untyped-def]
    lowest = math.exp(max(_perpetual_log(vol, rate, dividend_yield, start), -20.0))
    levels = np.zeros(n + 1)
    room = max(1.0 - lowest, 1e-12)
    for i in range(n):
        x = 0.5 * (1.0 + math.cos(math.pi * i / n)) * math.sqrt(tau)
        levels[i] = math.log(lowest + room * math.exp(-2.0 * vol * x / room))
    return levels


@njit(cache=True, nogil=True, error_model="numpy")
def _refined(levels, n):  # type: ignore[no-untyped-def]
    """Return L at the extrema of degree `n` from a coarser set."""
    coefficients = _coefficients(levels)
    out = np.zeros(n + 1)
    for i in range(n):
        out[i] = _log_boundary(coefficients, math.cos(math.pi * i / n))
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _boundary_start(rate, dividend_yield):  # type: ignore[no-untyped-def]
    return min(1.0, rate / dividend_yield) if dividend_yield > 0.0 else 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def point_scheme(n, size):  # type: ignore[no-untyped-def]
    """Return Chebyshev points of sqrt(u / tau), tanh-sinh points and weights, interpolation rows.

    ``rows[i, k, j]`` is the weight of point `k` in H at ``u = tau_i (1 - y_j**2)``. None of it
    depends on the option.
    """
    points = np.empty(n + 1)
    for i in range(n + 1):
        points[i] = 0.5 * (1.0 + math.cos(math.pi * i / n))
    ys, weights = np.empty(size), np.empty(size)
    rows = np.empty((n, n, size))
    width = 2.0 * _TANH_SINH_REACH / (size - 1)
    for j in range(size):
        t = -_TANH_SINH_REACH + width * j
        e = math.exp(-math.pi * math.sinh(t))
        y, rest = 1.0 / (1.0 + e), e / (1.0 + e)
        ys[j] = y
        weights[j] = width * math.pi * math.cosh(t) * y * rest
        fraction = math.sqrt(rest * (1.0 + y))
        for i in range(n):
            x = points[i] * fraction
            total = 0.0
            hit = -1
            for k in range(n + 1):
                gap = x - points[k]
                if gap == 0.0:
                    hit = k
                    gap = 1.0
                sign = 1.0 if k % 2 == 0 else -1.0
                weight = sign * (0.5 if k == 0 or k == n else 1.0) / gap
                total += weight
                if k < n:
                    rows[i, k, j] = weight
            for k in range(n):
                if hit >= 0:
                    rows[i, k, j] = 1.0 if k == hit else 0.0
                else:
                    rows[i, k, j] /= total
    return points, ys, weights, rows


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _boundary_gaps(row, squares, here, gap):  # type: ignore[no-untyped-def]
    """Fill `gap` with ``ln(B(tau) / B(u))`` at the quadrature points."""
    for j in range(gap.shape[0]):
        gap[j] = 0.0
    for k in range(squares.shape[0]):
        square = squares[k]
        part = row[k]
        for j in range(gap.shape[0]):
            gap[j] += part[j] * square
    for j in range(gap.shape[0]):
        gap[j] = here + math.sqrt(max(gap[j], 0.0))


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _integrands(gap, z, decay, model, top, bottom):  # type: ignore[no-untyped-def]
    """Fill the integrands of system A, the smooth pasting condition."""
    vol, rate, dividend_yield = model
    carry = rate - dividend_yield
    scale = INV_SQRT_2PI / vol
    for j in range(gap.shape[0]):
        middle = (gap[j] / z[j] + carry * z[j]) / vol
        minus = middle - 0.5 * vol * z[j]
        plus = middle + 0.5 * vol * z[j]
        top[j] = rate * decay[0, j] * scale * gauss(minus)
        bottom[j] = dividend_yield * decay[1, j] * (z[j] * norm_cdf(plus) + scale * gauss(plus))


@njit(cache=True, nogil=True, error_model="numpy")
def _iterate_boundary(squares, tau, model, log_start, scheme, tolerance):  # type: ignore[no-untyped-def]
    """Iterate ``ln(B / X)**2`` at the points to the fixed point of system A.

    Returns the last change of ln B, infinity when it has no value or grows.
    """
    points, ys, weights, rows = scheme
    vol, rate, dividend_yield = model
    carry = rate - dividend_yield
    n, size = points.shape[0] - 1, ys.shape[0]
    updated = np.empty(n)
    z, decay = np.empty((n, size)), np.empty((n, 2, size))
    gap, top, bottom = np.empty(size), np.empty(size), np.empty(size)
    for i in range(n):
        s = math.sqrt(tau) * points[i]
        for j in range(size):
            z[i, j] = s * ys[j]
            weight = 2.0 * s * weights[j]
            left = z[i, j] * z[i, j]
            decay[i, 0, j] = weight * math.exp(-rate * left)
            decay[i, 1, j] = weight * math.exp(-dividend_yield * left)
    change = math.inf
    for _ in range(_FIXED_POINT_ROUNDS):
        change = 0.0
        for i in range(n):
            s = math.sqrt(tau) * points[i]
            here = -math.sqrt(squares[i])
            _boundary_gaps(rows[i], squares, here, gap)
            _integrands(gap, z[i], decay[i], model, top, bottom)
            middle = ((log_start + here) / s + carry * s) / vol
            minus, plus = middle - 0.5 * vol * s, middle + 0.5 * vol * s
            scale = INV_SQRT_2PI / (vol * s)
            a = math.exp(-rate * s * s) * scale * gauss(minus)
            b = math.exp(-dividend_yield * s * s) * (norm_cdf(plus) + scale * gauss(plus))
            for j in range(size):
                a += top[j]
                b += bottom[j]
            if not (a > 0.0 and b > 0.0):
                return math.inf
            target = min(math.log(a / b) - log_start, 0.0)
            if not target > -700.0:
                return math.inf
            updated[i] = target * target
            change = max(change, abs(target - here))
        squares[:] = updated
        if change <= tolerance:
            break
    return change


@njit(cache=True, nogil=True, error_model="numpy")
def _fixed_point_put(spot, tau, model, european, scheme, tolerance):  # type: ignore[no-untyped-def]
    """Return a put of strike 1 by system A, and the last change of its boundary."""
    points, ys, weights, rows = scheme
    vol, rate, dividend_yield = model
    carry = rate - dividend_yield
    n = points.shape[0] - 1
    start = _boundary_start(rate, dividend_yield)
    log_start = math.log(start)
    lowest = math.exp(_perpetual_log(vol, rate, dividend_yield, start))
    squares = np.empty(n)
    for i in range(n):
        s = math.sqrt(tau) * points[i]
        room = max(1.0 - lowest, 1e-15)
        exponent = (abs(carry) * s * s + 2.0 * vol * s) / room
        level = math.log(max(lowest + room * math.exp(-exponent), 1e-300))
        squares[i] = level * level
    change = _iterate_boundary(squares, tau, model, log_start, scheme, tolerance)
    if not change <= tolerance:
        return math.nan, change
    log_spot = math.log(spot) - log_start
    if log_spot <= -math.sqrt(squares[0]):
        return 1.0 - spot, change
    gap = np.empty(ys.shape[0])
    _boundary_gaps(rows[0], squares, log_spot, gap)
    value = european
    for j in range(ys.shape[0]):
        z = math.sqrt(tau) * ys[j]
        middle = (gap[j] / z + carry * z) / vol
        gained = rate * math.exp(-rate * z * z) * norm_cdf(0.5 * vol * z - middle)
        lost = dividend_yield * math.exp(-dividend_yield * z * z) * spot
        lost *= norm_cdf(-middle - 0.5 * vol * z)
        value += 2.0 * math.sqrt(tau) * z * weights[j] * (gained - lost)
    return value, change


@njit(cache=True, nogil=True, error_model="numpy")
def _quick_put(spot, tau, model, european, schemes):  # type: ignore[no-untyped-def]
    """Return a put of strike 1, NaN unless two resolutions converge and agree within 1e-6.

    Doubling the points takes a difference of 1e-6 to an error below 1e-8 (measured at most
    7e-9 over 460 inputs of any kind, 3e-9 over 590 market-like ones).
    """
    rough, _ = _fixed_point_put(spot, tau, model, european, schemes[0], 1e-7)
    if math.isnan(rough):
        return math.nan
    value, _ = _fixed_point_put(spot, tau, model, european, schemes[1], 1e-8)
    return value if abs(value - rough) <= 1e-6 else math.nan


@njit(cache=True, nogil=True, error_model="numpy")
def american_put(spot, strike, tau, vol, rate, dividend_yield, schemes):  # type: ignore[no-untyped-def]
    """Return the value of an American put and how it was reached (2: tree)."""
    european = bsm_value(spot, strike, tau, vol, rate, dividend_yield, -1.0)
    if european != european:
        return math.nan, 0
    now = strike - spot
    if vol * math.sqrt(tau) < 1e-9:
        return max(_certain_put(spot, strike, tau, rate, dividend_yield), european), 0
    if rate <= 0.0 and dividend_yield >= rate:
        return european, 0
    if rate < 0.0:
        found = _tree_put(spot, strike, tau, vol, rate, dividend_yield)
        return max(found, now, european), 2
    start = _boundary_start(rate, dividend_yield)
    if not start > 1e-25:
        return max(european, now), 0
    model = (vol, rate, dividend_yield)
    quick = _quick_put(spot / strike, tau, model, european / strike, schemes)
    if quick == quick:
        return max(quick * strike, now, european), 1
    n = 10
    levels = _first_guess(n, tau, vol, rate, dividend_yield, start)
    before = math.inf
    for level in range(_LEVELS):
        if level > 0:
            n *= 2
            levels = _refined(levels, n)
        change = _solve_boundary(levels, tau, vol, rate, dividend_yield, start, 2 * n)
        if spot <= strike * start * math.exp(levels[0]):
            found = now
        else:
            coefficients = _coefficients(levels)
            found = european + _put_premium(
                spot, strike, tau, vol, rate, dividend_yield, start, coefficients, 8 * n
            )
        found = max(found, now, european)
        last = level == _LEVELS - 1
        if change < 1e-6 and abs(found - before) <= (_ACCEPTED if last else _AGREED) * strike:
            return found, 1
        before = found
    found = _tree_put(spot, strike, tau, vol, rate, dividend_yield)
    return max(found, now, european), 2


@njit(cache=True, nogil=True, error_model="numpy")
def american_value(spot, strike, tau, vol, rate, dividend_yield, sign, schemes):  # type: ignore[no-untyped-def]
    """Return the value of an American option and how it was reached."""
    if sign < 0.0:
        return american_put(spot, strike, tau, vol, rate, dividend_yield, schemes)
    return american_put(strike, spot, tau, vol, dividend_yield, rate, schemes)


@njit(cache=True, nogil=True, error_model="numpy")
def american_values(columns, flags, premium, out):  # type: ignore[no-untyped-def]
    """Fill `out` with values, or with what early exercise adds; return how many are NaN."""
    spot, strike, tau, vol, rate, dividend_yield = columns
    schemes = (point_scheme(12, 33), point_scheme(24, 61))
    bad = 0
    for i in range(out.size):
        sign = 1.0 if flags[i if flags.size > 1 else 0] else -1.0
        s = spot[i if spot.size > 1 else 0]
        k = strike[i if strike.size > 1 else 0]
        t = tau[i if tau.size > 1 else 0]
        v = vol[i if vol.size > 1 else 0]
        r = rate[i if rate.size > 1 else 0]
        q = dividend_yield[i if dividend_yield.size > 1 else 0]
        out[i] = american_value(s, k, t, v, r, q, sign, schemes)[0]
        if premium:
            out[i] = max(out[i] - bsm_value(s, k, t, v, r, q, sign), 0.0)
        bad += out[i] != out[i]
    return bad
