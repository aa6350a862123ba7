"""``rf journal show``: the rows of a recorded session, as they were written."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

from rf_cli.context import Rf
from rf_cli.journal import LATEST, find
from rf_cli.output import Answer, usage
from rf_common.clock import to_iso
from rf_persistence import SessionReader

if TYPE_CHECKING:
    from rich.console import RenderableType

_THOUGHTS = ("QuantSnapshot", "SwarmSignal", "GraphContext", "AnalystSignal", "GateDecided")


def show(session: str = LATEST, /, *, only: str = "thoughts", last: int = 20, rf: Rf) -> Answer:
    """Show recorded rows of a session, newest last.

    Parameters
    ----------
    session
        Its id, or latest.
    only
        Kinds of rows, separated by commas, such as OrderFilled,SubmitOrder; thoughts for the
        stages of the hybrid cycle and their verdicts; all for everything.
    last
        How many rows.
    """
    if last < 1:
        raise usage(f"--last {last}: expected 1 or more")
    kinds = _THOUGHTS if only == "thoughts" else tuple(k.strip() for k in only.split(","))
    kept: deque[dict[str, Any]] = deque(maxlen=last)
    for envelope, outputs in SessionReader(find(rf.data_dir, session)).steps():
        for fact in (envelope.payload, *outputs):
            kind = type(fact).__name__
            if only == "all" or kind in kinds:
                row = {"seq": envelope.seq, "ts": to_iso(envelope.ts_init), "kind": kind}
                kept.append(row | {"row": msgspec.to_builtins(named(fact))})
    return Answer("journal.show", list(kept), _text)


def named(value: Any) -> Any:
    """Return structs as mappings by field name, also where the wire has arrays."""
    if isinstance(value, msgspec.Struct):
        return {name: named(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple):
        return [named(item) for item in value]
    return value


def _text(rows: Any) -> RenderableType:
    if not rows:
        return "no such rows"
    lines = []
    for row in rows:
        parts = [f"{name} {_short(value)}" for name, value in row["row"].items()]
        lines.append(f"{row['seq']}  {row['ts']}  {row['kind']}  {', '.join(parts)}")
    return "\n".join(lines)


def _short(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
