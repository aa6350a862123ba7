"""The pass rule: ``|got - expected| <= abs + rel * |expected|``, element by element.

``null`` asks for NaN or None, the strings ``"inf"`` and ``"-inf"`` for infinities; other strings
and truth values must be equal. `max_x` and `min_x` bound the field `x`; `undefined` lists fields
that must not be finite. Numbers without a tolerance are information and are not judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Bound = Mapping[str, float]


@dataclass(frozen=True)
class FieldReport:
    """One expected field: `error` is the difference as a multiple of what is allowed."""

    name: str
    error: float
    goal_error: float
    note: str = ""


@dataclass(frozen=True)
class CaseReport:
    """One case. `supported` is False when no public function answers its kind."""

    id: str
    kind: str | None
    supported: bool
    fields: tuple[FieldReport, ...] = ()
    note: str = ""

    @property
    def error(self) -> float:
        """Worst error of its fields as a multiple of the tolerance."""
        return max((f.error for f in self.fields), default=0.0 if self.supported else math.inf)

    @property
    def goal_error(self) -> float:
        """Worst error of its fields as a multiple of the goal; of the tolerance without one."""
        return max((f.goal_error for f in self.fields), default=0.0 if self.supported else math.inf)


@dataclass(frozen=True)
class FileReport:
    """All cases of one file."""

    file: str
    cases: tuple[CaseReport, ...] = field(default=())

    @property
    def inside(self) -> int:
        """Cases inside their tolerance."""
        return sum(case.error <= 1.0 for case in self.cases)

    @property
    def inside_goal(self) -> int:
        """Cases inside their goal, and inside their tolerance where no goal is stated."""
        return sum(case.goal_error <= 1.0 for case in self.cases)

    @property
    def unsupported(self) -> tuple[CaseReport, ...]:
        """Cases that no public function answers."""
        return tuple(case for case in self.cases if not case.supported)

    @property
    def worst(self) -> CaseReport | None:
        """The case with the largest error."""
        return max(self.cases, key=lambda case: case.error, default=None)


def judge(raw: Mapping[str, Any], got: Mapping[str, Any]) -> tuple[FieldReport, ...]:
    """Hold what was computed against every expected field of a case."""
    tolerances, goals = raw.get("tolerance", {}), raw.get("goal", {})
    return tuple(
        _field(name, expected, got, tolerances.get(name), goals.get(name))
        for name, expected in raw["expected"].items()
    )


def _field(
    name: str, expected: Any, got: Mapping[str, Any], tolerance: Bound | None, goal: Bound | None
) -> FieldReport:
    if name == "undefined":
        finite = [key for key in expected if _finite(got.get(key, 0.0))]
        return _verdict(name, not finite, f"finite: {finite}" if finite else "")
    if name.startswith(("max_", "min_")) and tolerance is None:
        return _bounded(name, expected, got)
    if name not in got:
        return FieldReport(name, math.inf, math.inf, "not computed")
    if tolerance is None and goal is None:
        exact = isinstance(expected, str | bool)
        same = not exact or _plain(got[name]) == expected
        return _verdict(name, same, "" if same else f"was {got[name]!r}, expected {expected!r}")
    error = _error(got[name], expected, tolerance or goal or {})
    stricter = _error(got[name], expected, goal) if goal else error
    note = "" if error <= 1.0 else _difference(got[name], expected)
    return FieldReport(name, error, max(stricter, error), note)


def _verdict(name: str, good: bool, note: str) -> FieldReport:
    error = 0.0 if good else math.inf
    return FieldReport(name, error, error, note)


def _bounded(name: str, limit: float, got: Mapping[str, Any]) -> FieldReport:
    value = got.get(name[4:], got.get(name))
    if value is None or not _finite(value):
        return _verdict(name, False, f"{name[4:]} not computed")
    # A bound on an exact fit may be as small as the rounding of the numbers it bounds.
    good = value <= limit * (1 + 1e-9) if name.startswith("max_") else value >= limit - 1e-9
    return _verdict(name, good, "" if good else f"{name[4:]} was {value!r}, bound {limit!r}")


def _error(got: Any, expected: Any, bound: Bound) -> float:
    if isinstance(expected, Mapping):
        if not isinstance(got, Mapping):
            return math.inf
        keyed = {_key(key): value for key, value in got.items()}
        return max(
            (
                _error(keyed[_key(k)], v, bound) if _key(k) in keyed else math.inf
                for k, v in expected.items()
            ),
            default=0.0,
        )
    if isinstance(expected, list):
        return _list_error(got, expected, bound)
    return _scalar_error(_plain(got), expected, bound)


def _list_error(got: Any, expected: list[Any], bound: Bound) -> float:
    if not hasattr(got, "__len__") or isinstance(got, str) or len(got) != len(expected):
        return math.inf
    errors = [_error(g, e, bound) for g, e in zip(got, expected, strict=True)]
    return max(errors, default=0.0)


def _scalar_error(got: Any, expected: Any, bound: Bound) -> float:
    if expected is None:
        return 0.0 if got is None or (isinstance(got, float) and math.isnan(got)) else math.inf
    if (isinstance(expected, str) and expected not in {"inf", "-inf"}) or isinstance(
        expected, bool
    ):
        return 0.0 if got == expected else math.inf
    if got is None or isinstance(got, str):
        return math.inf
    target, value = float(expected), float(got)
    if math.isinf(target) or math.isinf(value) or math.isnan(value):
        return 0.0 if value == target else math.inf
    allowed = bound.get("abs", 0.0) + bound.get("rel", 0.0) * abs(target)
    miss = abs(value - target)
    return 0.0 if miss == 0.0 else miss / allowed if allowed > 0.0 else math.inf


def _difference(got: Any, expected: Any) -> str:
    return f"was {_short(got)}, expected {_short(expected)}"


def _short(value: Any) -> str:
    text = repr(value.tolist() if isinstance(value, np.ndarray) else value)
    return text if len(text) <= 90 else text[:87] + "..."


def _key(key: Any) -> Any:
    """Return a key that "4300", 4300 and 4300.0 share."""
    try:
        return float(key)
    except (TypeError, ValueError):
        return str(key)


def _plain(value: Any) -> Any:
    if (isinstance(value, np.ndarray) and value.ndim == 0) or isinstance(value, np.generic):
        return value.item()
    return value


def _finite(value: Any) -> bool:
    return value is not None and math.isfinite(float(value))
