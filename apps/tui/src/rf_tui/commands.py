"""What each action of the key table does, and the lines of the command palette."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rf_common import money
from rf_common.clock import to_iso
from rf_common.enums import Side
from rf_common.ids import symbol_of
from rf_dashboard import CancelDialog, Ticket, Value, mode_dialog, quit_dialog, views
from rf_dashboard import export as csv
from rf_tui import keys
from rf_tui.desk import ACTOR
from rf_tui.dialogs.box import Box
from rf_tui.dialogs.finder import Choice, Finder
from rf_tui.dialogs.help import Help
from rf_tui.dialogs.sheet import Question, Sheet
from rf_tui.dialogs.ticket import Service, TicketBox
from rf_tui.figures import px_text
from rf_tui.glyphs import clean
from rf_tui.messages import Message
from rf_tui.outcome import Outcome
from rf_tui.widgets.header import SCREENS

if TYPE_CHECKING:
    from rf_tui.app import App

ROADMAP = "docs/roadmap.md"
_TABLES = {
    "positions": csv.positions_csv,
    "orders": csv.orders_csv,
    "fills": csv.fills_csv,
    "alerts": csv.alerts_csv,
    "account": csv.account_csv,
}


def _shown(app: App, make: Callable[[Callable[[], None]], Box]) -> None:
    """Open the dialog that `make` builds from its closing function."""
    made: list[Box] = []
    made.append(make(app.closer(made)))
    app.open(made[0])


def _sheet(app: App, title: str, text: list[tuple[str, str]]) -> None:
    _shown(app, lambda close: Sheet(title, text, close))


# --- safety ---------------------------------------------------------------------------------------


def kill(app: App, _: str) -> None:
    """Kill at once."""
    app.kill()


def resume(app: App, _: str) -> None:
    """Open the overlay in which the phrase is typed."""
    app.kill_box()


def cancel(app: App, _: str) -> None:
    """Cancel the selected order."""
    row = app.dashboard.orders.selected
    if row is None:
        app.say("warn", "there is no open order to cancel")
        return
    dialog = CancelDialog(
        command_id=app.ids(), actor=ACTOR, client_order_id=row.client_order_id, open_orders=1
    )
    _offered(app, dialog)


def _offered(app: App, dialog: CancelDialog) -> None:
    if not app.daemon.line.live:
        app.say("bad", "not connected: nothing was cancelled. K writes the kill file")
        return
    app.cancel(dialog.confirm())


def cancel_all(app: App, _: str) -> None:
    """Ask, then cancel every open order."""
    count = len(app.daemon.state.orders)
    if not count:
        app.say("warn", "there is no open order to cancel")
        return
    dialog = CancelDialog(command_id=app.ids(), actor=ACTOR, open_orders=count)
    text = [("text", f"{count} open orders are cancelled, those of strategies too."),
            ("text", "Positions stay. Strategies go on and may place new orders.")]  # fmt: skip
    yes = lambda: _offered(app, dialog)  # noqa: E731  # said once, below
    _shown(app, lambda close: Question("Cancel all orders?", text, close, yes))


def mode(app: App, _: str) -> None:
    """Ask the daemon what live trading would need, and show it; a screen cannot switch."""
    app.start(_mode(app))


async def _mode(app: App) -> None:
    outcome = await app.desk.request("mode", {"mode": "LIVE", "actor": ACTOR}, "go live")
    told = mode_dialog(app.daemon.state)
    text = [("strong", f"The daemon runs {told.mode or 'n/a'}  {clean(told.account)}")]
    text += _open_conditions(outcome)
    text += [("text", ""), *(("text", line) for line in told.lines)]
    if not (outcome.ok and outcome.data.get("mode") == "LIVE"):
        app.say("bad", "go live: refused; nothing was changed")
    _sheet(app, "Mode", text)


def _open_conditions(outcome: Outcome) -> list[tuple[str, str]]:
    if not outcome.ok or not isinstance(outcome.data, dict):
        return outcome.paragraphs()
    conditions = [str(entry) for entry in outcome.data.get("open", ())]
    if not conditions:
        return [("warn", "The daemon names no open condition, and stays in its mode.")]
    listed = [("warn", f"open: {clean(condition)}") for condition in conditions]
    return [("bad", "Going live is refused:"), *listed]


def risk_up(app: App, _: str) -> None:
    """Ask for looser limits; the daemon refuses."""
    app.start(_risk(app, 1))


def risk_down(app: App, _: str) -> None:
    """Ask for tighter limits."""
    app.start(_risk(app, -1))


async def _risk(app: App, delta: int) -> None:
    word = "looser" if delta > 0 else "tighter"
    args = {"delta": delta, "actor": ACTOR}
    outcome = await app.desk.request("risk_adjust", args, f"risk limits {word}")
    if not outcome.ok:
        _sheet(app, f"Risk limits {word}: refused", outcome.paragraphs())


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
    _shown(app, lambda close: TicketBox(close, ticket, service))


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
    if dashboard.active == "alerts" and dashboard.alerts.top is not None:
        row = dashboard.alerts.top
        app.seen_alert = app.daemon.state.log.number
        text = [("strong", f"{to_iso(row.ts)}  {row.severity}  {row.code}"),
                ("text", clean(row.text)), ("dim", f"about {row.subject or 'n/a'}, told "
                 f"{row.count} times")]  # fmt: skip
        _sheet(app, "Alert", text)
    elif dashboard.active == "orders" and dashboard.orders.selected is not None:
        order = dashboard.orders.selected
        text = [("strong", order.client_order_id),
                ("text", f"{order.side} {order.quantity} {clean(order.symbol)}  {order.status}  "
                         f"filled {order.filled}"),
                ("text", f"strategy {order.strategy_id}  created {to_iso(order.created)}"),
                ("text", clean(order.reason) or "no reason was told"),
                ("dim", "c cancels it")]  # fmt: skip
        _sheet(app, "Order", text)
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
    if number == "1":
        app.say("dim", "Dashboard")
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
    _shown(app, lambda close: Finder(title, choices, close, app.take))


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
    _shown(app, Help)


def leave(app: App, _: str) -> None:
    """Close the screen; ask first when orders are open or nothing is known."""
    dialog = quit_dialog(app.daemon.state, known=app.daemon.line.live)
    if not dialog.asks:
        app.leave()
        return
    text = [("text", line) for line in dialog.lines]
    _shown(app, lambda close: Question("Close this screen?", text, close, app.leave))


def _not_connected(name: str) -> Callable[[App, str], None]:
    def say(app: App, _: str) -> None:
        app.say("warn", f"{name} is not connected yet, see {ROADMAP}")

    return say


def _step(step: int) -> Callable[[App, str], None]:
    return lambda app, _: app.dashboard.move(step)


def _panel(step: int) -> Callable[[App, str], None]:
    return lambda app, _: app.dashboard.next_panel(step)


def _zoom(step: int) -> Callable[[App, str], None]:
    return lambda app, _: app.say("dim", app.dashboard.zoom(step))


def _scroll(step: int) -> Callable[[App, str], None]:
    return lambda app, _: app.say("dim", app.dashboard.scroll(step))


ACTIONS: Mapping[str, Callable[[App, str], None]] = {
    "kill": kill,
    "resume": resume,
    "cancel": cancel,
    "cancel all": cancel_all,
    "mode": mode,
    "risk up": risk_up,
    "risk down": risk_down,
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
    "time range": lambda app, _: app.say("dim", app.dashboard.next_interval()),
    "dexter": _not_connected("Dexter"),
    "swarm": _not_connected("MiroFish"),
    "export": export,
    "refresh": refresh,
    "help": show_help,
    "quit": leave,
}
_FROM_PALETTE = frozenset(ACTIONS) - {"screen", "palette", "enter", "escape"}
