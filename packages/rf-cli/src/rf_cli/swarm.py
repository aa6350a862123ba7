"""``rf swarm``: simulated markets of agents, what hits them, fits to a history, and scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rf_cli import swarm_text as text
from rf_cli.context import Rf
from rf_cli.exits import Exit
from rf_cli.output import Answer, usage
from rf_cli.progress import progress
from rf_cli.swarm_inputs import (
    MARKET,
    ChosenMarket,
    MarketFlags,
    checked,
    closes_of,
    event_of,
    market_of,
    read_fit,
    too_short,
)
from rf_common.clock import NANOS_PER_SECOND, monotonic_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rf_swarm_sim.calibration import Calibration
    from rf_swarm_sim.market import EnsembleRun, SwarmRun


def run(
    *,
    market: MarketFlags = MARKET,
    paths: int = 0,
    out: Path | None = None,
    log: Path | None = None,
    rf: Rf,
) -> Answer:
    """Simulate a market of agents; show its facts, profits and speed.

    Parameters
    ----------
    paths
        Further markets with other random numbers, for a fan of prices; 0 for none.
    out
        Write pictures and tables as one HTML file.
    log
        Write every action as a line of JSON.
    """
    chosen = market_of(market)
    _writable(out, log, paths)
    _warm(chosen, log=log is not None)
    single, seconds, is_cut = _single(chosen, log=log is not None)
    saved = _write_log(single, log)
    ensemble = None if is_cut else _ensemble(chosen, paths)
    is_cut = is_cut or (paths > 0 and ensemble is None)
    data = _run_data(chosen, single, seconds)
    data["ensemble"] = None if ensemble is None else text.ensemble_data(ensemble)
    if out is not None:
        _write_report(out, single, ensemble, chosen)
        saved.append(str(out))
    data |= {"files": saved, "interrupted": is_cut}
    return _answer("swarm.run", data, text.run_text, chosen.warnings)


def scenario(
    name: str,
    parameters: Annotated[list[str] | None, Parameter(negative=())] = None,
    /,
    *,
    market: MarketFlags = MARKET,
    paths: int = 16,
    rf: Rf,
) -> Answer:
    """Show what an event does to a simulated market, against the same market without it.

    Parameters
    ----------
    name
        Such as flash_crash; rf swarm scenario list shows all.
    parameters
        Of the event, such as pct=10.
    paths
        Markets on each side; both sides share their random numbers.
    """
    from rf_swarm_sim.market import SCENARIOS, simulate_ensemble

    if name == "list":
        return Answer("swarm.scenarios", text.scenario_list(SCENARIOS), text.scenarios_text)
    event = event_of(name, parameters or [])
    chosen = market_of(market)
    if paths < 2:
        raise usage(f"--paths {paths}: expected 2 or more")
    found = []
    for what, hit in (("without", None), ("with", event)):
        with progress(f"paths {what} {event.name}", paths) as tell:
            found.append(
                checked(
                    simulate_ensemble,
                    chosen.config,
                    paths=paths,
                    scenario=hit,
                    progress=_once(tell),
                    **chosen.given(),
                )
            )
    data = text.scenario_data(event, *found)
    return Answer("swarm.scenario", data, text.scenario_text, warnings=chosen.warnings)


def calibrate(
    file: Path,
    /,
    *,
    column: str | None = None,
    agents: int = 1_000,
    rounds_per_day: int = 1,
    seed: int = 1,
    threads: int = 1,
    budget: int = 200,
    fit: Annotated[list[str] | None, Parameter(negative=())] = None,
    out: Path | None = None,
    symbol: str | None = None,
    resume: Path | None = None,
    rf: Rf,
) -> Answer:
    """Fit the mix and the intensities of agents to a history, by simulated moments.

    One round is one close of the file. Ctrl-C keeps the best so far; --resume goes on from there.

    Parameters
    ----------
    file
        CSV, Parquet or JSON with closes and, where there is one, a column volume.
    column
        Column of the closes.
    agents
        Agents of each market.
    rounds_per_day
        Closes in a day.
    seed
        Seed of the search and of every market.
    threads
        Threads; the bits do not depend on them.
    budget
        Markets to simulate.
    fit
        Parameters to fit, such as clustering; seven of them if not given.
    out
        Write the fit as JSON, for rf swarm run --calibration and for --resume.
    symbol
        Write it into the data folder, where the daemon finds it for this symbol.
    resume
        A fit that was interrupted or had a smaller budget.
    """
    from rf_swarm_sim.calibration import DEFAULT_PARAMETERS
    from rf_swarm_sim.calibration import calibrate as search
    from rf_swarm_sim.market import SwarmConfig

    closes, volumes = closes_of(file, column)
    config = checked(SwarmConfig, agents=agents, rounds_per_day=rounds_per_day)
    earlier = None if resume is None else read_fit(resume)
    with progress(f"markets fitted to {file.name}", budget) as tell:
        found = checked(
            search,
            closes,
            volumes=volumes,
            config=config,
            parameters=tuple(fit or DEFAULT_PARAMETERS),
            seed=seed,
            budget=budget,
            threads=threads,
            resume=earlier,
            progress=_once(tell),
        )
    target = out
    if found.is_interrupted and out is None:
        target = Path(f"{file.stem}-calibration.json")
    files = [] if target is None else [_write_fit(found, target)]
    if symbol is not None:
        files.append(_write_fit(found, _fit_of(rf.data_dir, symbol)))
    data = text.fit_data(found) | {"file": str(file), "files": files}
    notes = () if found.is_accepted else ("the fitted market is not what made this history",)
    return _answer("swarm.calibration", data, text.fit_text, notes)


def _fit_of(data_dir: Path, symbol: str) -> Path:
    """Return where the daemon looks for the fit of a symbol."""
    if not symbol.replace("-", "").replace(".", "").isalnum():
        raise usage(f"--symbol {symbol!r}: expected a symbol such as NVDA")
    folder = data_dir / "ai" / "swarm"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{symbol.upper()}.json"


def score(
    file: Path,
    /,
    *,
    column: str | None = None,
    horizon: int = 5,
    window: int = 500,
    step: int | None = None,
    agents: int = 5_000,
    seed: int = 1,
    rf: Rf,
) -> Answer:
    """Walk the Mirofish forecast through a history and score it against the base rate.

    Parameters
    ----------
    file
        CSV, Parquet or JSON with closes, oldest first.
    column
        Column of the closes.
    horizon
        Closes ahead.
    window
        Returns that each forecast is made from.
    step
        Closes from one forecast to the next; the horizon if not given.
    agents
        Agents that forecast, an even number.
    seed
        Seed of their random numbers.
    """
    from rf_swarm_sim.score import MIN_SCORED
    from rf_swarm_sim.walk import walk_forward

    closes, _ = closes_of(file, column)
    with progress(f"forecasts over {file.name}") as tell:
        walk = checked(
            walk_forward,
            closes,
            horizon=horizon,
            window=window,
            step=step,
            agents=agents,
            seed=seed,
            progress=_once(tell),
        )
    if walk.score.scored < MIN_SCORED:
        raise too_short(
            f"{file}: {walk.score.scored} forecasts came due, a score needs {MIN_SCORED}",
            fix="bring more closes, or lower --window or --horizon",
        )
    data = text.walk_data(walk) | {"file": str(file), "horizon": horizon, "window": window}
    return _answer("swarm.score", data, text.walk_text, ())


def assets(
    *,
    symbols: str | None = None,
    custom: str | None = None,
    agents: int = 5_000,
    rounds: int | None = None,
    paths: int = 16,
    seed: int = 1,
    threads: int = 1,
    rf: Rf,
) -> Answer:
    """Simulate a market for each of several assets and give a verdict on it.

    Parameters
    ----------
    symbols
        Separated by commas; SWARM_SYMBOLS, else fifteen of them.
    custom
        More as SYM:Name:Class:Vol, separated by commas; else SWARM_CUSTOM.
    agents
        Agents of each market.
    rounds
        Rounds of each, 10 to 500; SWARM_ROUNDS, else 50.
    paths
        Markets for each asset.
    seed
        Seed of the run; that of an asset is derived from it and the symbol.
    threads
        Threads; the bits do not depend on them.
    """
    from rf_swarm_sim.assets import assets_of, run_assets
    from rf_swarm_sim.market import SwarmConfig

    told = rf.environment
    chosen = checked(
        assets_of,
        told.get("SWARM_SYMBOLS", "") if symbols is None else symbols,
        told.get("SWARM_CUSTOM", "") if custom is None else custom,
    )
    with progress("assets", len(chosen)) as tell:
        runs = checked(
            run_assets,
            chosen,
            config=checked(SwarmConfig, agents=agents),
            rounds=_rounds(told) if rounds is None else rounds,
            paths=paths,
            seed=seed,
            threads=threads,
            progress=_once(tell),
        )
    return Answer("swarm.assets", text.assets_data(runs), text.assets_text)


def _rounds(environment: Mapping[str, str]) -> int:
    word = environment.get("SWARM_ROUNDS", "").strip() or "50"
    if not word.isdecimal():
        raise usage(f"SWARM_ROUNDS = {word!r}: expected 10 to 500")
    return int(word)


def interview(agent: int, /, *, market: MarketFlags = MARKET, rf: Rf) -> Answer:
    """Simulate a market and ask one of its agents what it did last and why.

    Parameters
    ----------
    agent
        Number of the agent, from 0; agents are sorted by kind.
    """
    from rf_swarm_sim.market import interview as ask

    chosen = market_of(market)
    single, _, is_cut = _single(chosen, log=False)
    told = checked(ask, single, agent)
    data = text.interview_data(told) | {"interrupted": is_cut}
    return _answer("swarm.interview", data, text.interview_text, chosen.warnings)


def _warm(chosen: ChosenMarket, *, log: bool) -> None:
    """Load the compiled market, so that the speed that is shown is its own."""
    from rf_swarm_sim.market import SwarmConfig, simulate

    small = SwarmConfig(agents=20)
    checked(simulate, small, px=100.0, rounds=1, seed=0, threads=chosen.flags.threads, log=log)


def _single(chosen: ChosenMarket, *, log: bool) -> tuple[SwarmRun, float, bool]:
    """Return a market, the seconds it took, and whether Ctrl-C cut it short.

    A market of fewer rounds has the same rounds, so what was done when the interrupt came is
    computed once more and kept.
    """
    from rf_swarm_sim.market import simulate

    rounds, done = chosen.flags.rounds, 0
    given = chosen.given() | {"log": log}
    with progress(f"rounds of {chosen.config.agents:,} agents", rounds) as tell:

        def told(now: int, _: int) -> None:
            nonlocal done
            done = now
            tell(now)

        clock = _Stopwatch()
        try:
            whole = checked(simulate, chosen.config, progress=told, **given)
            return whole, clock.seconds, False
        except KeyboardInterrupt:
            if not done:
                raise
    with progress(f"saving {done} rounds", done) as tell:
        clock = _Stopwatch()
        part = simulate(chosen.config, progress=_once(tell), **given | {"rounds": done})
        return part, clock.seconds, True


def _ensemble(chosen: ChosenMarket, paths: int) -> EnsembleRun | None:
    """Return further markets; None when none are wanted or Ctrl-C came before they were done."""
    from rf_swarm_sim.market import simulate_ensemble

    if paths == 0:
        return None
    with progress("paths", paths) as tell:
        try:
            run: EnsembleRun = checked(
                simulate_ensemble,
                chosen.config,
                paths=paths,
                progress=_once(tell),
                **chosen.given(),
            )
        except KeyboardInterrupt:
            return None
    return run


def _run_data(chosen: ChosenMarket, single: SwarmRun, seconds: float) -> dict[str, Any]:
    import numpy as np

    from rf_swarm_sim import stylized_facts

    facts = None
    if single.rounds >= 100 and np.ptp(single.returns()) > 0.0:
        facts = stylized_facts(single.returns(), single.volume.astype(np.float64))
    return text.run_data(single, facts, chosen.facts(), seconds)


def _write_log(single: SwarmRun, path: Path | None) -> list[str]:
    from rf_swarm_sim.market import write_log

    if path is None:
        return []
    try:
        with path.open("w", encoding="utf-8") as file:
            write_log(single, file)
    except OSError as error:
        raise usage(f"--log {path}: it cannot be written: {error.strerror}") from error
    return [str(path)]


def _write_report(
    out: Path, single: SwarmRun, ensemble: EnsembleRun | None, chosen: ChosenMarket
) -> None:
    from rf_cli.swarm_report import page

    try:
        out.write_text(page(single, ensemble, chosen.facts()), encoding="utf-8")
    except OSError as error:
        raise usage(f"--out {out}: it cannot be written: {error.strerror}") from error


def _writable(out: Path | None, log: Path | None, paths: int) -> None:
    if paths < 0:
        raise usage(f"--paths {paths}: expected 0 or more")
    if out is not None and out.suffix != ".html":
        raise usage(f"--out {out}: expected a name that ends with .html")
    for flag, path in (("--out", out), ("--log", log)):
        if path is not None and not path.absolute().parent.is_dir():
            raise usage(f"{flag} {path}: there is no folder {path.parent}")


def _write_fit(fit: Calibration, path: Path) -> str:
    try:
        path.write_text(json.dumps(fit.state(), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise usage(f"--out {path}: it cannot be written: {error.strerror}") from error
    return str(path)


def _answer(
    schema: str, data: dict[str, Any], human: Callable[[Any], Any], notes: tuple[str, ...]
) -> Answer:
    """Return an answer; one that was cut short says what was saved and exits with 130."""
    if not data.get("interrupted"):
        return Answer(schema, data, human, warnings=notes)
    files = data.get("files") or []
    saved = f"saved {', '.join(files)}" if files else "nothing was written"
    return Answer(
        schema,
        data,
        human,
        warnings=(*notes, f"interrupted: {text.kept(data)}; {saved}"),
        exit_code=Exit.INTERRUPTED,
    )


def _once(tell: Callable[[int], None]) -> Callable[[int, int], None]:
    return lambda done, _: tell(done)


class _Stopwatch:
    def __init__(self) -> None:
        self._begun = monotonic_ns()

    @property
    def seconds(self) -> float:
        return (monotonic_ns() - self._begun) / NANOS_PER_SECOND
