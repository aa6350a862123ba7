"""The data of a run: which files, which part of them, and their loading."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from rf_cli.exits import Exit
from rf_cli.files import read_table
from rf_cli.output import usage
from rf_common.clock import NANOS_PER_MICRO, NANOS_PER_SECOND, UnixNanos, to_iso
from rf_common.errors import RfError
from rf_common.ids import instrument_id
from rf_common.instruments import Instrument

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rf_backtest.data import Bars, DataReport
    from rf_common.events import Payload

    Frame = tuple[UnixNanos, Sequence[Payload]]

VENUE = "file"
"""Venue of instruments that are only known from a file."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_ROUND_THE_CLOCK_S = 365 * 86_400.0
_SESSIONS_S = 252 * 6.5 * 3_600.0


class DataFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of a run."""

    path: str
    """Where it is."""
    sha256: str
    """Of its bytes."""
    instrument: Instrument | None = None
    """What its bars are of; recordings name their own."""


class DataSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The data of a run, complete."""

    kind: str
    """bars or recording."""
    files: tuple[DataFile, ...]
    """Every file, in order."""
    start_ns: int = 0
    """First time that counts, nanoseconds UTC; 0 for all there is."""
    end_ns: int = 0
    """First time that does not count any more; 0 for all there is."""
    interval_ns: int = 0
    """Length of a bar; 0 finds it in the file."""


@dataclass(frozen=True)
class Loaded:
    """Data in memory: bars, or a recording that is played from its files."""

    spec: DataSpec
    bars: tuple[Bars, ...]
    instruments: tuple[Instrument, ...]
    reports: tuple[DataReport, ...]
    frames: tuple[Frame, ...] | None = None
    """Frames of a recording, where it is played often."""

    @property
    def is_bars(self) -> bool:
        """Whether it is bars and can be cut anywhere."""
        return self.spec.kind == "bars"

    @property
    def size(self) -> int:
        """Bars of the longest instrument; 0 for a recording."""
        return max((int(one.ts.size) for one in self.bars), default=0)

    def events(self) -> Iterable[Frame]:
        """Return the frames of a recording within its times."""
        from rf_ingestion.recording import Recording

        if self.frames is not None:
            return self.frames
        spec = self.spec
        frames = Recording([Path(file.path) for file in spec.files]).events()
        last = spec.end_ns or 2**64
        return (frame for frame in frames if spec.start_ns <= frame[0] < last)

    def described(self) -> list[dict[str, Any]]:
        """Return a row per instrument: what is there and what was found in it."""
        if not self.is_bars:
            return [
                {"instrument_id": item.instrument_id, "kind": "recording", "rows": None}
                for item in self.instruments
            ]
        return [
            {
                "instrument_id": one.instrument.instrument_id,
                "kind": "bars",
                "rows": int(one.ts.size),
                "interval": interval_text(one.interval_ns),
                "from": to_iso(UnixNanos(int(one.ts[0]))),
                "to": to_iso(UnixNanos(int(one.ts[-1]))),
                "gaps": report.gaps,
                "duplicates": report.duplicates,
                "unsorted": report.unsorted,
                "nan_rows": report.nan_rows,
                "zero_volume": report.zero_volume,
            }
            for one, report in zip(self.bars, self.reports, strict=True)
        ]


def moment(flag: str, text: str, *, is_end: bool = False) -> int:
    """Return the time that a flag names, nanoseconds UTC; a day as an end is included.

    Examples
    --------
    >>> moment("--from", "1970-01-02"), moment("--to", "1970-01-02", is_end=True)
    (86400000000000, 172800000000000)
    """
    try:
        if len(text) == len("2024-01-02"):
            day = date.fromisoformat(text) + timedelta(days=int(is_end))
            found = datetime(day.year, day.month, day.day, tzinfo=UTC)
        else:
            found = datetime.fromisoformat(text)
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
        micros = (found - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError) as error:
        raise usage(
            f"{flag} {text}: expected a day such as 2024-01-31 or a time such as "
            f"2024-01-31T14:30:00Z ({error})"
        ) from error
    if micros < 0:
        raise usage(f"{flag} {text}: expected a time from 1970 on")
    return micros * NANOS_PER_MICRO


def interval_of(text: str) -> int:
    """Return nanoseconds of an interval such as 1m, 4h or 1d."""
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not number.isdigit() or int(number) < 1:
        raise usage(f"--interval {text}: expected a number and s, m, h or d, such as 1m or 1d")
    return int(number) * _UNITS[unit] * NANOS_PER_SECOND


def interval_text(interval_ns: int) -> str:
    """Return an interval as people write it.

    Examples
    --------
    >>> interval_text(86_400 * 10**9), interval_text(90 * 10**9)
    ('1d', '90s')
    """
    seconds, rest = divmod(interval_ns, NANOS_PER_SECOND)
    if rest or not seconds:
        return f"{interval_ns}ns"
    unit = next(name for name in ("d", "h", "m", "s") if seconds % _UNITS[name] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"


def file_hash(path: Path) -> str:
    """Return SHA-256 of a file; a usage error when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise missing(f"{path}: it cannot be read: {error.strerror or error}") from error


def named_file(text: str) -> tuple[str, Path]:
    """Return symbol and path of ``SYMBOL=FILE`` or of a file whose name is the symbol."""
    symbol, separator, rest = text.partition("=")
    if separator and symbol and "/" not in symbol:
        return symbol.strip().upper(), Path(rest)
    return Path(text).stem.upper(), Path(text)


def missing(message: str, strategy: str = "STRATEGY") -> RfError:
    """Return the error of a run without its data (exit code 7)."""
    return RfError(
        message,
        code="RF-D-010",
        detail="a backtest without data would show 0 trades and look like a bad strategy, "
        "so it did not start",
        fix=f"rf backtest run {strategy} --data SYMBOL=bars.csv     or  --recording tape.gz",
        exit_code=Exit.DATA,
    )


def load(spec: DataSpec) -> Loaded:
    """Return the data that `spec` names.

    Raises
    ------
    RfError
        If a file is not what it was, or nothing is left of it (exit code 7).
    """
    for file in spec.files:
        _same(file)
    if spec.kind == "recording":
        return _recording(spec)
    pairs = [_bars(file, spec) for file in spec.files]
    bars = tuple(one for one, _ in pairs)
    return Loaded(
        spec, bars, tuple(one.instrument for one in bars), tuple(report for _, report in pairs)
    )


def _same(file: DataFile) -> None:
    found = file_hash(Path(file.path))
    if found != file.sha256:
        raise RfError(
            f"{file.path} is not the file that the run was made of: SHA-256 {found[:12]}, "
            f"was {file.sha256[:12]}",
            code="RF-D-011",
            detail="a repeat with other data would be another run, so it did not start",
            fix="bring the file back, or start a new run with --data",
            exit_code=Exit.DATA,
        )


def _recording(spec: DataSpec) -> Loaded:
    from rf_ingestion.recording import Recording

    recording = Recording([Path(file.path) for file in spec.files])
    instruments = recording.instruments()
    if not instruments:
        raise missing(f"no market data in {', '.join(file.path for file in spec.files)}")
    return Loaded(spec, (), instruments, ())


def _bars(file: DataFile, spec: DataSpec) -> tuple[Bars, DataReport]:
    from rf_backtest.data import bars_from_frame

    if file.instrument is None:
        raise usage(f"{file.path}: expected an instrument, was none")
    frame = read_table(Path(file.path))
    try:
        whole = bars_from_frame(frame, file.instrument, spec.interval_ns or None)
        clean, report = whole.cleaned()
        bars = clean.slice(spec.start_ns, spec.end_ns or 2**63 - 1)
    except ValueError as error:
        raise bad_data(file.path, error) from error
    if not bars.ts.size:
        raise _nothing(file, spec, whole)
    return bars, report


def bad_data(path: str, error: object) -> RfError:
    """Return the error of a file whose content cannot be used."""
    return RfError(
        f"{path}: {error}",
        code="RF-D-012",
        detail="nothing was run",
        fix="repair the file; columns: date or ts, open, high, low, close, volume",
        exit_code=Exit.DATA,
    )


def _nothing(file: DataFile, spec: DataSpec, whole: Bars) -> RfError:
    have = "nothing"
    if whole.ts.size:
        first, last = UnixNanos(int(whole.ts[0])), UnixNanos(int(whole.ts[-1]))
        have = f"{to_iso(first)} to {to_iso(last)}"
    start = to_iso(UnixNanos(spec.start_ns)) if spec.start_ns else "the beginning"
    end = to_iso(UnixNanos(spec.end_ns)) if spec.end_ns else "the end"
    return missing(f"no data in {file.path} from {start} to {end} (have: {have})")


def instrument_of(
    symbol: str, path: Path, *, tick: str | None, lot: str | None, interval_ns: int = 0
) -> tuple[Instrument, int]:
    """Return instrument and interval of a file of bars; what is not given is found in the file.

    The tick is 0.01, or 0.000001 below a price of 1; trading goes round the clock where a weekend
    has bars.
    """
    import numpy as np

    from rf_backtest.data import bars_from_frame

    frame = read_table(path)
    try:
        plain = Instrument(
            instrument_id=instrument_id(VENUE, symbol),
            tick=Decimal(tick) if tick else Decimal("0.01"),
            lot=Decimal(lot) if lot else Decimal("0.0001"),
        )
    except (ValueError, ArithmeticError) as error:
        raise usage(f"{symbol}: {error}", fix="name it: --data SYMBOL=FILE") from error
    if not (plain.tick > 0 and plain.lot > 0):
        raise usage(f"{symbol}: expected a tick and a lot above 0, was {plain.tick}, {plain.lot}")
    try:
        bars = bars_from_frame(frame, plain, interval_ns or None)
    except ValueError as error:
        raise bad_data(str(path), error) from error
    closes = bars.close[np.isfinite(bars.close)]
    small = bool(closes.size) and float(np.median(closes)) < 1.0
    weekday = (bars.ts // (86_400 * NANOS_PER_SECOND) + 3) % 7
    sessions = bool(closes.size) and not bool((weekday >= 5).any())
    found = msgspec.structs.replace(
        plain,
        tick=Decimal("0.000001") if small and not tick else plain.tick,
        seconds_per_year=_SESSIONS_S if sessions else _ROUND_THE_CLOCK_S,
    )
    return found, bars.interval_ns
