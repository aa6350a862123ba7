"""``rf risk var`` and ``rf risk garch``: measures of a file of prices or returns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rf_cli.context import Rf
from rf_cli.files import returns_of
from rf_cli.output import Answer, table, usage
from rf_cli.price import PlotTo

if TYPE_CHECKING:
    from rich.console import RenderableType


def var(
    file: Path,
    /,
    *,
    column: str | None = None,
    confidence: float = 0.95,
    horizon: int = 1,
    plot: PlotTo = None,
    rf: Rf,
) -> Answer:
    """Measure value at risk and expected shortfall of a file of prices or returns.

    Parameters
    ----------
    file
        CSV or Parquet; oldest row first.
    column
        Column of prices or returns; adj_close, close or price if not given.
    confidence
        0.95 is the worst 5 %.
    horizon
        Periods ahead; more than one scales by the square root of time.
    plot
        Write the distribution with its quantiles as HTML.
    """
    from rf_risk import portfolio as risk

    returns, found = returns_of(file, column, least=30)
    if horizon < 1:
        raise usage(f"--horizon {horizon}: expected 1 or more")
    try:
        past = risk.historical_var(returns, confidence)
        normal = risk.parametric_var(1.0, float(returns.std(ddof=1)), confidence)
        filtered = risk.filtered_historical_var(returns, confidence)
    except ValueError as error:
        raise usage(str(error)) from error
    scale = float(horizon) ** 0.5
    told: dict[str, Any] = {
        "historical": past,
        "filtered historical": filtered,
        "normal": normal,
    }
    rows = {
        name: (float(each.var) * scale, float(each.expected_shortfall) * scale)
        for name, each in told.items()
    }
    data = {
        "file": str(file),
        "column": found,
        "returns": int(returns.size),
        "confidence": confidence,
        "horizon": horizon,
        "measures": [{"method": m, "var": v, "es": e} for m, (v, e) in rows.items()],
    }
    if plot is not None:
        from rf_cli.plots import histogram, save

        marks = {f"VaR {method}": -value for method, (value, _) in rows.items()}
        save(histogram(returns.tolist(), marks, title=str(file), x="return"), plot)
    return Answer("risk.var", data, _var_text)


def garch(
    file: Path,
    /,
    *,
    column: str | None = None,
    model: Literal["garch", "gjr", "egarch", "aparch"] = "garch",
    distribution: Literal["normal", "t", "skewt"] = "normal",
    horizon: int = 20,
    periods: float = 252.0,
    plot: PlotTo = None,
    rf: Rf,
) -> Answer:
    """Fit a volatility model to a file of prices or returns and forecast it.

    Parameters
    ----------
    file
        CSV or Parquet; oldest row first.
    column
        Column of prices or returns; adj_close, close or price if not given.
    model
        Recursion of the variance.
    distribution
        Of the innovations.
    horizon
        Periods to forecast.
    periods
        Periods in a year: 252 daily, 365 for crypto.
    plot
        Write past volatility and the forecast as HTML.
    """
    from rf_risk.volatility import annual_vol, fit_garch, regime_of

    returns, found = returns_of(file, column, least=50)
    try:
        fit = fit_garch(returns, model=model, distribution=distribution)
    except ValueError as error:
        raise usage(f"{file}: {error}") from error
    try:
        path = fit.forecast(horizon)
        note: tuple[str, ...] = ()
    except ValueError as error:
        path, note = fit.forecast(1), (str(error),)
    vols = [float(annual_vol(float(variance), periods)) for variance in path]
    errors = fit.se_robust
    data: dict[str, Any] = {
        "file": str(file),
        "column": found,
        "returns": int(returns.size),
        "model": model,
        "distribution": distribution,
        "converged": fit.converged,
        "log_likelihood": fit.loglik,
        "persistence": fit.persistence,
        "params": [
            {"name": name, "value": value, "robust_error": errors[name]}
            for name, value in fit.params.items()
        ],
        "annual_vol": vols,
        "regime": str(regime_of(vols[0])),
    }
    if plot is not None:
        _plot_cone(fit, vols, periods, plot)
    warnings = note if fit.converged else ("the fit did not converge: do not use it", *note)
    return Answer("risk.garch", data, _garch_text, warnings=warnings)


def _plot_cone(fit: Any, vols: list[float], periods: float, path: Path) -> None:
    from rf_cli.plots import lines, save
    from rf_risk.volatility import annual_vol

    past = [float(annual_vol(float(s2), periods)) for s2 in fit.variances[-500:]]
    figure = lines(
        {
            "fitted": (list(range(-len(past), 0)), past),
            "forecast": (list(range(len(vols))), vols),
        },
        title="conditional volatility",
        x="periods from now",
        y="volatility per year",
    )
    save(figure, path)


def _var_text(data: Any) -> RenderableType:
    rows = [(m["method"], f"{m['var']:.4%}", f"{m['es']:.4%}") for m in data["measures"]]
    return table(("method", ">VaR", ">expected shortfall"), rows, empty="")


def _garch_text(data: Any) -> RenderableType:
    rows = [(p["name"], f"{p['value']:.6g}", f"{p['robust_error']:.2g}") for p in data["params"]]
    rows += [
        ("log likelihood", f"{data['log_likelihood']:.4f}", ""),
        ("persistence", f"{data['persistence']:.6f}", ""),
        ("volatility next", f"{data['annual_vol'][0]:.2%}", data["regime"]),
        (f"volatility in {len(data['annual_vol'])}", f"{data['annual_vol'][-1]:.2%}", ""),
    ]
    return table(("", ">value", ">robust error"), rows, empty="")
