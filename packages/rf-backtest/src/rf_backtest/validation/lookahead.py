"""Whether a strategy knows the future, and whether it remembers enough of the past.

Both questions are answered by running it again: on data that ends with the decision, where
nothing may change, and on data that begins shortly before it, where nothing should.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from rf_backtest._checks import FloatArray
from rf_backtest.validation._types import Progress

Columns = Mapping[str, npt.ArrayLike]

_TOLERANCE = 1e-9
"""Relative difference that is rounding; a running sum over less data is allowed that much."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What a strategy decided and saw, bar by bar; all arrays are as long as the data.

    `decision` is the position or order it wants at the close of each bar; `columns` are its
    indicators by name.
    """

    decision: npt.ArrayLike
    columns: Columns = field(default_factory=dict)


Decide = Callable[[Mapping[str, FloatArray]], Trace]


@dataclass(frozen=True, slots=True)
class Finding:
    """A column that changes when the future is taken away.

    `bar` is the first bar whose value differs, `decided_at` the last bar of the data that showed
    it; `whole` and `cut` are the two values, `bars` how many of the checked cuts differ.
    """

    column: str
    bar: int
    decided_at: int
    whole: float
    cut: float
    bars: int

    def __str__(self) -> str:
        """Say it in one sentence."""
        return (
            f"{self.column} at bar {self.bar} is {self.whole:.10g} with the whole data and "
            f"{self.cut:.10g} when the data ends at bar {self.decided_at}"
        )


@dataclass(frozen=True, slots=True)
class Lookahead:
    """What the detector found; `checked` are the bars that data was cut at."""

    findings: tuple[Finding, ...]
    checked: tuple[int, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing changed."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What shorter histories do to the decisions.

    `multiples` of the declared warm-up; `agree` is the share of decisions equal to those of the
    whole history; `differ` the largest relative difference of each column; `enough` the smallest
    multiple from which on every decision agrees, None if none does.
    """

    multiples: tuple[int, ...]
    agree: tuple[float, ...]
    differ: dict[str, tuple[float, ...]]
    checked: tuple[int, ...]
    enough: int | None


def find_lookahead(
    decide: Decide,
    data: Mapping[str, npt.ArrayLike],
    samples: int | Sequence[int] | None = 40,
    *,
    progress: Progress | None = None,
) -> Lookahead:
    """Run a strategy again on data cut at its decisions and report what changes.

    Parameters
    ----------
    decide : callable
        Given the columns of data, returns a `Trace` of the same length. It must be a function of
        its data alone.
    data : mapping of name to (n,) array
        What the strategy reads.
    samples : int, sequence of int, or None
        How many bars to cut at, or which; None cuts at every change of the decision. A number is
        spread evenly over the changes of the decision, and as many over the bars between.

    Returns
    -------
    Lookahead
        One finding for each column, the decision first.

    Raises
    ------
    ValueError
        If lengths differ, the data is empty, or a sample is no bar of it.

    Notes
    -----
    Values up to the cut are compared, not only those at it: a centred window shows in the bars
    before its end. NaN equals NaN. What a strategy knows of the future without its data showing
    it, such as a parameter fitted on the same bars, is not found here; a walk-forward finds it.
    """
    columns, n = _arrays(data)
    whole = _trace(decide, columns, n)
    checked = _samples(whole["decision"], samples)
    found: dict[str, Finding] = {}
    for done, bar in enumerate(checked, 1):
        cut = _trace(decide, {name: values[: bar + 1] for name, values in columns.items()}, bar + 1)
        if cut.keys() != whole.keys():
            raise ValueError(f"expected columns {sorted(whole)} at bar {bar}, was {sorted(cut)}")
        for name, values in cut.items():
            differs = np.flatnonzero(~_same(whole[name][: bar + 1], values))
            if differs.size:
                first = int(differs[0])
                new = Finding(name, first, bar, float(whole[name][first]), float(values[first]), 1)
                found[name] = _add(found.get(name), new)
        if progress is not None:
            progress(done, len(checked))
    return Lookahead(tuple(found[name] for name in whole if name in found), checked)


def warm_up_sensitivity(
    decide: Decide,
    data: Mapping[str, npt.ArrayLike],
    warm_up: int,
    *,
    multiples: Sequence[int] = (1, 2, 4, 8),
    samples: int | Sequence[int] | None = 40,
    progress: Progress | None = None,
) -> WarmUp:
    """Decide on histories of 1, 2, 4 and 8 times the warm-up and compare with all of it.

    Parameters
    ----------
    decide, data, samples
        As in `find_lookahead`.
    warm_up : int
        Bars that the strategy declares it needs, at least 1.
    multiples : sequence of int
        Each is checked on the same bars: those with enough history for the largest multiple.

    Raises
    ------
    ValueError
        If a number is out of range or no sample has enough history.
    """
    if warm_up < 1 or not multiples or min(multiples) < 1:
        raise ValueError(f"expected warm_up and multiples >= 1, was {warm_up}, {multiples}")
    columns, n = _arrays(data)
    whole = _trace(decide, columns, n)
    need = warm_up * max(multiples)
    if n <= need:
        raise ValueError(f"expected more than {need} bars, was {n}")
    checked = tuple(bar for bar in _samples(whole["decision"], samples, need) if bar >= need)
    if not checked:
        raise ValueError(f"expected a decision at or after bar {need}, was none")
    agree = []
    differ: dict[str, list[float]] = {name: [] for name in whole}
    for done, multiple in enumerate(sorted(multiples), 1):
        size = warm_up * multiple
        rows = [_last(decide, columns, bar, size) for bar in checked]
        equal = [
            _same(whole["decision"][[bar]], np.array([row["decision"]])).all()
            for bar, row in zip(checked, rows, strict=True)
        ]
        agree.append(float(np.mean(equal)))
        for name, worst in differ.items():
            worst.append(
                max(
                    _distance(whole[name][bar], row[name])
                    for bar, row in zip(checked, rows, strict=True)
                )
            )
        if progress is not None:
            progress(done, len(multiples))
    return WarmUp(
        multiples=tuple(sorted(multiples)),
        agree=tuple(agree),
        differ={name: tuple(worst) for name, worst in differ.items()},
        checked=checked,
        enough=_enough(sorted(multiples), agree),
    )


def _arrays(data: Mapping[str, npt.ArrayLike]) -> tuple[dict[str, FloatArray], int]:
    columns = {name: np.asarray(values, dtype=np.float64) for name, values in data.items()}
    lengths = {name: values.shape for name, values in columns.items()}
    shapes = list(lengths.values())
    if (
        not shapes
        or len(shapes[0]) != 1
        or not shapes[0][0]
        or shapes.count(shapes[0]) != len(shapes)
    ):
        raise ValueError(f"expected columns of one length of at least 1, was {lengths}")
    return columns, shapes[0][0]


def _trace(decide: Decide, data: Mapping[str, FloatArray], n: int) -> dict[str, FloatArray]:
    # A strategy that writes into its data must not reach ours.
    told = decide({name: values.copy() for name, values in data.items()})
    columns = {"decision": told.decision, **told.columns}
    arrays = {name: np.asarray(values, dtype=np.float64) for name, values in columns.items()}
    for name, values in arrays.items():
        if values.shape != (n,):
            raise ValueError(f"expected {name} of {n} bars, was shape {values.shape}")
    return arrays


def _samples(
    decision: FloatArray, samples: int | Sequence[int] | None, first: int = 0
) -> tuple[int, ...]:
    n = decision.size
    if samples is not None and not isinstance(samples, int):
        wrong = [bar for bar in samples if not 0 <= bar < n]
        if wrong or not samples:
            raise ValueError(f"expected samples within 0 and {n - 1}, was {wrong or 'none'}")
        return tuple(sorted(samples))
    if samples is not None and samples < 1:
        raise ValueError(f"expected samples of at least 1, was {samples}")
    changed = 1 + np.flatnonzero(~_same(decision[1:], decision[:-1]))
    changed = changed[changed >= first]
    if samples is None:
        return tuple(changed.tolist())
    between = np.arange(min(first, n - 1), n)
    bars = np.concatenate([_spread(changed, samples), _spread(between, samples)])
    return tuple(np.unique(bars).tolist())


def _spread(bars: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    if bars.size <= count:
        return bars
    return bars[np.linspace(0, bars.size - 1, count).round().astype(np.int64)]


def _same(one: FloatArray, other: FloatArray) -> npt.NDArray[np.bool_]:
    scale = np.maximum(np.maximum(np.abs(one), np.abs(other)), 1e-300)
    with np.errstate(invalid="ignore"):
        near = np.abs(one - other) <= _TOLERANCE * scale
    return np.asarray(near | (one == other) | (np.isnan(one) & np.isnan(other)), dtype=np.bool_)


def _distance(one: float, other: float) -> float:
    if np.isnan(one) and np.isnan(other):
        return 0.0
    if np.isnan(one) or np.isnan(other):
        return np.inf
    scale = max(abs(one), abs(other))
    return abs(one - other) / scale if scale > 0.0 else 0.0


def _last(
    decide: Decide, columns: Mapping[str, FloatArray], bar: int, size: int
) -> dict[str, float]:
    part = {name: values[bar + 1 - size : bar + 1] for name, values in columns.items()}
    return {name: float(values[-1]) for name, values in _trace(decide, part, size).items()}


def _add(before: Finding | None, new: Finding) -> Finding:
    """Keep the earlier bar and count the cuts."""
    if before is None:
        return new
    first = new if new.bar < before.bar else before
    return replace(first, bars=before.bars + 1)


def _enough(multiples: list[int], agree: list[float]) -> int | None:
    for place, multiple in enumerate(multiples):
        if all(share == 1.0 for share in agree[place:]):
            return multiple
    return None
