"""What each action of the key table does, and the lines of the command palette."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rf_common import money
from rf_common.clock import to_iso
from rf_common.enums import Side
from rf_common.ids import symbol_of
from rf_dashboard import Ticket, Value, quit_dialog, views
from rf_dashboard import export as csv
from rf_tui import keys, opinions, safety
from rf_tui.desk import ACTOR
from rf_tui.dialogs.finder import Choice, Finder
from rf_tui.dialogs.help import Help
from rf_tui.dialogs.sheet import Question, Sheet
from rf_tui.dialogs.ticket import Service, TicketBox
from rf_tui.figures import px_text
from rf_tui.glyphs import clean
from rf_tui.messages import Message
from rf_tui.widgets.header import SCREENS

if TYPE_CHECKING:
    from rf_tui.app import App
    from rf_tui.screens.dashboard import Dashboard

ROADMAP = "docs/roadmap.md"
_TABLES = {
    "positions": csv.positions_csv,
    "orders": csv.orders_csv,
    "fills": csv.fills_csv,
    "alerts": csv.alerts_csv,
    "account": csv.account_csv,
    "opinions": csv.opinions_csv,
    "decisions": csv.decisions_csv,
}


# --- trade ----------------------------------------------------------------------------------------


def buy(app: App, _: str) -> None:
    """Open a ticket to buy."""
    open_ticket(app, Side.BUY)


def sell(app: App, _: str) -> None:
    """Open a ticket to sell."""
    open_ticket(app, Side.SELL)


def open_ticket(app: App, side: Side, price: str = "") -> None:
    """Open a ticket for the chosen instrument; offline there is none."""
    line = app.daemon.line
    if not line.live:
        app.say("bad", f"no ticket: not connected to the daemon ({line.reason})")
        return
    try:
        ticket = views.open_ticket(
            app.daemon.state,
            app.dashboard.chosen,
            side,
            command_id=app.ids(),
            actor=ACTOR,
            price=money.parse(price) if price else None,
        )
    except ValueError as error:
        app.say("bad", f"no ticket: {error}")
        return
    service = Service(
        check=lambda ticket: views.ticket_check(app.daemon.state, ticket, app.clock.now()),
        quote=lambda ticket: _quote(app, ticket),
        ask=app.daemon.ask,
        start=app.start,
        say=app.say,
        monotonic_ns=app.durations,
    )
    app.show(lambda close: TicketBox(close, ticket, service))


def _quote(app: App, ticket: Ticket) -> str:
    market = app.daemon.state.markets.get(ticket.instrument_id)
    if market is None or market.quote is None:
        return "bid n/a  ask n/a: no price yet"
    quote, old = market.quote, "" if app.daemon.line.live else "?"
    bid, ask = (px_text(Value(value=px), ticket.tick) for px in (quote.bid_px, quote.ask_px))
    return f"bid {bid}{old} x {quote.bid_qty:g}   ask {ask}{old} x {quote.ask_qty:g}"


def enter(app: App, _: str) -> None:
    """Open what the active panel has selected."""
    dashboard = app.dashboard
    if app.screen is app.ai:
        opinions.enter(app)
    elif dashboard.active == "alerts" and dashboard.alerts.top is not None:
        row = dashboard.alerts.top
        app.seen_alert = app.daemon.state.log.number
        text = [("strong", f"{to_iso(row.ts)}  {row.severity}  {row.code}"),
                ("text", clean(row.text)), ("dim", f"about {row.subject or 'n/a'}, told "
                 f"{row.count} times")]  # fmt: skip
        app.show(lambda close: Sheet("Alert", text, close))
    elif dashboard.active == "orders" and dashboard.orders.selected is not None:
        order = dashboard.orders.selected
        text = [("strong", order.client_order_id),
                ("text", f"{order.side} {order.quantity} {clean(order.symbol)}  {order.status}  "
                         f"filled {order.filled}"),
                ("text", f"strategy {order.strategy_id}  created {to_iso(order.created)}"),
                ("text", clean(order.reason) or "no reason was told"),
                ("dim", "c cancels it")]  # fmt: skip
        app.show(lambda close: Sheet("Order", text, close))
    elif dashboard.active in {"dexter", "swarm"}:
        show_screen(app, "5")
    else:
        show_screen(app, "2" if dashboard.active in {"watchlist", "chart"} else "1")


def escape(app: App, _: str) -> None:
    """Clear the message; nothing else is open."""
    app.seen_alert = app.daemon.state.log.number
    app.say("dim", "")


# --- move and chart -------------------------------------------------------------------------------


def show_screen(app: App, number: str) -> None:
    """Show a screen, or say that it does not exist yet."""
    name = SCREENS[int(number) - 1]
    if number in {"1", "5"}:
        app.show_number(int(number))
        app.say("dim", name)
    else:
        app.say("warn", f"screen {number} {name} does not exist yet, see {ROADMAP}")


def find(app: App, _: str) -> None:
    """Look for an instrument."""
    _finder(app, "Find a symbol", _symbols(app))


def palette(app: App, _: str) -> None:
    """Look for any command, screen or instrument."""
    commands = [
        Choice(row.text, row.label, row.shell, Message("action", row.action))
        for row in keys.BINDINGS
        if row.action in _FROM_PALETTE
    ]
    commands.append(Choice("resume (asks for the phrase)", "", "rf resume",
                           Message("action", "resume")))  # fmt: skip
    screens = [Choice(f"screen {number} {name}", str(number), "", Message("screen", str(number)))
               for number, name in enumerate(SCREENS, 1)]  # fmt: skip
    _finder(app, "Commands, screens, symbols", [*commands, *screens, *_symbols(app)])


def _symbols(app: App) -> list[Choice]:
    return [
        Choice(clean(f"{symbol_of(name)}  {name}"), "", "", Message("instrument", name))
        for name in app.daemon.state.markets
    ]


def _finder(app: App, title: str, choices: list[Choice]) -> None:
    app.show(lambda close: Finder(title, choices, close, app.take))


# --- data -----------------------------------------------------------------------------------------


def export(app: App, _: str) -> None:
    """Write what is known as CSV files and name them."""
    state, now = app.daemon.state, app.clock.now()
    folder = app.options.data_dir / "exports"
    stamp = to_iso(now).replace(":", "").replace("-", "")[:15]
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, table in _TABLES.items():
            text = table(state, now)
            (folder / f"{stamp}-{name}.csv").write_text(text, encoding="utf-8")
    except OSError as error:
        app.say("bad", f"export: {folder} cannot be written: {error.strerror}")
        return
    app.say("good", f"wrote {stamp}-{{{','.join(_TABLES)}}}.csv into {folder}")


def refresh(app: App, _: str) -> None:
    """Ask status and positions afresh, or try to connect at once."""
    if app.daemon.line.live:
        app.start(_refresh(app))
    else:
        app.daemon.retry()
        app.say("info", "trying to connect")


async def _refresh(app: App) -> None:
    status = await app.desk.request("status", {}, "refresh")
    positions = await app.daemon.ask("positions", {}) if status.ok else status
    if status.ok and positions.ok:
        told = status.data if isinstance(status.data, dict) else {}
        held = positions.data if isinstance(positions.data, list) else []
        app.say("good", f"the daemon answers: {told.get('state', 'n/a')}, {len(held)} positions, "
                        f"{told.get('open_orders', 'n/a')} open orders")  # fmt: skip


def show_help(app: App, _: str) -> None:
    """Show the table of keys."""
    app.show(Help)


def leave(app: App, _: str) -> None:
    """Close the screen; ask first when orders are open or nothing is known."""
    dialog = quit_dialog(app.daemon.state, known=app.daemon.line.live)
    if not dialog.asks:
        app.leave()
        return
    text = [("text", line) for line in dialog.lines]
    app.show(lambda close: Question("Close this screen?", text, close, app.leave))


def _step(step: int) -> Callable[[App, str], None]:
    def move(app: App, _: str) -> None:
        if app.screen is not app.ai:
            app.dashboard.move(step)
        elif not app.ai.move(step):
            app.dashboard.step_symbol(step)

    return move


def _panel(step: int) -> Callable[[App, str], None]:
    return lambda app, _: app.screen.next_panel(step)


def _zoom(step: int) -> Callable[[App, str], None]:
    return _on_chart(lambda dashboard: dashboard.zoom(step))


def _scroll(step: int) -> Callable[[App, str], None]:
    return _on_chart(lambda dashboard: dashboard.scroll(step))


def _on_chart(change: Callable[[Dashboard], str]) -> Callable[[App, str], None]:
    """Return the action that changes the chart, where there is one."""

    def act(app: App, _: str) -> None:
        seen = app.screen is app.dashboard
        app.say("dim", change(app.dashboard) if seen else "the chart is on screen 1")

    return act


ACTIONS: Mapping[str, Callable[[App, str], None]] = {
    "kill": safety.kill,
    "resume": safety.resume,
    "cancel": safety.cancel,
    "cancel all": safety.cancel_all,
    "mode": safety.mode,
    "risk up": safety.risk_up,
    "risk down": safety.risk_down,
    "buy": buy,
    "sell": sell,
    "enter": enter,
    "escape": escape,
    "screen": show_screen,
    "next panel": _panel(1),
    "previous panel": _panel(-1),
    "up": _step(-1),
    "down": _step(1),
    "find": find,
    "palette": palette,
    "zoom in": _zoom(1),
    "zoom out": _zoom(-1),
    "scroll left": _scroll(1),
    "scroll right": _scroll(-1),
    "time range": _on_chart(lambda dashboard: dashboard.next_interval()),
    "dexter": lambda app, _: app.thinking.dexter(),
    "swarm": lambda app, _: app.thinking.swarm(),
    "ask": lambda app, _: app.thinking.ask(),
    "accept": opinions.accept,
    "history": opinions.history,
    "graph": opinions.graph,
    "budget": opinions.budget,
    "export": export,
    "refresh": refresh,
    "help": show_help,
    "quit": leave,
}
_FROM_PALETTE = frozenset(ACTIONS) - {"screen", "palette", "enter", "escape"}
