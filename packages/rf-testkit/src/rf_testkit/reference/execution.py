"""Adapters of rf-execution: schedules, optimal liquidation, shortfall."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rf_common.enums import Side
from rf_execution.almgren_chriss import Impact, measured_impact, trajectory
from rf_execution.schedules import by_weight, iceberg, participation, targets, twap
from rf_execution.shortfall import implementation_shortfall
from rf_testkit.reference.registry import Answer, Case, answers


def _exact(value: Any) -> Decimal:
    return Decimal(repr(value))


@answers("trajectory", "error", needs="X T N sigma epsilon eta gamma lambda")
def almgren_chriss(case: Case) -> Answer:
    """Answer with optimal liquidation."""
    i = case.inputs
    impact = Impact(i["sigma"], i["eta"], i["gamma"], i["epsilon"])
    plan = trajectory(i["X"], i["T"], i["N"], impact=impact, risk_aversion=i["lambda"])
    names = ("holdings", "trades", "kappa", "half_life", "eta_tilde", "expected_cost",
             "variance", "utility")  # fmt: skip
    return {name: getattr(plan, name) for name in names}


@answers("impact2005", "error", needs="X_over_V sigma_daily theta_over_V durations")
def impact_2005(case: Case) -> Answer:
    """Answer with measured impact of US equities."""
    i = case.inputs
    found = [
        measured_impact(
            i["X_over_V"],
            duration=duration,
            sigma=i["sigma_daily"],
            shares_per_volume=i["theta_over_V"],
        )
        for duration in i["durations"]
    ]
    return {
        "permanent_bp": [each.permanent * 1e4 for each in found],
        "temporary_bp": [each.temporary * 1e4 for each in found],
        "realized_bp": [each.realized * 1e4 for each in found],
    }


@answers("schedule", "error", needs="algo quantity lot slices")
def equal_schedule(case: Case) -> Answer:
    """Answer with tWAP: exact targets; the children on the lot follow them within a lot."""
    i = case.inputs
    children = twap(_exact(i["quantity"]), i["slices"], _exact(i["lot"]))
    return _told(case, [1] * i["slices"], children)


@answers("schedule", "error", needs="algo quantity lot profile")
def profile_schedule(case: Case) -> Answer:
    """Answer with vWAP: exact targets by the volume profile."""
    i = case.inputs
    children = by_weight(_exact(i["quantity"]), i["profile"], _exact(i["lot"]))
    return _told(case, i["profile"], children)


def _told(case: Case, weights: Any, children: list[Decimal]) -> Answer:
    """Answer with return targets, after proving what the file asks of the children."""
    quantity, lot = _exact(case.inputs["quantity"]), _exact(case.inputs["lot"])
    shares = targets(quantity, weights)
    apart = max(
        abs(sum(map(float, children[:k])) - float(sum(shares[:k])))
        for k in range(1, len(shares) + 1)
    )
    if sum(children) != quantity or any(child % lot for child in children) or apart >= lot:
        raise ArithmeticError(f"children {children} do not follow their targets")
    return {"targets": [float(share) for share in shares]}


@answers("pov", "error", needs="quantity rate market_volume_per_interval")
def pov(case: Case) -> Answer:
    """Answer with participation in the market's volume, with and without our own."""
    i = case.inputs
    volumes = [_exact(volume) for volume in i["market_volume_per_interval"]]
    given = (_exact(i["quantity"]), _exact(i["rate"]), volumes)
    lot = _exact(i.get("lot", 1))
    return {
        "cumulative_of_market": participation(*given, lot=lot),
        "cumulative_inclusive": participation(*given, lot=lot, own_included=True),
    }


@answers("iceberg", "error", needs="quantity display")
def iceberg_tips(case: Case) -> Answer:
    """Answer with tips of an iceberg."""
    return {"children": iceberg(_exact(case.inputs["quantity"]), _exact(case.inputs["display"]))}


@answers("tca", "error", needs="side order_qty benchmark_price fills commission close_at_cancel")
def tca(case: Case) -> Answer:
    """Answer with implementation shortfall."""
    i = case.inputs
    told = implementation_shortfall(
        Side(i["side"].upper()),
        _exact(i["order_qty"]),
        decision=_exact(i["benchmark_price"]),
        arrival=_exact(i["decision_to_arrival_price"]),
        fills=[(_exact(quantity), _exact(price)) for quantity, price in i["fills"]],
        commission=_exact(i["commission"]),
        close=_exact(i["close_at_cancel"]),
    )
    return {
        "explicit": told.explicit,
        "realized_pl": told.trading,
        "delay": told.delay,
        "missed_trade": told.missed,
        "total": told.total,
    }
