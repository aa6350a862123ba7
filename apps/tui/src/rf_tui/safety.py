"""What stops, cancels and limits: kill, resume, cancel, mode, risk limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rf_dashboard import CancelDialog, mode_dialog
from rf_tui.desk import ACTOR
from rf_tui.dialogs.sheet import Question, Sheet
from rf_tui.figures import quantity_text
from rf_tui.glyphs import clean
from rf_tui.outcome import Outcome

if TYPE_CHECKING:
    from rf_tui.app import App


def kill(app: App, _: str) -> None:
    """Kill at once."""
    app.overlays.kill()


def resume(app: App, _: str) -> None:
    """Open the overlay in which the phrase is typed."""
    app.overlays.kill_box()


def cancel(app: App, _: str) -> None:
    """Cancel the selected order; one that is not seen on the screen only after a question."""
    row = app.dashboard.orders.selected
    if row is None:
        app.say("warn", "no open order is selected: choose one in Orders")
        return
    dialog = CancelDialog(
        command_id=app.ids(), actor=ACTOR, client_order_id=row.client_order_id, open_orders=1
    )
    if app.dashboard.sees("orders"):
        _send(app, dialog)
        return
    what = f"{row.client_order_id}: {row.side} {quantity_text(row.quantity)} {clean(row.symbol)}"
    _ask(app, "Cancel this order?", [("text", what)], dialog)


def _ask(app: App, title: str, text: list[tuple[str, str]], dialog: CancelDialog) -> None:
    app.show(lambda close: Question(title, text, close, lambda: _send(app, dialog)))


def _send(app: App, dialog: CancelDialog) -> None:
    if not app.daemon.line.live:
        app.say("bad", "not connected: nothing was cancelled. K writes the kill file")
        return
    app.start(_cancelled(app, dialog.confirm()))


async def _cancelled(app: App, dialog: CancelDialog) -> None:
    await app.desk.cancel(dialog)


def cancel_all(app: App, _: str) -> None:
    """Ask, then cancel every open order."""
    count = len(app.daemon.state.orders)
    if not count:
        app.say("warn", "there is no open order to cancel")
        return
    dialog = CancelDialog(command_id=app.ids(), actor=ACTOR, open_orders=count)
    text = [("text", f"{count} open orders are cancelled, those of strategies too."),
            ("text", "Positions stay. Strategies go on and may place new orders.")]  # fmt: skip
    _ask(app, "Cancel all orders?", text, dialog)


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
    app.show(lambda close: Sheet("Mode", text, close))


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
        app.show(lambda close: Sheet(f"Risk limits {word}: refused", outcome.paragraphs(), close))
