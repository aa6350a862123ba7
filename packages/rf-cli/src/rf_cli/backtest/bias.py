"""``rf backtest bias``: does it know the future, and does it remember enough of the past."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from rf_cli.backtest import bias_check, columns_check
from rf_cli.backtest.flags import DATA, RUN, DataFlags, Many, RunFlags, data_spec, spec_of
from rf_cli.backtest.simulate import Simulation
from rf_cli.backtest.sources import load
from rf_cli.backtest.telling import telling
from rf_cli.context import Rf
from rf_cli.exits import Exit
from rf_cli.output import Answer, usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from rf_cli.backtest.bias_check import Bias


def bias(
    strategy: str,
    /,
    *,
    warm_up: int = 0,
    sample: int = 0,
    param: Annotated[list[str] | None, Many] = None,
    data: DataFlags = DATA,
    money: RunFlags = RUN,
    rf: Rf,
) -> Answer:
    """Run a strategy again on data cut at its decisions and compare.

    A file with a function decide(columns) is checked as well as one with build: it is given
    arrays of open, high, low, close and volume, and returns what it wants at each bar.

    Exit code 0: nothing changed; 8: something did, and it is named.

    Parameters
    ----------
    strategy
        Its name, or the path of its file.
    warm_up
        Bars that it needs; decisions are compared with 1, 2, 4 and 8 times as many. 0 for no.
    sample
        Check so many decisions, and as many bars between; 0 for every decision.
    param
        A parameter such as period=20.
    """
    if warm_up < 0 or sample < 0:
        raise usage(f"expected --warm-up and --sample from 0, was {warm_up}, {sample}")
    if columns_check.has_decide(strategy):
        spec, _ = data_spec(data, strategy)
        loaded = load(spec)
        found = _told(
            lambda tell: columns_check.check(
                strategy, loaded, sample or None, warm_up=warm_up, progress=tell
            )
        )
    else:
        run = spec_of(strategy, param, data, money, rf=rf)
        loaded = load(run.data)
        simulation = Simulation(run, loaded)
        found = _told(
            lambda tell: bias_check.check(
                simulation, sample or None, warm_up=warm_up, progress=tell
            )
        )
    told = {"strategy": strategy, "text": found.text(), **found.data()}
    told["instruments"] = [item.instrument_id for item in loaded.instruments]
    code = Exit.OK if found.clean else Exit.FOUND
    return Answer("backtest.bias", told, _text, exit_code=code)


def _told(work: Callable[[Any], Bias]) -> Bias:
    with telling("bias", 0) as tell:
        return work(lambda done, total: tell(done, f"of {total}"))


def _text(data: Any) -> str:
    lines = [f"bias      {data['text']}"]
    found = data["lookahead"]
    for row in found["findings"] if found else ():
        when = f" {row['time'][:19].replace('T', ' ')}" if row["time"] else ""
        lines += [
            f"RF-B-021  look-ahead: column {row['column']!r} at bar {row['bar']}{when} "
            "changes when later bars are removed",
            f"          with all data {_number(row['whole'])}, with data up to bar "
            f"{row['decided_at']} {_number(row['cut'])}.  {row['bars']} of "
            f"{len(found['checked'])} checked bars depend on it",
        ]
    if found and found["findings"]:
        lines.append(
            "          often: a centred window, shift(-1), or a resample that labels the bar by "
            "its end"
        )
    warm = data["warm_up"]
    if warm:
        pairs = zip(warm["multiples"], warm["agree"], strict=True)
        told = "   ".join(f"{multiple}x {share:.0%}" for multiple, share in pairs)
        lines.append(f"warm-up   decisions equal to those of the whole history: {told}")
    return "\n".join(lines)


def _number(value: Any) -> str:
    return "n/a" if value is None else f"{value:.10g}"
