"""Money for models: reserved before a call, held under parallel callers and over restarts.

One SQLite file holds every call. A call reserves its worst case inside one write transaction,
so that callers in other threads and processes see it before they add theirs; afterwards it is
settled at what it really cost, or released if nothing was billed. Amounts are whole billionths
of a dollar in the file and exact `Decimal` outside.

The day and the month begin at midnight in one time zone, New York unless the settings say
otherwise, and a call belongs to the day in which it was reserved.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from rf_ai.config import AiConfig
from rf_ai.errors import BudgetExhausted, BudgetUnusable
from rf_ai.prices import Usage
from rf_common.clock import NANOS_PER_SECOND, UnixNanos

_NANO = Decimal(1_000_000_000)
_HOUR_NS = 3_600 * NANOS_PER_SECOND
_MAX_USD = Decimal(1_000_000)
_BUSY_S = 10.0
_ZONE_NAMES = {"America/New_York": "ET", "UTC": "UTC", "Etc/UTC": "UTC"}

_SCHEMA = """
CREATE TABLE IF NOT EXISTS call (
    call_id TEXT PRIMARY KEY,
    symbol TEXT NOT NULL,
    model TEXT NOT NULL,
    ts_ns INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'settled', 'released')),
    worst_nano INTEGER NOT NULL,
    cost_nano INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS call_ts ON call (ts_ns);
CREATE TABLE IF NOT EXISTS cap (
    id INTEGER PRIMARY KEY,
    ts_ns INTEGER NOT NULL,
    name TEXT NOT NULL,
    value INTEGER
);
"""
# What a call counts for: a reservation that nobody settled counts in full until it is too old.
_COUNTED = """
    CASE state WHEN 'settled' THEN cost_nano
               WHEN 'open' THEN CASE WHEN ts_ns > :stale THEN worst_nano ELSE 0 END
               ELSE 0 END
"""
_COUNTS = "(state = 'settled' OR (state = 'open' AND ts_ns > :stale))"


class Caps(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the budget; amounts in US dollars."""

    day_usd: Decimal
    month_usd: Decimal
    calls_per_hour: int


class Reservation(NamedTuple):
    """The right to make one call, at most at `worst_usd`."""

    call_id: str
    symbol: str
    worst_usd: Decimal


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What one symbol or one model used of the month; `input_tokens` counts all input."""

    name: str
    calls: int
    cost_usd: Decimal
    input_tokens: int
    output_tokens: int
    cached_tokens: int


class BudgetReport(msgspec.Struct, frozen=True, kw_only=True):
    """Where the budget stands.

    `open_usd` is what reservations that are not settled hold of the day. `cache_hit` is the
    share of the month's input tokens that came from the cache, None before any input.
    """

    caps: Caps
    day_usd: Decimal
    month_usd: Decimal
    open_usd: Decimal
    calls_day: int
    calls_month: int
    cache_hit: float | None
    by_symbol: tuple[Share, ...]
    by_model: tuple[Share, ...]
    day_ends: UnixNanos
    month_ends: UnixNanos
    zone: str


class _Spent(NamedTuple):
    day: int
    month: int
    calls_day: int
    calls_month: int
    calls_hour: int


class _Span(NamedTuple):
    day: int
    day_ends: int
    month: int
    month_ends: int


class Budget:
    """The budget in one file; any number of them, in any process, may share it.

    Parameters
    ----------
    path : Path
        The SQLite file; made with its folder if it is not there.
    config : AiConfig, optional
        Caps, time zone and the age of forgotten reservations; caps set by `set_caps` win.

    Raises
    ------
    BudgetUnusable
        If the file cannot be used: without a budget no call is made.
    """

    def __init__(self, path: Path, config: AiConfig | None = None) -> None:
        self._path = Path(path)
        self._config = config or AiConfig()
        self._zone = ZoneInfo(self._config.budget_tz)
        self._stale_ns = self._config.reservation_age_s * NANOS_PER_SECOND
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._connected() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(_SCHEMA)

    def reserve(
        self, call_id: str, symbol: str, worst_usd: Decimal, *, model: str, now: UnixNanos
    ) -> Reservation:
        """Hold `worst_usd` for one call.

        Asking again with the id of a reservation that is still open returns that one: a retry
        does not count twice.

        Raises
        ------
        BudgetExhausted
            Naming the cap that does not hold the call, and what was used of it.
        ValueError
            If an argument is empty or out of range, or the call was already settled.
        """
        worst = _to_nano(worst_usd, "worst_usd")
        if not call_id or not symbol or not model:
            raise ValueError(f"expected call_id, symbol and model, was {(call_id, symbol, model)}")
        with self._writing() as db:
            held = db.execute(
                "SELECT state, symbol, worst_nano FROM call WHERE call_id = ?", (call_id,)
            ).fetchone()
            if held is not None and held[0] == "settled":
                raise ValueError(f"expected a new call_id, was {call_id!r}, which is settled")
            if held is not None and held[0] == "open":
                return Reservation(call_id, held[1], _to_usd(held[2]))
            self._require(db, symbol, worst, now)
            db.execute(
                "INSERT OR REPLACE INTO call (call_id, symbol, model, ts_ns, state, worst_nano, "
                "cost_nano) VALUES (?, ?, ?, ?, 'open', ?, 0)",
                (call_id, symbol, model, now, worst),
            )
        return Reservation(call_id, symbol, _to_usd(worst))

    def check(self, symbol: str, *, now: UnixNanos) -> None:
        """Raise `BudgetExhausted` if not even a free call fits; nothing is reserved."""
        with self._connected() as db:
            self._require(db, symbol, 0, now)

    def settle(
        self,
        reservation: Reservation,
        cost_usd: Decimal | None,
        *,
        usage: Usage | None = None,
    ) -> Decimal:
        """Replace the reservation by what the call cost and return that.

        Parameters
        ----------
        reservation : Reservation
            What `reserve` returned.
        cost_usd : Decimal or None
            The cost; None when nobody knows it, which counts as the worst case.
        usage : Usage, optional
            Tokens of the call.

        Raises
        ------
        ValueError
            If the call is not open any more.
        """
        tokens = usage or Usage()
        cost = _to_nano(reservation.worst_usd if cost_usd is None else cost_usd, "cost_usd")
        with self._writing() as db:
            changed = db.execute(
                "UPDATE call SET state = 'settled', cost_nano = ?, input_tokens = ?, "
                "output_tokens = ?, cached_tokens = ? WHERE call_id = ? AND state = 'open'",
                (
                    cost,
                    tokens.all_input,
                    tokens.output_tokens,
                    tokens.cache_read_tokens,
                    reservation.call_id,
                ),
            ).rowcount
        if changed != 1:
            raise ValueError(f"expected an open call, was {reservation.call_id!r}")
        return _to_usd(cost)

    def release(self, reservation: Reservation) -> None:
        """Give the reservation back: nothing was billed, and it counts as no call."""
        with self._writing() as db:
            db.execute(
                "UPDATE call SET state = 'released' WHERE call_id = ? AND state = 'open'",
                (reservation.call_id,),
            )

    def set_caps(
        self,
        *,
        now: UnixNanos,
        day_usd: Decimal | None = None,
        month_usd: Decimal | None = None,
        calls_per_hour: int | None = None,
    ) -> Caps:
        """Change the caps that are given, for every process and over restarts.

        Raises
        ------
        ValueError
            If a cap is negative or no number, or the day's is above the month's.
        """
        if calls_per_hour is not None and not 0 <= calls_per_hour <= 10_000:
            raise ValueError(f"expected calls_per_hour from 0 to 10000, was {calls_per_hour}")
        given = {
            "day": None if day_usd is None else _to_nano(day_usd, "day_usd"),
            "month": None if month_usd is None else _to_nano(month_usd, "month_usd"),
            "hour": calls_per_hour,
        }
        with self._writing() as db:
            for name, value in given.items():
                if value is not None:
                    db.execute(
                        "INSERT INTO cap (ts_ns, name, value) VALUES (?, ?, ?)", (now, name, value)
                    )
            caps = self._caps(db)
            if caps.day_usd > caps.month_usd:
                raise ValueError(
                    f"expected a day's cap up to the month's, {caps.month_usd}, was {caps.day_usd}"
                )
        return caps

    def clear_caps(self) -> Caps:
        """Return to the caps of the settings."""
        with self._writing() as db:
            db.execute("DELETE FROM cap")
            return self._caps(db)

    def report(self, now: UnixNanos) -> BudgetReport:
        """Return what was used today and this month, by symbol and by model."""
        span = self._span(now)
        with self._connected() as db:
            db.execute("BEGIN")  # one picture, not five
            spent = self._spent(db, "", now)
            caps = self._caps(db)
            by_symbol = self._shares(db, "symbol", span, now)
            by_model = self._shares(db, "model", span, now)
            (open_nano,) = db.execute(
                "SELECT COALESCE(SUM(worst_nano), 0) FROM call WHERE state = 'open' "
                "AND ts_ns >= ? AND ts_ns < ? AND ts_ns > ?",
                (span.day, span.day_ends, now - self._stale_ns),
            ).fetchone()
        read = sum(share.cached_tokens for share in by_model)
        sent = sum(share.input_tokens for share in by_model)
        return BudgetReport(
            caps=caps,
            day_usd=_to_usd(spent.day),
            month_usd=_to_usd(spent.month),
            open_usd=_to_usd(open_nano),
            calls_day=spent.calls_day,
            calls_month=spent.calls_month,
            cache_hit=read / sent if sent else None,
            by_symbol=by_symbol,
            by_model=by_model,
            day_ends=UnixNanos(span.day_ends),
            month_ends=UnixNanos(span.month_ends),
            zone=self._zone_name,
        )

    @property
    def _zone_name(self) -> str:
        return _ZONE_NAMES.get(self._config.budget_tz, self._config.budget_tz)

    def _require(self, db: sqlite3.Connection, symbol: str, worst: int, now: UnixNanos) -> None:
        caps = self._caps(db)
        spent = self._spent(db, symbol, now)
        if spent.calls_hour >= caps.calls_per_hour:
            raise BudgetExhausted(
                f"AI calls for {symbol} are used up: {spent.calls_hour} of "
                f"{caps.calls_per_hour} in the last hour",
                cap="hour",
                detail="Dexter answers from offline rules meanwhile and says so",
                fix="rf ai budget --calls N      where it went: rf ai cost --by symbol",
            )
        periods = (
            ("day", "today", spent.day, caps.day_usd, spent.calls_day),
            ("month", "this month", spent.month, caps.month_usd, spent.calls_month),
        )
        for name, words, used, cap_usd, calls in periods:
            cap = _to_nano(cap_usd, name)
            if used + worst > cap or (worst == 0 and used >= cap):
                raise self._exhausted((name, words), _to_usd(used), cap_usd, calls, _to_usd(worst))

    def _exhausted(
        self, period: tuple[str, str], used: Decimal, cap: Decimal, calls: int, worst: Decimal
    ) -> BudgetExhausted:
        name, words = period
        needs = f", the next call may cost ${_shown(worst)}" if used < cap else ""
        ends = "00:00" if name == "day" else "the 1st, 00:00"
        more = _shown(cap + max(Decimal(1), cap / 2))
        return BudgetExhausted(
            f"AI budget for {words} is used up: ${_shown(used)} of ${_shown(cap)} "
            f"({calls} calls){needs}",
            cap=name,
            detail=f"Dexter answers from offline rules until {ends} {self._zone_name} and says so",
            fix=f"rf ai budget --{name} {more}        where it went: rf ai cost --by symbol",
        )

    def _caps(self, db: sqlite3.Connection) -> Caps:
        rows = db.execute("SELECT name, value FROM cap ORDER BY id").fetchall()
        latest = {name: value for name, value in rows if value is not None}
        config = self._config
        return Caps(
            day_usd=_to_usd(latest["day"]) if "day" in latest else config.cap_day_usd,
            month_usd=_to_usd(latest["month"]) if "month" in latest else config.cap_month_usd,
            calls_per_hour=latest.get("hour", config.calls_per_hour_per_symbol),
        )

    def _spent(self, db: sqlite3.Connection, symbol: str, now: UnixNanos) -> _Spent:
        span = self._span(now)
        values = {
            "day": span.day,
            "day_ends": span.day_ends,
            "month": span.month,
            "month_ends": span.month_ends,
            "hour": now - _HOUR_NS,
            "stale": now - self._stale_ns,
            "symbol": symbol,
        }
        in_day = "ts_ns >= :day AND ts_ns < :day_ends"
        row = db.execute(
            f"SELECT COALESCE(SUM(CASE WHEN {in_day} THEN {_COUNTED} ELSE 0 END), 0), "
            f"COALESCE(SUM({_COUNTED}), 0), "
            f"COALESCE(SUM({in_day} AND {_COUNTS}), 0), COALESCE(SUM({_COUNTS}), 0) "
            "FROM call WHERE ts_ns >= :month AND ts_ns < :month_ends",
            values,
        ).fetchone()
        (hour,) = db.execute(
            f"SELECT COUNT(*) FROM call WHERE symbol = :symbol AND ts_ns > :hour AND {_COUNTS}",
            values,
        ).fetchone()
        day, month, calls_day, calls_month = row
        return _Spent(day, month, calls_day, calls_month, hour)

    def _shares(
        self, db: sqlite3.Connection, column: str, span: _Span, now: UnixNanos
    ) -> tuple[Share, ...]:
        rows = db.execute(
            f"SELECT {column}, COUNT(*), SUM({_COUNTED}), SUM(input_tokens), SUM(output_tokens), "
            f"SUM(cached_tokens) FROM call WHERE ts_ns >= :month AND ts_ns < :month_ends "
            f"AND {_COUNTS} GROUP BY {column} ORDER BY 3 DESC, 1",
            {
                "month": span.month,
                "month_ends": span.month_ends,
                "stale": now - self._stale_ns,
            },
        ).fetchall()
        return tuple(
            Share(
                name=name,
                calls=calls,
                cost_usd=_to_usd(cost),
                input_tokens=sent,
                output_tokens=got,
                cached_tokens=read,
            )
            for name, calls, cost, sent, got, read in rows
        )

    def _span(self, now: UnixNanos) -> _Span:
        """Return where the day and the month around `now` begin and end, nanoseconds."""
        here = datetime.fromtimestamp(now // NANOS_PER_SECOND, UTC).astimezone(self._zone)
        day = here.date()
        first = day.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
        edges = (day, day + timedelta(days=1), first, following)
        return _Span(*(self._midnight_ns(edge.year, edge.month, edge.day) for edge in edges))

    def _midnight_ns(self, year: int, month: int, day: int) -> int:
        midnight = datetime(year, month, day, tzinfo=self._zone)
        return int(midnight.timestamp()) * NANOS_PER_SECOND

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(
                sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)
            ) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                yield connection
        except sqlite3.Error as error:
            raise BudgetUnusable(
                f"the AI budget cannot be used: {self._path.name}: {error}",
                detail="without a budget no call is made",
            ) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._connected() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")


def _to_nano(usd: Decimal, field: str) -> int:
    if not isinstance(usd, Decimal) or not usd.is_finite() or not 0 <= usd <= _MAX_USD:
        raise ValueError(f"expected a Decimal from 0 to {_MAX_USD} for {field}, was {usd!r}")
    return int((usd * _NANO).to_integral_value(rounding=ROUND_UP))


def _to_usd(nano: int) -> Decimal:
    return Decimal(nano) / _NANO


def _shown(usd: Decimal) -> str:
    """Return cents, or as many digits as a smaller amount needs."""
    places = Decimal("0.01") if usd >= Decimal("0.10") or not usd else Decimal("0.0001")
    return f"{usd.quantize(places):f}"
