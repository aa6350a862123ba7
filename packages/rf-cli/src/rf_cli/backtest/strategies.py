"""The strategy of a run: one that is installed, or the file of one that is being written."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from rf_cli.exits import Exit
from rf_common import plugins
from rf_common.errors import ConfigError, RfError
from rf_common.ids import StrategyId
from rf_common.ports import Strategy
from rf_strategy import Factory

GROUP = "rf.strategies"
BUILD = "build"
_DECIDES = (
    "rf_common",
    "rf_feature",
    "rf_signals",
    "rf_strategy",
    "rf_risk",
    "rf_oms",
    "rf_execution",
    "rf_engine",
    "rf_backtest",
)
"""Packages whose code decides what a run gives."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which strategy: its name, and its file when it is not installed."""

    name: str
    file: str = ""


def choose(text: str) -> Chosen:
    """Return the strategy that is named: an installed one, a file, or one in ``strategies``."""
    path = Path(text)
    if path.suffix == ".py":
        if not path.is_file():
            raise _unknown(f"{text}: expected the file of a strategy, there is none")
        return Chosen(name=path.stem, file=str(path.resolve()))
    if text in plugins.available(GROUP):
        return Chosen(name=text)
    written = Path("strategies") / f"{text}.py"
    if text.isidentifier() and written.is_file():
        return Chosen(name=text, file=str(written.resolve()))
    known = ", ".join(plugins.available(GROUP)) or "none"
    raise _unknown(f"there is no strategy {text!r}; known: {known}")


def _unknown(message: str) -> RfError:
    return ConfigError(
        message,
        code="RF-B-001",
        detail="nothing was run",
        fix="use a known name, or the path of a file with a function build(strategy_id, "
        "parameters)",
        exit_code=Exit.USAGE,
    )


def factory_of(chosen: Chosen) -> Factory:
    """Return the function that builds the strategy; it is imported now."""
    if not chosen.file:
        found: Factory = plugins.load(GROUP, chosen.name)
        return found
    module = module_of(Path(chosen.file))
    build = getattr(module, BUILD, None)
    if not callable(build):
        raise _unknown(f"{chosen.file}: expected a function {BUILD}(strategy_id, parameters)")
    made: Factory = build
    return made


def module_of(path: Path) -> Any:
    """Return the module of a file, imported anew."""
    name = f"rf_user_strategy_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise _unknown(f"{path}: expected a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # what a dataclass or a pickle of the file looks up
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a person's file raises is told as theirs
        sys.modules.pop(name, None)
        raise ConfigError(
            f"{path}: it could not be imported: {type(error).__name__}: {error}",
            code="RF-B-002",
            detail="nothing was run",
            fix="repair the file",
        ) from error
    return module


def build_once(chosen: Chosen, parameters: Mapping[str, Any]) -> Strategy:
    """Return the strategy with these parameters; a wrong one is told before any run."""
    try:
        return factory_of(chosen)(StrategyId(chosen.name), parameters)
    except (ValueError, TypeError) as error:
        raise RfError(
            f"strategy {chosen.name}: {error}",
            code="RF-B-003",
            detail=f"parameters: {dict(parameters)}; nothing was run",
            fix="correct --param",
            exit_code=Exit.USAGE,
        ) from error


def code_hash(chosen: Chosen) -> str:
    """Return SHA-256 over every source file that decides what a run gives."""
    seen = hashlib.sha256()
    for package in _DECIDES:
        spec = importlib.util.find_spec(package)
        folders = sorted(spec.submodule_search_locations or ()) if spec is not None else []
        for folder in map(Path, folders):
            for path in sorted(folder.rglob("*.py")):
                _add(seen, f"{package}/{path.relative_to(folder).as_posix()}", path)
    for name, path in _own(chosen):
        _add(seen, name, path)
    return seen.hexdigest()


def _own(chosen: Chosen) -> list[tuple[str, Path]]:
    if chosen.file:
        return [("strategy", Path(chosen.file))]
    module = plugins.available(GROUP)[chosen.name].module
    if module.partition(".")[0] in _DECIDES:
        return []
    spec = importlib.util.find_spec(module)
    return [] if spec is None or spec.origin is None else [(module, Path(spec.origin))]


def _add(seen: Any, name: str, path: Path) -> None:
    seen.update(name.encode() + b"\0")
    seen.update(hashlib.sha256(path.read_bytes()).digest())
