"""What people type to describe a run, and the run that it describes."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from rf_backtest.config import BacktestConfig, bars_config, recording_config
from rf_backtest.sweep import value_of
from rf_cli.backtest import sources
from rf_cli.backtest.sources import DataFile, DataSpec
from rf_cli.backtest.spec import RunSpec, stamped
from rf_cli.backtest.strategies import build_once, choose
from rf_cli.context import Context
from rf_cli.exits import Exit
from rf_cli.output import usage
from rf_common.enums import Mode
from rf_common.errors import ConfigError

Many = Parameter(negative=(), consume_multiple=False)

COSTS = {
    "fees_bps": "taker_bps",
    "maker_bps": "maker_bps",
    "slippage_bps": "slippage_bps",
    "spread_bps": "spread_bps",
    "borrow_rate": "borrow_rate",
    "impact_eta": "impact_eta",
}
"""Flags of costs and the settings they change."""


@Parameter(name="*")
@dataclass(frozen=True)
class DataFlags:
    """Which data."""

    data: Annotated[list[str] | None, Many] = None
    """CSV or Parquet of bars; SYMBOL=FILE names the instrument; may be given several times."""
    recording: Annotated[list[Path] | None, Many] = None
    """Raw recording of market data; may be given several times."""
    since: Annotated[str | None, Parameter(name="--from")] = None
    """First day or time."""
    until: Annotated[str | None, Parameter(name="--to")] = None
    """Last day, included, or the time at which to end."""
    interval: str | None = None
    """Length of a bar such as 1m or 1d; found in the file when not given."""
    tick: str | None = None
    """Price step; 0.01, or 0.000001 below a price of 1."""
    lot: str | None = None
    """Quantity step; 0.0001."""


@Parameter(name="*")
@dataclass(frozen=True)
class RunFlags:
    """Money, size, costs and speed."""

    cash: str | None = None
    """Starting cash; 100000."""
    fraction: float | None = None
    """Value of a full position, fraction of equity; 0.9 shared by the instruments. Bars only."""
    leverage: float | None = None
    """Largest gross value held, as a multiple of equity; 1. Bars only."""
    fees_bps: float | None = None
    """Fee of what takes liquidity, basis points; 5, for recordings that of the paper venue."""
    maker_bps: float | None = None
    """Fee of what rested, basis points; 0."""
    slippage_bps: float | None = None
    """Paid beyond the touch, basis points; 1, for recordings 0."""
    spread_bps: float | None = None
    """Whole spread where data has no quotes, basis points; 2."""
    borrow_rate: float | None = None
    """Cost of what is held short, per year; 0."""
    impact_eta: float | None = None
    """Square-root impact; 0 for none."""
    latency_ms: float | None = None
    """Time an order or an answer travels, milliseconds; 20."""
    seed: int | None = None
    """Seed of everything random; 1, for recordings that of the paper venue."""
    settings: Path | None = None
    """TOML laid over the settings: engine, paper, costs; the flags above are stronger."""


@Parameter(name="*")
@dataclass(frozen=True)
class WorkFlags:
    """Who does the work."""

    jobs: int | None = None
    """Processes; as many as cores when not given. No result depends on it."""
    scheduler: str | None = None
    """Address of a Dask scheduler such as tcp://host:8786; needs the extra cluster."""


@Parameter(name="*")
@dataclass(frozen=True)
class FoldFlags:
    """Windows of a walk-forward."""

    folds: int = 5
    """Tests, end to end, the last one ending with the data."""
    mode: Literal["anchored", "rolling"] = "anchored"
    """Fit from the first bar (anchored) or on a window that moves (rolling)."""
    purge: int = 0
    """Bars left out between fit and test."""
    embargo: int = 0
    """Further bars left out."""
    warm_up: int = 250
    """Bars before each window that the strategy sees and that do not count."""


WORK = WorkFlags()
FOLDS = FoldFlags()
DATA = DataFlags()
RUN = RunFlags()


def spec_of(
    strategy: str,
    param: list[str] | None,
    data: DataFlags,
    run: RunFlags,
    *,
    rf: Context,
    name: str = "",
    bias_sample: int = 0,
) -> RunSpec:
    """Return the run that the flags describe, complete."""
    chosen = choose(strategy)
    parameters = parameters_of(param)
    build_once(chosen, parameters)
    found, interval_ns = data_spec(data, strategy)
    spec = RunSpec(
        strategy=chosen,
        parameters=parameters,
        data=found,
        config=config_of(run, found, interval_ns, name=name, rf=rf),
        bias_sample=bias_sample,
    )
    return stamped(spec)


def parameters_of(params: list[str] | None) -> dict[str, Any]:
    """Return parameters by name from texts such as ``period=20``."""
    found: dict[str, Any] = {}
    for text in params or ():
        name, separator, told = text.partition("=")
        if not separator or not name.strip().isidentifier():
            raise usage(f"--param {text}: expected a form such as period=20")
        if name.strip() in found:
            raise usage(f"--param {text}: {name.strip()} is given twice")
        found[name.strip()] = value_of(told)
    return found


def data_spec(flags: DataFlags, strategy: str = "STRATEGY") -> tuple[DataSpec, int]:
    """Return which data the flags name, and its shortest bar; exit code 7 when they name none."""
    if flags.data and flags.recording:
        raise usage("--data and --recording: expected one of the two")
    start = sources.moment("--from", flags.since) if flags.since else 0
    end = sources.moment("--to", flags.until, is_end=True) if flags.until else 0
    if end and end <= start:
        raise usage(f"--to {flags.until}: expected a time after --from {flags.since}")
    if flags.recording:
        files = tuple(
            DataFile(path=str(path.resolve()), sha256=sources.file_hash(path))
            for path in flags.recording
        )
        return DataSpec(kind="recording", files=files, start_ns=start, end_ns=end), 0
    if not flags.data:
        raise sources.missing(f"no data is named for {strategy}", strategy)
    interval = sources.interval_of(flags.interval) if flags.interval else 0
    pairs = [_bar_file(text, flags, interval) for text in flags.data]
    files = tuple(file for file, _ in pairs)
    ids = [file.instrument.instrument_id for file in files if file.instrument]
    twice = next((one for one in ids if ids.count(one) > 1), None)
    if twice is not None:
        raise usage(f"--data: {twice} is given twice", fix="name them: --data SYMBOL=FILE")
    spec = DataSpec(kind="bars", files=files, start_ns=start, end_ns=end, interval_ns=interval)
    return spec, min(found for _, found in pairs)


def _bar_file(text: str, flags: DataFlags, interval_ns: int) -> tuple[DataFile, int]:
    symbol, path = sources.named_file(text)
    sha256 = sources.file_hash(path)
    instrument, found = sources.instrument_of(
        symbol, path, tick=flags.tick, lot=flags.lot, interval_ns=interval_ns
    )
    return DataFile(path=str(path.resolve()), sha256=sha256, instrument=instrument), found


def config_of(
    flags: RunFlags, data: DataSpec, interval_ns: int, *, name: str, rf: Context
) -> BacktestConfig:
    """Return settings of the engine, the venue and the costs; a usage error names what is wrong.

    Over bars they fit the interval; over a recording they are those of a paper session.
    """
    if flags.seed is not None and flags.seed < 0:
        raise usage(f"--seed {flags.seed}: expected 0 or more")
    try:
        if data.kind == "bars":
            config = _bars_settings(flags, interval_ns, len(data.files))
        else:
            config = _session_settings(flags, rf)
        if flags.settings is not None:
            config = _overlaid(config, flags.settings)
        changes = {setting: getattr(flags, flag) for flag, setting in COSTS.items()}
        costs = _changed(config.costs, changes)
        paper = config.paper
        if flags.latency_ms is not None:
            paper = _changed(
                paper, {"latency_ms": flags.latency_ms, "jitter_ms": flags.latency_ms / 2}
            )
        done: BacktestConfig = _changed(
            config,
            {"costs": costs, "paper": paper, "name": name or None, "seed": flags.seed},
        )
        return done
    except ValueError as error:
        raise usage(f"settings of the run: {error}") from error


def _changed(settings: Any, changes: dict[str, Any]) -> Any:
    """Return settings with what is not None replaced."""
    told = {name: value for name, value in changes.items() if value is not None}
    return msgspec.structs.replace(settings, **told)


def _bars_settings(flags: RunFlags, interval_ns: int, instruments: int) -> BacktestConfig:
    given = {"fraction": flags.fraction, "leverage": flags.leverage}
    chosen: dict[str, Any] = {name: px for name, px in given.items() if px is not None}
    # One full position in each instrument must fit the buying power together.
    chosen.setdefault("fraction", 0.9 * chosen.get("leverage", 1.0) / max(instruments, 1))
    cash = _cash(flags.cash or "100000")
    return bars_config(interval_ns, {}, cash=cash, **chosen)


def _session_settings(flags: RunFlags, rf: Context) -> BacktestConfig:
    bars_only = ("fraction", "leverage")
    told = [name for name in bars_only if getattr(flags, name) is not None]
    if told:
        raise usage(f"--{told[0]}: expected bars; a recording runs with a session's settings")
    settings, _ = rf.settings()
    engine = msgspec.structs.replace(settings.engine, mode=Mode.PAPER, account="PAPER-1")
    if flags.cash is not None:
        engine = msgspec.structs.replace(engine, starting_equity=_cash(flags.cash))
    return recording_config(engine, settings.paper, seed=settings.mock.seed)


def _cash(text: str) -> Decimal:
    try:
        cash = Decimal(text.replace(",", "").replace("_", ""))
    except InvalidOperation:
        raise usage(f"--cash {text}: expected an amount such as 100000") from None
    if not cash.is_finite() or cash <= 0:
        raise usage(f"--cash {text}: expected an amount above 0")
    return cash


def _overlaid(config: BacktestConfig, path: Path) -> BacktestConfig:
    """Return settings with those of a TOML file laid over them."""
    try:
        with path.open("rb") as file:
            told = tomllib.load(file)
        return msgspec.convert(_merged(msgspec.to_builtins(config), told), BacktestConfig)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"--settings {path}: {error}",
            code="RF-C-001",
            detail="nothing was run",
            fix="sections: engine, paper, costs",
            exit_code=Exit.CONFIG,
        ) from error


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    found = dict(base)
    for name, value in over.items():
        inner = found.get(name)
        both = isinstance(inner, dict) and isinstance(value, dict)
        found[name] = _merged(inner, value) if isinstance(inner, dict) and both else value
    return found
