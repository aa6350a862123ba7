"""Order management: what was asked of the venue, what became of it, what we hold.

`Orders` keeps every order by client id and moves it through one table of states; `Position`
nets fills at volume-weighted cost; `Account` adds cash and checks after each fill that cash,
cost, fees and realised P&L still add up. All amounts are exact `Decimal`.
"""

from rf_oms.account import Account, AccountState
from rf_oms.orders import Change, Execution, Order, Orders, OrderState
from rf_oms.positions import Position, PositionState
from rf_oms.transitions import TRANSITIONS

__all__ = [
    "Orders",
    "Order",
    "OrderState",
    "Change",
    "Execution",
    "TRANSITIONS",
    "Position",
    "PositionState",
    "Account",
    "AccountState",
]
