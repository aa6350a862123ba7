"""Draw accuracy maps into docs/models/maps: error over a plane of parameters, as SVG pictures.

Every picture says what is compared with what. The reference is a second method in higher precision
or of another kind, never the function itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, getcontext
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "models" / "maps"

FLOOR = 1e-17
CELL, LEFT, TOP = 12, 74, 46


def svg(grid: np.ndarray, *, title: str, x: tuple[str, list[str]], y: tuple[str, list[str]]) -> str:
    """Return a picture of log10 errors: rows from the bottom, white is small, dark is large."""
    rows, columns = grid.shape
    width, height = LEFT + columns * CELL + 120, TOP + rows * CELL + 58
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="13">{title}</text>',
    ]
    for row in range(rows):
        for column in range(columns):
            value = grid[row, column]
            top = TOP + (rows - 1 - row) * CELL
            parts.append(
                f'<rect x="{LEFT + column * CELL}" y="{top}" width="{CELL}" height="{CELL}" '
                f'fill="{_colour(value)}"/>'
            )
    for place, text in enumerate(x[1]):
        at = LEFT + (columns * CELL) * place / max(len(x[1]) - 1, 1)
        parts.append(
            f'<text x="{at:.0f}" y="{TOP + rows * CELL + 16}" text-anchor="middle">{text}</text>'
        )
    for place, text in enumerate(y[1]):
        at = TOP + rows * CELL * (1 - place / max(len(y[1]) - 1, 1))
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.0f}" text-anchor="end">{text}</text>')
    middle = LEFT + columns * CELL / 2
    parts.append(
        f'<text x="{middle:.0f}" y="{TOP + rows * CELL + 36}" text-anchor="middle">{x[0]}</text>'
    )
    parts.append(f'<text x="14" y="{TOP - 8}">{y[0]}</text>')
    for place, power in enumerate(range(-17, -5, 2)):
        top = TOP + place * 18
        parts.append(
            f'<rect x="{LEFT + columns * CELL + 16}" y="{top}" width="14" height="14" '
            f'fill="{_colour(float(power))}" stroke="#999"/>'
        )
        parts.append(f'<text x="{LEFT + columns * CELL + 36}" y="{top + 11}">1e{power}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _colour(power: float) -> str:
    if math.isnan(power):
        return "#c8c8c8"
    share = min(max((power + 17.0) / 11.0, 0.0), 1.0)
    red, green, blue = (round(255 - share * (255 - dark)) for dark in (40, 30, 110))
    return f"rgb({red},{green},{blue})"


def decades(errors: np.ndarray) -> np.ndarray:
    """Return log10 of errors, floored."""
    return np.log10(np.maximum(np.abs(errors), FLOOR))


def exact_black(forward: float, strike: float, stdev: float) -> float:
    """Return Black's call in 60 digits, from a series of the normal distribution."""
    getcontext().prec = 60
    f, k, s = (Decimal(repr(x)) for x in (forward, strike, stdev))
    d1 = (f / k).ln() / s + s / 2
    return float(f * _cdf(d1) - k * _cdf(d1 - s))


def _cdf(x: Decimal) -> Decimal:
    """Return the normal distribution function: Taylor inside 8, a continued fraction outside."""
    pi = Decimal("3.14159265358979323846264338327950288419716939937510582097494")
    density = (-x * x / 2).exp() / (2 * pi).sqrt()
    if abs(x) < 8:
        term = total = x
        n = 1
        while abs(term) > Decimal("1e-58"):
            n += 2
            term *= x * x / n
            total += term
        return Decimal("0.5") + density * total
    size, tail = abs(x), Decimal(0)
    for n in range(400, 0, -1):
        tail = n / (size + tail)
    upper = density / (size + tail)
    return upper if x < 0 else 1 - upper


def black_scholes() -> str:
    """Price against 60 digits, over moneyness and total volatility."""
    from rf_pricing.vanilla import black76_price

    moneyness, stdevs = np.linspace(-3.0, 3.0, 49), np.geomspace(0.01, 3.0, 25)
    errors = np.empty((stdevs.size, moneyness.size))
    for i, s in enumerate(stdevs):
        for j, m in enumerate(moneyness):
            strike = float(100.0 * np.exp(m))
            told = black76_price(100.0, strike, 1.0, float(s))
            errors[i, j] = (told - exact_black(100.0, strike, float(s))) / 100.0
    return svg(
        decades(errors),
        title="Black-76 call: error against 60-digit arithmetic, over forward",
        x=("ln(strike / forward)", ["-3", "-2", "-1", "0", "1", "2", "3"]),
        y=("total volatility", ["0.01", "0.17", "3"]),
    )


def implied_volatility() -> str:
    """Round trip of volatility, over moneyness and volatility."""
    from rf_pricing.vanilla import black76_implied_vol, black76_price

    moneyness, stdevs = np.linspace(-3.0, 3.0, 49), np.geomspace(0.01, 3.0, 25)
    s, m = np.meshgrid(stdevs, moneyness, indexing="ij")
    strikes, is_call = 100.0 * np.exp(m), m >= 0.0
    px = black76_price(100.0, strikes, 1.0, s, is_call=is_call)
    told = np.asarray(black76_implied_vol(px, 100.0, strikes, 1.0, is_call=is_call))
    errors = np.where(px > 1e-300, told / s - 1.0, np.nan)
    return svg(
        decades(errors),
        title="implied volatility: relative error of the round trip, out of the money",
        x=("ln(strike / forward)", ["-3", "-2", "-1", "0", "1", "2", "3"]),
        y=("total volatility", ["0.01", "0.17", "3"]),
    )


def heston() -> str:
    """Price against a plain rule of 200,000 nodes on the real line."""
    from rf_pricing.heston import HestonParams, heston_cf, heston_price

    moneyness, taus = np.linspace(-1.0, 1.0, 33), np.geomspace(0.05, 20.0, 17)
    params = HestonParams(0.04, 1.5, 0.06, 0.6, -0.7)
    errors = np.empty((taus.size, moneyness.size))
    x, w = np.polynomial.legendre.leggauss(40)
    for i, tau in enumerate(taus):
        edges = np.linspace(0.0, 260.0 / math.sqrt(min(float(tau), 1.0)), 401)
        nodes = (
            0.5 * (edges[1:, None] + edges[:-1, None]) + 0.5 * np.diff(edges)[:, None] * x
        ).ravel()
        weights = (0.5 * np.diff(edges)[:, None] * w).ravel()
        phi = heston_cf(params, nodes - 0.5j, float(tau))
        k = -moneyness
        turned = np.exp(1j * np.outer(k, nodes)) * phi / (nodes**2 + 0.25)
        strikes = 100.0 * np.exp(moneyness)
        calls = 100.0 - np.sqrt(100.0 * strikes) / np.pi * (turned.real @ weights)
        told = heston_price(params, 100.0, strikes, float(tau))
        errors[i] = (told - calls) / 100.0
    return svg(
        decades(errors),
        title="Heston call: difference to a plain rule of 16,000 nodes, over spot",
        x=("ln(strike / forward)", ["-1", "-0.5", "0", "0.5", "1"]),
        y=("years", ["0.05", "1", "20"]),
    )


def american() -> str:
    """American put against a tree of 20,000 steps extrapolated, over moneyness and time."""
    from rf_pricing.american import american_price, binomial_price

    spots, taus = np.linspace(70.0, 130.0, 21), np.geomspace(0.05, 3.0, 11)
    errors = np.empty((taus.size, spots.size))
    for i, tau in enumerate(taus):
        for j, spot in enumerate(spots):
            given = {"rate": 0.05, "dividend_yield": 0.02, "is_call": False}
            trees = [
                0.5
                * sum(
                    binomial_price(
                        float(spot), 100.0, float(tau), 0.25, steps=n, american=True, **given
                    )
                    for n in (steps, steps + 1)
                )
                for steps in (1_000, 2_000)
            ]
            told = american_price(float(spot), 100.0, float(tau), 0.25, **given)
            errors[i, j] = (told - (2.0 * trees[1] - trees[0])) / 100.0
    return svg(
        decades(errors),
        title="American put: difference to extrapolated trees of 2,000 steps, over strike",
        x=("spot", ["70", "100", "130"]),
        y=("years", ["0.05", "0.4", "3"]),
    )


MAPS: dict[str, Callable[[], str]] = {
    "black-scholes": black_scholes,
    "implied-volatility": implied_volatility,
    "heston": heston,
    "american": american,
}


def main() -> None:
    """Draw every map."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, draw in MAPS.items():
        print(f"drawing {name} ...", flush=True)
        (FOLDER / f"{name}.svg").write_text(draw())


if __name__ == "__main__":
    main()
