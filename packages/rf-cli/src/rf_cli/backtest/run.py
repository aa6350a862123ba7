"""``rf backtest run``: simulate a strategy over history and keep everything about it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rf_cli.backtest import bias_check, writing
from rf_cli.backtest.earlier import figures
from rf_cli.backtest.flags import DATA, RUN, DataFlags, Many, RunFlags, spec_of
from rf_cli.backtest.outcome import (
    Judged,
    Tried,
    judge,
    plain,
    summary_of,
    tried_before,
)
from rf_cli.backtest.report_page import write_page
from rf_cli.backtest.simulate import Simulation
from rf_cli.backtest.sources import load
from rf_cli.backtest.spec import RunSpec, read_spec, stamped, write_spec
from rf_cli.backtest.store import CONFIG, SUMMARY, Store, write_json
from rf_cli.backtest_block import result_block
from rf_cli.context import Flag, Rf
from rf_cli.exits import Exit
from rf_cli.output import Answer, usage
from rf_cli.progress import progress
from rf_common.errors import RfError

if TYPE_CHECKING:
    pass

BIAS_SAMPLE = 10
COMPARED = (writing.TRADES, writing.FILLS, writing.ORDERS, writing.EQUITY)
"""Files of a run that a repeat must give again, byte for byte."""


def run(
    strategy: str | None = None,
    /,
    *,
    param: Annotated[list[str] | None, Many] = None,
    data: DataFlags = DATA,
    money: RunFlags = RUN,
    name: str = "",
    from_run: str | None = None,
    no_bias: Flag = False,
    rf: Rf,
) -> Answer:
    """Run a strategy over history and keep the result in a folder of its own.

    Exit code 0: it ran; 7: there is no data; 8: the bias check found something, or a repeat
    differs.

    Parameters
    ----------
    strategy
        Its name, or the path of its file.
    param
        A parameter such as period=20; may be given several times.
    name
        A name for people.
    from_run
        Repeat this run bit for bit; nothing else is to be given.
    no_bias
        Leave out the check for look-ahead.
    """
    store = Store(rf.data_dir)
    if from_run is not None:
        if strategy or param or data != DATA or money != RUN or name or no_bias:
            raise usage("--from-run: expected nothing else, a repeat changes nothing")
        return repeat(store, from_run, rf)
    if strategy is None:
        raise usage("expected a strategy or --from-run", fix="rf backtest run momentum --data FILE")
    spec = spec_of(
        strategy, param, data, money, rf=rf, name=name, bias_sample=0 if no_bias else BIAS_SAMPLE
    )
    kept = perform(store, spec, rf)
    found = kept["bias"] is not None and not kept["bias"]["clean"]
    return Answer(
        "backtest.run",
        kept,
        result_block,
        exit_code=Exit.FOUND if found else Exit.OK,
    )


def perform(store: Store, spec: RunSpec, rf: Rf, *, tried: Tried | None = None) -> dict[str, Any]:
    """Run what `spec` describes, keep it, and return its summary."""
    log = writing.Log()
    log.add(rf.now, "started", strategy=spec.strategy.name, parameters=spec.parameters)
    loaded = load(spec.data)
    for row in loaded.described():
        log.add(rf.now, "data", **row)
    simulation = Simulation(spec, loaded)
    try:
        result = _simulated(simulation)
        bias = bias_check.quick(simulation, spec.bias_sample)
    except KeyboardInterrupt:
        raise interrupted("nothing was kept; finished runs are not touched") from None
    tried = tried or tried_before(store, spec)
    judged = judge(result, tried)
    log.add(rf.now, "finished", fills=len(result.fills), output_hash=result.output_hash)
    summary = summary_of(spec, loaded, judged, bias=bias, tried=tried, created=rf.now)
    for warning in summary["warnings"]:
        log.add(rf.now, "warning", text=warning)
    return _keep(store, (simulation, judged), summary, log)


def _simulated(simulation: Simulation) -> Any:
    bars = simulation.loaded.bars
    total = sum(int(one.ts.size) for one in bars) if bars else None
    with progress(f"run {simulation.spec.strategy.name}", total) as tell:
        return simulation.run(progress=tell)


def _keep(
    store: Store,
    made: tuple[Simulation, Judged],
    summary: dict[str, Any],
    log: writing.Log,
) -> dict[str, Any]:
    simulation, judged = made
    spec = simulation.spec
    with store.new() as fresh:
        folder, name = fresh.path, fresh.name
        home = store.folder / name
        kept = {
            "id": name,
            **summary,
            "report": str(home / writing.REPORT),
            "next": next_commands(name, spec),
        }
        write_spec(folder / CONFIG, spec)
        writing.write_tables(folder, judged.result)
        write_page(folder / writing.REPORT, judged, kept, **figures(store, simulation))
        log.add(summary["created"], "kept", id=name, files=_hashes(folder))
        log.write(folder / writing.LOG)
        write_json(folder / SUMMARY, plain(kept))
    if fresh.name != name:  # another process took the number while this run was written
        kept = rename_in(store.folder / fresh.name, kept, fresh.name)
    return dict(plain(kept))


def rename_in(folder: Path, kept: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a summary under its final id, written again."""
    old = kept["id"]
    told = [command.replace(old, name) for command in kept["next"]]
    again = kept | {"id": name, "report": str(folder / writing.REPORT), "next": told}
    write_json(folder / SUMMARY, plain(again))
    return again


def next_commands(name: str, spec: RunSpec) -> list[str]:
    """Return the commands that are worth typing after a run."""
    more = f"rf backtest mc {name}"
    if spec.data.kind == "bars":
        files = " ".join(
            f"--data {file.instrument.symbol}={Path(file.path).name}"
            for file in spec.data.files
            if file.instrument is not None
        )
        more = f"rf backtest audit {spec.strategy.file or spec.strategy.name} {files}"
    return [f"rf backtest report {name} --open", more]


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.iterdir() if path.name in {*COMPARED, CONFIG})
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def interrupted(detail: str, *, fix: str = "") -> RfError:
    """Return the error of work that was ended by Ctrl-C (exit code 130)."""
    return RfError(
        "interrupted", code="RF-U-130", detail=detail, fix=fix, exit_code=Exit.INTERRUPTED
    )


def repeat(store: Store, name: str, rf: Rf) -> Answer:
    """Run a kept run again from its ``config.toml`` and compare every file of it."""
    folder = store.path(name)
    before: RunSpec = read_spec(folder)
    summary = store.summary(name)
    spec = stamped(before).with_(from_run=folder.name)
    kept = perform(store, spec, rf, tried=Tried(int(summary.get("trials", 1)), None))
    differs = _differences(folder, store.folder / kept["id"])
    same_code = spec.code_hash == before.code_hash
    repeated = {
        "of": folder.name,
        "equal": not differs,
        "differs": differs,
        "same_code": same_code,
        "output_hash": kept["hashes"]["output"],
        "was": summary.get("hashes", {}).get("output"),
    }
    warnings = () if same_code else (f"the code has changed since {folder.name} was made",)
    return Answer(
        "backtest.run",
        kept | {"repeat": repeated},
        _repeat_text,
        warnings=warnings,
        exit_code=Exit.FOUND if differs else Exit.OK,
    )


def _differences(one: Path, other: Path) -> list[str]:
    found = []
    for name in COMPARED:
        paths = [folder / name for folder in (one, other)]
        if not all(path.is_file() for path in paths):
            found.append(f"{name} is missing")
        elif paths[0].read_bytes() != paths[1].read_bytes():
            found.append(name)
    return found


def _repeat_text(kept: Any) -> str:
    told = kept["repeat"]
    if told["equal"]:
        line = f"repeat    equal to {told['of']} bit for bit   output {told['output_hash'][:16]}"
    else:
        code = "" if told["same_code"] else "; the code has changed since"
        line = f"repeat    DIFFERS from {told['of']} in {', '.join(told['differs'])}{code}"
    return f"{result_block(kept)}\n{line}"
