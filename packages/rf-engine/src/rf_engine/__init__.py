"""The decision loop of the house, pure and synchronous.

`Engine.process(envelope)` takes market data, order answers, timers and commands and returns
orders, cancels, timers, refusals and notices. `EngineState` is a fold over the journal;
`Ledger` is what survives a restart; `EngineConfig` holds every setting.
"""

from rf_engine.book import L2Book
from rf_engine.config import EngineConfig
from rf_engine.engine import Engine
from rf_engine.ledger import Ledger
from rf_engine.market import Market
from rf_engine.state import HEARTBEAT, START, EngineState

__all__ = [
    "Engine",
    "EngineConfig",
    "EngineState",
    "Ledger",
    "Market",
    "L2Book",
    "START",
    "HEARTBEAT",
]
