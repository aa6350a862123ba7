"""A backtest over a recording and the daemon playing it are one run: same orders, same fills."""

import asyncio
import os
from pathlib import Path

import msgspec
import pytest

from rf_backtest.config import recording_config
from rf_backtest.engine import run_backtest
from rf_cli.settings import Settings
from rf_common.clock import DeterministicClock
from rf_common.enums import Mode
from rf_common.events import OrderFilled, VenueReport
from rf_common.orders import Refusal, SetTimer, SubmitOrder
from rf_daemon.build import REPLAY_NONCE, build, engine_config, strategy_factories
from rf_daemon.tape import TapeLoop
from rf_engine import EngineConfig
from rf_execution import Faults, PaperConfig
from rf_feature import FeatureConfig
from rf_ingestion.recording import Recording
from rf_risk import RiskLimits
from rf_risk.config import MeasureConfig
from rf_strategy import SizerConfig, StrategySpec
from rf_testkit.synthetic import synthetic_tape

ROOT = Path(__file__).parents[2]
REAL = Path(os.environ.get("RUSTFORGE_SHARED", ROOT.parent / "shared")) / "data" / "binance"
BUSY = Settings(
    engine=EngineConfig(
        features=FeatureConfig(sample_ms=100, min_samples=10),
        measures=MeasureConfig(var_sample_ms=100, var_min_samples=10, garch_min_samples=10),
        sizer=SizerConfig(target_vol=10.0),
        limits=RiskLimits(max_vol_ratio=10.0, max_daily_var=0.5, attenuate_after_trades=1_000),
        strategies=(
            StrategySpec(
                id="momentum",
                factory="momentum",
                parameters={"period": 20, "threshold": 0.000001, "again_after": 5},
            ),
        ),
    ),
    paper=PaperConfig(latency_ms=20.0, jitter_ms=10.0),
)
"""A strategy that trades often, and limits that let it."""


def played_by_the_daemon(paths, settings):
    """Return outputs and fills of the daemon's own loop over the recordings, at full speed."""
    recording = Recording(paths)
    steps = []
    clock = DeterministicClock()
    house = build(
        settings,
        engine_config(settings, Mode.PAPER),
        recording.instruments(),
        clock,
        nonce=REPLAY_NONCE,
        on_step=lambda envelope, outputs: steps.append((envelope, outputs)),
    )
    loop = TapeLoop(house.corridor, clock, speed=float("inf"))
    asyncio.run(loop.run(recording.events()))
    loop.finish()
    fills = [fill for e, _ in steps for fill in _told(e.payload)]
    outputs = [output for _, outs in steps for output in outs if not isinstance(output, SetTimer)]
    return outputs, fills, house.engine, house.corridor.next_seq - 1


def _told(payload):
    """Return the fills of an answer, those among them that a report tells."""
    if isinstance(payload, OrderFilled):
        return (payload,)
    return payload.executions if isinstance(payload, VenueReport) else ()


def backtested(paths, settings):
    recording = Recording(paths)
    config = recording_config(
        engine_config(settings, Mode.PAPER), settings.paper, seed=settings.mock.seed
    )
    instruments = recording.instruments()
    return run_backtest(recording.events(), config, strategy_factories(), instruments=instruments)


def assert_equal(paths, settings):
    outputs, fills, engine, _ = played_by_the_daemon(paths, settings)
    result = backtested(paths, settings)
    assert result.orders == sum(isinstance(output, SubmitOrder) for output in outputs)
    theirs = {}
    for fill in fills:
        theirs.setdefault(fill.execution_id, fill)
    assert [
        (f.ts, f.client_order_id, f.side, f.price, f.quantity, f.fee, f.liquidity)
        for f in result.fills
    ] == [
        (f.ts_event, f.client_order_id, f.side, f.price, f.quantity, f.fee, f.liquidity)
        for f in theirs.values()
    ]
    refusals = {}
    for output in outputs:
        if isinstance(output, Refusal):
            refusals[output.rule] = refusals.get(output.rule, 0) + 1
    assert result.refusals == refusals
    assert result.fees == engine.state.account.fees
    assert result.cash[-1] == float(engine.state.account.cash)
    return result, outputs


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    path = tmp_path_factory.mktemp("tape") / "made_up.gz"
    synthetic_tape(7, 12_000, path=path)
    return path


def test_a_made_up_recording_gives_the_same_orders_and_fills(tape):
    result, _ = assert_equal([tape], BUSY)
    assert len(result.fills) >= 10


def test_lost_late_and_repeated_answers_are_the_same_too(tape):
    faults = Faults(lost=0.2, duplicated=0.2, late=0.3, late_ms=900)
    paper = msgspec.structs.replace(BUSY.paper, faults=faults)
    result, outputs = assert_equal([tape], msgspec.structs.replace(BUSY, paper=paper))
    assert len(result.fills) >= 3
    assert outputs


def test_the_whole_state_of_the_engine_is_the_same(tape, monkeypatch):
    engines = []
    import rf_backtest.engine as module

    class Spied(module.Engine):
        def __init__(self, *args, **others):
            super().__init__(*args, **others)
            engines.append(self)

    monkeypatch.setattr(module, "Engine", Spied)
    _, _, engine, last_seq = played_by_the_daemon([tape], BUSY)
    backtested([tape], BUSY)
    assert engines[0].state.state_hash() == engine.state.state_hash()
    assert engines[0]._seq == last_seq


def test_two_runs_over_one_recording_have_one_output_hash(tape):
    first, second = backtested([tape], BUSY), backtested([tape], BUSY)
    assert first.output_hash == second.output_hash
    assert first.data_hash == second.data_hash
    other = msgspec.structs.replace(BUSY, mock=msgspec.structs.replace(BUSY.mock, seed=99))
    assert backtested([tape], other).output_hash != first.output_hash


@pytest.mark.skipif(not REAL.is_dir(), reason="the real recordings are not on this machine")
def test_the_real_recordings_give_the_same_orders_and_fills():
    paths = sorted(REAL.glob("*.gz"))
    result, _ = assert_equal(paths, BUSY)
    assert len(result.fills) >= 10
