"""``rf backtest compare``: two runs, or a run and a recorded session, trade by trade."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from rf_cli.backtest import writing
from rf_cli.backtest.spec import RunSpec, read_spec
from rf_cli.backtest.store import Store
from rf_cli.context import Rf
from rf_cli.exits import Exit
from rf_cli.output import Answer, usage
from rf_common.clock import NANOS_PER_SECOND, UnixNanos, to_iso

_SHOWN = 20
_SECOND = NANOS_PER_SECOND


@dataclass(frozen=True)
class Deal:
    """One fill on one side of a comparison."""

    ts: int
    instrument: str
    strategy: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal

    def text(self) -> str:
        """Return it as people read it."""
        return (
            f"{to_iso(UnixNanos(self.ts))} {self.side} {self.quantity:f} {self.instrument} "
            f"@ {self.price:f}"
        )


@dataclass(frozen=True)
class Side:
    """A run or a session: its fills, and what else is known of it."""

    name: str
    deals: list[Deal]
    spec: RunSpec | None
    refusals: dict[tuple[str, str], list[tuple[int, str]]]
    first: int
    last: int


def compare(
    one: str,
    other: str | None = None,
    /,
    *,
    session: str | None = None,
    within: float = 60.0,
    rf: Rf,
) -> Answer:
    """Line up the fills of two runs and name the reason of each difference.

    Exit code 0: all are equal; 8: some differ.

    Parameters
    ----------
    one
        Id of a run.
    other
        Id of another run.
    session
        Id of a recorded session instead, or latest.
    within
        Seconds by which two fills of one decision may lie apart.
    """
    if (other is None) == (session is None):
        raise usage("expected a second run or --session", fix="rf backtest compare bt-0001 bt-0002")
    if not 0 <= within <= 1e9:
        raise usage(f"--within {within}: expected seconds from 0")
    store = Store(rf.data_dir)
    left = of_run(store, one)
    right = of_run(store, str(other)) if session is None else _of_session(rf, session)
    if session is not None:
        left = _for_strategies(left, right)
    rows = list(lined_up(left, right, round(within * _SECOND)))
    different = [row for row in rows if row["reason"] != "equal"]
    data = {
        "one": left.name,
        "other": right.name,
        "settings": settings_apart(left.spec, right.spec),
        "fills": {left.name: len(left.deals), right.name: len(right.deals)},
        "equal": len(rows) - len(different),
        "different": len(different),
        "reasons": _counted(different),
        "rows": different,
    }
    code = Exit.FOUND if different else Exit.OK
    return Answer("backtest.compare", data, _text, exit_code=code)


def of_run(store: Store, name: str) -> Side:
    """Return the fills of a kept run."""
    folder = store.path(name)
    deals = [_deal(row) for row in writing.read_rows(folder / writing.FILLS)]
    summary = store.summary(folder.name)
    first, last = int(summary.get("started") or 0), int(summary.get("ended") or 2**63)
    return Side(folder.name, deals, read_spec(folder), {}, first, last)


def _deal(row: dict[str, str]) -> Deal:
    return Deal(
        int(row["ts"]),
        row["instrument"],
        row["strategy"],
        row["side"],
        Decimal(row["price"]),
        Decimal(row["quantity"]),
        Decimal(row["fee"].lstrip("'")),
    )


def _of_session(rf: Any, session: str) -> Side:
    """Return the fills and refusals of a recorded session."""
    from rf_cli.journal import find
    from rf_common.events import OrderFilled, VenueReport
    from rf_common.orders import Refusal, SubmitOrder
    from rf_persistence import SessionReader

    path = find(rf.data_dir, session)
    deals: list[Deal] = []
    owners: dict[str, str] = {}
    seen: set[str] = set()
    refusals: dict[tuple[str, str], list[tuple[int, str]]] = {}
    first = last = 0
    for envelope, outputs in SessionReader(path).steps():
        last = int(envelope.ts_init)
        first = first or last
        payload = envelope.payload
        told = payload.executions if isinstance(payload, VenueReport) else (payload,)
        for fill in told:
            if isinstance(fill, OrderFilled) and fill.execution_id not in seen:
                seen.add(fill.execution_id)
                deals.append(_of_fill(fill, owners))
        for output in outputs:
            if isinstance(output, SubmitOrder):
                owners[output.request.client_order_id] = output.request.strategy_id
            elif isinstance(output, Refusal):
                key = output.instrument_id, str(output.side)
                refusals.setdefault(key, []).append((last, f"refused by {output.rule}"))
    return Side(path.name, deals, None, refusals, first, last)


def _of_fill(fill: Any, owners: dict[str, str]) -> Deal:
    return Deal(
        int(fill.ts_event),
        fill.instrument_id,
        owners.get(fill.client_order_id, "external"),
        str(fill.side),
        fill.price,
        fill.quantity,
        fill.fee,
    )


def _for_strategies(left: Side, right: Side) -> Side:
    """Return the run; the session may hold other strategies, whose fills are left out of it."""
    names = {deal.strategy for deal in left.deals}
    if left.spec is not None:
        names.add(left.spec.strategy.name)
    right.deals[:] = [deal for deal in right.deals if deal.strategy in names]
    return left


def lined_up(left: Side, right: Side, within_ns: int) -> Iterator[dict[str, Any]]:
    """Yield a row for every fill of both sides, in order of time, with why it differs.

    Fills of one instrument, strategy and side are taken in their order; two that lie further
    apart than `within_ns` are not the same decision.
    """
    keys = sorted({_key(deal) for deal in (*left.deals, *right.deals)})
    rows: list[tuple[int, dict[str, Any]]] = []
    for key in keys:
        ours = [deal for deal in left.deals if _key(deal) == key]
        theirs = [deal for deal in right.deals if _key(deal) == key]
        for one, other in _pairs(ours, theirs, within_ns):
            ts = min(deal.ts for deal in (one, other) if deal is not None)
            rows.append((ts, _row(one, other, left, right)))
    yield from (row for _, row in sorted(rows, key=lambda item: item[0]))


def _key(deal: Deal) -> tuple[str, str, str]:
    return deal.instrument, deal.strategy, deal.side


def _pairs(
    ours: Sequence[Deal], theirs: Sequence[Deal], within_ns: int
) -> Iterator[tuple[Deal | None, Deal | None]]:
    one = other = 0
    while one < len(ours) or other < len(theirs):
        if other >= len(theirs):
            yield ours[one], None
            one += 1
        elif one >= len(ours):
            yield None, theirs[other]
            other += 1
        elif abs(ours[one].ts - theirs[other].ts) <= within_ns:
            yield ours[one], theirs[other]
            one, other = one + 1, other + 1
        elif ours[one].ts < theirs[other].ts:
            yield ours[one], None
            one += 1
        else:
            yield None, theirs[other]
            other += 1


def _row(one: Deal | None, other: Deal | None, left: Side, right: Side) -> dict[str, Any]:
    there = one or other
    return {
        "time": to_iso(UnixNanos(there.ts)) if there is not None else None,
        "one": None if one is None else one.text(),
        "other": None if other is None else other.text(),
        "reason": _reason(one, other, left, right),
    }


def _reason(one: Deal | None, other: Deal | None, left: Side, right: Side) -> str:
    if one is not None and other is not None:
        return _apart(one, other)
    there, missing = (one, right) if one is not None else (other, left)
    if there is None:
        return "equal"
    if not missing.first <= there.ts <= missing.last:
        return f"outside the times of {missing.name}"
    near = [
        text
        for ts, text in missing.refusals.get((there.instrument, there.side), ())
        if abs(ts - there.ts) <= 60 * _SECOND
    ]
    if near:
        return f"{near[-1]} in {missing.name}"
    return f"no such order in {missing.name}"


def _apart(one: Deal, other: Deal) -> str:
    parts = []
    if one.ts != other.ts:
        late = (other.ts - one.ts) / _SECOND
        parts.append(f"filled {abs(late):g} s {'later' if late > 0 else 'earlier'}")
    if one.price != other.price:
        change = (other.price / one.price - 1) * 10_000
        parts.append(f"price {change:+.2f} bp")
    if one.quantity != other.quantity:
        parts.append(f"quantity {other.quantity:f} instead of {one.quantity:f}")
    if not parts and one.fee != other.fee:
        parts.append(f"fee {other.fee:f} instead of {one.fee:f}")
    return ", ".join(parts) or "equal"


def settings_apart(one: RunSpec | None, other: RunSpec | None) -> list[str]:
    """Return every setting that two runs do not share, as ``name: this, that``."""
    if one is None or other is None:
        return []
    left, right = (_flat(msgspec.to_builtins(spec)) for spec in (one, other))
    left.pop("from_run", None)
    right.pop("from_run", None)
    return [
        f"{name}: {left.get(name, 'none')}, {right.get(name, 'none')}"
        for name in sorted({*left, *right})
        if left.get(name) != right.get(name)
    ]


def _flat(tree: Any, at: str = "") -> dict[str, Any]:
    if isinstance(tree, dict):
        items: Any = tree.items()
    elif isinstance(tree, list | tuple):
        items = enumerate(tree)
    else:
        return {at: tree}
    found: dict[str, Any] = {}
    for name, value in items:
        found |= _flat(value, f"{at}.{name}" if at else str(name))
    return found


def _counted(rows: list[dict[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        kind = _kind(row["reason"])
        found[kind] = found.get(kind, 0) + 1
    return dict(sorted(found.items()))


def _kind(reason: str) -> str:
    """Return a reason without its numbers."""
    words = ("filled", "price", "quantity", "fee")
    parts = [part.split(" ")[0] for part in reason.split(", ")]
    return ", ".join(parts) if set(parts) <= set(words) else reason


def _text(data: Any) -> str:
    left, right = data["one"], data["other"]
    counts = data["fills"]
    lines = [f"{left} {counts[left]} fills   {right} {counts[right]} fills   {data['equal']} equal"]
    lines += [f"setting   {text}" for text in data["settings"]]
    for reason, count in data["reasons"].items():
        lines.append(f"differs   {count} x {reason}")
    for row in data["rows"][:_SHOWN]:
        lines += [
            "",
            f"  {left}  {row['one'] or 'nothing'}",
            f"  {right}  {row['other'] or 'nothing'}",
            f"  why  {row['reason']}",
        ]
    if len(data["rows"]) > _SHOWN:
        lines.append(f"\n... {len(data['rows']) - _SHOWN} more with --json")
    if not data["different"]:
        lines.append("EQUAL     every fill is the same")
    return "\n".join(lines)
