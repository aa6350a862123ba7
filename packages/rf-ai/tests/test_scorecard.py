"""Scores after the horizon, beside the base rate, and none before there are thirty."""

import sqlite3
from decimal import Decimal

import msgspec
import pytest

from rf_ai import CallStore, ScoredCall, score_card
from rf_common.clock import NANOS_PER_SECOND
from rf_common.errors import DataError, StorageError
from rf_common.intelligence import Direction
from rf_testkit.builders import START
from rf_testkit.stages import quant_stage

HOUR = 3_600 * NANOS_PER_SECOND


def call(direction=Direction.LONG, confidence=0.7, hit=True, **changes):
    made = ScoredCall(
        direction=direction,
        confidence=confidence,
        void=False,
        hit=hit,
        closed=hit is not None,
        cost_usd=Decimal("0.01"),
    )
    return msgspec.structs.replace(made, **changes)


def test_there_is_no_score_before_thirty_calls():
    card = score_card([call()] * 29)
    assert (card.scored, card.hit_rate, card.brier, card.base_rate) == (29, None, None, None)
    assert score_card([call()] * 30).hit_rate == 1.0


def test_hit_rate_brier_and_base_rate_by_hand():
    # 20 LONG of which 15 rise, 10 SHORT of which 4 fall: 15 + 6 = 21 rises of 30.
    calls = [call(hit=n < 15) for n in range(20)]
    calls += [call(Direction.SHORT, 0.6, n < 4) for n in range(10)]
    card = score_card(calls)
    assert card.hit_rate == pytest.approx(19 / 30)
    assert card.brier == pytest.approx((15 * 0.09 + 5 * 0.49 + 4 * 0.16 + 6 * 0.36) / 30)
    assert card.base_rate == pytest.approx((20 * 0.7 + 10 * 0.3) / 30)
    assert card.base_brier == pytest.approx((15 * 0.09 + 5 * 0.49 + 4 * 0.49 + 6 * 0.09) / 30)
    assert card.cost_usd == Decimal("0.30")


def test_a_coin_at_one_half_has_a_brier_of_a_quarter():
    assert score_card([call(confidence=0.5, hit=n % 2 == 0) for n in range(40)]).brier == 0.25


def test_void_neutral_and_waiting_calls_are_counted_apart():
    card = score_card(
        [
            call(void=True, hit=None, closed=True),
            call(Direction.NEUTRAL, 0.5, None, closed=True),
            call(hit=None),
            call(hit=None, closed=True),
            call(),
        ]
    )
    assert (card.calls, card.void, card.neutral, card.waiting, card.scored) == (5, 1, 1, 1, 1)


def test_no_call_at_all_is_no_score():
    assert score_card([], least=0).brier is None


# --- outcomes -------------------------------------------------------------------------------------


async def one_opinion(dexter_of, stages):
    return (await dexter_of().analyse(*stages)).call_id


@pytest.mark.parametrize(("px", "hit"), [(100.5, True), (99.5, False), (100.0, False)])
async def test_a_long_is_a_hit_when_the_price_rose_over_the_horizon(
    dexter_of, stages, store, px, hit
):
    call_id = await one_opinion(dexter_of, stages)
    assert store.settle("sim:AAA", px, START + HOUR - 1) == 0
    assert store.settle("sim:BBB", px, START + HOUR) == 0
    assert store.settle("sim:AAA", px, START + HOUR) == 1
    kept = store.get(call_id)
    assert (kept.hit, kept.later_px, kept.closed) == (hit, px, True)
    assert store.settle("sim:AAA", 1.0, START + HOUR + 1) == 0
    assert store.get(call_id).later_px == px


async def test_a_price_that_comes_much_too_late_scores_nothing(dexter_of, stages, store):
    call_id = await one_opinion(dexter_of, stages)
    assert store.settle("sim:AAA", 120.0, START + 2 * HOUR) == 0
    kept = store.get(call_id)
    assert (kept.hit, kept.later_px, kept.closed) == (None, None, True)
    assert score_card(store.scores()).waiting == 0


async def test_a_neutral_opinion_has_no_outcome(dexter_of, stages, store):
    await dexter_of().analyse(quant_stage(momentum=-1.0), *stages[1:])
    assert store.settle("sim:AAA", 101.0, START + HOUR) == 0
    assert score_card(store.scores()).neutral == 1


async def test_records_are_listed_newest_first_by_instrument_and_time(
    dexter_of, stages, store, clock
):
    first = await one_opinion(dexter_of, stages)
    clock.set(START + 10)
    second = await one_opinion(dexter_of, stages)
    assert [o.record.call_id for o in store.latest()] == [second, first]
    assert [o.record.call_id for o in store.latest(1)] == [second]
    assert store.latest(instrument_id="sim:BBB") == ()
    assert len(store.latest(since=START + 5)) == 1
    assert len(store.scores(instrument_id="sim:AAA")) == 2


async def test_records_survive_another_store_on_the_same_file(dexter_of, stages, store, tmp_path):
    call_id = await one_opinion(dexter_of, stages)
    assert CallStore(tmp_path / "calls.sqlite").get(call_id) == store.get(call_id)


def test_an_unknown_call_says_where_to_look(store):
    with pytest.raises(DataError, match="there is no call x"):
        store.get("x")
    with pytest.raises(DataError):
        store.get("latest")


def test_a_file_that_is_no_database_is_a_storage_error(tmp_path):
    (tmp_path / "calls.sqlite").write_bytes(b"not a database, just words " * 50)
    with pytest.raises(StorageError, match=r"calls\.sqlite"):
        CallStore(tmp_path / "calls.sqlite")


async def test_a_record_is_never_overwritten(dexter_of, stages, store):
    record = store.get(await one_opinion(dexter_of, stages)).record
    with pytest.raises(StorageError):
        store.add(record)


@pytest.mark.parametrize("px", [0.0, -1.0, float("nan")])
def test_an_outcome_needs_a_price(store, px):
    with pytest.raises(ValueError, match="px"):
        store.settle("sim:AAA", px, START)


def test_what_is_kept_of_a_call_has_no_column_for_a_key(store, tmp_path):
    with sqlite3.connect(tmp_path / "calls.sqlite") as db:
        columns = {row[1] for row in db.execute("PRAGMA table_info(opinion)")}
    db.close()
    assert not {name for name in columns if "key" in name or "account" in name}
