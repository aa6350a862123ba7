"""What can go wrong with frames on their way out: planned by a seed, or armed by a test."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec
import numpy as np

from rf_testkit.tape import DEPTH, SNAPSHOT, Tape

Rng = np.random.Generator


class Fault(StrEnum):
    """One accident, at one frame. From `NOT_JSON` on they are garbage.

    Garbage is sent just before the frame it was made of, which then follows unharmed: a client
    that refuses garbage misses nothing, one that believes it has a wrong book or price.
    """

    CUT = "cut"
    GAP = "gap"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    NOT_JSON = "not_json"
    TRUNCATED = "truncated"
    WRONG_TYPE = "wrong_type"
    NAN = "nan"
    NEGATIVE = "negative"
    CROSSED = "crossed"
    UNKNOWN_KIND = "unknown_kind"
    BINARY = "binary"


GARBAGE = tuple(Fault)[tuple(Fault).index(Fault.NOT_JSON) :]


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """How many accidents of each sort happen at places drawn from `seed`.

    Cuts stay in the first 95 % of the tape and the last depth event of a symbol is never
    lost or held back, so that a client can always end with the right book.
    """

    seed: int = 0
    cuts: int = 0
    gaps: int = 0
    duplicates: int = 0
    reorders: int = 0
    garbage: int = 0


class Message(NamedTuple):
    """A payload on its way to the subscribers of `stream`."""

    stream: str
    data: bytes
    is_text: bool = True


class Delivery(NamedTuple):
    """What leaves instead of one frame, and whether the line is cut behind it."""

    messages: list[Message]
    cut: bool
    applied: tuple[Fault, ...]


class FaultDeck:
    """The accidents still to come; `deal` turns each frame into what is sent.

    Parameters
    ----------
    tape : Tape
        Whose frames are dealt, in order.
    faults : Faults
        What to plan.
    """

    def __init__(self, tape: Tape, faults: Faults) -> None:
        self._tape = tape
        self._faults = faults
        self._rng = np.random.default_rng(faults.seed)
        self._planned: dict[int, list[Fault]] = {}
        self._armed: list[tuple[Fault, int]] = []
        self._held: dict[str, Message] = {}
        self.replan()

    def replan(self) -> None:
        """Draw new places for a new pass over the tape."""
        self._planned = _plan(self._tape, self._faults, self._rng)

    def arm(self, fault: Fault, *, times: int = 1, after: int = 0) -> None:
        """Let `fault` happen at the next `times` frames it fits, after `after` others."""
        self._armed += [(fault, after)] * times

    def deal(self, index: int, message: Message, kind: str) -> Delivery:
        """Return what leaves for frame `index` of the tape."""
        faults = self._due(kind, self._planned.pop(index, []))
        out = [garbage_of(fault, message, kind) for fault in faults if fault in GARBAGE]
        held = self._held.pop(message.stream, None)
        if Fault.REORDER in faults and held is None:
            self._held[message.stream] = message
        elif Fault.GAP not in faults:
            out += [message] * (2 if Fault.DUPLICATE in faults else 1)
        if held is not None:
            out.append(held)
        return Delivery(out, Fault.CUT in faults, tuple(faults))

    def release(self) -> list[Message]:
        """Return what is still held back for reordering, at the end of the tape."""
        held = list(self._held.values())
        self._held.clear()
        return held

    def _due(self, kind: str, planned: list[Fault]) -> list[Fault]:
        """Add to `planned` the armed faults that fit; the same fault only once a frame."""
        due = list(planned)
        later: list[tuple[Fault, int]] = []
        for fault, after in self._armed:
            if after > 0:
                later.append((fault, after - 1))
            elif fault in due or not _fits(fault, kind):
                later.append((fault, 0))
            else:
                due.append(fault)
        self._armed = later
        return due


def garbage_of(fault: Fault, message: Message, kind: str) -> Message:
    """Return `message` spoilt in the way that `fault` names."""
    stream, data, _ = message
    if fault is Fault.BINARY:
        return Message(stream, b"\x80\x00\xff" + data, is_text=False)
    if fault is Fault.NOT_JSON:
        return Message(stream, b"<html><body>Bad Gateway</body></html>")
    if fault is Fault.TRUNCATED:
        return Message(stream, data[: len(data) // 2])
    payload = msgspec.json.decode(data)
    if fault is Fault.UNKNOWN_KIND:
        payload = {"e": "moonPhase", "E": payload.get("E", 1), "phase": "gibbous"}
    elif fault is Fault.CROSSED:
        payload["b"], payload["a"] = f"{float(payload['a']) * 2:.8f}", payload["b"]
    else:
        bad = {Fault.NAN: "NaN", Fault.NEGATIVE: "-1.00000000", Fault.WRONG_TYPE: {"no": []}}
        _spoil_price(payload, kind, bad[fault])
    return Message(stream, msgspec.json.encode(payload))


def _spoil_price(payload: dict[str, object], kind: str, value: object) -> None:
    if kind == DEPTH:
        payload["b"] = [[value, "1.00000000"]]
    else:
        payload["p" if "p" in payload else "b"] = value


def _fits(fault: Fault, kind: str) -> bool:
    return {Fault.GAP: kind == DEPTH, Fault.CROSSED: kind == "bookTicker"}.get(fault, True)


def _plan(tape: Tape, faults: Faults, rng: Rng) -> dict[int, list[Fault]]:
    places: dict[int, list[Fault]] = {}
    last = {frame.symbol: i for i, frame in enumerate(tape.frames) if frame.kind == DEPTH}
    usable = [
        i for i, f in enumerate(tape.frames) if f.kind != SNAPSHOT and i != last.get(f.symbol)
    ]
    early = usable[: len(usable) * 95 // 100]
    depth = [i for i in usable if tape.frames[i].kind == DEPTH]
    wanted = [
        (Fault.CUT, faults.cuts, early),
        (Fault.GAP, faults.gaps, depth),
        (Fault.DUPLICATE, faults.duplicates, usable),
        (Fault.REORDER, faults.reorders, usable),
    ]
    for fault, count, choices in wanted:
        for index in _draw(choices, count, rng):
            places.setdefault(index, []).append(fault)
    for number, index in enumerate(_draw(usable, faults.garbage, rng)):
        fitting = [fault for fault in GARBAGE if _fits(fault, tape.frames[index].kind)]
        places.setdefault(index, []).append(fitting[number % len(fitting)])
    return places


def _draw(choices: list[int], count: int, rng: Rng) -> list[int]:
    if count > len(choices):
        raise ValueError(f"expected at most {len(choices)} faults of one sort, was {count}")
    return sorted(int(i) for i in rng.choice(choices, size=count, replace=False)) if count else []
