"""Adapters of rf-backtest, rf-oms and rf-swarm-sim: statistics, overfitting, accounting, facts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

import rf_backtest as bt
from rf_common.enums import Side
from rf_oms.positions import Position
from rf_swarm_sim import stylized_facts
from rf_testkit.reference.registry import Answer, Case, answers

SEED = 20_261_125


@answers("metrics", "metrics_edge", "error", needs="returns")
def series_metrics(case: Case) -> Answer:
    """Answer with performance of returns that the case lists."""
    return _metrics(case, case.inputs["returns"])


@answers("metrics", needs="data transform")
def data_metrics(case: Case) -> Answer:
    """Answer with performance of returns from a file."""
    return _metrics(case, case.series().returns(case.inputs["transform"]))


def _metrics(case: Case, returns: Any) -> Answer:
    told = bt.performance(
        returns,
        periods=case.inputs.get("periods_per_year", 252),
        risk_free=case.inputs.get("risk_free_per_period", 0.0),
        target=case.inputs.get("mar", 0.0),
    )
    fall = told.drawdown
    names = ("total_return", "cagr", "volatility", "sharpe", "sortino", "calmar", "omega",
             "profit_factor", "win_rate", "tail_ratio", "skew", "excess_kurtosis", "var_95",
             "cvar_95", "stability")  # fmt: skip
    return {name: getattr(told, name) for name in names} | {
        "max_drawdown": fall.depth,
        "ulcer_index": fall.ulcer_index,
        "drawdown_peak_index": fall.peak,
        "drawdown_trough_index": fall.trough,
        "drawdown_recovery_index": fall.recovery,
        "longest_underwater": fall.longest,
    }


@answers("relative", "error", needs="returns benchmark")
def relative(case: Case) -> Answer:
    """Answer with numbers against a benchmark."""
    base = case.inputs["benchmark"]
    if isinstance(base, dict):
        inner = Case(case.kind, base, case.wanted, case.folder)
        returns = inner.series().returns(base["transform"])
        base = returns[: len(case.inputs["returns"])]
    return bt.relative(case.inputs["returns"], base)


@answers("psr", "error", needs="sharpe T benchmark_sharpe skew kurtosis")
def psr(case: Case) -> Answer:
    """Answer with probabilistic Sharpe ratio."""
    i = case.inputs
    value = bt.probabilistic_sharpe(
        i["sharpe"],
        i["T"],
        skew=i["skew"],
        kurtosis=i["kurtosis"],
        benchmark=i["benchmark_sharpe"],
    )
    return {"psr": value}


@answers("dsr", "error", needs="sharpe T n_trials var_trials")
def dsr(case: Case) -> Answer:
    """Answer with deflated Sharpe ratio."""
    i = case.inputs
    value = bt.deflated_sharpe(
        i["sharpe"],
        i["T"],
        trials=i["n_trials"],
        variance=i["var_trials"],
        skew=i["skew"],
        kurtosis=i["kurtosis"],
    )
    bar = bt.expected_max_sharpe(i["n_trials"], i["var_trials"])
    return {"dsr": value, "expected_max_sharpe": bar}


@answers("expected_max", "error", needs="n_trials var_trials")
def expected_max(case: Case) -> Answer:
    """Answer with expected maximum of useless trials."""
    bar = bt.expected_max_sharpe(case.inputs["n_trials"], case.inputs["var_trials"])
    return {"expected_max_sharpe": bar}


@answers("min_trl", "error", needs="sharpe benchmark_sharpe confidence")
def min_trl(case: Case) -> Answer:
    """Answer with minimum track record length."""
    i = case.inputs
    value = bt.min_track_record(
        i["sharpe"],
        benchmark=i["benchmark_sharpe"],
        confidence=i["confidence"],
        skew=i["skew"],
        kurtosis=i["kurtosis"],
    )
    return {"min_trl_periods": value}


@answers("pbo", needs="data S")
def pbo(case: Case) -> Answer:
    """Answer with probability of backtest overfitting."""
    told = bt.probability_of_overfitting(case.series().matrix(), blocks=case.inputs["S"])
    return {
        "pbo": told.pbo,
        "n_splits": told.logits.size,
        "logits_sorted": told.logits,
        "prob_oos_loss": told.prob_loss,
    }


@answers("spa", needs="data block_size reps")
def spa(case: Case) -> Answer:
    """Answer with superior predictive ability against a riskless zero return."""
    told = bt.superior_predictive_ability(
        case.series().matrix(),
        block=case.inputs["block_size"],
        samples=case.inputs["reps"],
        rng=np.random.default_rng(SEED),
    )
    return {"p_lower": told.lower, "p_consistent": told.consistent, "p_upper": told.upper}


@answers("accounting", needs="initial_cash commission_rate fills mark")
def accounting(case: Case) -> Answer:
    """Answer with average-cost ledger of rf-oms and first-in-first-out round trips."""
    i = case.inputs
    rate, mark = Decimal(repr(i["commission_rate"])), Decimal(repr(i["mark"]))
    cash, held = Decimal(repr(i["initial_cash"])), Position()
    path, fills = [], []
    for raw_quantity, raw_price in i["fills"]:
        quantity, price = Decimal(repr(raw_quantity)), Decimal(repr(raw_price))
        side = Side.BUY if quantity > 0 else Side.SELL
        fee = abs(quantity) * price * rate
        held.apply(side, price, abs(quantity), fee)
        cash -= quantity * price + fee
        fills.append((quantity, price))
        path.append([held.quantity, held.average_price or 0, held.realised, cash])
    trips = bt.round_trips(fills)
    return {
        "position": held.quantity,
        "average_price": held.average_price or 0,
        "realized_pnl": held.realised,
        "unrealized_pnl": held.unrealised(mark),
        "commission": held.fees,
        "cash": cash,
        "equity": cash + held.quantity * mark,
        "fifo_realized_pnl": sum(trip.pnl for trip in trips),
        "path_pos_avg_real_cash": path,
    }


@answers("bootstrap", needs="initial_equity simulations")
def bootstrap(case: Case) -> Answer:
    """Answer with bootstrapped futures of P&L or of returns."""
    i = case.inputs
    compound = "returns" in i
    told = bt.bootstrap(
        i["returns"] if compound else i["pnl"],
        start=i["initial_equity"],
        simulations=i["simulations"],
        compound=compound,
        rng=np.random.default_rng(SEED),
    )
    mean, deviation = float(told.final.mean()), float(told.final.std())
    return {
        "mean_final": mean,
        "sd_final": deviation,
        "quantile_5_normal_approx": float(np.quantile(told.final, 0.05)),
    }


@answers("ruin", "error", needs="win_prob start_units target_units")
def ruin(case: Case) -> Answer:
    """Answer with gambler's ruin; a step of several units counts in steps."""
    i = case.inputs
    step, target = i.get("step", 1), i["target_units"]
    start = i["start_units"] // step
    target = None if target is None else target // step
    return {"ruin_probability": bt.gamblers_ruin(i["win_prob"], start=start, target=target)}


@answers("barrier", "error", needs="mu sigma T barrier")
def barrier(case: Case) -> Answer:
    """Answer with first passage of a geometric Brownian motion."""
    i = case.inputs
    value = bt.first_passage(i["barrier"], mu=i["mu"], sigma=i["sigma"], tau=i["T"])
    return {"prob_min_below": value}


@answers("walk_forward", "error", needs="n n_splits test_size gap max_train_size")
def walk_forward(case: Case) -> Answer:
    """Answer with walk-forward windows."""
    i = case.inputs
    windows = bt.walk_forward(
        i["n"],
        i["n_splits"],
        test_size=i["test_size"],
        gap=i["gap"],
        max_train_size=i["max_train_size"],
    )
    return {"windows": [list(window) for window in windows]}


@answers("stylized", needs="data transform")
def stylized(case: Case) -> Answer:
    """Answer with stylised facts of a return series."""
    table = case.series()
    returns = table.returns(case.inputs["transform"])
    volume = table["volume"][1:] if "volume" in table.columns else None
    facts = stylized_facts(returns, volume=volume[-returns.size :] if volume is not None else None)
    return {
        "mean": facts.mean,
        "sd": facts.deviation,
        "skew": facts.skew,
        "excess_kurtosis": facts.excess_kurtosis,
        "acf_r": facts.acf[:5],
        "acf_abs": facts.acf_abs[:20],
        "acf_sq": facts.acf_squared[:10],
        "ljung_box_sq_10": facts.ljung_box_squared,
        "jarque_bera": facts.jarque_bera,
        "arch_lm_5": facts.arch_lm,
        "hill_k": facts.hill_k,
        "hill_left_5pct": facts.hill_left,
        "leverage": [facts.leverage[k - 1] for k in (1, 2, 5)],
        "excess_kurtosis_agg5": facts.kurtosis_aggregated[5],
        "excess_kurtosis_agg20": facts.kurtosis_aggregated[20],
        "volume_absret_corr": facts.volume_correlation,
    }
