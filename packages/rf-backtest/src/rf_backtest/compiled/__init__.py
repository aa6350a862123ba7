"""The compiled path: strategies as arrays or as numba functions, money inside one loop.

`bars` runs signals over open and close: decisions at a close, fills at the next open, and
`bars.sweep` thousands of parameter sets in one call. `ticks` runs a numba function `step` over
quotes, trades and book levels with latency, queue position and partial fills; `columns` makes
its arrays from recorded events. Numba is loaded with the module that needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rf_backtest.compiled import bars, columns, ticks

__all__ = ["bars", "ticks", "columns"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
