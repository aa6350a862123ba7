"""The one place where things are wired: settings in, a house ready to run out."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rf_cli.settings import Settings
from rf_common import plugins
from rf_common.clock import Clock
from rf_common.enums import Mode
from rf_common.errors import ConfigError
from rf_common.events import Envelope, OrderEvent, Payload
from rf_common.ids import InstrumentId, StrategyId
from rf_common.instruments import Instrument
from rf_common.orders import Output
from rf_common.ports import MarketView, Strategy
from rf_daemon.corridor import Corridor
from rf_engine import Engine, EngineConfig, Ledger
from rf_execution import PaperVenue
from rf_execution.gateways import Gate, PaperGateway
from rf_persistence import Journal
from rf_strategy import Factory

VERSION = "0.1.0"
REPLAY_NONCE = "REPLAYAA"
"""Nonce of a recording's run: with it the same recording gives the same ids and hashes."""

_ACCOUNTS = {Mode.SIM: "SIM-1", Mode.PAPER: "PAPER-1"}

Step = Callable[[Envelope, tuple[Output, ...]], None]


@dataclass(frozen=True)
class House:
    """The parts that a run needs."""

    engine: Engine
    corridor: Corridor
    gate: Gate


def engine_config(settings: Settings, mode: Mode) -> EngineConfig:
    """Return the engine's settings for `mode`.

    Raises
    ------
    ConfigError
        If the settings ask for live trading: this version has no live venue.
    """
    if settings.engine.mode is Mode.LIVE:
        raise ConfigError(
            "engine.mode = LIVE: expected SIM or PAPER",
            code="RF-C-030",
            detail="this version trades on paper only; no live venue is built in",
            fix="remove engine.mode",
        )
    return msgspec.structs.replace(settings.engine, mode=mode, account=_ACCOUNTS[mode])


def strategy_factories() -> Mapping[str, Factory]:
    """Return every installed strategy's factory by name; each is imported when it is used."""
    return {name: _lazy(name) for name in plugins.available("rf.strategies")}


def _lazy(name: str) -> Factory:
    def build(strategy_id: StrategyId, parameters: Mapping[str, Any]) -> Strategy:
        factory: Factory = plugins.load("rf.strategies", name)
        return factory(strategy_id, parameters)

    return build


def new_nonce() -> str:
    """Return eight base-32 characters that no other session has."""
    return base64.b32encode(secrets.token_bytes(5)).decode("ascii")


def build(
    settings: Settings,
    config: EngineConfig,
    instruments: tuple[Instrument, ...],
    clock: Clock,
    *,
    nonce: str,
    ledger: Ledger | None = None,
    first_seq: int = 1,
    journal: Journal | None = None,
    on_step: Step | None = None,
    on_market: Callable[[Payload], None] | None = None,
    on_commit: Callable[[int, int], None] | None = None,
    resync: Callable[[InstrumentId], None] | None = None,
) -> House:
    """Wire engine, paper venue, gate and corridor.

    Raises
    ------
    ConfigError
        If a configured strategy cannot be built.
    """
    try:
        engine = Engine(config, nonce, instruments, strategy_factories(), ledger)
    except ValueError as error:
        raise ConfigError(f"engine.strategies: {error}", fix="rf config check") from error

    def market(instrument_id: InstrumentId) -> MarketView | None:
        return engine.state.markets.get(instrument_id)

    venue = PaperVenue(settings.paper, np.random.default_rng(settings.mock.seed), market)
    paper = PaperGateway(venue, clock)
    if ledger is not None:
        paper.restore(*venue_book(engine))

    def answer(event: OrderEvent) -> None:
        corridor.answer(event)

    gate = Gate(paper, clock, answer)
    corridor = Corridor(
        engine,
        clock,
        gate,
        paper=paper,
        journal=journal,
        first_seq=first_seq,
        on_step=on_step,
        on_market=on_market,
        on_commit=on_commit,
        resync=resync,
    )
    return House(engine, corridor, gate)


def venue_book(engine: Engine) -> tuple[Any, Any]:
    """Return what the paper venue had when the process died: accepted orders and positions.

    An order that was written down but never accepted did not reach it.
    """
    state = engine.state
    orders = [
        (order.request, order.quantity, order.limit_price, order.filled)
        for order in state.orders.open_orders()
        if order.venue_order_id is not None
    ]
    held = [(name, p.quantity) for name, p in state.account.positions.items() if p.quantity]
    return orders, held


def mode_folder(data_dir: Path, mode: Mode) -> Path:
    """Return where the journal of one mode lives: modes never share a ledger."""
    return data_dir / str(mode).lower()
