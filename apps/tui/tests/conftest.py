"""A market made by hand, a daemon that only listens, and the application over both."""

from __future__ import annotations

import asyncio
import math
from decimal import Decimal

import pytest

from rf_common.clock import NANOS_PER_SECOND, DeterministicClock, UnixNanos
from rf_common.enums import (
    FeedState,
    Mode,
    OrderStatus,
    OrderType,
    Severity,
    Side,
    SystemState,
    TimeInForce,
)
from rf_common.events import Quote, Trade
from rf_common.intelligence import (
    AnalystSignal,
    ContextRow,
    Conviction,
    Direction,
    GateCheck,
    GateDecided,
    GraphContext,
    GraphImpact,
    Horizon,
    QuantSnapshot,
    Recommendation,
    RowKind,
    SwarmSignal,
    Verdict,
)
from rf_common.orders import Notice, Refusal
from rf_dashboard import (
    AccountView,
    BookView,
    DashboardState,
    FeedView,
    InstrumentView,
    IntelligenceView,
    LimitView,
    Live,
    Offline,
    OrderView,
    OutcomeView,
    PositionView,
    StrategyView,
    SystemView,
)
from rf_tui.app import App
from rf_tui.dialogs.offline import LineState
from rf_tui.outcome import Outcome
from rf_tui.ports import Options

num = Decimal
START = UnixNanos(1_760_000_000 * NANOS_PER_SECOND)
SYMBOLS = (
    ("AAPL", 227.14, "0.01"), ("NVDA", 181.32, "0.01"), ("TSLA", 401.03, "0.01"),
    ("MSFT", 512.77, "0.01"), ("AMZN", 229.40, "0.01"), ("META", 701.15, "0.01"),
    ("SPY", 671.93, "0.01"), ("QQQ", 602.41, "0.01"), ("BTCUSDT", 91240.5, "0.5"),
    ("ETHUSDT", 3012.44, "0.01"), ("SOLUSDT", 137.91, "0.01"), ("XRPUSDT", 0.6312, "0.0001"),
    ("DOGEUSDT", 0.1481, "0.0001"),
)  # fmt: skip
PASS = {"rule": "max_notional", "outcome": "pass", "value": "2271.4", "limit": "10000",
        "reason": "", "fix": ""}  # fmt: skip
NO_REFUSAL = {"judgements": [PASS, {**PASS, "rule": "daily_loss", "value": "0", "limit": "2000"}]}


def order(number=8, status=OrderStatus.ACCEPTED, **changes):
    given = {
        "client_order_id": f"RF-S-K7QW3ZPA-{number:08d}", "strategy_id": "human",
        "instrument_id": "sim:AAPL", "side": Side.SELL, "order_type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC, "quantity": num(40), "filled": num(0),
        "limit_price": num("229.00"), "average_price": None, "status": status, "reason": "",
        "created": START, "updated": START,
    }  # fmt: skip
    given |= changes
    return OrderView(**(given | {"status": OrderStatus(given["status"])}))


def system(**changes):
    given = {
        "ts": START, "version": "0.1.0", "session": "s1", "mode": Mode.SIM, "account": "SIM-1",
        "state": SystemState.ACTIVE, "state_reason": "", "killed": False, "kill_number": 0,
        "kill_reason": "", "resume_phrase": "", "uptime_s": 75.0, "events_per_s": 4200.0,
        "seq": 99, "journal_bytes": 3_400_000, "journal_bytes_per_day": 1e9,
        "feeds": (FeedView("sim", FeedState.LIVE, "", 1.2, START, 0),),
        "strategies": (StrategyView("momentum", True, ""),),
    }  # fmt: skip
    given |= changes
    given |= {"mode": Mode(given["mode"]), "state": SystemState(given["state"])}
    return SystemView(**given)


def account(**changes):
    held = (
        PositionView("sim:AAPL", num(40), num("221.58"), num("227.14"), num("222.40"),
                     num(0), num("0.10"),
                     (("momentum", num(40)),)),
        PositionView("sim:BTCUSDT", num("0.010"), num("92482.5"), num("91240.5"), num("-12.42"),
                     num("3.10"),
                     num("0.91"), (("human", num("0.010")),)),
    )  # fmt: skip
    limits = (
        LimitView("daily_loss", "260", "2000", 0.13),
        LimitView("max_drawdown", "0.0090", "0.05", 0.18),
        LimitView("max_gross", "9998.00", "100000", 0.1),
        LimitView("max_open_orders", "2", "50", 0.04),
        LimitView("daily_notional", "410000", "500000", 0.82),
        LimitView("trade_count", "12", "200", None),
    )
    given = {
        "ts": START, "equity": num("100240.99"), "cash": num("90242.99"), "day_pnl": num("240.99"),
        "realised": num("3.10"), "fees": num("1.01"), "gross": num("9998.00"),
        "net": num("9998.00"),
        "drawdown": 0.009, "positions": held, "limits": limits, "orders_today": 14,
        "fills_today": 12, "signals": 40, "fills": 12,
        "refusals": (("max_notional", 3), ("duplicate", 1)),
    }  # fmt: skip
    return AccountView(**(given | changes))


THOUGHT = UnixNanos(START + 240 * NANOS_PER_SECOND)
"""When the stages of the first cycle were computed: a minute before what is shown."""


def _stage(**changes):
    return {"cycle_id": "sim-AAPL-7", "instrument_id": "sim:AAPL", "ts_event": THOUGHT,
            "unavailable": ""} | changes  # fmt: skip


def quant(**changes):
    given = _stage(
        trigger="timer", samples=288, px=227.31, rsi=71.2, macd_histogram=0.031, garch_vol=0.214,
        average_vol=0.188, heston_vol=0.22, bsm_value=None, vwap=227.12, imbalance=0.05,
        momentum_short=0.004, momentum_long=0.011, momentum=1.0,
    )  # fmt: skip
    return QuantSnapshot(**(given | changes))


def swarm(**changes):
    given = _stage(
        direction=Direction.LONG, conviction=Conviction.MEDIUM, confidence=0.63, bull=0.48,
        bear=0.27, neutral=0.25, std_error=0.016, agreement=0.62, net_flow=1200.0,
        regime="TRENDING", px=227.31, vol=0.21, rally=0.412, sideways=0.371, dip=0.217,
        mirofish_error=0.014, base_rally=0.38, base_sideways=0.41, base_dip=0.21, brier=None,
        scored=12, agents=5000, paths=256, rounds=60, seed=42, synthetic=True,
    )  # fmt: skip
    return SwarmSignal(**(given | changes))


ROWS = tuple(
    ContextRow(row_id, RowKind(kind), text, source, UnixNanos(THOUGHT - old * NANOS_PER_SECOND))
    for row_id, kind, text, source, old in (
        ("F3", "feature", "momentum 20 d z-score = +1.1", "rf_signals", 12),
        ("F4", "feature", "rsi14 = 71.2", "rf_signals", 12),
        ("F7", "feature", "order-flow imbalance 30 min = +2310", "rf_signals", 1),
        ("F9", "feature", "implied move = 4.1 %", "rf_pricing", 2400),
        ("S1", "swarm", "rally 41 sideways 37 dip 22", "rf_swarm_sim seed 42", 60),
        ("G1", "graph", "AAPL -> TSM supplier, weight 0.9", "seed graph", 7200),
        ("N1", "news", "Supplier raises guidance for the year", "Reuters", 3060),
        ("H1", "history", "2 of the last 8 opinions hit", "score card", 600),
    )
)


def graph(**changes):
    impacts = (
        GraphImpact("TSM", "TSM", 0.041, 0.9, "AAPL -> TSM supplier"),
        GraphImpact("FOXC", "Foxconn", 0.032, 0.8, "AAPL -> FOXC assembler"),
        GraphImpact("MSFT", "Microsoft", -0.011, 0.6, "AAPL -> MSFT peer"),
    )
    given = _stage(
        entity_id="AAPL", entity_name="Apple", nodes=18, facts=(ROWS[5],), impacts=impacts,
        narrative="A shock of Apple reaches its suppliers first.",
    )  # fmt: skip
    return GraphContext(**(given | changes))


def analyst(**changes):
    given = _stage(
        analyst="claude", model="claude-sonnet-4", direction=Direction.LONG, confidence=0.58,
        entry_px=227.3, stop_px=221.0, take_profit_px=236.5, position_size_pct=0.02,
        time_horizon=Horizon.SWING,
        thesis="20-day momentum is +1.1 standard deviations [F3]. Order flow has been positive "
               "for 30 minutes [F7].",
        key_risks=("RSI(14) at 71.2 is overbought [F4]",
                   "the implied move of 4.1 % is large [F9]"),
        catalyst="supplier guidance [N1]", recommendation=Recommendation.HOLD, rows=ROWS,
        cited=("F3", "F4", "F7", "F9", "N1"), unsupported=(), figures_checked=7,
        input_tokens=1912, output_tokens=340, cached_tokens=1500, cost_usd=num("0.0108"),
        call_id="call-7",
    )  # fmt: skip
    return AnalystSignal(**(given | changes))


def gate(**changes):
    checks = (
        GateCheck("agreement", "0.62", "0.85", True),
        GateCheck("exposure", "9 %", "20 %", True),
        GateCheck("analyst confidence", "0.58", "0.65", False),
    )
    given = {
        "cycle_id": "sim-AAPL-7", "instrument_id": "sim:AAPL", "ts_event": THOUGHT,
        "verdict": Verdict.REJECTED, "reason": "the analyst is not sure enough",
        "direction": Direction.LONG, "quantity": num(0), "stop_px": 221.0,
        "take_profit_px": 236.5, "confidence": 0.58, "checks": checks, "seqs": (91, 92, 93, 94),
    }  # fmt: skip
    return GateDecided(**(given | changes))


def thinkers(**changes):
    given = {
        "ts_event": START, "worker": "READY", "worker_reason": "", "analyst": "claude",
        "model": "claude-sonnet-4", "why_rules": "", "instruments": ("sim:AAPL", "sim:NVDA"),
        "every_s": 300, "running": (), "spent_day": num("0.07"), "cap_day": num("2.00"),
        "spent_month": num("1.12"), "cap_month": num("20.00"), "calls_day": 6,
        "estimate_usd": num("0.012"), "cache_share": 0.81, "scored": 61, "hit_rate": 0.52,
        "brier": 0.244, "base_brier": 0.25, "may_trade": "never",
    }  # fmt: skip
    return IntelligenceView(**(given | changes))


def rules(**changes):
    """The offline analyst stands in: nothing is spent."""
    given = {
        "analyst": "rules", "model": "", "why_rules": "no ANTHROPIC_API_KEY",
        "spent_day": num(0), "spent_month": num(0), "calls_day": 0, "estimate_usd": num(0),
        "cache_share": None, "scored": 3, "hit_rate": None, "brier": None, "base_brier": None,
    }  # fmt: skip
    return thinkers(**(given | changes))


def outcome(**changes):
    given = {
        "cycle_id": "sim-AAPL-7", "instrument_id": "sim:AAPL", "ts_event": THOUGHT,
        "strategy_id": "ai_momentum", "orders": ("RF-S-K7QW3ZPA-00000008",), "refusals": (),
    }  # fmt: skip
    return OutcomeView(**(given | changes))


def filled_state():
    """The state that the snapshots show: five minutes of a market, orders, positions, alerts."""
    state = DashboardState()
    state.connection(Live(since=START))
    for symbol, _, tick in SYMBOLS:
        state.apply(InstrumentView(f"sim:{symbol}", num(tick), num("0.001"), num(1), "USD",
                                   FeedState.LIVE, ""), START)  # fmt: skip
    for step in range(300):
        ts = UnixNanos(START + step * NANOS_PER_SECOND)
        for number, (symbol, px, tick) in enumerate(SYMBOLS):
            wave = math.sin(step / 23 + number) + 0.35 * math.sin(step * 1.7 + number)
            mid, half = px * (1 + 0.0011 * wave + 0.000003 * step), float(tick)
            state.apply(Quote(f"sim:{symbol}", ts, mid - half, 5.0, mid + half, 4.0), ts)
            if step % 5 == 2:
                size = 1.0 + (step * 7 + number) % 11
                state.apply(Trade(f"sim:{symbol}", ts, mid, size, Side.BUY, step), ts)
    now = UnixNanos(START + 299 * NANOS_PER_SECOND)
    bids = tuple((round(227.13 - 0.01 * n, 2), 100.0 + 37 * (n % 5)) for n in range(20))
    asks = tuple((round(227.15 + 0.01 * n, 2), 80.0 + 51 * (n % 4)) for n in range(20))
    state.apply(BookView("sim:AAPL", now, 7, bids, asks, "", "sim"), now)
    state.apply(order(8), now)
    state.apply(order(9, side=Side.BUY, instrument_id="sim:BTCUSDT", quantity=num("0.01"),
                      order_type=OrderType.STOP_MARKET, limit_price=None), now)  # fmt: skip
    state.apply(account(), now)
    state.apply(system(), now)
    state.apply(Notice(Severity.WARNING, "RF-R-010", "turnover is at 82 % of its limit"), now)
    state.apply(Refusal("momentum", "sim:TSLA", Side.BUY, num(50), num(399), "max_notional",
                        "19950.00", "10000.00", "notional is above the limit", "engine"),
                now)  # fmt: skip
    for told in (quant(), swarm(), graph(), analyst(), gate(), thinkers()):
        state.apply(told, now)
    return state


class FakeDaemon:
    """Records what is asked, and answers from a table."""

    def __init__(self, state=None, line=None):
        self.state = state or filled_state()
        self.line = line or LineState(address="127.0.0.1:7001", live=True)
        self.changed = asyncio.Event()
        self.asked = []
        self.answers = {"check": Outcome(ok=True, data=NO_REFUSAL)}
        self.retries = 0

    async def ask(self, verb, args):
        self.asked.append((verb, dict(args)))
        await asyncio.sleep(0)
        given = self.answers.get(verb, Outcome(ok=True, data={}, code="SENT", text="sent"))
        if isinstance(given, Exception):
            raise given
        return given

    def verbs(self):
        return [verb for verb, _ in self.asked]

    def retry(self):
        self.retries += 1

    def go_offline(self, seconds=41):
        now = UnixNanos(START + 299 * NANOS_PER_SECOND)
        self.state.connection(Offline(since=now, reason="connection refused"))
        self.line = LineState("127.0.0.1:7001", live=False, reason="connection refused",
                              down_s=seconds, attempt=6, next_s=8)  # fmt: skip


class Person:
    """The application with somebody at the keys."""

    def __init__(self, app, daemon, left):
        self.app = app
        self.daemon = daemon
        self.left = left
        self.size = (120, 40)
        self.time_ns = 0

    def look(self):
        """Return the rows of the screen."""
        self.app.root.render(self.size, True)
        self.app.refresh()
        return list(self.app.root.render(self.size, True).decoded_text)

    def text(self):
        return "\n".join(self.look())

    def press(self, *keys):
        for key in keys:
            self.time_ns += 1_000_000_000
            self.app.root.keypress(self.size, key)

    def type(self, text):
        self.press(*text)

    def click(self, column, row, button=1, event="mouse press"):
        self.app.root.mouse_event(self.size, event, button, column, row, True)

    async def turn(self):
        """Let what was started begin."""
        await asyncio.sleep(0)
        self.app.refresh()

    async def settle(self):
        """Let everything that was started come to its end."""
        while self.app._tasks:
            await asyncio.gather(*self.app._tasks, return_exceptions=True)
            await asyncio.sleep(0)
        self.app.refresh()


@pytest.fixture
def daemon():
    return FakeDaemon()


def seated(folder, daemon, *, size=(120, 40), **options):
    """Return a person before a screen of `size`."""
    left = []
    clock = DeterministicClock(UnixNanos(START + 300 * NANOS_PER_SECOND))
    person = Person(None, daemon, left)
    person.app = App(
        daemon,
        Options(folder, **options),
        clock,
        lambda: left.append(True),
        lambda: person.time_ns,
        lambda: "c0ffee",
    )
    person.size = size
    person.look()
    return person


@pytest.fixture
def make_person(tmp_path):
    def make(daemon=None, **given):
        return seated(tmp_path, daemon or FakeDaemon(), **given)

    return make


@pytest.fixture
def person(make_person, daemon):
    return make_person(daemon)


@pytest.fixture(scope="session")
def builders():
    """The builders, for tests that change what the daemon tells."""

    class Builders:
        pass

    made = Builders()
    made.order, made.system, made.account = order, system, account
    made.quant, made.swarm, made.graph, made.analyst = quant, swarm, graph, analyst
    made.gate, made.thinkers, made.rules, made.outcome = gate, thinkers, rules, outcome
    made.seated = seated
    made.filled_state, made.FakeDaemon, made.START = filled_state, FakeDaemon, START
    return made
