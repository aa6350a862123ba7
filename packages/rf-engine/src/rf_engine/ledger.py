"""Everything that must survive a restart, as one frozen value."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from rf_common.clock import UnixNanos
from rf_common.ids import ClientOrderId, InstrumentId, StrategyId
from rf_common.orders import CommandAnswer, ReplaceOrder
from rf_oms.account import AccountState
from rf_oms.orders import Execution, OrderState
from rf_risk.kill_switch import KillState
from rf_risk.state import RiskStateCopy


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint: orders, executions, account, counters, switches, last marks."""

    orders: tuple[OrderState, ...]
    executions: tuple[Execution, ...]
    account: AccountState
    risk: RiskStateCopy
    kill: KillState
    reducing: str
    """Why only reducing orders are allowed; empty when they are not limited."""
    tightened: tuple[tuple[str, str, str], ...] = ()
    """Limits a person lowered: name, value in the settings, value now."""
    disabled: tuple[tuple[StrategyId, str], ...]
    next_order: int
    marks: tuple[tuple[InstrumentId, Decimal], ...]
    """The newest mid of everything that was quoted, and older ones of what was held."""
    asked: tuple[tuple[ClientOrderId, UnixNanos], ...]
    """When the venue was last asked about an order."""
    answers: tuple[CommandAnswer, ...]
    """Answers to the newest commands: one that comes again after a restart is not done twice."""
    changes: tuple[ReplaceOrder, ...] = ()
    """Changes on their way: they count in the limits, and explain fills beyond the old quantity."""
    signals: int
    fills: int
    refusals: int
    ts: UnixNanos
