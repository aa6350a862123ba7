"""How much of each limit is used, and what the kill switch and the gate say."""

from __future__ import annotations

from collections.abc import Sequence

from rf_dashboard.format import bar as gauge
from rf_dashboard.views.system import Header
from rf_dashboard.views.trading import Account, RiskBar
from rf_tui.figures import mark
from rf_tui.glyphs import clean
from rf_tui.paint import Line
from rf_tui.widgets.panel import Panel

_NAMES = {
    "daily_loss": "day loss",
    "max_drawdown": "drawdown",
    "max_gross": "gross",
    "value_at_risk": "VaR95 1d",
    "account_vol": "vol a yr",
    "max_open_orders": "orders",
    "daily_notional": "turnover",
    "trade_count": "fills",
}
_ROLES = {"ok": "good", "near": "warn", "over": "bad", "unknown": "dim"}


class Risk(Panel):
    """View model: the limits, the account and the header."""

    name = "risk"
    tab = "Risk"
    has_list = True
    view: tuple[Sequence[RiskBar], Account | None, Header | None] = ((), None, None)
    _top = 0

    def heading(self, width: int) -> Line:
        """Return the title."""
        return [("title", "Risk")]

    def footing(self) -> str:
        """Return the keys of this panel."""
        return "- tighten"

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return a bar for each limit, then kill switch, state and refusals."""
        bars, account, header = self.view
        shown = [_bar(bar, width) for bar in bars]
        if not bars:
            shown = [[("dim", " n/a: no limits told yet")]]
        shown += [_kill(header), _state(header), _var(account), _refusals(account)]
        self._top = max(0, min(self._top, len(shown) - height))
        return shown[self._top :]

    def move(self, step: int) -> None:
        """Scroll."""
        self._top = max(0, self._top + step)

    def wheeled(self, step: int) -> None:
        """Scroll."""
        self.move(step)


def _bar(bar: RiskBar, width: int) -> Line:
    numbers = f"{_short(bar.value)}/{_short(bar.limit)}{mark(bar.used)}"
    cells = max(3, min(10, width - 11 - len(numbers)))
    role = _ROLES[bar.level]
    word = "!" if bar.level in {"near", "over"} else " "
    name = _NAMES.get(bar.rule, clean(bar.rule))[:8]
    return [
        ("dim", f" {name:<8}"),
        (role, f"{word}{gauge(bar.used.value, cells)}"),
        ("text", f" {numbers}"),
    ]


def _short(text: str) -> str:
    """Return a limit or value as told, large and long numbers shortened."""
    try:
        number = float(text)
    except ValueError:
        return clean(text)
    if abs(number) >= 10_000:
        return f"{number / 1000:.0f}k" if abs(number) < 1e6 else f"{number / 1e6:.1f}M"
    return f"{number:.4g}"


def kill_word(header: Header | None) -> tuple[str, str]:
    """Return palette role and word for the kill switch."""
    if header is None or header.killed.value is None:
        return "dim", "n/a"
    return ("bad", "KILLED") if header.killed.value else ("good", f"ARMED{mark(header.killed)}")


def _var(account: Account | None) -> Line:
    if account is None or account.var95.value is None:
        why = "no account told yet" if account is None else account.var95.reason
        return [("dim", f" VaR95    n/a: {clean(why)}")]
    rows = f" (hist, n={account.var_samples})" if account.var_samples else " (nothing held)"
    return [
        ("dim", " VaR95 1d "),
        ("text", f"{account.var95.value:,.0f}{mark(account.var95)}"),
        ("dim", rows),
    ]


def _kill(header: Header | None) -> Line:
    return [("dim", " kill     "), kill_word(header)]


def _state(header: Header | None) -> Line:
    if header is None or header.state.value is None:
        return [("dim", " state    n/a")]
    state = header.state.value
    role = "good" if state == "ACTIVE" else "bad" if state == "HALTED" else "warn"
    return [
        ("dim", " state    "),
        (role, f"{state}{mark(header.state)}"),
        ("dim", f" {clean(header.state_reason)}"),
    ]


def _refusals(account: Account | None) -> Line:
    if account is None:
        return [("dim", " refused  n/a")]
    total = sum(count for _, count in account.refusals)
    worst = max(account.refusals, key=lambda entry: entry[1], default=("", 0))
    text = f" refused  {total} today" + (f", {clean(worst[0])} {worst[1]}" if total else "")
    return [("dim", text)]
