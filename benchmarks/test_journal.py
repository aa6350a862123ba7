"""What it costs to write down a batch, and to have an order on disk before it leaves."""

from __future__ import annotations

from decimal import Decimal
from itertools import count

import numpy as np
import pytest

from rf_cli.settings import Settings
from rf_common.clock import NANOS_PER_SECOND, DeterministicClock, UnixNanos
from rf_common.commands import CancelAllOrders, PlaceOrder
from rf_common.enums import Mode, Side, SystemState
from rf_daemon.build import build, engine_config
from rf_persistence import Journal, JournalConfig, session_header
from rf_persistence.codec import encode_steps
from rf_testkit.builders import BTCUSDT, NONCE, START, envelopes, instrument, quote

BATCH = 500


def new_journal(folder, config) -> Journal:
    header = session_header(
        config, NONCE, [instrument()], started=START, source="binance", seed=0, version="0"
    )
    return Journal.create(folder, header, JournalConfig())


def quotes(first: int):
    rng = np.random.default_rng(7)
    offsets = rng.normal(0.0, 20.0, BATCH).tolist()
    return envelopes((quote(61_837.63 + x, 61_837.64 + x) for x in offsets), first=first)


def test_encode_a_batch(benchmark, tell):
    """The baseline: the same steps as bytes, nothing written."""
    steps = [(envelope, ()) for envelope in quotes(1)]
    benchmark(encode_steps, steps)
    tell(per_call=BATCH)


def test_append_and_commit_a_batch(benchmark, tell, tmp_path):
    """500 quotes appended, chained and made durable in one transaction."""
    journal = new_journal(tmp_path, engine_config(Settings(), Mode.PAPER))
    firsts = count(1, BATCH)

    def run(batch):
        for envelope in batch:
            journal.append(envelope, ())
        journal.commit()

    benchmark.pedantic(run, setup=lambda: ((quotes(next(firsts)),), {}), rounds=100)
    assert journal.pending == 0
    assert journal.steps >= BATCH
    tell(baseline="test_encode_a_batch", per_call=BATCH)


@pytest.mark.parametrize("durable", [False, True], ids=["in_memory", "durable"])
def test_order_to_gateway(benchmark, tell, tmp_path, durable):
    """One order by hand: command, chain, the disk when `durable`, the last gate, the answer."""
    settings = Settings()
    config = engine_config(settings, Mode.PAPER)
    clock = DeterministicClock(START)
    journal = new_journal(tmp_path, config) if durable else None
    house = build(settings, config, (instrument(),), clock, nonce=NONCE, journal=journal)
    corridor, answers, numbers = house.corridor, [], count(1)
    corridor.start()
    assert house.engine.state.system_state is SystemState.ACTIVE

    def next_order():
        # The order before is cancelled, and two seconds pass: no limit is in the way.
        corridor.command(CancelAllOrders(command_id=f"c{next(numbers)}", actor="benchmark"))
        now = UnixNanos(clock.now() + 2 * NANOS_PER_SECOND)
        corridor.advance(now, clock.set)
        clock.set(now)
        corridor.feed(quote(ts=now))
        corridor.settle()
        order = PlaceOrder(
            command_id=str(next(numbers)),
            actor="benchmark",
            instrument_id=BTCUSDT,
            side=Side.BUY,
            quantity=Decimal("0.0001"),
            limit_price=Decimal("60000.00"),
        )
        return (order, answers.append), {}

    benchmark.pedantic(corridor.command, setup=next_order, rounds=300)
    assert answers
    assert [answer.text for answer in answers if not answer.ok] == []
    tell(baseline="test_order_to_gateway[in_memory]" if durable else "", tail=True)
