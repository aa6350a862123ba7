"""From a quote to a fill to the journal and back, through the parts as the daemon wires them."""

from dataclasses import dataclass
from decimal import Decimal

import msgspec
import pytest

from rf_cli.settings import Settings
from rf_common import commands
from rf_common.canonical import canonical_bytes
from rf_common.clock import NANOS_PER_MILLI, DeterministicClock
from rf_common.enums import Mode, OrderStatus, Side, SystemState, TimeInForce
from rf_common.errors import StorageError
from rf_common.events import OrderFilled, OrderRejected
from rf_common.orders import CancelOrder, CommandAnswer, Refusal, SignalRaised, SubmitOrder
from rf_daemon.build import build, engine_config, strategy_factories
from rf_daemon.tape import TapeLoop
from rf_engine import EngineConfig
from rf_execution import PaperConfig
from rf_feature import FeatureConfig
from rf_ingestion import MockConfig
from rf_ingestion.mock import MockMarket
from rf_persistence import (
    Journal,
    JournalConfig,
    Status,
    recover,
    replay,
    session_header,
    sessions,
    verify,
)
from rf_risk import RiskLimits
from rf_strategy import SizerConfig, StrategySpec

BEGUN = 1_795_572_736_000_000_000
AAPL = "sim:AAPL"
SYMBOLS = ("AAPL", "NVDA", "BTCUSDT")
SETTINGS = Settings(
    engine=EngineConfig(
        features=FeatureConfig(sample_ms=100, min_samples=10),
        sizer=SizerConfig(target_vol=10.0),
        limits=RiskLimits(max_vol_ratio=10.0),
        strategies=(
            StrategySpec(
                id="momentum",
                factory="momentum",
                parameters={"period": 20, "threshold": 0.00005, "again_after": 5},
            ),
        ),
    ),
    paper=PaperConfig(latency_ms=20.0, jitter_ms=10.0),
    mock=MockConfig(seed=11, symbols=SYMBOLS, outage_every_s=0.0),
)
QUIET = msgspec.structs.replace(
    SETTINGS, engine=msgspec.structs.replace(SETTINGS.engine, strategies=())
)
"""Without strategies: only what a test places is traded."""


@dataclass
class Session:
    """One session of the house on a folder, moved by hand."""

    folder: object
    nonce: str = "K7QW3ZPA"
    start: int = BEGUN
    settings: Settings = SETTINGS

    def __post_init__(self):
        self.clock = DeterministicClock(self.start)
        self.market = MockMarket(self.settings.mock)
        self.steps = []
        self.found = recover(self.folder)
        config = engine_config(self.settings, Mode.SIM)
        header = session_header(
            config,
            self.nonce,
            self.market.instruments(),
            started=self.clock.now(),
            source="mock",
            seed=self.settings.mock.seed,
            version="0.1.0",
            ledger=self.found.ledger,
            first_seq=self.found.next_seq,
            previous=self.found.previous,
            previous_head=self.found.previous_head,
        )
        self.journal = Journal.create(self.folder, header, JournalConfig())
        house = build(
            self.settings,
            config,
            self.market.instruments(),
            self.clock,
            nonce=self.nonce,
            ledger=self.found.ledger,
            first_seq=self.found.next_seq,
            journal=self.journal,
            on_step=lambda envelope, outputs: self.steps.append((envelope, outputs)),
        )
        self.engine, self.corridor, self.gate = house.engine, house.corridor, house.gate
        self.loop = TapeLoop(self.corridor, self.clock, speed=float("inf"))
        self.corridor.start()

    @property
    def state(self):
        return self.engine.state

    def run(self, steps):
        for _ in range(steps):
            now = self.clock.now() + 100 * NANOS_PER_MILLI
            self.loop.frame(now, self.market.step(now))

    def wait(self, millis):
        now = self.clock.now() + millis * NANOS_PER_MILLI
        self.corridor.advance(now, self.clock.set)
        self.clock.set(now)
        self.corridor.settle()

    def command(self, kind, name, **fields):
        answers = []
        self.corridor.command(kind(command_id=name, actor="ann", **fields), answers.append)
        return answers[0]

    def place(self, name="o1", side=Side.BUY, quantity=5, away="0.98", **fields):
        quote = self.state.markets[AAPL].quote
        price = (Decimal(str(quote.bid_px)) * Decimal(away)).quantize(Decimal("0.01"))
        wish = {"instrument_id": AAPL, "side": side, "quantity": Decimal(quantity)}
        wish |= {"limit_price": price, "time_in_force": TimeInForce.GTC}
        return self.command(commands.PlaceOrder, name, **(wish | fields))

    def told(self, kind):
        outputs = [output for _, step in self.steps for output in step]
        return [o for o in outputs + [e.payload for e, _ in self.steps] if isinstance(o, kind)]

    def stop(self):
        self.command(commands.Shutdown, "stop", cancel_orders=False)
        self.journal.close(True, self.state.state_hash())


def test_a_tick_becomes_a_fill_and_the_journal_tells_it_again(tmp_path):
    session = Session(tmp_path)
    session.run(600)
    session.wait(1_000)
    state = session.state

    fills = session.told(OrderFilled)
    assert len(fills) >= 5
    assert len(session.told(SignalRaised)) >= len(session.told(SubmitOrder)) >= 2
    assert not session.told(OrderRejected)
    assert session.loop.frames == 600

    for name, position in state.account.positions.items():
        signed = [f.quantity * f.side.sign for f in fills if f.instrument_id == name]
        assert position.quantity == sum(signed)
    paid = sum(f.price * f.quantity * f.side.sign + f.fee for f in fills)
    assert state.account.cash == state.account.starting_cash - paid
    assert state.account.identity_gap() == 0
    marks = state.current_marks()
    unrealised = sum(p.unrealised(marks[n]) for n, p in state.account.positions.items())
    earned = state.account.realised - state.account.fees + unrealised
    assert state.account.equity(marks) == state.account.starting_cash + earned

    session.stop()
    assert canonical_bytes(recover(tmp_path).ledger) == canonical_bytes(state.ledger())
    report = replay(sessions(tmp_path)[-1], strategy_factories())
    assert report.is_equal, report
    assert (report.fills, report.state_hash) == (len(fills), state.state_hash())
    assert verify(sessions(tmp_path)[-1]).status is Status.CLEAN


def test_two_sessions_of_one_seed_are_the_same(tmp_path):
    first, second = Session(tmp_path / "one"), Session(tmp_path / "two")
    for session in (first, second):
        session.run(200)

    assert first.steps == second.steps
    assert first.state.state_hash() == second.state.state_hash()


def test_a_session_that_crashed_goes_on_with_its_orders_and_positions(tmp_path):
    first = Session(tmp_path, settings=QUIET)
    first.run(100)
    bought = first.place(away="1.01", quantity=10)
    first.wait(200)
    resting = first.place("o2", quantity=7)
    first.wait(200)
    before = first.state.ledger()
    first.journal.close(False)  # as a crash leaves it: nothing more is written

    later = Session(tmp_path, nonce="AAAAAAAA", start=first.clock.now() + 10**9, settings=QUIET)

    assert later.found.is_clean is False
    assert canonical_bytes(later.found.ledger) == canonical_bytes(before)
    assert later.state.system_state is SystemState.ACTIVE
    assert later.state.orders.get(bought.client_order_id).filled > 0
    assert later.state.orders.get(resting.client_order_id).status is OrderStatus.ACCEPTED
    held = later.state.account.quantity(AAPL)
    later.run(5)
    later.command(
        commands.ChangeOrder,
        "move",
        client_order_id=resting.client_order_id,
        limit_price=Decimal(str(later.state.markets[AAPL].quote.ask_px)) + Decimal("0.50"),
    )
    later.wait(200)
    assert later.state.orders.get(resting.client_order_id).status is OrderStatus.FILLED
    assert later.state.account.quantity(AAPL) == held + 7
    later.stop()
    assert replay(sessions(tmp_path)[-1], strategy_factories()).is_equal


def test_a_kill_cancels_what_is_open_and_outlives_the_session(tmp_path):
    session = Session(tmp_path)
    session.run(50)
    keys = [session.place(f"o{n}", quantity=3 + n).client_order_id for n in range(3)]
    session.wait(100)
    assert session.state.orders.open_count == 3

    answer = session.command(commands.Kill, "kill", reason="practice")
    session.wait(10)

    assert (answer.ok, answer.code) == (True, "KILLED")
    assert session.gate.is_shut
    assert set(session.gate.last_halt) == set(keys)
    assert [session.state.orders.get(key).status for key in keys] == [OrderStatus.CANCELED] * 3
    sent = len(session.told(SubmitOrder))
    session.run(200)
    assert session.place("late").code == "system_state"
    assert len(session.told(SubmitOrder)) == sent
    session.stop()

    later = Session(tmp_path, nonce="AAAAAAAA", start=session.clock.now() + 10**9)
    later.run(50)
    assert later.state.system_state is SystemState.HALTED
    assert later.gate.is_shut
    assert later.command(commands.Resume, "no", phrase="resume").code == "PHRASE"
    assert later.command(commands.Resume, "yes", phrase="resume SIM 1").code == "RESUMED"
    later.run(5)
    assert later.state.system_state is SystemState.ACTIVE
    assert not later.gate.is_shut
    assert later.place("o9").code == "SENT"


def test_a_cancel_reaches_an_order_that_rests(tmp_path):
    session = Session(tmp_path)
    session.run(20)
    key = session.place().client_order_id
    session.wait(100)

    assert session.command(commands.CancelOpenOrder, "c", client_order_id=key).code == "SENT"
    session.wait(100)

    assert session.told(CancelOrder)[-1].client_order_id == key
    assert session.state.orders.get(key).status is OrderStatus.CANCELED


@pytest.mark.parametrize(
    ("limits", "quantity", "rule", "limit"),
    [
        ({"max_order_notional": Decimal(1_000)}, 5, "max_order_notional", "1,000.00"),
        ({"max_position_notional": Decimal(2_000)}, 10, "max_position", "2,000.00"),
        ({"max_order_quantity": Decimal(4)}, 5, "max_order_quantity", "4.00"),
        ({"max_concentration": 0.01}, 5, "concentration", "1%"),
        ({"price_collar": 0.01}, 5, "price_collar", "1.00%"),
    ],
)
def test_a_limit_refuses_and_says_which_and_how_much(tmp_path, limits, quantity, rule, limit):
    engine = msgspec.structs.replace(QUIET.engine, limits=RiskLimits(**limits))
    session = Session(tmp_path, settings=msgspec.structs.replace(SETTINGS, engine=engine))
    session.run(20)

    answer = session.place(quantity=quantity)
    session.wait(100)

    assert (answer.ok, answer.code) == (False, rule)
    refusal = session.told(Refusal)[0]
    assert (refusal.rule, refusal.limit, refusal.actor) == (rule, limit, "ann")
    assert refusal.reason in answer.text
    assert not session.told(SubmitOrder)
    assert session.state.orders.open_count == 0
    allowed = session.place("small", quantity=1, away="0.995")
    assert allowed.code == "SENT", allowed


def test_a_disk_that_refuses_halts_at_once_and_nothing_leaves(tmp_path, monkeypatch):
    session = Session(tmp_path)
    session.run(50)
    resting = session.place().client_order_id
    session.wait(100)

    def refuse():
        raise StorageError("no space left on device")

    monkeypatch.setattr(session.journal, "commit", refuse)
    answer = session.place("o2", quantity=9)
    session.wait(10)

    denied = session.state.orders.get(answer.client_order_id)
    assert denied.status is OrderStatus.DENIED
    assert session.state.system_state is SystemState.HALTED
    assert session.gate.is_shut
    assert session.state.orders.get(resting).status is OrderStatus.CANCELED
    phrase = session.state.resume_phrase
    assert session.command(commands.Resume, "r", phrase=phrase).code == "STORAGE"
    session.run(100)
    assert session.place("o3").code == "system_state"
    monkeypatch.undo()
    session.journal.close(False)
    assert recover(tmp_path).ledger.orders[-1].request.client_order_id == resting


def test_every_command_of_a_session_is_answered_once(tmp_path):
    session = Session(tmp_path)
    session.run(5)
    session.place()
    session.command(commands.Reduce, "r", reason="enough")

    answers = session.told(CommandAnswer)
    assert [answer.command_id for answer in answers] == ["o1", "r"]
