"""``rf price``: options by formula, by tree, by transform and by simulation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from rf_cli.context import Rf
from rf_cli.output import Answer, table, usage
from rf_cli.progress import progress

if TYPE_CHECKING:
    from rich.console import RenderableType


@Parameter(name="*")
@dataclass(frozen=True)
class Carry:
    """What holding the underlying earns and costs."""

    rate: float = 0.0
    """Riskless rate, continuously compounded, per year: 0.05 is 5 %."""
    dividend_yield: float = 0.0
    """Dividend yield, continuously compounded, per year."""
    put: bool = False
    """A put; without it a call."""


@Parameter(name="*")
@dataclass(frozen=True)
class HestonFlags:
    """Parameters of Heston's model; v0 and theta are variances, 0.04 is a volatility of 20 %."""

    v0: float | None = None
    """Variance now."""
    kappa: float | None = None
    """Speed of return, per year."""
    theta: float | None = None
    """Variance in the long run."""
    sigma: float | None = None
    """Volatility of the variance."""
    rho: float | None = None
    """Correlation of price and variance."""


Option = tuple[float, float, float, float]
"""Spot, strike, years, volatility."""
NO_CARRY, NO_HESTON = Carry(), HestonFlags()
PlotTo = Annotated[Path | None, Parameter(name="--plot")]


def option(
    spot: float,
    strike: float,
    tau: float,
    vol: float,
    /,
    *,
    model: Literal["bsm", "black76", "bachelier"] = "bsm",
    carry: Carry = NO_CARRY,
    plot: PlotTo = None,
    rf: Rf,
) -> Answer:
    """Price a European option: Black-Scholes-Merton, Black-76 or Bachelier.

    The last two price on a forward.

    Parameters
    ----------
    spot
        Price of the underlying; of the forward for black76 and bachelier.
    strike
        Strike.
    tau
        Time to expiry, years.
    vol
        Volatility per year, 0.2 is 20 %; for bachelier in currency.
    model
        Formula.
    plot
        Write value against spot as an HTML file.
    """
    value = _checked(_value_of, model, (spot, strike, tau, vol), carry)
    data = _asked(spot, strike, tau, carry) | {"vol": vol, "model": model, "value": value}
    if plot is not None:
        _plot_value(model, (spot, strike, tau, vol), carry, plot)
        data["plot"] = str(plot)
    return Answer("price.option", data, _rows)


def _value_of(model: str, option: Option, carry: Carry) -> float:
    from rf_pricing.vanilla import bachelier_price, black76_price, bsm_price

    spot, strike, tau, vol = option
    if model == "bsm":
        return float(
            bsm_price(
                spot,
                strike,
                tau,
                vol,
                rate=carry.rate,
                dividend_yield=carry.dividend_yield,
                is_call=not carry.put,
            )
        )
    price = black76_price if model == "black76" else bachelier_price
    df = math.exp(-carry.rate * tau)
    return float(price(spot, strike, tau, vol, df=df, is_call=not carry.put))


def _plot_value(model: str, option: Option, carry: Carry, path: Path) -> None:
    from rf_cli.plots import lines, save

    _, strike, tau, vol = option
    across = [strike * (0.5 + 0.01 * step) for step in range(101)]
    curves = {
        f"{years:.3g} years": (
            across,
            [_value_of(model, (px, strike, years, vol), carry) for px in across],
        )
        for years in (tau, 0.5 * tau, 0.0)
    }
    save(lines(curves, title="value by spot and time left", x="spot", y="value"), path)


def greeks(
    spot: float,
    strike: float,
    tau: float,
    vol: float,
    /,
    *,
    carry: Carry = NO_CARRY,
    rf: Rf,
) -> Answer:
    """Show value and every derivative of a European option.

    Parameters
    ----------
    spot
        Price of the underlying.
    strike
        Strike.
    tau
        Time to expiry, years.
    vol
        Volatility per year, 0.2 is 20 %.
    """
    from rf_pricing.vanilla import bsm_greeks, theta_per_day, vega_per_point

    told = _checked(
        bsm_greeks,
        spot,
        strike,
        tau,
        vol,
        rate=carry.rate,
        dividend_yield=carry.dividend_yield,
        is_call=not carry.put,
    )
    data = _asked(spot, strike, tau, carry) | {"vol": vol}
    data |= {name: float(value) for name, value in told._asdict().items()}
    data["theta_per_day"] = float(theta_per_day(told.theta))
    data["vega_per_point"] = float(vega_per_point(told.vega))
    return Answer("price.greeks", data, _rows)


def iv(
    px: float | None = None,
    spot: float | None = None,
    strike: float | None = None,
    tau: float | None = None,
    /,
    *,
    file: Path | None = None,
    carry: Carry = NO_CARRY,
    plot: PlotTo = None,
    rf: Rf,
) -> Answer:
    """Find the implied volatility of one price, or of every row of a file.

    Parameters
    ----------
    px
        Price of the option.
    spot
        Price of the underlying.
    strike
        Strike.
    tau
        Time to expiry, years.
    file
        CSV or Parquet with columns price, spot, strike, tau and, where there are puts, type.
    plot
        Write the smile of the file as HTML.
    """
    if file is not None:
        return _iv_of_file(file, carry, plot)
    if px is None or spot is None or strike is None or tau is None:
        raise usage("expected PRICE SPOT STRIKE TAU, or --file", fix="rf price iv --help")
    from rf_pricing.vanilla import bsm_implied_vol

    vol = _checked(
        bsm_implied_vol,
        px,
        spot,
        strike,
        tau,
        rate=carry.rate,
        dividend_yield=carry.dividend_yield,
        is_call=not carry.put,
    )
    data = _asked(spot, strike, tau, carry) | {"price": px, "implied_vol": float(vol)}
    return Answer("price.iv", data, _rows)


def _iv_of_file(file: Path, carry: Carry, plot: Path | None) -> Answer:
    import numpy as np

    from rf_cli.files import numbers, read_table
    from rf_pricing.vanilla import ImpliedVolStatus, bsm_implied_vol, implied_vol_status

    frame = read_table(file)
    columns = [numbers(frame, name, file) for name in ("price", "spot", "strike", "tau")]
    if "type" in frame.columns:
        is_call = np.array([str(kind).lower().startswith("c") for kind in frame["type"]])
    else:
        is_call = np.full(frame.height, not carry.put)
    given: dict[str, Any] = {
        "rate": carry.rate,
        "dividend_yield": carry.dividend_yield,
        "is_call": is_call,
    }
    vols = bsm_implied_vol(*columns, **given)
    status = np.asarray(implied_vol_status(*columns, **given))
    rows = [
        {
            "strike": float(columns[2][i]),
            "tau": float(columns[3][i]),
            "type": "call" if is_call[i] else "put",
            "implied_vol": None if np.isnan(vols[i]) else float(vols[i]),
            "reason": ImpliedVolStatus(int(status[i])).name.lower(),
        }
        for i in range(frame.height)
    ]
    if plot is not None:
        _plot_smile(rows, plot)
    bad = sum(row["implied_vol"] is None for row in rows)
    warnings = (f"{bad} of {len(rows)} prices have no implied volatility",) if bad else ()
    return Answer("price.iv", rows, _iv_table, warnings=warnings)


def _plot_smile(rows: list[dict[str, Any]], path: Path) -> None:
    from rf_cli.plots import lines, points, save

    figure = lines({}, title="implied volatility", x="strike", y="volatility")
    for tau in sorted({row["tau"] for row in rows}):
        chosen = [r for r in rows if r["tau"] == tau and r["implied_vol"] is not None]
        points(
            figure,
            [r["strike"] for r in chosen],
            [r["implied_vol"] for r in chosen],
            f"{tau:g} years",
        )
    save(figure, path)


def american(
    spot: float,
    strike: float,
    tau: float,
    vol: float,
    /,
    *,
    carry: Carry = NO_CARRY,
    rf: Rf,
) -> Answer:
    """Price an American option and what early exercise is worth.

    Parameters
    ----------
    spot
        Price of the underlying.
    strike
        Strike.
    tau
        Time to expiry, years.
    vol
        Volatility per year, 0.2 is 20 %.
    """
    from rf_pricing.american import american_price

    given: dict[str, Any] = {
        "rate": carry.rate,
        "dividend_yield": carry.dividend_yield,
        "is_call": not carry.put,
    }
    value = float(_checked(american_price, spot, strike, tau, vol, **given))
    european = _value_of("bsm", (spot, strike, tau, vol), carry)
    data = _asked(spot, strike, tau, carry) | {
        "vol": vol,
        "value": value,
        "european": european,
        "early_exercise_premium": value - european,
    }
    return Answer("price.american", data, _rows)


def heston(
    spot: float,
    strike: float | None = None,
    tau: float | None = None,
    /,
    *,
    params: HestonFlags = NO_HESTON,
    calibrate: Path | None = None,
    carry: Carry = NO_CARRY,
    plot: PlotTo = None,
    rf: Rf,
) -> Answer:
    """Price with Heston's stochastic volatility, or calibrate it to a file of quotes.

    Parameters
    ----------
    spot
        Price of the underlying.
    strike
        Strike.
    tau
        Time to expiry, years.
    calibrate
        CSV or Parquet with columns strike, tau and vol (Black volatilities).
    plot
        Write the volatility surface of the model as HTML.
    """
    from rf_pricing.heston import HestonParams, heston_greeks

    if calibrate is not None:
        return _calibrated(spot, calibrate, carry, plot)
    named = {name: getattr(params, name) for name in ("v0", "kappa", "theta", "sigma", "rho")}
    missing = [f"--{name}" for name, value in named.items() if value is None]
    if missing or strike is None or tau is None:
        wanted = "SPOT STRIKE TAU and the parameters, or --calibrate FILE"
        raise usage(f"expected {wanted}; missing {' '.join(missing) or 'STRIKE TAU'}")
    model = _checked(HestonParams, **named)
    given: dict[str, Any] = {
        "rate": carry.rate,
        "dividend_yield": carry.dividend_yield,
        "is_call": not carry.put,
    }
    told = _checked(heston_greeks, model, spot, strike, tau, **given)
    data = _asked(spot, strike, tau, carry) | named | {"feller": bool(model.feller)}
    data |= {name: float(value) for name, value in told._asdict().items()}
    if plot is not None:
        _plot_surface(model, spot, tau, carry, plot)
        data["plot"] = str(plot)
    return Answer("price.heston", data, _rows)


def _calibrated(spot: float, file: Path, carry: Carry, plot: Path | None) -> Answer:
    from rf_cli.files import numbers, read_table
    from rf_pricing.heston import calibrate_heston

    frame = read_table(file)
    strikes, taus, vols = (numbers(frame, name, file) for name in ("strike", "tau", "vol"))
    fit = _checked(
        calibrate_heston,
        spot,
        strikes,
        taus,
        vols,
        rate=carry.rate,
        dividend_yield=carry.dividend_yield,
    )
    names = ("v0", "kappa", "theta", "sigma", "rho")
    data: dict[str, Any] = {name: float(getattr(fit.params, name)) for name in names}
    data |= {
        "rmse_vol": float(fit.rmse_vol),
        "quotes": int(strikes.size),
        "converged": bool(fit.converged),
        "feller": bool(fit.params.feller),
    }
    if plot is not None:
        _plot_surface(fit.params, spot, float(taus.max()), carry, plot)
        data["plot"] = str(plot)
    warnings = () if fit.converged else ("the fit did not converge: do not use it",)
    return Answer("price.heston", data, _rows, warnings=warnings)


def _plot_surface(model: Any, spot: float, tau: float, carry: Carry, path: Path) -> None:
    import numpy as np

    from rf_cli.plots import save, surface
    from rf_pricing.heston import heston_implied_vol

    strikes = [spot * (0.7 + 0.02 * step) for step in range(31)]
    taus = [tau * (0.1 + 0.1 * step) for step in range(10)]
    vols = [
        np.asarray(
            heston_implied_vol(
                model, spot, strikes, years, rate=carry.rate, dividend_yield=carry.dividend_yield
            )
        ).tolist()
        for years in taus
    ]
    axes = ("strike", "years", "volatility")
    save(surface(strikes, taus, vols, title="Heston volatility", axes=axes), path)


def mc(
    spot: float,
    strike: float,
    tau: float,
    vol: float,
    /,
    *,
    payoff: Literal["european", "asian", "barrier", "lookback"] = "european",
    barrier: float | None = None,
    paths: int = 100_000,
    steps: int = 64,
    seed: int = 1,
    carry: Carry = NO_CARRY,
    rf: Rf,
) -> Answer:
    """Price by Monte Carlo, with its standard error.

    Parameters
    ----------
    spot
        Price of the underlying.
    strike
        Strike.
    tau
        Time to expiry, years.
    vol
        Volatility per year, 0.2 is 20 %.
    payoff
        What is paid; the barrier knocks out.
    barrier
        Level of the barrier.
    paths
        Paths to draw.
    steps
        Dates on each path.
    seed
        The same seed gives the same result.
    """
    if (payoff == "barrier") != (barrier is not None):
        raise usage("--barrier LEVEL belongs to --payoff barrier")
    from rf_pricing.monte_carlo import Gbm, mc_price

    model = _checked(Gbm, spot=spot, vol=vol, rate=carry.rate, dividend_yield=carry.dividend_yield)
    with progress("simulating", paths) as told:
        found = _checked(
            mc_price,
            model,
            _payoff(payoff, strike, barrier, spot, is_call=not carry.put),
            tau,
            paths=paths,
            steps=steps,
            seed=seed,
            antithetic=True,
            progress=lambda done, _: told(done),
        )
    data = _asked(spot, strike, tau, carry) | {"vol": vol, "payoff": payoff, "seed": seed}
    data |= {"value": found.value, "std_error": found.std_error, "paths": found.paths}
    return Answer("price.mc", data, _rows)


def _payoff(name: str, strike: float, barrier: float | None, spot: float, *, is_call: bool) -> Any:
    from rf_pricing.monte_carlo import Asian, Barrier, European, Lookback

    if name == "asian":
        return _checked(Asian, strike, is_call=is_call)
    if name == "lookback":
        return _checked(Lookback, strike, is_call=is_call)
    if name == "barrier" and barrier is not None:
        kind = "up-out" if barrier > spot else "down-out"
        return _checked(Barrier, strike, barrier, kind, is_call=is_call)
    return _checked(European, strike, is_call=is_call)


def _asked(spot: float, strike: float, tau: float, carry: Carry) -> dict[str, Any]:
    return {
        "spot": spot,
        "strike": strike,
        "tau": tau,
        "rate": carry.rate,
        "dividend_yield": carry.dividend_yield,
        "type": "put" if carry.put else "call",
    }


def _checked(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a function of the library; what it refuses is an error of the call."""
    try:
        return function(*args, **kwargs)
    except ValueError as error:
        raise usage(str(error)) from error


def _rows(data: Any) -> RenderableType:
    return table(("", ">value"), [(name, _shown(value)) for name, value in data.items()], empty="")


def _shown(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _iv_table(data: Any) -> RenderableType:
    rows = [
        (
            f"{row['strike']:g}",
            f"{row['tau']:g}",
            row["type"],
            "n/a" if row["implied_vol"] is None else f"{row['implied_vol']:.6f}",
            row["reason"],
        )
        for row in data
    ]
    return table((">strike", ">tau", "type", ">implied vol", "status"), rows, empty="no rows")
