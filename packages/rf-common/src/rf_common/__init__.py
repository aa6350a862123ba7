"""The ground floor of the house: what every other package may know.

Values, ids and enums of trading, the events that travel down the corridor, the ports that
adapters implement, exact money, a clock that is passed in, strict configuration, and errors
that say what to do. It depends on msgspec only.

Start with `Instrument`, `Quote` and `Envelope`; money rules are in `rf_common.money`, settings
in `rf_common.config`, protocols in `rf_common.ports`.
"""

from rf_common.clock import (
    Clock,
    DeterministicClock,
    RealtimeClock,
    UnixNanos,
)
from rf_common.enums import (
    FeedState,
    Liquidity,
    Mode,
    OrderStatus,
    OrderType,
    Severity,
    Side,
    SystemState,
    TimeInForce,
)
from rf_common.errors import (
    CausalityError,
    ConfigError,
    DataError,
    RfError,
    StorageError,
    VenueError,
)
from rf_common.events import (
    Bar,
    BookDelta,
    BookSnapshot,
    Envelope,
    FeedGap,
    FeedStatus,
    OrderFilled,
    Quote,
    SequenceGenerator,
    Trade,
    stamp,
)
from rf_common.ids import (
    ClientOrderId,
    InstrumentId,
    SessionId,
    StrategyId,
    VenueOrderId,
    client_order_id,
    instrument_id,
    symbol_of,
    venue_of,
)
from rf_common.instruments import Instrument, InstrumentRegistry
from rf_common.orders import OrderIntent, OrderRequest, Signal
from rf_common.secret import Redactor, Secret

__all__ = [
    "Instrument",
    "InstrumentRegistry",
    "Quote",
    "Trade",
    "BookSnapshot",
    "BookDelta",
    "Bar",
    "FeedGap",
    "FeedStatus",
    "Envelope",
    "stamp",
    "SequenceGenerator",
    "Signal",
    "OrderIntent",
    "OrderRequest",
    "OrderFilled",
    "InstrumentId",
    "ClientOrderId",
    "VenueOrderId",
    "StrategyId",
    "SessionId",
    "instrument_id",
    "venue_of",
    "symbol_of",
    "client_order_id",
    "Side",
    "OrderType",
    "TimeInForce",
    "OrderStatus",
    "Liquidity",
    "SystemState",
    "FeedState",
    "Mode",
    "Severity",
    "UnixNanos",
    "Clock",
    "RealtimeClock",
    "DeterministicClock",
    "Secret",
    "Redactor",
    "RfError",
    "ConfigError",
    "DataError",
    "StorageError",
    "VenueError",
    "CausalityError",
]
