"""SABR: Hagan's implied volatility and its calibration to one expiry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, overload

import numpy as np
import numpy.typing as npt

from rf_pricing.smile._kernels import sabr_fit, sabr_vols
from rf_pricing.vanilla._columns import FloatArray, all_scalars, columns_of

Model = Literal["lognormal", "normal"]


@overload
def sabr_implied_vol(
    forward: float,
    strike: float,
    tau: float,
    *,
    alpha: float,
    beta: float,
    rho: float,
    nu: float,
    shift: float = 0.0,
    model: Model = "lognormal",
) -> float: ...


@overload
def sabr_implied_vol(
    forward: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    *,
    alpha: npt.ArrayLike,
    beta: npt.ArrayLike,
    rho: npt.ArrayLike,
    nu: npt.ArrayLike,
    shift: npt.ArrayLike = 0.0,
    model: Model = "lognormal",
) -> FloatArray: ...


def sabr_implied_vol(
    forward: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    *,
    alpha: npt.ArrayLike,
    beta: npt.ArrayLike,
    rho: npt.ArrayLike,
    nu: npt.ArrayLike,
    shift: npt.ArrayLike = 0.0,
    model: Model = "lognormal",
) -> float | FloatArray:
    """Return the implied volatility of the SABR model, by Hagan's expansion.

    Parameters
    ----------
    forward, strike : float or array
        Positive after `shift` is added. Everything broadcasts together.
    tau : float or array
        Years, not negative.
    alpha : float or array
        Initial volatility, positive, in units of forward to the power 1 - beta.
    beta : float or array
        In [0, 1].
    rho : float or array
        In (-1, 1).
    nu : float or array
        Volatility of volatility, not negative.
    shift : float or array
        Added to forward and strike.
    model : {"lognormal", "normal"}
        Black's volatility, or Bachelier's in units of forward per square root of a year.

    Returns
    -------
    float or array
        Per square root of a year.

    Raises
    ------
    ValueError
        If an input leaves the ranges above or is not finite, shapes do not broadcast, or the
        expansion is not positive there.

    Notes
    -----
    The expansion itself within about 1e-14 relative, continuously through the money and for rho
    near one. It is an expansion in tau: for nu**2 * tau of one and more it leaves the model.

    References
    ----------
    Hagan, Kumar, Lesniewski and Woodward (2002), equations 2.17a and B.67.

    Examples
    --------
    >>> round(sabr_implied_vol(0.039, 0.03, 1.0, alpha=0.3, beta=0.6, rho=0.01, nu=0.02), 6)
    1.167258
    """
    if model not in ("lognormal", "normal"):
        raise ValueError(f"expected model to be lognormal or normal, was {model!r}")
    values = {
        "forward": forward,
        "strike": strike,
        "tau": tau,
        "alpha": alpha,
        "beta": beta,
        "rho": rho,
        "nu": nu,
        "shift": shift,
    }
    columns, _, shape = columns_of(values, True)
    found = np.empty(shape)
    if sabr_vols(columns, model == "normal", found.reshape(-1)) > 0:
        raise _complaint(dict(zip(values, columns, strict=True)))
    return float(found.reshape(-1)[0]) if all_scalars(tuple(values.values())) else found


def _complaint(columns: dict[str, FloatArray]) -> ValueError:
    shift = columns["shift"]
    rules = (
        ("shift", np.isfinite(shift), "finite"),
        ("forward", columns["forward"] + shift > 0.0, "positive after the shift"),
        ("strike", columns["strike"] + shift > 0.0, "positive after the shift"),
        ("tau", columns["tau"] >= 0.0, "not negative"),
        ("alpha", columns["alpha"] > 0.0, "positive"),
        ("beta", (columns["beta"] >= 0.0) & (columns["beta"] <= 1.0), "in [0, 1]"),
        ("rho", np.abs(columns["rho"]) < 1.0, "in (-1, 1)"),
        ("nu", columns["nu"] >= 0.0, "not negative"),
    )
    for name, good, rule in rules:
        column = columns[name]
        bad = np.broadcast_to(~(good & np.isfinite(column)), np.broadcast_shapes(good.shape))
        if bad.any():
            worst = np.broadcast_to(column, bad.shape)[bad][0]
            return ValueError(f"expected {name} to be finite and {rule}, was {float(worst)!r}")
    return ValueError("expected parameters for which Hagan's expansion is positive and finite")


@dataclass(frozen=True, slots=True)
class SabrFit:
    """A smile fitted at fixed beta."""

    alpha: float
    rho: float
    nu: float
    beta: float
    """As given."""
    shift: float
    """As given."""
    rmse_vol: float
    """Root of the mean squared difference of volatilities."""
    converged: bool
    """Whether the search ended at a minimum; if not, the numbers are only its best point."""


def calibrate_sabr(
    forward: float,
    strikes: npt.ArrayLike,
    vols: npt.ArrayLike,
    tau: float,
    *,
    beta: float,
    shift: float = 0.0,
) -> SabrFit:
    """Fit alpha, rho and nu to Black volatilities of one expiry, by unweighted least squares.

    Parameters
    ----------
    forward : float
        Positive after `shift`.
    strikes, vols : array, shape (n,)
        At least three different strikes, positive after `shift`; positive volatilities.
    tau : float
        Years, positive.
    beta : float
        In [0, 1], held fixed.
    shift : float
        Added to forward and strikes.

    Returns
    -------
    SabrFit

    Raises
    ------
    ValueError
        If shapes differ, there are fewer than three strikes, or an input is out of range.

    Notes
    -----
    Starts on a fixed grid of rho and nu, alpha from the cubic at the money; the six best starts
    go through Levenberg-Marquardt and the lowest sum of squares is returned. Smiles made by the
    expansion are recovered to about 1e-9 where they determine the parameters; a flat smile does
    not determine rho.

    References
    ----------
    Hagan et al. (2002), 2.17 and 2.18; West (2005), Calibration of the SABR model.

    Examples
    --------
    >>> strikes = [80.0, 90.0, 100.0, 110.0, 120.0]
    >>> vols = sabr_implied_vol(100.0, strikes, 0.5, alpha=0.25, beta=1.0, rho=-0.6, nu=0.9)
    >>> fit = calibrate_sabr(100.0, strikes, vols, 0.5, beta=1.0)
    >>> round(fit.alpha, 6), round(fit.rho, 6), round(fit.nu, 6), fit.converged
    (0.25, -0.6, 0.9, True)
    """
    ks, quotes = _quotes(strikes, vols, shift)
    for name, number, good in (
        ("forward", forward, forward + shift > 0.0),
        ("tau", tau, tau > 0.0),
        ("beta", beta, 0.0 <= beta <= 1.0),
    ):
        if not (math.isfinite(number) and good):
            raise ValueError(f"expected {name} to be finite and in range, was {number!r}")
    order = np.argsort(ks, kind="stable")
    ks, quotes = ks[order], quotes[order]
    at = np.log((ks + shift) / (forward + shift))
    atm = float(np.interp(0.0, at, quotes))
    alpha, rho, nu, cost, converged = sabr_fit(
        float(forward), ks, float(shift), quotes, atm, float(tau), float(beta)
    )
    if not math.isfinite(cost):
        raise ValueError("expected quotes that Hagan's expansion can take: no start was finite")
    return SabrFit(alpha, rho, nu, beta, shift, math.sqrt(cost / ks.size), bool(converged))


def _quotes(
    strikes: npt.ArrayLike, vols: npt.ArrayLike, shift: float
) -> tuple[FloatArray, FloatArray]:
    ks = np.array(strikes, dtype=np.float64)
    quotes = np.array(vols, dtype=np.float64)
    if ks.ndim != 1 or quotes.shape != ks.shape:
        raise ValueError(f"expected strikes and vols alike, were {ks.shape} and {quotes.shape}")
    if not math.isfinite(shift):
        raise ValueError(f"expected shift to be finite, was {shift!r}")
    if not (np.isfinite(ks) & (ks + shift > 0.0)).all():
        raise ValueError(f"expected strikes finite and positive after the shift, were {ks!r:.60}")
    if not (np.isfinite(quotes) & (quotes > 0.0)).all():
        raise ValueError(f"expected vols to be positive and finite, were {quotes!r:.60}")
    if np.unique(ks).size < 3:
        raise ValueError(f"expected at least three different strikes, was {np.unique(ks).size}")
    return ks, quotes


def sabr_density(
    forward: float,
    strikes: npt.ArrayLike,
    tau: float,
    *,
    alpha: float,
    beta: float,
    rho: float,
    nu: float,
    shift: float = 0.0,
) -> FloatArray:
    """Return the density of the forward at expiry that Hagan's smile implies.

    Parameters as in `sabr_implied_vol`, `strikes` of any shape, `tau` positive. A negative entry
    is a butterfly with negative value: the expansion admits arbitrage there.

    Raises
    ------
    ValueError
        As in `sabr_implied_vol`, and if `tau` is not positive.

    Notes
    -----
    Derivatives of the total variance by central differences of fourth order: about 1e-8
    relative.

    References
    ----------
    Gatheral and Jacquier (2014), equation 2.1.

    Examples
    --------
    >>> bool(sabr_density(0.02, 0.001, 20.0, alpha=0.05, beta=0.5, rho=-0.3, nu=0.5) < 0.0)
    True
    """
    if not tau > 0.0:
        raise ValueError(f"expected tau to be positive, was {tau!r}")
    ks = np.asarray(strikes, dtype=np.float64) + shift
    base = forward + shift
    if not (base > 0.0 and np.isfinite(ks).all() and (ks > 0.0).all()):
        raise ValueError("expected forward and strikes positive and finite after the shift")
    k = np.log(ks / base)
    h = 2e-3

    def variance(at: FloatArray) -> FloatArray:
        vols = sabr_implied_vol(
            base, base * np.exp(at), tau, alpha=alpha, beta=beta, rho=rho, nu=nu
        )
        return np.asarray(vols) ** 2 * tau

    w = variance(k)
    near = (variance(k - h), variance(k + h))
    far = (variance(k - 2.0 * h), variance(k + 2.0 * h))
    first = (8.0 * (near[1] - near[0]) - (far[1] - far[0])) / (12.0 * h)
    second = (16.0 * (near[0] + near[1]) - (far[0] + far[1]) - 30.0 * w) / (12.0 * h * h)
    g = (1.0 - 0.5 * k * first / w) ** 2 - 0.25 * first**2 * (1.0 / w + 0.25) + 0.5 * second
    d2 = -k / np.sqrt(w) - 0.5 * np.sqrt(w)
    return np.asarray(g * np.exp(-0.5 * d2 * d2) / (ks * np.sqrt(2.0 * math.pi * w)))
