"""A fake daemon behind a real bus, and one way to run a command line in process."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rf_cli.journal_rows import named
from rf_cli.main import main
from rf_common import DeterministicClock, Quote
from rf_common.errors import RfError
from rf_event_bus.messages import Role
from rf_event_bus.server import BusServer
from rf_event_bus.wire import Wire
from rf_net.token import create_token
from rf_testkit.stages import analyst_stage, graph_stage

SENT = {"ok": True, "code": "SENT", "text": "on its way", "fix": "", "client_order_id": "RF-S-1"}
DONE = {"ok": True, "code": "DONE", "text": "done", "fix": "", "client_order_id": None}
STATUS = {
    "mode": "SIM",
    "account": "SIM-1",
    "session": "20261125T021216Z-K7QW3ZPA",
    "version": "0.1.0",
    "pid": 1,
    "uptime_s": 3725.4,
    "state": "ACTIVE",
    "state_reason": "reconciled",
    "kill": {"engaged": False, "number": 0, "reason": "", "phrase": "resume SIM 0"},
    "equity": "100123.456",
    "cash": "90000",
    "day_pnl": "-12.5",
    "realised": None,
    "fees": "1.25",
    "drawdown": 0.0123,
    "positions": 1,
    "open_orders": 2,
    "unknown_orders": 0,
    "orders_today": 5,
    "fills_today": 3,
    "signals": 9,
    "fills": 4,
    "refusals": {"price_collar": 3},
    "gaps": 0,
    "feeds": [{"source": "binance", "state": "LIVE", "reason": "", "age_ms": 12}],
    "instruments": [
        {"instrument_id": "binance:BTCUSDT", "state": "LIVE", "bid": 1.5, "ask": 2.5, "age_ms": 3},
        {"instrument_id": "sim:BTCUSDT", "state": "STALE", "bid": 1, "ask": 2, "age_ms": 9999},
        {
            "instrument_id": "sim:AAPL",
            "state": "CONNECTING",
            "bid": None,
            "ask": None,
            "age_ms": None,
        },
    ],
    "strategies": [
        {"strategy_id": "momentum", "enabled": True, "reason": ""},
        {"strategy_id": "mean_reversion", "enabled": False, "reason": "by hand"},
    ],
    "limits": [{"rule": "daily_loss", "value": "12.5", "limit": "2000"}],
    "journal": {"session": "s", "records": 10, "bytes": 2000, "bytes_per_day": 9},
    "engine": {"seq": 77, "events_per_s": 130.5, "answering": True, "thinking": ""},
    "asof": "2026-11-25T02:12:16.000Z",
}
ANSWERS: dict[str, Any] = {
    "status": STATUS,
    "positions": [
        {
            "instrument_id": "binance:BTCUSDT",
            "quantity": "0.02",
            "average_price": "61837.63",
            "mark": "61900",
            "unrealised": "1.2474",
            "realised": "0",
            "fees": "1.23",
            "by_strategy": {"momentum": "0.02"},
        }
    ],
    "orders": [
        {
            "client_order_id": "RF-S-K7QW3ZPA-00000001",
            "strategy_id": "momentum",
            "instrument_id": "binance:BTCUSDT",
            "side": "BUY",
            "quantity": "0.02",
            "filled": "0.01",
            "order_type": "LIMIT",
            "limit_price": "61837.63",
            "status": "PARTIALLY_FILLED",
            "reason": "",
            "created": "2026-11-25T02:12:16.000Z",
            "updated": "2026-11-25T02:12:17.000Z",
        }
    ],
    "order": SENT,
    "kill": {
        "ok": True,
        "code": "KILLED",
        "text": "no new orders",
        "fix": 'rf resume --confirm "resume SIM 1"',
        "confirmed": ["RF-S-1", "RF-S-2"],
        "engine_answered": True,
    },
    "resume": DONE | {"code": "RESUMED", "text": "reconciling, then trading again"},
    "strategy": DONE,
    "why": {
        "strategy_id": "momentum",
        "enabled": True,
        "reason": "",
        "instruments": [
            {
                "instrument_id": "binance:BTCUSDT",
                "conditions": [
                    {"name": "rsi", "value": "49.1", "needed": "above 55", "met": False},
                    {"name": "samples", "value": "300", "needed": "at least 30", "met": True},
                ],
                "last_word": "flat",
                "feed_state": "LIVE",
            }
        ],
    },
    "check": {
        "judgements": [
            {
                "rule": "system_state",
                "outcome": "pass",
                "value": "ACTIVE",
                "limit": "",
                "reason": "",
                "fix": "",
            }
        ]
    },
    "thoughts": {
        "ok": True,
        "thinkers": {"analyst": "rules", "why_rules": "no key"},
        "graph": named(graph_stage()),
    },
    "think": {
        "ok": True,
        "text": "done",
        "analyst": {**named(analyst_stage()), "cost_usd": "0"},
        "decisions": [],
    },
    "ask": {
        "ok": True,
        "text": "RSI is 58.0 [F1]",
        "question": "how is the book?",
        "answer": "RSI is 58.0 [F1]",
        "cited": ["F1"],
        "unavailable": "",
        "unsupported": [],
        "figures_checked": 1,
        "analyst": "rules",
        "model": "rules/2",
        "input_tokens": 0,
        "output_tokens": 0,
        "cached_tokens": 0,
        "cost_usd": "0",
        "took_ms": 0,
        "call_id": "k1",
    },
    "news": {
        "ok": True,
        "triaged": {
            "withheld": False,
            "action": "BUY",
            "sentiment": 0.75,
            "catalyst": "guidance",
            "analyst": "rules",
            "entities": ["APPLE"],
            "same_as": "",
        },
        "instruments": ["sim:AAPL"],
        "learned": "sentiment of APPLE",
        "statements": 1,
        "asked": ["sim:AAPL"],
    },
    "accept": {**SENT, "code": "VERDICT"},
    "risk": {"limits": {"max_order_notional": "25000"}, "counters": {"orders_today": 5}},
    "shutdown": {"ok": True, "code": "STOPPING", "text": "the daemon is stopping", "fix": ""},
}


class FakeDaemon:
    """Answers from a table behind a real `BusServer`, and remembers what it was asked."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.answers = copy.deepcopy(ANSWERS)
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.pid = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        token = create_token(data_dir / "admin.token")
        self._server = BusServer(
            Wire(Quote, dict[str, int]),
            tokens={Role.ADMIN: token},
            handler=self._answer,
            snapshot=dict,
            clock=DeterministicClock(),
        )

    async def _answer(self, verb: str, args: Mapping[str, Any], peer: str, role: Role) -> object:
        self.asked.append((verb, args))
        answer = self.answers[verb]
        if isinstance(answer, RfError):
            raise answer
        if answer == "never":
            await asyncio.Event().wait()
        return answer(args) if callable(answer) else answer

    def start(self) -> None:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._server.start(), self._loop).result(5)
        self.tell()

    def tell(self, **changes: Any) -> None:
        info = {
            "pid": self.pid,
            "host": "127.0.0.1",
            "port": self.port,
            "http_port": 3000,
            "mode": "SIM",
            "session": "s",
            "started": "2026-11-25T02:12:16Z",
        }
        (self.data_dir / "daemon.json").write_text(json.dumps(info | changes))

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._server.stop(0), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def last(self, verb: str) -> Mapping[str, Any]:
        """Return the arguments of the last question of this verb."""
        return next(args for name, args in reversed(self.asked) if name == verb)


class Ran(NamedTuple):
    """What a command line gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and an environment without any setting of ours."""
    from rf_cli.settings import ALIASES

    for name in list(os.environ):
        if name.startswith("RF_") or name in ALIASES:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def answers() -> dict[str, Any]:
    """What the fake daemon answers, by verb."""
    return copy.deepcopy(ANSWERS)


@pytest.fixture
def data_dir(workspace: Path) -> Path:
    folder = workspace / "rf-data"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def daemon(data_dir: Path) -> Iterator[FakeDaemon]:
    fake = FakeDaemon(data_dir)
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def rf(workspace: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run a command line in process."""

    def run(*argv: str) -> Ran:
        capsys.readouterr()
        code = main(argv)
        return Ran(code, *capsys.readouterr())

    return run


def write_session(data_dir: Path) -> Path:
    """Record a short session of the real engine with the real strategies; return its folder."""
    from decimal import Decimal

    from rf_common import Instrument, Quote, plugins
    from rf_common.events import Envelope, Timer, VenueReport
    from rf_engine import HEARTBEAT, START, Engine, EngineConfig
    from rf_persistence import Journal, JournalConfig, session_header

    names = plugins.available("rf.strategies")
    factories = {name: plugins.load("rf.strategies", name) for name in names}
    apple = Instrument(instrument_id="sim:AAPL", tick=Decimal("0.01"), lot=Decimal(1))
    nonce, now = "K7QW3ZPA", 1_795_572_736_000_000_000
    fields = {"started": now, "source": "mock", "seed": 7, "version": "0.1.0"}
    header = session_header(EngineConfig(), nonce, (apple,), **fields)
    journal = Journal.create(data_dir, header, JournalConfig())
    engine = Engine(header.config, nonce, (apple,), factories)
    payloads: list[Any] = [Timer(START, now), VenueReport("sim", now, (), (), (), ())]
    for n in range(50):
        payloads.append(Quote("sim:AAPL", now, 100 + n / 10, 9.0, 100.02 + n / 10, 9.0, n))
        payloads.append(Timer(HEARTBEAT, now))
    for seq, payload in enumerate(payloads, start=1):
        now += 500_000_000
        envelope = Envelope(seq, now, payload)
        journal.append(envelope, engine.process(envelope))
    journal.commit()
    journal.close(True, engine.state.state_hash())
    return data_dir / "journal" / header.session_id


@pytest.fixture
def session(data_dir: Path) -> Path:
    return write_session(data_dir / "sim")
