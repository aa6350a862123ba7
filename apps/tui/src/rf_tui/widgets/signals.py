"""What the chosen instrument's streaming measures say."""

from __future__ import annotations

from collections.abc import Sequence

from rf_dashboard.format import NA
from rf_dashboard.values import Value
from rf_dashboard.views.market import Signals
from rf_tui.figures import decimals, mark
from rf_tui.glyphs import clean
from rf_tui.paint import Line, Span
from rf_tui.widgets.panel import Panel, missing

_CELL = 18
_OVERBOUGHT, _OVERSOLD = 70.0, 30.0
_TOXIC = 0.7


class SignalsPanel(Panel):
    """View model: `Signals`."""

    name = "signals"
    tab = "Signal"
    view: Signals | None = None

    def heading(self, width: int) -> Line:
        """Return symbol and how many samples the measures have seen."""
        told = self.view
        if told is None:
            return [("title", "Signals")]
        return [("title", f"Signals {clean(told.symbol)}"), ("dim", f"  {told.samples} samples")]

    def footing(self) -> str:
        """Return where the volatility model's parameters come from."""
        return "" if self.view is None else f"GARCH {clean(self.view.garch_from)}"

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the measures in as many columns as fit."""
        if self.view is None:
            return [(), *missing("no instrument is chosen", width)]
        cells = _cells(self.view)
        columns = max(1, width // _CELL)
        return [
            [span for cell in cells[start : start + columns] for span in cell]
            for start in range(0, len(cells), columns)
        ]


def _cells(told: Signals) -> list[list[Span]]:
    places = decimals(told.tick)
    return [
        _cell("RSI", told.rsi, "{:.1f}", _rsi_role(told.rsi.value)),
        _cell("MACD", told.macd, f"{{:+.{places + 1}f}}", _sign_role(told.macd.value)),
        _cell("sig", told.macd_signal, f"{{:+.{places + 1}f}}", "text"),
        _cell("GARCH", told.garch_vol, "{:.1%}", "text"),
        _cell("EWMA", told.vol, "{:.1%}", "text"),
        _cell("VWAP", told.vwap, f"{{:.{places}f}}", "text"),
        _cell("micro", told.microprice, f"{{:.{places + 1}f}}", "text"),
        _cell("imb", told.imbalance, "{:+.2f}", _sign_role(told.imbalance.value)),
        _cell("OFI", told.ofi, "{:+.2f}", _sign_role(told.ofi.value)),
        _cell("VPIN", told.vpin, "{:.2f}", _vpin_role(told.vpin.value)),
    ]


def _cell(name: str, value: Value[float], form: str, role: str) -> list[Span]:
    text = NA if value.value is None else f"{form.format(value.value)}{mark(value)}"
    shown = "dim" if value.value is None else role
    return [("dim", f" {name:<5} "), (shown, text[: _CELL - 7].ljust(_CELL - 7))]


def _rsi_role(rsi: float | None) -> str:
    return "warn" if rsi is not None and not _OVERSOLD <= rsi <= _OVERBOUGHT else "text"


def _vpin_role(vpin: float | None) -> str:
    return "warn" if vpin is not None and vpin > _TOXIC else "text"


def _sign_role(value: float | None) -> str:
    return "text" if not value else "up" if value > 0 else "down"
