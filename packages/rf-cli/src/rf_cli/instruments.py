"""From what a person types to an instrument of the running session."""

from __future__ import annotations

import difflib

from rf_cli.context import Context
from rf_cli.output import usage


def resolve(rf: Context, symbol: str) -> str:
    """Return the full id of `symbol`, which may be a full id or a venue's symbol.

    Raises
    ------
    RfError
        If no instrument of the session is meant, or more than one (exit code 2).
    """
    known = [row["instrument_id"] for row in rf.ask("status")["instruments"]]
    if symbol in known:
        return symbol
    found = [key for key in known if key.partition(":")[2].upper() == symbol.upper()]
    if len(found) == 1:
        return str(found[0])
    if found:
        message = f"{symbol} is traded at {len(found)} venues: {', '.join(found)}"
        raise usage(message, fix=f"give the full id, for instance {found[0]}")
    names = [key.partition(":")[2] for key in known]
    close = difflib.get_close_matches(symbol.upper(), names, n=3)
    listed = ", ".join(close or known[:8]) or "none"
    raise usage(f"no instrument of this session is called {symbol}", fix=f"use one of: {listed}")
