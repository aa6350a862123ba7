"""Binomial and trinomial trees for European and American options."""

from __future__ import annotations

import math
from typing import Any

from rf_pricing.american import _kernels

_LARGEST_STEPS = 100_000

_binomial: Any = _kernels.binomial_value
_trinomial: Any = _kernels.trinomial_value
_probability: Any = _kernels.tree_probability


def binomial_price(
    spot: float,
    strike: float,
    tau: float,
    vol: float,
    *,
    steps: int,
    american: bool = True,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
    is_call: bool = True,
) -> float:
    """Return an option's value on the tree of Cox, Ross and Rubinstein.

    Parameters
    ----------
    spot, strike, tau, vol, rate, dividend_yield, is_call
        As in `american_price`, one number each; `vol` positive.
    steps : int
        From 1 to 100,000.
    american : bool
        Whether exercise before expiry is allowed.

    Raises
    ------
    ValueError
        If an input is out of range, or the probability of an up move leaves [0, 1]: the steps
        are then too long for ``rate - dividend_yield`` at this volatility.

    Notes
    -----
    ``u = exp(vol sqrt(dt))``, ``d = 1 / u``, ``p = (exp((r - q) dt) - d) / (u - d)``. The value
    on the tree itself, within about 1e-13 relative; it differs from the limit by O(1 / steps).

    References
    ----------
    Cox, Ross and Rubinstein (1979); Hull (2022), chapter 21.

    Examples
    --------
    >>> round(binomial_price(50.0, 50.0, 5.0 / 12.0, 0.4, steps=5, rate=0.1, is_call=False), 4)
    4.4885
    """
    numbers = _checked(spot, strike, tau, vol, rate=rate, dividend_yield=dividend_yield)
    _check_steps(numbers, steps, trinomial=False)
    sign = 1.0 if is_call else -1.0
    return _finite(_binomial(*numbers, sign, int(steps), bool(american)))


def trinomial_price(
    spot: float,
    strike: float,
    tau: float,
    vol: float,
    *,
    steps: int,
    american: bool = True,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
    is_call: bool = True,
) -> float:
    """Return an option's value on the trinomial tree with ``u = exp(vol sqrt(2 dt))``.

    Parameters as in `binomial_price`.

    Raises
    ------
    ValueError
        As in `binomial_price`.

    Notes
    -----
    A step is two steps of half the length of the binomial tree, taken together.

    References
    ----------
    Boyle (1988), A lattice framework for option pricing with two state variables.

    Examples
    --------
    >>> round(trinomial_price(50.0, 50.0, 5.0 / 12.0, 0.4, steps=500, rate=0.1, is_call=False), 3)
    4.283
    """
    numbers = _checked(spot, strike, tau, vol, rate=rate, dividend_yield=dividend_yield)
    _check_steps(numbers, steps, trinomial=True)
    sign = 1.0 if is_call else -1.0
    return _finite(_trinomial(*numbers, sign, int(steps), bool(american)))


def _checked(
    spot: float, strike: float, tau: float, vol: float, *, rate: float, dividend_yield: float
) -> tuple[float, ...]:
    for name, number, good in (
        ("spot", spot, spot > 0.0),
        ("strike", strike, strike > 0.0),
        ("tau", tau, tau >= 0.0),
        ("vol", vol, vol > 0.0),
        ("rate", rate, True),
        ("dividend_yield", dividend_yield, True),
    ):
        if not (math.isfinite(number) and good):
            raise ValueError(f"expected {name} to be finite and in range, was {number!r}")
    return tuple(map(float, (spot, strike, tau, vol, rate, dividend_yield)))


def _check_steps(numbers: tuple[float, ...], steps: int, *, trinomial: bool) -> None:
    if steps != int(steps) or not 1 <= steps <= _LARGEST_STEPS:
        raise ValueError(f"expected steps to be from 1 to {_LARGEST_STEPS}, was {steps!r}")
    if numbers[2] == 0.0:
        return
    p = _probability(*numbers[2:], int(steps), trinomial)
    if not 0.0 <= p <= 1.0:
        raise ValueError(
            f"expected enough steps for a probability in [0, 1], {steps!r} give {float(p)!r}"
        )


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("expected inputs whose tree stays within the range of doubles")
    return float(value)
