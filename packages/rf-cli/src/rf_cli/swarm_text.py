"""What ``rf swarm`` tells: plain data for programs, and how people read that data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rf_cli.output import shown, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from rf_swarm_sim.assets import AssetRun
    from rf_swarm_sim.calibration import Calibration
    from rf_swarm_sim.facts import StylizedFacts
    from rf_swarm_sim.market import (
        EnsembleRun,
        Interview,
        Scenario,
        ScenarioEntry,
        SwarmRun,
    )
    from rf_swarm_sim.walk import Walk

HORIZONS = (1, 5, 20, 60, 200)
"""Rounds after an event that are shown."""


def run_data(
    single: SwarmRun, facts: StylizedFacts | None, real: StylizedFacts | None, seconds: float
) -> dict[str, Any]:
    """Return what one market left behind."""
    from rf_swarm_sim.market import twin_events
    from rf_swarm_sim.report import BANDS_HOLD_FROM, fact_rows

    moved = single.conservation()
    pnl, counts = single.pnl_by_kind(), single.config.counts()
    rows = () if facts is None else fact_rows(facts, real)
    return {
        "agents": single.config.agents,
        "rounds": single.rounds,
        "seed": single.seed,
        "px_start": single.start,
        "px_end": float(single.mid[-1]),
        "vol": single.vol,
        "trades_lots": int(single.volume.sum()),
        "turnover": float(single.turnover.sum()),
        "spread_bps": _number(float(_median(single.spread_bps))),
        "seconds": seconds,
        "agent_steps_per_s": single.config.agents * single.rounds / seconds,
        "conservation": {"funds": moved.funds, "inventory": moved.inventory},
        "kinds": [
            {
                "kind": kind.label,
                "agents": counts[kind],
                "pnl": pnl[kind],
                "pnl_per_agent": pnl[kind] / counts[kind] if counts[kind] else None,
            }
            for kind in pnl
        ],
        "facts": [row._asdict() | {"value": _number(row.value)} for row in rows],
        "facts_hold": single.rounds >= BANDS_HOLD_FROM,
        "events": _count([str(event.kind) for event in twin_events(single)]),
    }


def run_text(data: Any) -> RenderableType:
    """Return one market for people."""
    from rich.console import Group

    moved = data["conservation"]
    head = [
        f"{data['agents']:,} agents  {data['rounds']:,} rounds  seed {data['seed']}  "
        f"{data['seconds']:.2f} s  {data['agent_steps_per_s'] / 1e6:,.1f} M agent steps a second",
        f"price {data['px_start']:.6g} to {data['px_end']:.6g}  vol {data['vol']:.1%} a year  "
        f"median spread {_cell(data['spread_bps'])} bps  turnover {data['turnover']:,.0f}",
        f"conservation: funds {moved['funds']:+d}, inventory {moved['inventory']:+d}",
    ]
    if data["events"]:
        told = ", ".join(f"{name} {count}" for name, count in data["events"].items())
        head.append(f"rounds of note: {told}")
    kinds = [
        (
            row["kind"],
            f"{row['agents']:,}",
            f"{row['pnl']:,.0f}",
            "n/a" if row["pnl_per_agent"] is None else f"{row['pnl_per_agent']:,.2f}",
        )
        for row in data["kinds"]
    ]
    parts: list[RenderableType] = [
        "\n".join(head),
        table(("kind", ">agents", ">P&L", ">per agent"), kinds, empty=""),
        _facts_text(data),
    ]
    if data["ensemble"] is not None:
        parts.append(_ensemble_text(data["ensemble"]))
    if data["files"]:
        parts.append(f"written: {', '.join(data['files'])}")
    return Group(*parts)


def _facts_text(data: Any) -> RenderableType:
    rows = [
        (
            row["fact"],
            row["measure"],
            _cell(row["value"]),
            row["band"],
            "yes" if row["is_inside"] else "no",
            _cell(row["real"]),
        )
        for row in data["facts"]
    ]
    columns = ("fact", "measure", ">here", "band", "inside", ">history")
    found = table(columns, rows, empty="no facts: they need 100 rounds that move")
    if data["facts_hold"] or not rows:
        return found
    from rich.console import Group

    return Group(found, "the bands are meant for 2,000 rounds or more")


def ensemble_data(run: EnsembleRun) -> dict[str, Any]:
    """Return where the paths of an ensemble end."""
    import numpy as np

    from rf_swarm_sim.report import fan

    moved = np.log(run.mid[:, -1] / run.start)
    return {
        "paths": run.paths,
        "rounds": run.rounds,
        "quantiles": {str(percent): float(curve[-1]) for percent, curve in fan(run).items()},
        "mean_return": float(moved.mean()),
        "std_error": float(moved.std(ddof=1)) / run.paths**0.5 if run.paths > 1 else None,
        "realised_vol": float(np.sqrt(np.mean(run.realised_vol**2))),
    }


def _ensemble_text(told: Any) -> RenderableType:
    rows = [(f"{percent} %", f"{value:.6g}") for percent, value in told["quantiles"].items()]
    error = "n/a" if told["std_error"] is None else f"{told['std_error']:.4%}"
    rows += [
        ("mean return", f"{told['mean_return']:+.4%} ± {error}"),
        ("volatility", f"{told['realised_vol']:.1%} a year"),
    ]
    return table((f"{told['paths']} paths end at", ">price"), rows, empty="")


def scenario_list(known: Mapping[str, ScenarioEntry]) -> list[dict[str, Any]]:
    """Return every scenario with what can be set."""
    return [{"name": name, "parameters": dict(entry.parameters)} for name, entry in known.items()]


def scenarios_text(data: Any) -> RenderableType:
    """Return the scenarios for people."""
    rows = [
        (row["name"], "; ".join(f"{k}: {told}" for k, told in row["parameters"].items()))
        for row in data
    ]
    return table(("scenario", "parameters"), rows, empty="no scenarios")


def scenario_data(event: Scenario, base: EnsembleRun, shocked: EnsembleRun) -> dict[str, Any]:
    """Return an event, and both markets at some rounds after it."""
    import numpy as np

    from rf_swarm_sim.signal import summarise

    rounds = [k for k in HORIZONS if k < base.rounds] + [base.rounds]
    rows = []
    for k in rounds:
        apart = np.log(shocked.mid[:, k - 1] / base.mid[:, k - 1])
        rows.append(
            {
                "round": k,
                "base": _path(base, k),
                "shocked": _path(shocked, k),
                "difference": float(apart.mean()),
                "std_error": float(apart.std(ddof=1)) / base.paths**0.5,
            }
        )
    vol = base.config.round_vol(base.vol)
    return {
        "scenario": event.name,
        "price_shock": event.price_shock,
        "sentiment": event.sentiment,
        "vol_multiplier": event.vol_multiplier,
        "rounds_of_event": event.rounds,
        "paths": base.paths,
        "agents": base.config.agents,
        "seed": base.seed,
        "start": base.start,
        "rows": rows,
        "shares": {
            name: {"bull": told.bull, "neutral": told.neutral, "bear": told.bear}
            for name, told in (
                ("base", summarise(base, vol)),
                ("shocked", summarise(shocked, vol)),
            )
        },
    }


def _path(run: EnsembleRun, k: int) -> dict[str, float]:
    """Return mean return to round k and the volatility of the (up to 20) rounds before it."""
    import numpy as np

    mids = np.concatenate([np.full((run.paths, 1), run.start), run.mid], axis=1)
    moves = np.diff(np.log(mids[:, max(k - 20, 0) : k + 1]), axis=1)
    year = (run.config.rounds_per_day * run.config.days_per_year) ** 0.5
    return {
        "mean_return": float(np.log(run.mid[:, k - 1] / run.start).mean()),
        "vol": float(np.sqrt(np.mean(moves**2))) * year,
    }


def scenario_text(data: Any) -> RenderableType:
    """Return an event for people."""
    from rich.console import Group

    head = (
        f"{data['scenario']}: value {data['price_shock']:+.2%}, mood {data['sentiment']:+.2f}, "
        f"volatility × {data['vol_multiplier']:g}, over {data['rounds_of_event']} rounds; "
        f"{data['paths']} paths of {data['agents']:,} agents, seed {data['seed']}"
    )
    rows = [
        (
            str(row["round"]),
            f"{row['base']['mean_return']:+.3%}",
            f"{row['shocked']['mean_return']:+.3%}",
            f"{row['difference']:+.3%} ± {row['std_error']:.3%}",
            f"{row['base']['vol']:.1%}",
            f"{row['shocked']['vol']:.1%}",
        )
        for row in data["rows"]
    ]
    columns = (">round", ">base", ">shocked", ">difference", ">vol base", ">vol shocked")
    shares = [
        (name, *(f"{told[side]:.1%}" for side in ("bull", "neutral", "bear")))
        for name, told in data["shares"].items()
    ]
    return Group(
        head,
        table(columns, rows, empty=""),
        table(("market", ">bull", ">neutral", ">bear"), shares, empty=""),
    )


def fit_data(fit: Calibration) -> dict[str, Any]:
    """Return a fit."""
    return {
        "parameters": dict(fit.parameters),
        "moments": [
            {
                "name": row.name,
                "history": row.target,
                "simulated": row.simulated,
                "error": row.error,
                "t_ratio": row.t_ratio,
            }
            for row in fit.moments
        ],
        "j": fit.j,
        "j_start": fit.j_start,
        "p_value": fit.p_value,
        "accepted": fit.is_accepted,
        "evaluations": fit.evaluations,
        "converged": fit.is_converged,
        "interrupted": fit.is_interrupted,
        "returns": fit.returns,
        "seed": fit.seed,
    }


def fit_text(data: Any) -> RenderableType:
    """Return a fit for people."""
    from rich.console import Group

    rows = [
        (
            row["name"],
            f"{row['history']:.4f}",
            f"{row['simulated']:.4f}",
            f"{row['error']:.4f}",
            f"{row['t_ratio']:+.2f}",
        )
        for row in data["moments"]
    ]
    ended = "converged" if data["converged"] else "stopped before it converged"
    lines = [
        f"{data['returns']:,} returns, {data['evaluations']} markets, {ended}",
        f"J {data['j']:.2f}, at the start {data['j_start']:.2f}; "
        f"{data['p_value']:.1%} of resamples of the history lie farther away",
    ]
    if data["files"]:
        lines.append(f"written: {', '.join(data['files'])}")
    return Group(
        table(("moment", ">history", ">simulated", ">error", ">t"), rows, empty=""),
        table(
            ("parameter", ">value"),
            [(name, f"{value:.5g}") for name, value in data["parameters"].items()],
            empty="",
        ),
        "\n".join(lines),
    )


def walk_data(walk: Walk) -> dict[str, Any]:
    """Return the score of a walk."""
    score, total = walk.score, sum(walk.outcomes)
    return {
        "scored": score.scored,
        "skipped": walk.skipped,
        "brier": score.brier,
        "base_brier": score.base_brier,
        "skill": score.skill,
        "skill_t": score.skill_t,
        "hit_rate": score.hit_rate,
        "commonest": max(walk.outcomes) / total,
        "outcomes": dict(zip(("rally", "sideways", "dip"), walk.outcomes, strict=True)),
        "sided": walk.sided,
        "directional": walk.directional,
        "interrupted": walk.is_interrupted,
    }


def walk_text(data: Any) -> RenderableType:
    """Return the score of a walk for people."""
    skill = "n/a" if data["skill"] is None else f"{data['skill']:+.2%}"
    t_ratio = "n/a" if data["skill_t"] is None else f"{data['skill_t']:+.2f}"
    side = "n/a" if data["directional"] is None else f"{data['directional']:.1%}"
    happened = ", ".join(f"{name} {count}" for name, count in data["outcomes"].items())
    rows = [
        ("forecasts scored", f"{data['scored']:,}"),
        ("what happened", happened),
        ("Brier score", f"{data['brier']:.4f}"),
        ("Brier score of the base rate", f"{data['base_brier']:.4f}"),
        ("skill over the base rate", f"{skill}  t {t_ratio}"),
        ("likeliest outcome came true", f"{data['hit_rate']:.1%}"),
        ("share of the commonest outcome", f"{data['commonest']:.1%}"),
        ("right side of rally and dip", f"{side} of {data['sided']:,}"),
    ]
    return table((f"horizon {data['horizon']}, window {data['window']}", ">"), rows, empty="")


def assets_data(runs: Sequence[AssetRun]) -> list[dict[str, Any]]:
    """Return the verdict on each asset."""
    return [
        {
            "symbol": run.asset.symbol,
            "name": run.asset.name,
            "class": str(run.asset.asset_class),
            "asked_vol": run.asset.vol,
            "vol": run.vol,
            "drift": run.drift,
            "std_error": run.std_error,
            "agreement": run.agreement,
            "verdict": str(run.verdict),
            "reason": run.reason,
        }
        for run in runs
    ]


def assets_text(data: Any) -> RenderableType:
    """Return the verdicts for people."""
    rows = [
        (
            row["symbol"],
            row["class"],
            f"{row['vol']:.1%}",
            f"{row['drift']:+.3%} ± {row['std_error']:.3%}",
            f"{row['agreement']:.0%}",
            row["verdict"],
            row["reason"],
        )
        for row in data
    ]
    columns = ("symbol", "class", ">vol", ">drift", ">agreement", "verdict", "why")
    return table(columns, rows, empty="no assets")


def interview_data(told: Interview) -> dict[str, Any]:
    """Return what an agent says."""
    return {
        "agent": told.agent,
        "kind": told.kind.label,
        "action": told.action.label,
        "summary": told.summary,
        "reason": told.reason.label,
        "factors": list(told.factors),
        "position_lots": told.position,
        "position_value": told.position_value,
        "unrealised_pnl": told.unrealised_pnl,
        "pnl": told.pnl,
        "limit_used": told.limit_used,
        "risk": str(told.risk),
        "last_round": told.last_round,
        "loss_streak": told.loss_streak,
        "fair_value": told.fair_value,
    }


def interview_text(data: Any) -> RenderableType:
    """Return what an agent says, for people."""
    rows = [
        ("reason", data["reason"]),
        *(("factor", factor) for factor in data["factors"]),
        ("position", f"{data['position_lots']:,} lots, {data['position_value']:,.2f}"),
        ("unrealised", f"{data['unrealised_pnl']:,.2f}"),
        ("P&L", f"{data['pnl']:,.2f}"),
        ("risk", f"{data['risk']}, {data['limit_used']:.0%} of its limit"),
        ("loss streak", str(data["loss_streak"])),
        ("fair value", _cell(data["fair_value"])),
    ]
    return table((f"agent {data['agent']}, {data['kind']}", data["summary"]), rows, empty="")


def kept(data: Mapping[str, Any]) -> str:
    """Return what there is of work that was cut short."""
    if "evaluations" in data:
        return f"{data['evaluations']} markets were fitted, the best is shown"
    if "scored" in data:
        return f"{data['scored']} forecasts were scored"
    return f"{data['rounds']} rounds are shown" if "rounds" in data else "a shorter market is shown"


def _median(values: Any) -> Any:
    import numpy as np

    known = values[np.isfinite(values)]
    return np.median(known) if known.size else np.nan


def _number(value: float) -> float | None:
    return value if value == value else None


def _cell(value: float | None) -> str:
    return shown(None if value is None else f"{value:.4g}")


def _count(names: list[str]) -> dict[str, int]:
    return {name: names.count(name) for name in dict.fromkeys(names)}
