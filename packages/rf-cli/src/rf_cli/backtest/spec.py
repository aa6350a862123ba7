"""Everything a run is made of, in one value that is kept as ``config.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from rf_backtest.config import BacktestConfig
from rf_cli.backtest.sources import DataSpec
from rf_cli.backtest.store import CONFIG, damaged
from rf_cli.backtest.strategies import Chosen, code_hash
from rf_cli.backtest.toml_text import to_toml
from rf_common.ids import StrategyId
from rf_strategy.registry import StrategySpec

FORMAT = 1


class RunSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One run, complete: with the files it names it can be repeated bit for bit."""

    format: int = FORMAT
    """Version of this form."""
    strategy: Chosen
    """Which strategy."""
    parameters: dict[str, Any] = {}
    """Its parameters; what is not named has the strategy's own default."""
    data: DataSpec
    """Which data."""
    config: BacktestConfig
    """The engine's settings, the venue's speed, costs and seed."""
    bias_sample: int = 0
    """Decisions that the bias check runs again; 0 for no check."""
    code_hash: str = ""
    """SHA-256 of the sources that decide."""
    versions: dict[str, str] = {}
    """Of Python's packages that calculate."""
    from_run: str = ""
    """The run that this one repeats."""

    def with_(self, **changes: Any) -> RunSpec:
        """Return it with some fields changed."""
        return msgspec.structs.replace(self, **changes)

    def config_for(self, parameters: Mapping[str, Any], *, seed: int | None = None) -> Any:
        """Return the engine's settings with the strategy and these parameters in it."""
        strategy = StrategySpec(
            id=StrategyId(self.strategy.name),
            factory=self.strategy.name,
            parameters=dict(parameters),
        )
        replace = msgspec.structs.replace
        engine = replace(self.config.engine, strategies=(strategy,))
        return replace(self.config, engine=engine, seed=self.config.seed if seed is None else seed)


def stamped(spec: RunSpec) -> RunSpec:
    """Return `spec` with the present code's hash and versions."""
    return spec.with_(code_hash=code_hash(spec.strategy), versions=_versions())


def _versions() -> dict[str, str]:
    found = {}
    for name in ("rf-backtest", "rf-engine", "numpy", "numba", "polars", "scipy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def write_spec(path: Path, spec: Any) -> None:
    """Write a spec as TOML."""
    path.write_text(to_toml(msgspec.to_builtins(spec)), encoding="utf-8")


def read_spec(folder: Path, kind: type[Any] = RunSpec) -> Any:
    """Return the spec of a kept run; DataError when the file is gone or damaged."""
    path = folder / CONFIG
    try:
        with path.open("rb") as file:
            return msgspec.convert(tomllib.load(file), kind)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise damaged(path, error) from error
