"""The same check for a strategy that is written over whole columns: ``decide(columns)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rf_cli.backtest.bias_check import Bias
from rf_cli.backtest.sources import Loaded
from rf_cli.backtest.strategies import module_of
from rf_cli.output import usage

if TYPE_CHECKING:
    from rf_backtest.validation import Trace

DECIDE = "decide"


def has_decide(text: str) -> bool:
    """Return whether a strategy is a file with a function over columns and none to build."""
    path = Path(text)
    if path.suffix != ".py" or not path.is_file():
        return False
    module = module_of(path)
    return callable(getattr(module, DECIDE, None)) and not hasattr(module, "build")


def check(
    text: str,
    loaded: Loaded,
    sample: int | None,
    *,
    warm_up: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Bias:
    """Compare what it decides on all bars with what it decides on bars that end sooner."""
    from rf_backtest.validation import find_lookahead, warm_up_sensitivity

    if len(loaded.bars) != 1:
        raise usage("expected the bars of one instrument for a strategy over columns")
    bars = loaded.bars[0]
    decide = _traced(getattr(module_of(Path(text)), DECIDE))
    names = ("open", "high", "low", "close", "volume")
    columns = {name: getattr(bars, name) for name in names}
    columns["ts"] = bars.ts.astype("float64")
    notes: tuple[str, ...] = ()
    try:
        found = find_lookahead(decide, columns, sample, progress=progress)
    except (ValueError, TypeError, ArithmeticError, LookupError) as error:
        raise usage(f"{text}: {DECIDE}(columns): {type(error).__name__}: {error}") from error
    sensitivity = None
    if warm_up > 0:
        try:
            sensitivity = warm_up_sensitivity(
                decide, columns, warm_up, samples=sample, progress=progress
            )
        except ValueError as error:
            notes = (f"warm-up not checked: {error}",)
    times = tuple((one.bar, int(bars.ts[one.bar])) for one in found.findings)
    return Bias(found, sensitivity, notes, times)


def _traced(decide: Callable[..., Any]) -> Callable[[Mapping[str, Any]], Trace]:
    """Return it with its answer as a trace: an array, or a mapping with ``decision``."""
    from rf_backtest.validation import Trace

    def run(columns: Mapping[str, Any]) -> Trace:
        told = decide(columns)
        if isinstance(told, Trace):
            return told
        if isinstance(told, Mapping):
            rest = {name: values for name, values in told.items() if name != "decision"}
            return Trace(told["decision"], rest)
        return Trace(told)

    return run
