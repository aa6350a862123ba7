"""Third-party parts through entry points: names are listed without importing anything.

Groups: ``rf.sources``, ``rf.gateways``, ``rf.strategies``, ``rf.interceptors``, ``rf.sinks``.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from rf_common.errors import ConfigError


def available(group: str) -> dict[str, EntryPoint]:
    """Return the entry points of `group` by name, in alphabetical order, not imported."""
    return {point.name: point for point in sorted(entry_points(group=group), key=_by_name)}


def load(group: str, name: str) -> Any:
    """Import and return exactly the one entry asked for.

    Raises
    ------
    ConfigError
        If the name is not known, or its import fails; other entries are not touched.
    """
    known = available(group)
    if name not in known:
        listed = ", ".join(known) or "none"
        raise ConfigError(
            f"no {group} entry is called {name!r}",
            code="RF-C-010",
            detail=f"known: {listed}",
            fix="use one of the known names, or install the package that brings it",
        )
    try:
        return known[name].load()
    except Exception as error:
        raise ConfigError(
            f"{group} entry {name!r} could not be imported: {type(error).__name__}: {error}",
            code="RF-C-011",
            detail=f"it comes from {known[name].value}",
            fix="repair or uninstall that package",
        ) from error


def _by_name(point: EntryPoint) -> str:
    return point.name
