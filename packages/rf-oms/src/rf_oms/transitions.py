"""The life of an order as one table: which status follows which move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rf_common.enums import OrderStatus
from rf_common.events import (
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderRejected,
    OrderUnknown,
    OrderUpdated,
)

_S = OrderStatus
WORKING = "WORKING"
"""Stands for ACCEPTED when the venue is known to have the order, else for UNKNOWN."""

TRANSITIONS: Final[Mapping[OrderStatus, Mapping[str, OrderStatus | str]]] = {
    _S.INITIALIZED: {"submit": _S.SUBMITTED, "deny": _S.DENIED},
    _S.SUBMITTED: {
        "accept": _S.ACCEPTED,
        "reject": _S.REJECTED,
        "deny": _S.DENIED,
        "unknown": _S.UNKNOWN,
        "part_fill": _S.PARTIALLY_FILLED,
        "full_fill": _S.FILLED,
        "ask_cancel": _S.PENDING_CANCEL,
        "cancel": _S.CANCELED,
        "expire": _S.EXPIRED,
    },
    _S.UNKNOWN: {
        "accept": _S.ACCEPTED,
        "reject": _S.REJECTED,
        "refuse": _S.UNKNOWN,
        "update": WORKING,
        "unknown": _S.UNKNOWN,
        "part_fill": _S.PARTIALLY_FILLED,
        "full_fill": _S.FILLED,
        "ask_cancel": _S.PENDING_CANCEL,
        "cancel": _S.CANCELED,
        "expire": _S.EXPIRED,
    },
    _S.ACCEPTED: {
        "accept": _S.ACCEPTED,
        "reject": _S.REJECTED,
        "part_fill": _S.PARTIALLY_FILLED,
        "full_fill": _S.FILLED,
        "ask_cancel": _S.PENDING_CANCEL,
        "ask_update": _S.PENDING_UPDATE,
        "update": _S.ACCEPTED,
        "refuse": _S.ACCEPTED,
        "cancel": _S.CANCELED,
        "expire": _S.EXPIRED,
    },
    _S.PARTIALLY_FILLED: {
        "accept": _S.PARTIALLY_FILLED,
        "part_fill": _S.PARTIALLY_FILLED,
        "full_fill": _S.FILLED,
        "ask_cancel": _S.PENDING_CANCEL,
        "ask_update": _S.PENDING_UPDATE,
        "update": _S.PARTIALLY_FILLED,
        "refuse": _S.PARTIALLY_FILLED,
        "cancel": _S.CANCELED,
        "expire": _S.EXPIRED,
    },
    _S.PENDING_UPDATE: {
        "accept": _S.PENDING_UPDATE,
        "update": WORKING,
        "refuse": WORKING,
        "unknown": _S.PENDING_UPDATE,
        "part_fill": _S.PENDING_UPDATE,
        "full_fill": _S.FILLED,
        "ask_cancel": _S.PENDING_CANCEL,
        "cancel": _S.CANCELED,
        "expire": _S.EXPIRED,
    },
    _S.PENDING_CANCEL: {
        "accept": _S.PENDING_CANCEL,
        "reject": _S.REJECTED,
        "deny": _S.DENIED,
        "update": _S.PENDING_CANCEL,
        "refuse": WORKING,
        "unknown": _S.UNKNOWN,
        "part_fill": _S.PENDING_CANCEL,
        "full_fill": _S.FILLED,
        "ask_cancel": _S.PENDING_CANCEL,
        "cancel": _S.CANCELED,
        "expire": _S.EXPIRED,
    },
    # Terminal states take late fills, and late answers to requests that no longer matter.
    _S.FILLED: {
        "accept": _S.FILLED,
        "refuse": _S.FILLED,
        "cancel": _S.FILLED,
        "update": _S.FILLED,
        "unknown": _S.FILLED,
        "part_fill": _S.FILLED,
        "full_fill": _S.FILLED,
    },
    _S.CANCELED: {
        "accept": _S.CANCELED,
        "refuse": _S.CANCELED,
        "cancel": _S.CANCELED,
        "update": _S.CANCELED,
        "unknown": _S.CANCELED,
        "part_fill": _S.CANCELED,
        "full_fill": _S.FILLED,
    },
    _S.EXPIRED: {
        "accept": _S.EXPIRED,
        "refuse": _S.EXPIRED,
        "expire": _S.EXPIRED,
        "cancel": _S.EXPIRED,
        "update": _S.EXPIRED,
        "unknown": _S.EXPIRED,
        "part_fill": _S.EXPIRED,
        "full_fill": _S.FILLED,
    },
    _S.REJECTED: {
        "reject": _S.REJECTED,
        "refuse": _S.REJECTED,
        "unknown": _S.REJECTED,
        "part_fill": _S.REJECTED,
        "full_fill": _S.FILLED,
    },
    _S.DENIED: {
        "deny": _S.DENIED,
        "refuse": _S.DENIED,
        "part_fill": _S.DENIED,
        "full_fill": _S.FILLED,
    },
}
"""``TRANSITIONS[status][move]`` is the next status; what is absent is illegal."""

MOVES: Final[Mapping[type, str]] = {
    OrderAccepted: "accept",
    OrderRejected: "reject",
    OrderDenied: "deny",
    OrderCanceled: "cancel",
    OrderExpired: "expire",
    OrderUpdated: "update",
    CancelRejected: "refuse",
    OrderUnknown: "unknown",
}
"""The move that each venue answer stands for; a fill is a `part_fill` or a `full_fill`."""
