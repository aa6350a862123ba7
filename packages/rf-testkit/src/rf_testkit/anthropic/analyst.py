"""The default behaviour: an analyst who reads the numbered rows and copies their figures.

It is a stand-in for a model, not an opinion worth money: it takes the direction from momentum and
swarm, cites what it used, and says nothing that no row says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_ROW = re.compile(r"^\[?([FSGNH]\d{1,3})\]?\s*\|\s*(.+)$")
_FENCE = re.compile(r"^FENCE \S+ (BEGIN|END)$")
_SYMBOL = re.compile(r"^Instrument:\s*(\S+)", re.MULTILINE)
_NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?")
_STOP = 0.02
_TARGET = 0.03


class Row(NamedTuple):
    """One row: its id, its name and its value as they stand there."""

    row_id: str
    name: str
    value: str
    is_outside: bool

    @property
    def figure(self) -> str:
        """The first number of the value, as it is written, empty if there is none."""
        found = _NUMBER.search(self.value)
        return found.group() if found else ""

    @property
    def number(self) -> float | None:
        """The same as a float."""
        return float(self.figure.replace(",", "")) if self.figure else None


def rows_of(context: str) -> list[Row]:
    """Return the rows of a prompt, those inside a fence marked.

    Examples
    --------
    >>> rows_of("F2 | rsi14 = 71.2, overbought | quant | 2026-01-01T00:00:00.000Z")[0].figure
    '71.2'
    """
    rows, is_outside = [], False
    for line in context.splitlines():
        fence = _FENCE.match(line)
        if fence:
            is_outside = fence[1] == "BEGIN"
        found = _ROW.match(line)
        if found:
            words = found[2].split(" | ")[0]
            name, _, value = words.partition(" = ")
            rows.append(Row(found[1], name, value or words, is_outside))
    return rows


def analyst_answer(user: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer of `schema` that rests on the rows of `user`.

    Parameters
    ----------
    user : str
        Everything the user turns say.
    schema : mapping
        Which answer is asked for, told apart by its properties.
    """
    rows = rows_of(user)
    asked = set(schema.get("properties", ()))
    if "entities" in asked:
        return {"source_document": "news", "entities": [], "edges": []}
    if "sentiment" in asked:
        return _news(user)
    if "entry_price" in asked or not asked:
        return _signal(user, rows)
    return _words(rows, asked)


def _signal(user: str, rows: list[Row]) -> dict[str, Any]:
    symbol = _SYMBOL.search(user)
    px = _named(rows, "px")
    sign, used = _direction(rows)
    entry = px.number if px is not None and px.number else 0.0
    sign = sign if entry > 0 else 0
    confidence = min(0.8, 0.55 + 0.05 * len(used)) if sign else 0.5
    return {
        "symbol": symbol[1] if symbol else "",
        "direction": {1: "LONG", -1: "SHORT", 0: "NEUTRAL"}[sign],
        "confidence": confidence,
        "entry_price": entry,
        "stop_loss": round(entry * (1 - (sign or 1) * _STOP), 6),
        "take_profit": round(entry * (1 + (sign or 1) * _TARGET), 6),
        "position_size_pct": 0.05 if sign else 0.0,
        "time_horizon": "SWING",
        "thesis": " ".join(_sentence(row) for row in ([px] if px else []) + used)
        or "There is nothing to rest an opinion on.",
        "key_risks": _risks(rows),
        "catalyst": None,
        "valuation": None,
        "recommendation": {1: "BUY", -1: "SELL", 0: "HOLD"}[sign],
    }


def _direction(rows: list[Row]) -> tuple[int, list[Row]]:
    """Return the sign that momentum and swarm agree on, and the rows that say so."""
    votes: list[tuple[int, Row]] = []
    for name in ("momentum", "momentum_long", "momentum_short", "macd_histogram"):
        row = _named(rows, name)
        if row is not None and row.number:
            votes.append((1 if row.number > 0 else -1, row))
    swarm = _named(rows, "direction")
    if swarm is not None and swarm.row_id.startswith("S"):
        votes.append(({"LONG": 1, "SHOR": -1}.get(swarm.value[:4], 0), swarm))
    total = sum(vote for vote, _ in votes)
    sign = (total > 0) - (total < 0)
    return sign, [row for vote, row in votes if vote == sign][:3]


def _sentence(row: Row) -> str:
    if row.figure:
        unit = " %" if re.search(re.escape(row.figure) + r"\s?%", row.value) else ""
        return f"{row.name} is {row.figure}{unit} [{row.row_id}]."
    return f"{row.name} is {row.value.split(',')[0]} [{row.row_id}]."


def _risks(rows: list[Row]) -> list[str]:
    risks = []
    for name in ("garch_vol", "rsi14", "agreement"):
        row = _named(rows, name)
        if row is not None:
            risks.append(_sentence(row).rstrip("."))
    return risks


def _words(rows: list[Row], asked: set[str]) -> dict[str, Any]:
    used = [row for row in rows if not row.is_outside][:3]
    said = " ".join(_sentence(row) for row in used) or "The rows do not tell."
    cited = [row.row_id for row in used]
    field = "summary" if "summary" in asked else "answer"
    return {field: said, "cited": cited}


def _news(user: str) -> dict[str, Any]:
    words = user.lower()
    good = sum(words.count(word) for word in ("raise", "beat", "record", "upgrade", "approv"))
    bad = sum(words.count(word) for word in ("cut", "miss", "recall", "downgrade", "probe"))
    tone = (good - bad) / max(1, good + bad)
    return {
        "revenue_impact_musd": None,
        "primary_catalyst": "news",
        "sentiment": round(tone, 2),
        "action": "BUY" if tone > 0.3 else "SELL" if tone < -0.3 else "HOLD",
    }


def _named(rows: list[Row], name: str) -> Row | None:
    return next((row for row in rows if row.name == name and not row.is_outside), None)
