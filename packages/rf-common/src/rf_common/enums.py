"""One enumeration per idea for the whole house."""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    """Direction of an order, a fill or an aggressor."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """Return the other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """How an order is priced."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP_MARKET = "STOP_MARKET"
    STOP_LIMIT = "STOP_LIMIT"


class TimeInForce(StrEnum):
    """How long an order lives."""

    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class OrderStatus(StrEnum):
    """State of an order; the table of moves is `rf_oms.TRANSITIONS`."""

    INITIALIZED = "INITIALIZED"
    DENIED = "DENIED"
    SUBMITTED = "SUBMITTED"
    UNKNOWN = "UNKNOWN"
    ACCEPTED = "ACCEPTED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    PENDING_UPDATE = "PENDING_UPDATE"
    PENDING_CANCEL = "PENDING_CANCEL"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"

    @property
    def is_terminal(self) -> bool:
        """True when nothing but a late fill can follow."""
        return self in _TERMINAL


_TERMINAL = frozenset(
    {
        OrderStatus.DENIED,
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.EXPIRED,
        OrderStatus.REJECTED,
    }
)


class Liquidity(StrEnum):
    """Whether a fill added or removed liquidity."""

    MAKER = "MAKER"
    TAKER = "TAKER"


class SystemState(StrEnum):
    """State of the whole system; what each allows is in `rf_risk.checks`."""

    STARTING = "STARTING"
    RECONCILING = "RECONCILING"
    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"
    STOPPING = "STOPPING"


class FeedState(StrEnum):
    """State of a feed or of one instrument on it."""

    CONNECTING = "CONNECTING"
    LIVE = "LIVE"
    STALE = "STALE"
    DOWN = "DOWN"


class Mode(StrEnum):
    """What the numbers and orders are: simulated data, real data on paper, real money."""

    SIM = "SIM"
    PAPER = "PAPER"
    LIVE = "LIVE"


class Severity(StrEnum):
    """How much a notice wants attention."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
