"""The log of what a person should have seen: bounded, numbered, repeats counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from rf_common.clock import UnixNanos
from rf_common.enums import Severity

MAX_ALERTS = 500
"""How many alerts are kept."""
MAX_TEXT = 240
"""Longest text of an alert, characters."""
_LOOK_BACK = 8
"""Among how many of the newest alerts the same one is looked for."""


class AlertKind(StrEnum):
    """Where an alert comes from."""

    NOTICE = "notice"
    REFUSAL = "refusal"
    ORDER = "order"
    GAP = "gap"
    FEED = "feed"
    STATE = "state"
    KILL = "kill"
    STRATEGY = "strategy"
    POSITION = "position"


class Alert(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One alert; `number` grows with every alert and every repeat, `count` counts repeats."""

    number: int
    ts: UnixNanos
    kind: AlertKind
    severity: Severity
    code: str
    text: str
    subject: str
    count: int = 1


class AlertLog:
    """The newest alerts, oldest first.

    The same alert among the newest few is moved to the end and counted; told again at the very
    same time it is one fact on two ways, and is not counted.
    """

    def __init__(self, alerts: Iterable[Alert] = (), number: int = 0) -> None:
        self.alerts = deque(alerts)
        self.number = number

    def add(
        self,
        ts: UnixNanos,
        kind: AlertKind,
        severity: Severity,
        *,
        code: str,
        text: str,
        subject: str = "",
    ) -> None:
        """Take one alert."""
        text = text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
        known = self._known(code, text)
        count = 1
        if known is not None:
            if known.ts == ts:
                return
            self.alerts.remove(known)
            count = known.count + 1
        self.alerts.append(
            Alert(self.next_number(), ts, kind, severity, code, text, subject, count)
        )
        if len(self.alerts) > MAX_ALERTS:
            self.alerts.popleft()

    def next_number(self) -> int:
        """Return the number of the next thing a person should see."""
        self.number += 1
        return self.number

    def _known(self, code: str, text: str) -> Alert | None:
        for offset in range(1, min(_LOOK_BACK, len(self.alerts)) + 1):
            alert = self.alerts[-offset]
            if alert.code == code and alert.text == text:
                return alert
        return None
