"""Batch order flow and microprice against definitions and the streaming classes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_signals.microstructure import (
    _kernels,
    imbalances,
    integrated_ofi,
    microprices,
    multi_level_ofi,
    normalized_ofi,
    ofi_events,
)
from rf_signals.streaming import BookImbalance, MultiLevelOfi, Ofi, microprice

CHECKED = settings(deadline=None, max_examples=60)
QUOTES = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 9), st.integers(5, 8), st.integers(0, 9)),
    min_size=1,
    max_size=30,
)
NAN = float("nan")


def columns(quotes):
    return [np.array(column, dtype=float) for column in zip(*quotes, strict=True)]


def test_every_kind_of_quote_change_gives_the_event_of_the_definition():
    # Each row by hand: size up, bid up, ask filled, bid lost, ask improved, ask withdrawn.
    quotes = [
        (100.0, 10.0, 101.0, 10.0),
        (100.0, 15.0, 101.0, 10.0),
        (100.5, 7.0, 101.0, 10.0),
        (100.5, 7.0, 101.0, 4.0),
        (100.0, 12.0, 101.0, 4.0),
        (100.0, 12.0, 100.5, 20.0),
        (100.0, 12.0, 101.5, 9.0),
    ]
    events = ofi_events(*columns(quotes))
    assert np.isnan(events[0])
    assert events[1:].tolist() == [5.0, 7.0, 6.0, -7.0, -20.0, 20.0]


@CHECKED
@given(QUOTES)
def test_batch_events_are_those_of_the_stream_and_change_sign_with_the_sides(quotes):
    bid, bid_size, ask, ask_size = columns(quotes)
    events = ofi_events(bid, bid_size, ask, ask_size)
    stream = Ofi()
    told = [stream.update(*map(float, quote)) for quote in quotes]
    assert [None if np.isnan(e) else e for e in events] == told
    mirrored = ofi_events(-ask, ask_size, -bid, bid_size)
    np.testing.assert_array_equal(mirrored, -events)


@CHECKED
@given(QUOTES, st.integers(1, 6))
def test_normalized_flow_is_that_of_the_stream(quotes, window):
    stream, told = Ofi(window=window), []
    for quote in quotes:
        stream.update(*map(float, quote))
        told.append(NAN if stream.normalized is None else stream.normalized)
    found = normalized_ofi(ofi_events(*columns(quotes)), window=window)
    np.testing.assert_allclose(found, told, atol=1e-15)


def test_levels_are_independent_and_integrate_to_a_weighted_mean():
    rng = np.random.default_rng(1)
    bid = 10.0 - np.arange(4) + rng.integers(0, 2, (50, 4))
    ask = 20.0 + np.arange(4) + rng.integers(0, 2, (50, 4))
    bid_size, ask_size = rng.integers(0, 50, (2, 50, 4)).astype(float)
    flows = multi_level_ofi(bid, bid_size, ask, ask_size)
    for level in range(4):
        one = ofi_events(bid[:, level], bid_size[:, level], ask[:, level], ask_size[:, level])
        np.testing.assert_array_equal(flows[:, level], one)
    stream = MultiLevelOfi(depth=4, decay=0.6)
    whole = integrated_ofi(flows, decay=0.6)
    assert np.isnan(whole[0])
    for row in range(50):
        told = stream.update(bid[row], bid_size[row], ask[row], ask_size[row])
        if row:
            assert told == flows[row].tolist()
            assert stream.integrated == pytest.approx(whole[row], abs=1e-12)
    np.testing.assert_allclose(
        whole[1:], np.average(flows[1:], axis=1, weights=0.6 ** np.arange(4))
    )


def test_a_side_without_size_gives_the_other_side_its_full_weight():
    found = microprices([99.0] * 4, [0.0, 10.0, 0.0, 1e12], [101.0] * 4, [10.0, 0.0, 0.0, 1.0])
    np.testing.assert_allclose(found, [99.0, 101.0, 100.0, 100.999999999998], atol=1e-12)


@CHECKED
@given(QUOTES)
def test_microprices_and_imbalances_are_those_of_the_stream(quotes):
    bid, bid_size, ask, ask_size = columns(quotes)
    found = microprices(bid, bid_size, ask, ask_size)
    assert found.tolist() == [microprice(*map(float, quote)) for quote in quotes]
    assert ((found >= bid) & (found <= ask)).all()
    sizes = np.column_stack((bid_size, ask_size))
    stream = BookImbalance(depth=2, decay=0.5)
    told = [stream.update(row, row[::-1]) for row in sizes]
    np.testing.assert_allclose(imbalances(sizes, sizes[:, ::-1], decay=0.5), told, atol=1e-15)


@pytest.mark.parametrize(
    "quotes",
    [
        [],
        [(1.0, NAN, 2.0, 1.0)],
        [(1.0, -1.0, 2.0, 1.0)],
        [(1.0, 1.0, float("inf"), 1.0)],
    ],
)
def test_bad_quotes_are_refused(quotes):
    table = np.array(quotes, dtype=float).reshape(-1, 4).T
    for function in (ofi_events, microprices):
        with pytest.raises(ValueError, match="expected"):
            function(*table)


def test_shapes_and_weights_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        ofi_events([1.0], [1.0, 2.0], [2.0], [1.0])
    with pytest.raises(ValueError, match="dimension"):
        multi_level_ofi([1.0], [1.0], [2.0], [1.0])
    with pytest.raises(ValueError, match="decay"):
        integrated_ofi([[1.0]], decay=0.0)
    with pytest.raises(ValueError, match="window"):
        normalized_ofi([NAN, 1.0], window=0)
    with pytest.raises(ValueError, match="decay"):
        MultiLevelOfi(decay=1.5)
    assert MultiLevelOfi().integrated is None


def plain(kernel):
    """Return the Python of a kernel, also where compiling is switched off."""
    return getattr(kernel, "py_func", kernel)


def test_compiled_loops_give_what_their_python_gives():
    rng = np.random.default_rng(2)
    px = rng.integers(1, 4, 40).astype(float)
    sizes = rng.integers(0, 9, (2, 40, 1)).astype(float)
    args = (px[:, None], sizes[0], px[:, None] + 2.0, sizes[1])
    both = np.empty((2, 40, 1))
    _kernels.ofi_events(*args, both[0])
    plain(_kernels.ofi_events)(*args, both[1])
    np.testing.assert_array_equal(both[0], both[1])
    ratios, means, events = np.empty((2, 40)), np.empty((2, 40)), rng.normal(size=40)
    for i, kind in enumerate((lambda f: f, plain)):
        kind(_kernels.trailing_ratio)(events, 3, ratios[i])
        kind(_kernels.trailing_mean)(events, 3, means[i])
    np.testing.assert_array_equal(ratios[0], ratios[1])
    np.testing.assert_array_equal(means[0], means[1])
    share, buckets = rng.random(40), np.empty((2, 100))
    full = [
        kind(share, sizes[0, :, 0], 7.0, buckets[i])
        for i, kind in enumerate((_kernels.fill_buckets, plain(_kernels.fill_buckets)))
    ]
    assert full[0] == full[1]
    np.testing.assert_array_equal(buckets[0, : full[0][0]], buckets[1, : full[0][0]])
    for rule in range(5):
        signs = np.empty((2, 40), dtype=np.int64)
        _kernels.classify(px, px - 1.0, px + 0.5, rule, 0.0, 0.3, signs[0])
        plain(_kernels.classify)(px, px - 1.0, px + 0.5, rule, 0.0, 0.3, signs[1])
        np.testing.assert_array_equal(signs[0], signs[1])
