"""What an answer must hold to before it is an opinion: symbol, side, band, ranges, figures.

`enforce` clamps and repairs what the rules allow to be repaired and refuses the rest by name. A
refused answer is void: it is no opinion, and nothing replaces it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from rf_ai.context import Context
from rf_ai.figures import FigureReport, check_figures, is_supported
from rf_ai.schema import MAX_RISKS, DexterSignal
from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.config import FRACTION, POSITIVE, check
from rf_common.intelligence import Direction

MAX_SIZE = 0.10
"""Largest fraction of the account an answer may ask for."""
UNSURE_SIZE = 0.05
"""The same below `SURE`."""
SURE = 0.70
LONG_STOP = 0.95
SHORT_STOP = 1.05


class AnswerLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far an answer may be from the market and from what rules compute."""

    entry_band: float = 0.02
    """Largest distance of the entry from the market, as a share of the price."""
    max_stop: float = 0.25
    """Largest distance of the stop from the entry, as a share of the entry."""
    max_target: float = 0.50
    """Largest distance of the take-profit from the entry, as a share of the entry."""
    max_age_s: float = 60.0
    """Age of the quote from which an answer comes too late, seconds."""
    confidence_tilt: float = 0.10
    """How far a confidence may be above what rules compute from the same rows."""
    distance_tilt: float = 0.50
    """How far stop and target may be from the computed distance, as a share of it."""

    def __post_init__(self) -> None:
        """Refuse limits that limit nothing."""
        names = ("entry_band", "max_stop", "max_target", "confidence_tilt", "distance_tilt")
        check(self, dict.fromkeys(names, FRACTION) | {"max_age_s": POSITIVE})


class Checked(NamedTuple):
    """An answer after `enforce`, what was changed in it, and why it is void, if it is."""

    answer: DexterSignal
    changes: tuple[str, ...]
    refused: str


def enforce(
    answer: DexterSignal,
    *,
    symbol: str,
    px: float | None,
    limits: AnswerLimits | None = None,
) -> Checked:
    """Return `answer` with its allowed repairs, or why it is refused.

    Parameters
    ----------
    answer : DexterSignal
        As parsed.
    symbol : str
        What was asked.
    px : float or None
        The market's price now; None refuses everything but NEUTRAL.
    limits : AnswerLimits, optional
        How far prices may be from the market.

    Notes
    -----
    Confidence is clamped to [0, 1] and size to [0, 0.10], to 0.05 below a confidence of 0.70. A
    long stop above the entry becomes 0.95 of it, a short stop below it 1.05 of it. Everything
    else that is wrong refuses: another symbol, numbers that are not finite, a price not above
    zero, an entry outside the band, a target on the wrong side or absurdly far.

    Examples
    --------
    >>> from rf_ai.schema import DexterSignal, parse
    >>> text = (b'{"symbol": "AAPL", "direction": "LONG", "confidence": 1.4, "entry_price": 100,'
    ...     b'"stop_loss": 103, "take_profit": 110, "position_size_pct": 0.5, "time_horizon":'
    ...     b'"SWING", "thesis": "", "key_risks": [], "recommendation": "BUY"}')
    >>> found = enforce(parse(text, DexterSignal), symbol="AAPL", px=100.5)
    >>> found.answer.confidence, found.answer.stop_px, found.answer.position_size_pct
    (1.0, 95.0, 0.1)
    """
    limits = limits or AnswerLimits()
    if answer.symbol != symbol:
        return Checked(answer, (), f"the answer is about {answer.symbol[:40]!r}, not {symbol}")
    wrong = _not_finite(answer)
    if wrong:
        return Checked(answer, (), wrong)
    changes: list[str] = []
    answer = _clamp(answer, changes)
    if answer.direction is Direction.NEUTRAL:
        return Checked(answer, tuple(changes), "")
    if px is None or not px > 0:
        return Checked(answer, tuple(changes), "there is no market price to check the entry with")
    early = _entry_refused(answer, px, limits)
    if early:
        return Checked(answer, tuple(changes), early)
    answer = _stop_repaired(answer, changes, limits)
    return Checked(answer, tuple(changes), _distance_refused(answer, limits))


def check_texts(answer: DexterSignal, context: Context) -> FigureReport:
    """Return what the figure check found in thesis, risks, catalyst and valuation."""
    texts = [answer.thesis, *answer.key_risks, answer.catalyst or ""]
    names = (context.instrument_id, context.instrument_id.partition(":")[2], context.entity_name)
    report = check_figures(texts, context.rows, outside=context.outside, names=names)
    values = answer.valuation.given() if answer.valuation else {}
    ours = [row for row in context.rows if row.row_id not in context.outside]
    wrong = [f"{name} {value:g}" for name, value in values.items() if not is_supported(value, ours)]
    return report._replace(
        checked=report.checked + len(values), unsupported=(*report.unsupported, *wrong)
    )


def figures_refused(report: FigureReport) -> str:
    """Return why the figure check voids an answer, empty when it does not."""
    parts = []
    if report.unsupported:
        parts.append(f"figures without a row: {', '.join(report.unsupported[:8])}")
    if report.unknown_rows:
        parts.append(f"rows that do not exist: {', '.join(report.unknown_rows[:8])}")
    return "; ".join(parts)


def stale(ts_event: UnixNanos, now: UnixNanos, limits: AnswerLimits) -> str:
    """Return why an opinion on a quote of `ts_event` comes too late, empty when it does not."""
    age_s = (now - ts_event) / NANOS_PER_SECOND
    if age_s < -1.0:
        return f"the quote is {-age_s:.1f} s in the future"
    if age_s > limits.max_age_s:
        return f"the quote is {age_s:.1f} s old, at most {limits.max_age_s:g} s"
    return ""


def _not_finite(answer: DexterSignal) -> str:
    names = ("confidence", "entry_px", "stop_px", "take_profit_px", "position_size_pct")
    for name in names:
        if not math.isfinite(getattr(answer, name)):
            return f"{name} is not a finite number"
    values = answer.valuation.given() if answer.valuation else {}
    return "".join(f"{n} is not a finite number" for n, v in values.items() if not math.isfinite(v))


def _clamp(answer: DexterSignal, changes: list[str]) -> DexterSignal:
    confidence = _within(answer.confidence, 0.0, 1.0)
    most = MAX_SIZE if confidence >= SURE else UNSURE_SIZE
    size = _within(answer.position_size_pct, 0.0, most)
    for name, old, new in (
        ("confidence", answer.confidence, confidence),
        ("position_size_pct", answer.position_size_pct, size),
    ):
        if old != new:
            changes.append(f"{name} {old:g} became {new:g}")
    if len(answer.key_risks) > MAX_RISKS:
        changes.append(f"key_risks: the first {MAX_RISKS} of {len(answer.key_risks)} are kept")
    return msgspec.structs.replace(
        answer,
        confidence=confidence,
        position_size_pct=size,
        key_risks=answer.key_risks[:MAX_RISKS],
    )


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _entry_refused(answer: DexterSignal, px: float, limits: AnswerLimits) -> str:
    prices: Sequence[tuple[str, float]] = (
        ("entry_price", answer.entry_px),
        ("stop_loss", answer.stop_px),
        ("take_profit", answer.take_profit_px),
    )
    for name, value in prices:
        if not value > 0:
            return f"{name} {value:g} is not above zero"
    away = abs(answer.entry_px / px - 1.0)
    if away > limits.entry_band:
        return (
            f"entry_price {answer.entry_px:g} is {100 * away:.1f} % from the market {px:g}, "
            f"at most {100 * limits.entry_band:g} %"
        )
    return ""


def _stop_repaired(answer: DexterSignal, changes: list[str], limits: AnswerLimits) -> DexterSignal:
    entry, stop = answer.entry_px, answer.stop_px
    if answer.direction is Direction.LONG and stop >= entry:
        repaired = LONG_STOP * entry
    elif answer.direction is Direction.SHORT and stop <= entry:
        repaired = SHORT_STOP * entry
    else:
        return answer
    if abs(stop / entry - 1.0) > limits.max_stop:
        return answer  # absurd, not a slip: `_distance_refused` names it
    changes.append(f"stop_loss {stop:g} was on the wrong side and became {repaired:g}")
    return msgspec.structs.replace(answer, stop_px=repaired)


def _distance_refused(answer: DexterSignal, limits: AnswerLimits) -> str:
    entry = answer.entry_px
    stop = abs(answer.stop_px - entry) / entry
    if stop > limits.max_stop:
        return f"stop_loss is {100 * stop:.1f} % away, at most {100 * limits.max_stop:g} %"
    gain = answer.direction.sign * (answer.take_profit_px - entry) / entry
    if gain <= 0:
        return f"take_profit {answer.take_profit_px:g} is on the wrong side of {entry:g}"
    if gain > limits.max_target:
        return f"take_profit is {100 * gain:.1f} % away, at most {100 * limits.max_target:g} %"
    return ""
