"""Small parts of ``rf backtest``: TOML, times, shared memory, the queue of work."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_backtest.data import Bars
from rf_cli.backtest.pool import Inline, Stop, batches, finished
from rf_cli.backtest.shared import attach, shared
from rf_cli.backtest.sources import interval_of, interval_text, moment, named_file
from rf_cli.backtest.toml_text import to_toml
from rf_common.errors import RfError
from rf_common.instruments import Instrument

KEYS = st.text(st.characters(codec="utf-8", exclude_characters="."), min_size=1, max_size=8)
PLAIN = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8")),
)
TREES = st.recursive(
    st.dictionaries(KEYS, st.one_of(PLAIN, st.lists(PLAIN, max_size=3)), max_size=3),
    lambda inner: st.dictionaries(
        KEYS, inner | st.lists(inner, min_size=1, max_size=2), max_size=3
    ),
    max_leaves=6,
)


@given(TREES)
def test_whatever_is_written_as_toml_is_read_back(tree):
    assert tomllib.loads(to_toml(tree)) == tree


def test_none_is_left_out_of_toml():
    assert tomllib.loads(to_toml({"a": None, "b": {"c": None, "d": 1}})) == {"b": {"d": 1}}


@pytest.mark.parametrize("text", ["2024-02-30", "yesterday", "2024-13-01", "1950-01-01", ""])
def test_a_time_that_is_none_is_told(text):
    with pytest.raises(RfError, match="--from"):
        moment("--from", text)


def test_an_end_day_is_included_and_an_end_time_is_not():
    day = 86_400 * 10**9
    assert moment("--to", "2024-01-31", is_end=True) - moment("--to", "2024-01-31") == day
    at = "2024-01-31T12:00:00Z"
    assert moment("--to", at, is_end=True) == moment("--to", at)


@pytest.mark.parametrize("text", ["1m", "4h", "1d", "90s"])
def test_an_interval_is_written_as_it_was_read(text):
    assert interval_text(interval_of(text)) == text


def test_a_file_may_name_its_symbol():
    assert named_file("spy=data/x.csv")[0] == "SPY"
    assert named_file("data/aapl.csv")[0] == "AAPL"
    assert named_file("data/a=b.csv")[0] == "A=B"


def made_up(count):
    item = Instrument(instrument_id="file:A", tick=Decimal("0.01"), lot=Decimal(1))
    px = 100 + np.arange(float(count))
    return Bars(
        instrument=item, ts=(np.arange(count) + 1) * 86_400 * 10**9, open=px, high=px + 1,
        low=px - 1, close=px, volume=np.full(count, 5.0), interval_ns=86_400 * 10**9,
        splits=((10 * 86_400 * 10**9, 2.0),),
    )  # fmt: skip


def test_bars_of_shared_memory_are_the_same_and_cannot_be_written():
    first, second = made_up(30), replace(made_up(7), bid=np.arange(7.0) + 1)
    with shared((first, second)) as handles:
        held = attach(handles)
        assert [one.hash for one in held.bars] == [first.hash, second.hash]
        with pytest.raises(ValueError, match="read-only"):
            held.bars[0].close[0] = 1.0
        copies = [one.close.copy() for one in held.bars]
        del held
    assert (copies[0] == first.close).all()


def test_work_that_is_stopped_begins_nothing_more():
    stop, begun = Stop(), []

    def work(item):
        begun.append(item)
        stop.asked = item == 2
        return item

    assert list(finished(Inline(), work, range(1, 9), ahead=4, stop=stop)) == [1, 2]
    assert begun == [1, 2]


def test_an_error_of_work_is_raised_where_results_are_taken():
    def work(_):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        list(finished(Inline(), work, [1], ahead=1, stop=Stop()))


@given(st.lists(st.integers()), st.integers(1, 9))
def test_batches_keep_everything_in_order(items, count):
    parts = batches(items, count)
    assert [item for part in parts for item in part] == items
    assert all(len(part) <= count for part in parts)
