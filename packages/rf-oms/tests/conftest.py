from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from rf_common import (
    ClientOrderId,
    InstrumentId,
    Liquidity,
    OrderFilled,
    OrderRequest,
    OrderType,
    Side,
    StrategyId,
    TimeInForce,
    UnixNanos,
    VenueOrderId,
)

REQUEST = OrderRequest(
    ClientOrderId("RF-S-AAAAAAAA-00000001"),
    StrategyId("momentum"),
    InstrumentId("sim:A"),
    Side.BUY,
    Decimal(10),
    OrderType.LIMIT,
    Decimal(100),
    None,
    TimeInForce.GTC,
    False,
    "test",
    "",
)
FILL = OrderFilled(
    REQUEST.client_order_id,
    REQUEST.instrument_id,
    UnixNanos(5),
    VenueOrderId("V-1"),
    "E-1",
    Side.BUY,
    Decimal(100),
    Decimal(4),
    Decimal("0.1"),
    Liquidity.TAKER,
)


@pytest.fixture
def request_of() -> Callable[..., OrderRequest]:
    """A buy of 10 at 100, with changes."""
    return lambda **changes: msgspec.structs.replace(REQUEST, **changes)


@pytest.fixture
def fill_of() -> Callable[..., OrderFilled]:
    """An execution of 4 at 100 of that order, with changes; numbers may be text."""

    def make(**changes: Any) -> OrderFilled:
        for name in ("price", "quantity", "fee"):
            if name in changes:
                changes[name] = Decimal(changes[name])
        return msgspec.structs.replace(FILL, **changes)

    return make
