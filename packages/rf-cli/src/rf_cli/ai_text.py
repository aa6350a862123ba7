"""How people read what ``rf ai`` found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rf_cli.output import shown, table
from rf_common.clock import UnixNanos, to_iso

if TYPE_CHECKING:
    from rich.console import RenderableType

NOT_ADVICE = "This is analysis, not advice. It cannot send an order by itself."
_BUDGET = ("AI budget for", "AI calls for")


def is_over_budget(signal: dict[str, Any]) -> bool:
    """Return whether a cap kept the model from being asked."""
    words = f"{signal.get('model', '')} {signal.get('unavailable', '')}"
    return any(mark in words for mark in _BUDGET)


def why_rules(signal: dict[str, Any]) -> str:
    """Return what stands in the label of rules that stood in for a model."""
    return str(signal.get("model") or signal.get("unavailable"))


def before(estimate: dict[str, Any]) -> str:
    """Return one line: who is asked, what is sent, what it may cost."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in estimate["rows"].items())
    sent = (
        f"{sum(estimate['rows'].values())} rows ({kinds}), {estimate['characters'] / 1000:.1f} kB"
    )
    if estimate["analyst"] == "rules":
        return f"{estimate['model']} ({estimate['reason']}): {sent}, nothing is sent, free"
    return (
        f"{estimate['model']} ({estimate['reason']}): {sent}, {estimate['input_tokens']:,} tokens, "
        f"at most ${_usd(estimate['worst_usd'])}; not sent: keys, account, balances"
    )


def before_daemon(thinkers: dict[str, Any]) -> str:
    """Return one line: who answers at the daemon and what a call cost last."""
    name = thinkers.get("model") or thinkers.get("analyst") or "the analyst"
    estimate = thinkers.get("estimate_usd")
    price = "" if estimate is None else f", about ${_usd(estimate)}"
    why = thinkers.get("why_rules")
    spent, cap = thinkers.get("spent_day"), thinkers.get("cap_day")
    money = "" if spent is None else f"; today ${_usd(spent)} of ${_usd(cap)}"
    return f"asking {name}{f' ({why})' if why else ''}{price}{money}"


def opinion(data: dict[str, Any]) -> RenderableType:
    """Return an opinion as a card: what, why, against, receipts."""
    from rich.console import Group

    signal = data["signal"]
    if not signal:
        return "the cycle gave no answer of an analyst"
    return Group(*_card(signal), *_gate(data.get("gate")), _after(signal, data["took_ms"]))


def _card(signal: dict[str, Any]) -> list[RenderableType]:
    who = f"{signal['analyst']} {signal['model']}".strip()
    head = f"Dexter  {signal['instrument_id']}  {_time(signal['ts_event'])}  {who}"
    if signal["unavailable"]:
        parts: list[RenderableType] = [head, f"no opinion: {signal['unavailable']}"]
        if signal["unsupported"]:
            parts.append(f"figures without a row: {', '.join(signal['unsupported'])}")
        return [*parts, _figures(signal)]
    lines = [
        head,
        f"{signal['recommendation']}  {signal['direction']}  confidence {signal['confidence']:.2f}"
        f"  horizon {signal['time_horizon'].lower()}",
    ]
    if signal["direction"] != "NEUTRAL":
        lines.append(
            f"entry {signal['entry_px']:g}  stop {signal['stop_px']:g}  "
            f"take profit {signal['take_profit_px']:g}  "
            f"size {100 * signal['position_size_pct']:.1f} %"
        )
    lines += ["", signal["thesis"]]
    lines += [f"- {risk}" for risk in signal["key_risks"]]
    if signal["catalyst"]:
        lines.append(f"catalyst: {signal['catalyst']}")
    return ["\n".join(lines), _rows(signal), _figures(signal), NOT_ADVICE]


def _rows(signal: dict[str, Any]) -> RenderableType:
    wanted = set(signal["cited"])
    rows = [
        (row["row_id"], row["kind"], row["text"], row["source"], _time(row["ts_event"]))
        for row in map(_row, signal["rows"])
        if row["row_id"] in wanted
    ]
    return table(("id", "kind", "value", "source", "time"), rows, empty="no row is cited")


def _row(row: Any) -> dict[str, Any]:
    """Return a row by names; the compact form of the journal has them in order."""
    if isinstance(row, dict):
        return row
    return dict(zip(("row_id", "kind", "text", "source", "ts_event"), row, strict=True))


def _figures(signal: dict[str, Any]) -> str:
    checked, wrong = signal["figures_checked"], len(signal["unsupported"])
    return (
        f"Numbers check: {max(checked - wrong, 0)} of {checked} figures match a source row, "
        f"{wrong} unsupported."
    )


def _gate(gate: dict[str, Any] | None) -> list[RenderableType]:
    if not gate:
        return []
    checks = [
        ("ok" if c["ok"] else "no", c["name"], c["value"], c["limit"])
        for c in map(_check, gate["checks"])
    ]
    return [
        f"Gate: {gate['verdict']}  {gate['reason']}",
        table(("", "check", "value", "limit"), checks, empty="no comparison was made"),
    ]


def _check(check: Any) -> dict[str, Any]:
    if isinstance(check, dict):
        return check
    return dict(zip(("name", "value", "limit", "ok"), check, strict=True))


def _after(signal: dict[str, Any], took_ms: int) -> str:
    if not signal["input_tokens"]:
        return f"free, {took_ms / 1000:.1f} s"
    return (
        f"{signal['input_tokens']:,} in ({signal['cached_tokens']:,} cached) / "
        f"{signal['output_tokens']:,} out, ${_usd(signal['cost_usd'])}, {took_ms / 1000:.1f} s"
    )


def reply(data: dict[str, Any]) -> RenderableType:
    """Return an answer and the rows it rests on."""
    if data.get("unavailable"):
        return f"no answer: {data['unavailable']}"
    if "answer" not in data:
        return shown(data.get("text"))
    cost = data["cost_usd"]
    price = f"{data['input_tokens']:,} in / {data['output_tokens']:,} out, ${_usd(cost)}"
    sources = " ".join(data["cited"]) or "none"
    return (
        f"{data['answer']}\n\nsources {sources}    {data['analyst']} {data['model']}    "
        f"{price if data['input_tokens'] else 'free'}"
    )


def calls(rows: list[dict[str, Any]]) -> RenderableType:
    """Return calls as a table, newest first."""
    cells = [
        (
            row["call_id"],
            _time(row["ts_event"]),
            row["instrument_id"],
            row["kind"],
            row["model"],
            row["unavailable"] or shown(row["direction"]),
            "" if row["confidence"] is None else f"{row['confidence']:.2f}",
            f"${_usd(row['cost_usd'])}",
            {True: "hit", False: "miss", None: ""}[row["hit"]],
        )
        for row in rows
    ]
    names = ("call", "time", "instrument", "kind", "model", "opinion", ">conf", ">cost", "outcome")
    return table(names, cells, empty="no calls yet")


def call(data: dict[str, Any]) -> RenderableType:
    """Return one call: its opinion, its checks, its rows, its answer as it came."""
    from rich.console import Group

    rows = [
        (row["row_id"], row["kind"], row["text"], row["source"], _time(row["ts_event"]))
        for row in map(_row, data["context"]["rows"])
    ]
    parts: list[RenderableType] = [
        f"call {data['call_id']}  {data['kind']}  {data['prompt_version']}  "
        f"request {data['request_hash'][:12]}"
    ]
    if data["signal"]:
        parts += [*_card(data["signal"]), _after(data["signal"], data["took_ms"])]
    else:
        parts += [f"question: {data['question']}", f"answer: {data['answer']}"]
    parts += [f"check: {note}" for note in data["notes"]]
    if data["later_px"] is not None:
        outcome = "hit" if data["hit"] else "miss"
        parts.append(f"outcome: {outcome}, {data['px']:g} went to {data['later_px']:g}")
    parts.append(table(("id", "kind", "value", "source", "time"), rows, empty="no rows"))
    return Group(*parts)


def prompt(data: dict[str, str]) -> RenderableType:
    """Return the words that were sent."""
    return f"{data['system']}\n{data['context']}\n\n{data['question']}"


def cost(data: dict[str, Any]) -> RenderableType:
    """Return the month's spending as a table."""
    from rich.console import Group

    shares: Iterable[dict[str, Any]] = data[f"by_{data['by']}"]
    cells = [
        (
            share["name"],
            str(share["calls"]),
            f"${_usd(share['cost_usd'])}",
            f"{share['input_tokens']:,}",
            f"{share['cached_tokens']:,}",
            f"{share['output_tokens']:,}",
        )
        for share in shares
    ]
    names = (data["by"], ">calls", ">cost", ">tokens in", ">cached", ">tokens out")
    return Group(table(names, cells, empty="nothing was spent this month"), _spent(data))


def budget(data: dict[str, Any]) -> RenderableType:
    """Return caps and what was used of them."""
    caps = data["caps"]
    hit = data["cache_hit"]
    rows = [
        ("day", f"${_usd(data['day_usd'])}", f"${_usd(caps['day_usd'])}", str(data["calls_day"])),
        (
            "month",
            f"${_usd(data['month_usd'])}",
            f"${_usd(caps['month_usd'])}",
            str(data["calls_month"]),
        ),
    ]
    from rich.console import Group

    return Group(
        table(("period", ">used", ">cap", ">calls"), rows, empty=""),
        f"calls about one symbol: at most {caps['calls_per_hour']} in 60 minutes",
        f"the day ends {_time(data['day_ends'])} ({data['zone']} midnight)",
        f"cache hit {'n/a' if hit is None else f'{100 * hit:.0f} %'}; "
        f"reserved by calls under way ${_usd(data['open_usd'])}",
    )


def score(data: dict[str, Any]) -> RenderableType:
    """Return the score card."""
    head = (
        f"Score card {data['days']}d: {data['calls']} calls, {data['scored']} scored, "
        f"{data['waiting']} waiting, {data['neutral']} neutral, {data['void']} void, "
        f"cost ${_usd(data['cost_usd'])}"
    )
    if data["hit_rate"] is None:
        return f"{head}\nno score before 30 scored calls"
    return (
        f"{head}\nhit {100 * data['hit_rate']:.0f} % (base {100 * data['base_rate']:.0f} %), "
        f"Brier {data['brier']:.3f} (base {data['base_brier']:.3f}, 0.250 = coin)"
    )


def replay(data: dict[str, Any]) -> RenderableType:
    """Return two opinions side by side."""
    old, new = data["before"] or {}, data["after"]
    names = (
        "analyst", "model", "unavailable", "recommendation", "direction", "confidence", "entry_px",
        "stop_px", "take_profit_px", "position_size_pct", "time_horizon", "figures_checked",
        "cost_usd", "thesis",
    )  # fmt: skip
    cells = [(name, _cell(old.get(name)), _cell(new.get(name))) for name in names]
    return table(("", "then", "now"), cells, empty="")


def _spent(data: dict[str, Any]) -> str:
    caps = data["caps"]
    return (
        f"today ${_usd(data['day_usd'])} of ${_usd(caps['day_usd'])}, "
        f"month ${_usd(data['month_usd'])} of ${_usd(caps['month_usd'])}"
    )


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else shown(value)


def _usd(amount: Any) -> str:
    from decimal import Decimal

    value = Decimal(str(amount))
    return f"{value:.2f}" if value == 0 or value >= Decimal("0.10") else f"{value:.4f}"


def _time(ts: int) -> str:
    return to_iso(UnixNanos(ts))
