"""The tape being played: position, books, and the moved ids and times of later passes."""

from __future__ import annotations

from functools import cached_property

import msgspec

from rf_testkit.binance.book import DepthSnapshot, VenueBook, book_at
from rf_testkit.binance.faults import Message
from rf_testkit.tape import DEPTH, SNAPSHOT, Frame, Tape

_ID_GAP = 1_000


class _Ids(msgspec.Struct):
    u: int = 0
    t: int = 0


class TapeMarket:
    """The venue's side of the tape: how far it is, and the book of each symbol there.

    On pass `n` of a looped tape every id and time is moved on by `n` spans of the tape, so that
    they never repeat; the first depth event of a pass leaves a gap that clients must heal.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.position = 0
        self.passes = 0
        self._books = {symbol: VenueBook(tape.snapshots[symbol]) for symbol in tape.symbols}
        self._stale: list[int] = []

    @cached_property
    def _spans(self) -> dict[str, tuple[int, int, int]]:
        return _spans(self.tape)

    @property
    def symbols(self) -> tuple[str, ...]:
        """What is listed."""
        return self.tape.symbols

    @property
    def at_end(self) -> bool:
        """True when the whole tape has been played."""
        return self.position >= len(self.tape)

    def advance(self) -> tuple[Frame, Message | None]:
        """Play the next line; the message is None for the snapshot's, which is not sent."""
        frame = self.tape.frames[self.position]
        self.position += 1
        if frame.kind == SNAPSHOT:
            return frame, None
        if frame.kind == DEPTH:
            self._books[frame.symbol].apply(frame.data)
        return frame, Message(frame.stream, self._moved(frame))

    def rewind(self) -> None:
        """Start the next pass."""
        self.position = 0
        self.passes += 1
        self._books = {s: VenueBook(self.tape.snapshots[s]) for s in self.tape.symbols}

    def book(self, symbol: str, limit: int) -> DepthSnapshot:
        """Return the book after everything played so far."""
        return self._on_this_pass(symbol, self._books[symbol].snapshot(limit))

    def snapshot(self, symbol: str, limit: int) -> DepthSnapshot:
        """Return the book as REST tells it now: the present one, or an old one if armed."""
        if not self._stale:
            return self.book(symbol, limit)
        old = book_at(self.tape, symbol, self.position - self._stale.pop(0))
        return self._on_this_pass(symbol, old.snapshot(limit))

    def _on_this_pass(self, symbol: str, answer: DepthSnapshot) -> DepthSnapshot:
        if self.passes == 0:
            return answer
        shift = self.passes * self._spans[symbol][0]
        return msgspec.structs.replace(answer, lastUpdateId=answer.lastUpdateId + shift)

    def arm_stale(self, frames_ago: int, times: int) -> None:
        """Answer the next `times` snapshots from so many lines ago."""
        self._stale += [frames_ago] * times

    @property
    def stale_left(self) -> int:
        """How many armed old snapshots were not asked for yet."""
        return len(self._stale)

    def _moved(self, frame: Frame) -> bytes:
        if self.passes == 0:
            return frame.data
        ids, trades, ms = (self.passes * span for span in self._spans[frame.symbol])
        payload = msgspec.json.decode(frame.data)
        _add(payload, {"U": ids, "u": ids, "t": trades, "E": ms, "T": ms})
        return msgspec.json.encode(payload)


def in_micros(message: Message) -> Message:
    """Return the message as a connection with ``timeUnit=MICROSECOND`` gets it."""
    try:
        payload = msgspec.json.decode(message.data)
        _add(payload, {key: payload[key] * 999 for key in ("E", "T") if key in payload})
    except ValueError:  # garbage stays garbage
        return message
    return message._replace(data=msgspec.json.encode(payload))


def _add(payload: dict[str, int], amounts: dict[str, int]) -> None:
    for key, amount in amounts.items():
        if key in payload:
            payload[key] += amount


def _spans(tape: Tape) -> dict[str, tuple[int, int, int]]:
    """Return by symbol how far update ids, trade ids and milliseconds move on a pass."""
    ms = (tape.frames[-1].ts_ns - tape.frames[0].ts_ns) // 1_000_000 + 1
    decode = msgspec.json.Decoder(_Ids).decode
    spans = {}
    for symbol in tape.symbols:
        wires = [decode(frame.data) for frame in tape.frames if frame.symbol == symbol]
        updates = [wire.u for wire in wires if wire.u]
        trades = [wire.t for wire in wires if wire.t]
        spans[symbol] = (_range(updates) + _ID_GAP, _range(trades) + 1, ms)
    return spans


def _range(ids: list[int]) -> int:
    return max(ids, default=0) - min(ids, default=0)
