"""What Enter, `h`, `g` and `u` show of the intelligence: whole rows, opinions, chains, budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rf_common.clock import to_iso
from rf_common.enums import Mode
from rf_common.ids import symbol_of
from rf_common.intelligence import GateDecided, Verdict
from rf_dashboard import views
from rf_dashboard.format import age
from rf_dashboard.values import age_ms
from rf_dashboard.views import DexterCard, SourceRow
from rf_tui.desk import ACTOR
from rf_tui.dialogs.history import History
from rf_tui.dialogs.sheet import Question, Sheet
from rf_tui.figures import number, quantity_text, usd
from rf_tui.glyphs import clean
from rf_tui.palette import RECOMMENDATIONS, VERDICTS
from rf_tui.widgets.dexter import ADVICE

if TYPE_CHECKING:
    from rf_tui.app import App

_SHOWN = 40
"""Decisions that the history lists."""
Text = list[tuple[str, str]]


def enter(app: App) -> None:
    """Open what the active panel of the AI screen has selected."""
    state, now, chosen = app.daemon.state, app.clock.now(), app.dashboard.chosen
    active = app.ai.active
    if active == "ask":
        app.thinking.ask()
    elif active == "swarm graph":
        graph(app, "")
    elif active == "sources" and (row := app.ai.sources.selected) is not None:
        text = _row(row)
        app.show(lambda close: Sheet(f"Source {clean(row.row_id)}", text, close))
    else:
        text = _whole(views.dexter_card(state, chosen, now))
        app.show(lambda close: Sheet("Dexter", text, close))


def _row(row: SourceRow) -> Text:
    cited = "the thesis rests on it" if row.cited else "not cited"
    return [
        ("strong", clean(f"{row.row_id}  {row.kind}  {cited}")),
        ("text", clean(row.text)),
        ("dim", clean(f"computed or published by {row.source or 'n/a'}")),
        ("dim", f"{to_iso(row.ts) if row.ts else 'n/a'}  {age(row.age_ms)} old"),
    ]


def _whole(card: DexterCard) -> Text:
    who = " ".join(part for part in (card.analyst, card.model) if part) or "nobody"
    said: Text = [("strong", clean(f"{card.symbol}  {who}  cycle {card.cycle_id or 'n/a'}"))]
    if card.reason:
        said.append(("warn", clean(card.reason)))
    if card.recommendation is not None:
        numbers = (f"confidence {number(card.confidence, '.2f')}, {card.horizon}, size "
                   f"{number(card.size_pct, '.1%')}")  # fmt: skip
        said.append(
            (RECOMMENDATIONS[card.recommendation], f"{card.recommendation} {card.direction}")
        )
        said.append(("text", numbers))
    said += [("text", clean(f"+ {point.text}")) for point in card.thesis]
    said += [("text", clean(f"- {point.text}")) for point in card.risks]
    said += [("bad", clean(f"[unsupported] {words}")) for words in card.unsupported]
    said.append(("text", f"{card.matched} of {card.figures} figures match a source row"))
    said.append(("dim", f"{card.input_tokens:,} tokens in ({card.cached_tokens:,} cached), "
                        f"{card.output_tokens:,} out, {usd(card.cost)}, call "
                        f"{clean(card.call_id) or 'n/a'}"))  # fmt: skip
    return [*said, *_gate(card), ("dim", ADVICE)]


def _gate(card: DexterCard) -> Text:
    gate = card.gate
    if gate is None:
        return [("dim", clean(f"gate n/a: {card.gate_reason}"))]
    said: Text = [(VERDICTS[gate.verdict], clean(f"gate {gate.verdict}  {gate.reason}"))]
    for check in gate.checks:
        word = "ok" if check.ok else "NO"
        text = clean(f"  {word} {check.name} {check.value} ({check.limit})")
        said.append(("good" if check.ok else "bad", text))
    return said


def accept(app: App, _: str) -> None:
    """Ask whether the newest verdict may become an order, where the settings say so."""
    state, chosen = app.daemon.state, app.dashboard.chosen
    view, latest = state.minds.view, state.minds.latest.get(chosen)
    gate = latest.gate if latest else None
    if not app.daemon.line.live:
        app.say("bad", f"no verdict: not connected to the daemon ({app.daemon.line.reason})")
    elif state.system is None or state.system.mode is Mode.LIVE:
        app.say("warn", "in LIVE a verdict is accepted with rf ai accept, not with one key")
    elif view is None or view.may_trade != "ask":
        word = view.may_trade if view else "n/a"
        app.say("warn", f"AI may trade is {word}: only where it is `ask` is there one to accept")
    elif gate is None or gate.verdict is Verdict.REJECTED:
        why = f"the gate rejected it: {gate.reason}" if gate else "there is none"
        app.say("warn", f"no verdict on {symbol_of(chosen) or 'n/a'} to accept: {why}")
    else:
        text = _order_of(gate, age(age_ms(app.clock.now(), gate.ts_event)))
        args = {"instrument_id": chosen, "cycle_id": gate.cycle_id, "actor": ACTOR}
        app.show(lambda close: Question(
            "Accept this verdict? It becomes an order.", text, close,
            lambda: app.start(_accepted(app, args)),
        ))  # fmt: skip


async def _accepted(app: App, args: Mapping[str, str]) -> None:
    await app.desk.request("accept", args, f"accept {args['cycle_id']}")


def _order_of(gate: GateDecided, old: str) -> Text:
    side = "BUY" if gate.direction.sign > 0 else "SELL" if gate.direction.sign < 0 else "n/a"
    text = f"{side} {quantity_text(gate.quantity)} {symbol_of(gate.instrument_id)}"
    levels = f"stop {gate.stop_px:.10g}, target {gate.take_profit_px:.10g}"
    said: Text = [("strong", clean(f"{gate.verdict}: {text}, {old} old")), ("text", levels)]
    for check in gate.checks:
        word = "ok" if check.ok else "NO"
        line = f"{word} {check.name} {check.value} ({check.limit})"
        said.append(("good" if check.ok else "bad", clean(line)))
    return [*said, ("text", "The risk chain checks the order again before it is sent.")]


def history(app: App, _: str) -> None:
    """Show the last decisions of all instruments, each with its chain of reasons."""
    rows = views.cycles(app.daemon.state, app.clock.now(), _SHOWN)
    app.show(lambda close: History(close, rows))


def graph(app: App, _: str) -> None:
    """Show what the knowledge graph says of the chosen instrument."""
    panel = views.graph_panel(app.daemon.state, app.dashboard.chosen, app.clock.now())
    text: Text = [("strong", clean(f"{panel.entity or 'n/a'}  {panel.nodes} nodes  "
                                   f"{age(panel.age_ms)} old"))]  # fmt: skip
    if not panel.known:
        text = [("warn", clean(f"n/a: {panel.reason}"))]
    for impact in panel.impacts:
        words = (f"{impact.target_name}  {impact.score:+.3f}  confidence {impact.confidence:.2f}  "
                 f"{impact.path}")  # fmt: skip
        text.append(("text", clean(words)))
    text += [("dim", clean(f"{row.row_id} {row.text}  [{row.source}]")) for row in panel.facts]
    text += [("text", clean(panel.narrative))] if panel.narrative else []
    app.show(lambda close: Sheet("Graph", text, close))


def budget(app: App, _: str) -> None:
    """Show worker, analyst, money and scores."""
    minds = views.thinkers(app.daemon.state, app.clock.now())
    if minds.worker.value is None:
        why = clean(f"n/a: {minds.worker.reason}")
        app.show(lambda close: Sheet("AI budget and scores", [("warn", why)], close))
        return
    who = " ".join(part for part in (minds.analyst.value or "n/a", minds.model) if part)
    why = f" ({minds.why_rules})" if minds.why_rules else ""
    every = minds.every_s.value
    timer = minds.every_s.reason if every is None else f"every {every} s"
    running = ", ".join(minds.running) or "none"
    text: Text = [
        ("strong", clean(f"worker {minds.worker.value}  {minds.worker_reason}")),
        ("text", clean(f"analyst {who}{why}")),
        ("text", clean(f"instruments {', '.join(minds.instruments) or 'none'}, {timer}")),
        ("text", clean(f"cycles running: {running}")),
        ("text", f"today {usd(minds.spent_day)} of {usd(minds.cap_day)}, "
                 f"{minds.calls_day.value} calls"),
        ("text", f"month {usd(minds.spent_month)} of {usd(minds.cap_month)}"),
        ("text", f"next opinion {_known(usd(minds.estimate), minds.estimate.reason)}"),
        ("text", f"cache hit {_known(number(minds.cache_share, '.0%'), minds.cache_share.reason)}"),
        ("text", f"hit rate {_known(number(minds.hit_rate, '.0%'), minds.hit_rate.reason)}"),
        ("text", f"Brier {_known(number(minds.brier, '.3f'), minds.brier.reason)}, base rate "
                 f"{_known(number(minds.base_brier, '.3f'), minds.base_brier.reason)}"),
        ("text", clean(f"AI may trade: {minds.may_trade or 'n/a'}")),
    ]  # fmt: skip
    app.show(lambda close: Sheet("AI budget and scores", text, close))


def _known(text: str, reason: str) -> str:
    return f"{text}: {reason}" if text == "n/a" and reason else text
