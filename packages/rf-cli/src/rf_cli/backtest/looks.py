"""``rf backtest list|show|trades|report``: what is kept, and what it says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rf_cli.backtest import writing
from rf_cli.backtest.outcome import Tried, judge
from rf_cli.backtest.simulate import Simulation
from rf_cli.backtest.sources import load
from rf_cli.backtest.spec import RunSpec, read_spec
from rf_cli.backtest.store import LATEST, RUN, SWEEP, WALK, Store
from rf_cli.backtest_block import decimal, pct, result_block
from rf_cli.context import Flag, Rf
from rf_cli.output import Answer, table, usage
from rf_common.errors import DataError

if TYPE_CHECKING:
    from rich.console import RenderableType


def list_runs(*, rf: Rf) -> Answer:
    """List what is kept, oldest first."""
    store = Store(rf.data_dir)
    rows = [_row(store, name, kind) for kind in (RUN, SWEEP, WALK) for name in store.ids(kind)]
    return Answer("backtest.list", rows, _list_text)


def _row(store: Store, name: str, kind: str) -> dict[str, Any]:
    try:
        found = store.summary(name, kind)
    except DataError as error:
        return {"id": name, "error": error.message}
    metrics = found.get("metrics") or {}
    return {
        "id": name,
        "created": found.get("created"),
        "title": found.get("title"),
        "parameters": found.get("parameters"),
        "total_return": metrics.get("total_return"),
        "sharpe": metrics.get("sharpe"),
        "trades": found.get("trades"),
        "trials": found.get("trials"),
        "verdict": found.get("verdict"),
        "error": "",
    }


def _list_text(rows: Any) -> RenderableType:
    cells = [
        (
            row["id"],
            str(row.get("created") or "n/a")[:16].replace("T", " "),
            row.get("title") or "",
            pct(row.get("total_return")),
            decimal(row.get("sharpe")),
            str(row.get("trades") if row.get("trades") is not None else "n/a"),
            row["error"] or str(row.get("verdict") or "").partition(" (")[0],
        )
        for row in rows
    ]
    columns = ("id", "made", "what", ">return", ">sharpe", ">trades", "verdict")
    return table(columns, cells, empty="nothing is kept yet: rf backtest run STRATEGY --data FILE")


def show(name: str = LATEST, /, *, rf: Rf) -> Answer:
    """Show a kept run.

    Parameters
    ----------
    name
        Its id such as bt-0001, or latest.
    """
    return Answer("backtest.show", Store(rf.data_dir).summary(name), result_block)


def trades(name: str = LATEST, /, *, last: int = 0, rf: Rf) -> Answer:
    """Show the closed trades of a run, in order of closing.

    Parameters
    ----------
    name
        Its id, or latest.
    last
        Only so many, the newest; 0 for all.
    """
    if last < 0:
        raise usage(f"--last {last}: expected 0 or more")
    rows = writing.read_rows(Store(rf.data_dir).path(name) / writing.TRADES)
    return Answer("backtest.trades", rows[-last:] if last else rows, _trades_text)


def _trades_text(rows: Any) -> RenderableType:
    cells = [
        (
            row["trade"],
            row["instrument"],
            row["side"],
            row["quantity"],
            row["opened"][:19].replace("T", " "),
            row["entry_price"],
            row["closed"][:19].replace("T", " "),
            row["exit_price"],
            f"{float(row['pnl']):+,.2f}",
            row["exit_reason"],
        )
        for row in rows
    ]
    columns = (
        ">",
        "instrument",
        "side",
        ">quantity",
        "opened",
        ">at",
        "closed",
        ">at",
        ">P&L",
        "why closed",
    )
    return table(columns, cells, empty="no closed trade")


def report(name: str = LATEST, /, *, open_: Flag = False, rf: Rf) -> Answer:
    """Tell where the page of a run is; make it again when it is gone.

    Parameters
    ----------
    name
        Its id, or latest.
    open_
        Open it in the browser.
    """
    store = Store(rf.data_dir)
    folder = store.path(name)
    path = folder / writing.REPORT
    made = not path.is_file()
    if made:
        _make_again(store, folder)
    opened = open_ and _open(path)
    data = {"id": folder.name, "report": str(path), "made_again": made, "opened": opened}
    warnings = ("no browser could be opened",) if open_ and not opened else ()
    return Answer("backtest.report", data, lambda told: told["report"], warnings=warnings)


def _make_again(store: Store, folder: Path) -> None:
    from rf_cli.backtest.earlier import figures
    from rf_cli.backtest.report_page import write_page

    spec: RunSpec = read_spec(folder)
    summary = store.summary(folder.name)
    simulation = Simulation(spec, load(spec.data))
    result = simulation.run()
    was = summary.get("hashes", {}).get("output")
    if result.output_hash != was:
        raise DataError(
            f"{folder.name}: the run gives another result now: {result.output_hash[:12]}, "
            f"was {str(was)[:12]}",
            detail="a page of it would not show what was kept",
            fix=f"rf backtest run --from-run {folder.name}",
        )
    judged = judge(result, Tried(int(summary.get("trials", 1)), None))
    write_page(folder / writing.REPORT, judged, summary, **figures(store, simulation))


def _open(path: Path) -> bool:
    import webbrowser

    return webbrowser.open(path.resolve().as_uri())
