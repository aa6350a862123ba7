"""What ``rf swarm`` is given: files of closes, fits, events, and the market they describe."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter

from rf_cli.exits import Exit
from rf_cli.files import PRICES
from rf_cli.output import usage
from rf_common.errors import RfError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt

    from rf_swarm_sim.calibration import Calibration
    from rf_swarm_sim.facts import StylizedFacts
    from rf_swarm_sim.market import Scenario, SwarmConfig

    FloatArray = npt.NDArray[np.float64]

ABSURD_VOL = 1.5
"""A volatility per year above this looks like closes of another period than a round's."""


@Parameter(name="*")
@dataclass(frozen=True)
class MarketFlags:
    """The market that is simulated."""

    agents: int | None = None
    """How many agents; 100,000, or as many as the calibration had."""
    rounds: int = 390
    """Rounds to simulate; 390 are a day of minutes."""
    seed: int = 1
    """Seed of all random numbers; equal seeds give equal bits."""
    threads: int = 1
    """Threads; the bits do not depend on them."""
    px: float | None = None
    """Price at the start; the last close of --history, else 100."""
    vol: float | None = None
    """Volatility per year; that of --calibration, of --history, else 0.20."""
    history: Path | None = None
    """CSV, Parquet or JSON with closes, one a round, oldest first."""
    rounds_per_day: int | None = None
    """Rounds in a day: 390 minutes, or 1 when a round is a daily close."""
    calibration: Path | None = None
    """What rf swarm calibrate has written; otherwise the default mix."""


MARKET = MarketFlags()


@dataclass(frozen=True)
class ChosenMarket:
    """Flags turned into what the simulation takes."""

    config: SwarmConfig
    flags: MarketFlags
    px: float
    vol: float | None
    history: FloatArray | None
    volumes: FloatArray | None
    warnings: tuple[str, ...]

    def given(self) -> dict[str, Any]:
        """Return the arguments that a single run and an ensemble share."""
        return {
            "px": self.px,
            "rounds": self.flags.rounds,
            "seed": self.flags.seed,
            "vol": self.vol,
            "history": self.history,
            "threads": self.flags.threads,
        }

    def facts(self) -> StylizedFacts | None:
        """Return the facts of the history, None where it is too short to have any."""
        import numpy as np

        from rf_swarm_sim import stylized_facts

        if self.history is None or self.history.size <= 100:
            return None
        volumes = None if self.volumes is None else self.volumes[1:]
        facts: StylizedFacts = checked(stylized_facts, np.diff(np.log(self.history)), volumes)
        return facts


def market_of(flags: MarketFlags) -> ChosenMarket:
    """Return the market that flags, history and calibration describe."""
    from rf_swarm_sim.market import SwarmConfig

    if flags.rounds < 1:
        raise usage(f"--rounds {flags.rounds}: expected 1 or more")
    closes, volumes = (None, None) if flags.history is None else closes_of(flags.history, None)
    changes: dict[str, Any] = {}
    if flags.rounds_per_day is not None:
        changes["rounds_per_day"] = flags.rounds_per_day
    if flags.agents is not None:
        changes["agents"] = flags.agents
    if flags.calibration is None:
        config = checked(SwarmConfig.twin, **changes)
    else:
        config = checked(read_fit(flags.calibration).config.with_, **changes)
    vol, notes = flags.vol, tuple[str, ...]()
    if closes is not None and vol is None and flags.calibration is None:
        vol, notes = _annual_vol(closes, config, flags.history)
    px = flags.px if flags.px is not None else 100.0 if closes is None else float(closes[-1])
    return ChosenMarket(config, flags, px, vol, closes, volumes, notes)


def _annual_vol(
    closes: FloatArray, config: SwarmConfig, file: Path | None
) -> tuple[float, tuple[str, ...]]:
    import numpy as np

    if closes.size < 3:
        raise too_short(f"{file}: expected 3 closes or more, was {closes.size}", fix="bring more")
    year = config.rounds_per_day * config.days_per_year
    vol = float(np.diff(np.log(closes)).std()) * sqrt(year)
    if vol == 0.0:
        raise usage(f"{file}: the closes do not move", fix="pass --vol")
    if vol <= ABSURD_VOL:
        return vol, ()
    note = f"closes of {file} as one a round are a volatility of {vol:.0%} a year; "
    return vol, (note + "daily closes need --rounds-per-day 1",)


def event_of(name: str, given: Sequence[str]) -> Scenario:
    """Return the scenario of a name and of parameters such as ``pct=10``."""
    from rf_swarm_sim.market import SCENARIOS

    entry = SCENARIOS.get(name.replace("-", "_"))
    if entry is None:
        raise usage(f"there is no scenario {name!r}", fix=f"one of {', '.join(SCENARIOS)}")
    values: dict[str, float | int] = {}
    for word in given:
        key, equals, number = word.partition("=")
        if not equals or key not in entry.parameters:
            known = ", ".join(f"{k}=..." for k in entry.parameters) or "no parameter"
            raise usage(f"{name}: expected {known}, was {word!r}")
        try:
            values[key] = int(number) if key == "rounds" else float(number)
        except ValueError as error:
            raise usage(f"{name}: expected {key} a number, was {number!r}") from error
    try:
        event: Scenario = entry.build(**values)
    except TypeError as error:
        needed = ", ".join(f"{k}=..." for k in entry.parameters)
        raise usage(f"{name}: expected {needed}") from error
    except ValueError as error:
        raise usage(f"{name}: {error}") from error
    return event


def closes_of(path: Path, column: str | None) -> tuple[FloatArray, FloatArray | None]:
    """Return closes and, where the file has them, volumes."""
    from rf_cli.files import numbers, read_table

    frame = _read_json(path) if path.suffix == ".json" else read_table(path)
    known = [column] if column else list(PRICES)
    found = next((name for name in known if name in frame.columns), None)
    if found is None:
        wanted = column or f"one of {', '.join(known)}"
        raise usage(f"{path}: expected a column {wanted}, there are {', '.join(frame.columns)}")
    closes = numbers(frame, found, path)
    if (closes <= 0.0).any():
        row = int((closes <= 0.0).argmax()) + 1
        raise usage(f"{path}: column {found!r}, row {row}: expected a positive price")
    volumes = numbers(frame, "volume", path) if "volume" in frame.columns else None
    return closes, volumes


def _read_json(path: Path) -> Any:
    """Return the table of a JSON file: a list of numbers, or of objects with a close."""
    import polars as pl

    rows = _load(path)
    if not isinstance(rows, list) or not rows:
        raise usage(f"{path}: expected a list of closes or of objects with a close")
    if all(isinstance(row, int | float) and not isinstance(row, bool) for row in rows):
        return pl.DataFrame({"close": [float(row) for row in rows]})
    if not all(isinstance(row, dict) for row in rows):
        raise usage(f"{path}: expected a list of closes or of objects with a close")
    names = list(dict.fromkeys(str(name).lower() for row in rows for name in row))
    lower = [{str(name).lower(): value for name, value in row.items()} for row in rows]
    columns = {name: [row.get(name) for row in lower] for name in names}
    try:
        return pl.DataFrame(columns, strict=False)
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise usage(f"{path}: it cannot be read: {error}") from error


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise usage(f"{path}: there is no such file") from error
    except (OSError, ValueError) as error:
        raise usage(f"{path}: it cannot be read: {error}") from error


def read_fit(path: Path) -> Calibration:
    """Return what ``rf swarm calibrate`` has written."""
    from rf_swarm_sim.calibration import Calibration

    state = _load(path)
    if not isinstance(state, dict):
        raise usage(f"{path}: expected what rf swarm calibrate --out has written")
    try:
        return Calibration.from_state(state)
    except ValueError as error:
        raise usage(f"{path}: {error}") from error


def checked(call: Callable[..., Any], *given: Any, **more: Any) -> Any:
    """Return what a call gives; what it refuses is a mistake in how the command was called."""
    try:
        return call(*given, **more)
    except ValueError as error:
        raise usage(str(error)) from error


def too_short(message: str, *, fix: str) -> RfError:
    """Return the error of a file that has too little in it."""
    return RfError(message, code="RF-D-001", fix=fix, exit_code=Exit.DATA)
