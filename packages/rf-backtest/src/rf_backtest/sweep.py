"""Many parameter sets: which ones, in which order, and what their results say together.

Nothing here runs a strategy. `grid` and `sample` say what to try; `ranked`, `surface` and
`judge_best` read what came back. A trial's number, never the order of arrival, decides its place.
"""

from __future__ import annotations

import hashlib
import json
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from rf_backtest._checks import FloatArray
from rf_backtest.metrics import moments
from rf_backtest.overfitting import deflated_sharpe, expected_max_sharpe, probabilistic_sharpe

Value = int | float | str | bool

MOST_TRIALS = 1_000_000
"""Trials that one grid may have."""

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "!=": operator.ne,
}
_FORM = "expected name=first:last:step or name=value,value"
_RULE = re.compile(r"^\s*([A-Za-z_]\w*)\s*(<=|>=|<|>|!=)\s*([A-Za-z_]\w*|[-+.\deE]+)\s*$")


class Axis(NamedTuple):
    """One parameter and the values it takes, in order."""

    name: str
    values: tuple[Value, ...]


def parse_axis(text: str) -> Axis:
    """Return the axis that ``name=first:last:step`` or ``name=value,value`` describes.

    Parameters
    ----------
    text : str
        A range includes its last value where a step meets it; steps are exact decimals.

    Raises
    ------
    ValueError
        If the form is another, a step is not positive or a value is given twice.

    Examples
    --------
    >>> parse_axis("fast=5:20:5")
    Axis(name='fast', values=(5, 10, 15, 20))
    >>> parse_axis("entry=0.1:0.3:0.1").values
    (0.1, 0.2, 0.3)
    """
    name, separator, told = text.partition("=")
    name = name.strip()
    if not separator or not name.isidentifier() or not told.strip():
        raise ValueError(f"grid {text!r}: {_FORM}")
    values = _range(text, told) if ":" in told else tuple(value_of(v) for v in told.split(","))
    if len(set(map(repr, values))) != len(values):
        raise ValueError(f"grid {text!r}: expected every value once")
    return Axis(name, values)


def value_of(text: str) -> Value:
    """Return a typed value: a whole number, a decimal number, true or false, or the text.

    Examples
    --------
    >>> value_of("5"), value_of("0.5"), value_of("true"), value_of("close")
    (5, 0.5, True, 'close')
    """
    text = text.strip()
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if math.isfinite(value):
            return value
    return text


def _range(text: str, told: str) -> tuple[Value, ...]:
    try:
        numbers = [Decimal(part) for part in told.split(":")]
    except InvalidOperation:
        raise ValueError(f"grid {text!r}: {_FORM}") from None
    if len(numbers) != 3 or not all(number.is_finite() for number in numbers):
        raise ValueError(f"grid {text!r}: {_FORM}")
    first, last, step = numbers
    if step <= 0 or last < first:
        raise ValueError(f"grid {text!r}: expected a positive step and first <= last")
    count = int((last - first) / step) + 1
    if count > MOST_TRIALS:
        raise ValueError(f"grid {text!r}: expected at most {MOST_TRIALS} values, was {count}")
    whole = all(number == number.to_integral_value() for number in numbers)
    found = (first + step * place for place in range(count))
    return tuple(int(value) if whole else float(value) for value in found)


class Rule(NamedTuple):
    """A comparison that every parameter set must meet: a name, a sign, a name or number."""

    left: str
    sign: str
    right: str | float

    def holds(self, parameters: Mapping[str, Any]) -> bool:
        """Return whether a parameter set meets it."""
        left = parameters[self.left]
        right = parameters[self.right] if isinstance(self.right, str) else self.right
        try:
            return bool(_COMPARE[self.sign](left, right))
        except TypeError:
            text = f"{self.left}{self.sign}{self.right}"
            raise ValueError(f"rule {text}: {left!r} and {right!r} have no order") from None


def parse_rule(text: str) -> Rule:
    """Return the rule that a text such as ``fast<slow`` describes.

    Examples
    --------
    >>> parse_rule("fast < slow").holds({"fast": 5, "slow": 20})
    True
    """
    match = _RULE.match(text)
    if match is None:
        raise ValueError(f"rule {text!r}: expected a form such as fast<slow or fast>=5")
    right = match[3]
    return Rule(match[1], match[2], right if right.isidentifier() else _number(text, right))


def _number(rule: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"rule {rule!r}: expected a parameter or a number, was {text!r}") from None


def grid(
    axes: Sequence[Axis], *, fixed: Mapping[str, Any] | None = None, rules: Sequence[Rule] = ()
) -> tuple[dict[str, Any], ...]:
    """Return every parameter set of a grid, the last axis changing fastest.

    Parameters
    ----------
    axes : sequence of Axis
        At least one; names must differ.
    fixed : mapping, optional
        Parameters that all sets share.
    rules : sequence of Rule
        Sets that do not meet every rule are left out and count for nothing.

    Raises
    ------
    ValueError
        If there is no axis, a name is given twice, a rule names no parameter, or no set is left.

    Examples
    --------
    >>> axes = [Axis("fast", (5, 10)), Axis("slow", (10, 20))]
    >>> [tuple(one.values()) for one in grid(axes, rules=[parse_rule("fast<slow")])]
    [(5, 10), (5, 20), (10, 20)]
    """
    shared = dict(fixed or {})
    names = [axis.name for axis in axes]
    _check_names(names, shared, rules)
    total = math.prod(len(axis.values) for axis in axes)
    if total > MOST_TRIALS:
        raise ValueError(f"expected a grid of at most {MOST_TRIALS} sets, was {total}")
    sets = (
        shared | dict(zip(names, values, strict=True))
        for values in product(*(axis.values for axis in axes))
    )
    kept = tuple(one for one in sets if all(rule.holds(one) for rule in rules))
    if not kept:
        raise ValueError(f"expected a parameter set that meets every rule, was none of {total}")
    return kept


def _check_names(names: Sequence[str], fixed: Mapping[str, Any], rules: Sequence[Rule]) -> None:
    if not names:
        raise ValueError("expected at least one axis, was none")
    twice = sorted({name for name in names if names.count(name) > 1 or name in fixed})
    if twice:
        raise ValueError(f"parameter {twice[0]!r} is given twice")
    known = {*names, *fixed}
    for rule in rules:
        for name in (rule.left, rule.right):
            if isinstance(name, str) and name not in known:
                raise ValueError(f"rule on {name!r}: expected one of {', '.join(sorted(known))}")


def sample(
    sets: Sequence[dict[str, Any]], count: int, rng: np.random.Generator
) -> tuple[dict[str, Any], ...]:
    """Return `count` of the sets, drawn without replacement, in the grid's order."""
    if count < 1:
        raise ValueError(f"expected a count of at least 1, was {count}")
    if count >= len(sets):
        return tuple(sets)
    chosen = np.sort(rng.choice(len(sets), size=count, replace=False))
    return tuple(sets[int(place)] for place in chosen)


@dataclass(frozen=True, slots=True)
class Trial:
    """What one parameter set gave.

    `metrics` are numbers by name, NaN where one is not defined; `returns` are per-period returns,
    possibly thinned; `error` is empty unless the trial could not be run.
    """

    number: int
    parameters: dict[str, Any]
    metrics: dict[str, float]
    returns: FloatArray
    error: str = ""


def ranked(trials: Iterable[Trial], metric: str) -> list[Trial]:
    """Return the trials from best to worst: ties by number, what has no value last."""

    def key(trial: Trial) -> tuple[bool, float, int]:
        value = trial.metrics.get(metric, math.nan)
        missing = bool(trial.error) or not math.isfinite(value)
        return missing, 0.0 if missing else -value, trial.number

    return sorted(trials, key=key)


def merged(*parts: Iterable[Trial]) -> list[Trial]:
    """Return the trials of several runs by number, each once; the first one told counts."""
    found: dict[int, Trial] = {}
    for part in parts:
        for trial in part:
            found.setdefault(trial.number, trial)
    return [found[number] for number in sorted(found)]


def table_hash(trials: Iterable[Trial]) -> str:
    """Return SHA-256 over parameters, metrics and returns of the trials, in order of number."""
    seen = hashlib.sha256()
    for trial in sorted(trials, key=lambda one: one.number):
        facts = [
            trial.number,
            sorted(trial.parameters.items()),
            [(name, float(value).hex()) for name, value in sorted(trial.metrics.items())],
            trial.error,
        ]
        seen.update(json.dumps(facts, separators=(",", ":"), default=str).encode())
        seen.update(np.ascontiguousarray(trial.returns, dtype="<f8").tobytes())
    return seen.hexdigest()


def thinned(returns: FloatArray, most: int) -> FloatArray:
    """Return at most `most` returns, neighbours compounded; the total return is the same.

    Examples
    --------
    >>> thinned(np.array([0.1, 0.1, 0.1, 0.1]), 2).round(4).tolist()
    [0.21, 0.21]
    """
    if most < 1:
        raise ValueError(f"expected most of at least 1, was {most}")
    if returns.size <= most:
        return np.ascontiguousarray(returns, dtype=np.float64)
    edges = np.linspace(0, returns.size, most + 1).astype(np.int64)
    return np.multiply.reduceat(1.0 + returns, edges[:-1]) - 1.0


class Surface(NamedTuple):
    """A metric over two parameters; `z` has a row for each y, NaN where nothing was tried."""

    x: tuple[Value, ...]
    y: tuple[Value, ...]
    z: FloatArray


def surface(trials: Iterable[Trial], x: Axis, y: Axis, metric: str) -> Surface:
    """Return the best value of a metric over two axes, other parameters at their best."""
    z = np.full((len(y.values), len(x.values)), np.nan)
    columns = {value: place for place, value in enumerate(x.values)}
    rows = {value: place for place, value in enumerate(y.values)}
    for trial in trials:
        value = trial.metrics.get(metric, math.nan)
        if trial.error or not math.isfinite(value):
            continue
        place = rows[trial.parameters[y.name]], columns[trial.parameters[x.name]]
        z[place] = np.fmax(z[place], value)
    return Surface(x.values, y.values, z)


@dataclass(frozen=True, slots=True)
class BestOfMany:
    """What the best trial is worth once the number of tries is counted.

    Ratios are per period. `probability` is that the true Sharpe ratio is above 0 when nothing
    else had been tried, `deflated` that it beats the best of `trials` useless strategies, whose
    ratio is expected to be `luck`. None where a series does not define it.
    """

    trials: int
    ratio: float
    luck: float
    probability: float | None
    deflated: float | None


def judge_best(trials: Sequence[Trial], best: Trial) -> BestOfMany:
    """Return the deflated Sharpe ratio of the best of many trials.

    Parameters
    ----------
    trials : sequence of Trial
        Everything that was tried, failures included: they count as tries.
    best : Trial
        The one that was chosen.

    References
    ----------
    Bailey and Lopez de Prado (2014), equations 1 and 2.
    """
    ratios = np.array([_ratio(trial.returns) for trial in trials if not trial.error])
    ratios = ratios[np.isfinite(ratios)]
    variance = float(np.var(ratios, ddof=1)) if ratios.size > 1 else 0.0
    count = max(len(trials), 1)
    ratio = _ratio(best.returns)
    luck = expected_max_sharpe(count, variance)
    if not math.isfinite(ratio):
        return BestOfMany(count, ratio, luck, None, None)
    skew, excess = moments(best.returns)
    try:
        alone = probabilistic_sharpe(ratio, best.returns.size, skew=skew, kurtosis=excess + 3.0)
        deflated = deflated_sharpe(
            ratio,
            best.returns.size,
            trials=count,
            variance=variance,
            skew=skew,
            kurtosis=excess + 3.0,
        )
    except ValueError:  # moments so extreme that the ratio has no error
        return BestOfMany(count, ratio, luck, None, None)
    return BestOfMany(count, ratio, luck, alone, deflated)


def _ratio(returns: FloatArray) -> float:
    """Return the Sharpe ratio per period, NaN without volatility."""
    if returns.size < 2:
        return math.nan
    deviation = float(returns.std(ddof=1))
    return float(returns.mean()) / deviation if deviation > 1e-15 else math.nan
