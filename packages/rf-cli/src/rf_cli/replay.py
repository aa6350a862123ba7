"""``rf replay``: a recorded session through a fresh engine, every decision compared."""

from __future__ import annotations

from typing import Any

import msgspec

from rf_cli.context import Rf
from rf_cli.exits import Exit
from rf_cli.journal import find
from rf_cli.output import Answer
from rf_cli.progress import progress
from rf_common import plugins
from rf_common.errors import ConfigError
from rf_persistence import replay as replay_session

STRATEGIES = "rf.strategies"


def replay(session: str, /, *, until: int | None = None, rf: Rf) -> Answer:
    """Run a recorded session through a fresh engine and compare every decision.

    Exit code 0: all decisions are the same; 8: one differs, and the first is named.

    Parameters
    ----------
    session
        Its id, or latest.
    until
        Last sequence number to replay.
    """
    path = find(rf.data_dir, session)
    factories, warnings = _factories()
    with progress("replay") as tell:
        report = replay_session(path, factories, until_seq=until, progress=tell)
    data = msgspec.to_builtins(report) | {"equal": report.is_equal}
    code = Exit.OK if report.is_equal else Exit.FOUND
    return Answer("replay", data, _replay_text, warnings=warnings, exit_code=code)


def _factories() -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return every strategy that can be imported; one that cannot may not be needed at all."""
    factories: dict[str, Any] = {}
    warnings: list[str] = []
    for name in plugins.available(STRATEGIES):
        try:
            factories[name] = plugins.load(STRATEGIES, name)
        except ConfigError as error:
            warnings.append(error.message)
    return factories, tuple(warnings)


def _replay_text(data: Any) -> str:
    lines = [
        f"{'EQUAL' if data['equal'] else 'DIFFERS'}  {data['session_id']}  "
        f"{data['steps']} steps, up to number {data['last_seq']}",
        f"orders {data['orders']}   fills {data['fills']}   refusals {data['refusals']}   "
        f"signals {data['signals']}",
        f"state hash  {data['state_hash']}",
    ]
    difference = data["difference"]
    if difference is not None:
        lines += [
            f"first difference at number {difference['seq']} ({difference['kind']})",
            f"  recorded  {difference['recorded']}",
            f"  replayed  {difference['replayed']}",
        ]
    elif data["recorded_state_hash"] not in {"", data["state_hash"]}:
        lines.append(f"  recorded  {data['recorded_state_hash']}")
    if data["damaged"]:
        lines.append(f"damaged     {data['damaged']}")
    return "\n".join(lines)
