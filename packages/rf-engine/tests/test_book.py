from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common.events import BookDelta, BookSnapshot
from rf_engine import L2Book, book

NAME = "sim:AAA"
PXS = st.integers(1, 12).map(float)
LEVELS = st.lists(st.tuples(PXS, st.integers(0, 5).map(float)), max_size=8).map(tuple)
DISTINCT = st.dictionaries(PXS, st.integers(0, 5).map(float), max_size=8).map(
    lambda levels: tuple(levels.items())
)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("snapshot"), DISTINCT, DISTINCT),
        st.tuples(st.just("delta"), LEVELS, LEVELS),
        st.tuples(st.just("invalidate"), st.just(()), st.just(())),
    ),
    max_size=25,
)


def snapshot(bids, asks, last_id=1):
    return BookSnapshot(NAME, 1, last_id, tuple(bids), tuple(asks))


def delta(bids, asks, last_id=2):
    return BookDelta(NAME, 1, last_id, last_id, tuple(bids), tuple(asks))


@settings(deadline=None, max_examples=200)
@given(ACTIONS)
def test_a_book_is_a_dict_of_absolute_quantities(actions):
    made = L2Book()
    bids, asks, valid = {}, {}, False
    for number, (kind, new_bids, new_asks) in enumerate(actions, 1):
        if kind == "snapshot":
            made.apply_snapshot(snapshot(new_bids, new_asks, number))
            bids, asks, valid = {}, {}, True
        elif kind == "delta":
            made.apply_delta(delta(new_bids, new_asks, number))
        else:
            made.invalidate()
            bids, asks, valid = {}, {}, False
        for side, levels in ((bids, new_bids), (asks, new_asks)):
            side.update(levels)
            for px in [px for px, qty in side.items() if qty == 0]:
                del side[px]

        assert list(made.bids()) == sorted(bids.items(), reverse=True)
        assert list(made.asks()) == sorted(asks.items())
        assert made.best_bid == (max(bids.items()) if bids else None)
        assert made.best_ask == (min(asks.items()) if asks else None)
        assert made.depth() == (len(bids), len(asks))
        last_id = 0 if kind == "invalidate" else number
        assert (made.is_valid, made.last_id) == (valid, last_id)


def test_zero_removes_a_level_and_an_unknown_level_is_no_matter():
    made = L2Book()
    made.apply_snapshot(snapshot([(10.0, 1.0), (9.0, 2.0)], [(11.0, 3.0)]))

    made.apply_delta(delta([(10.0, 0.0), (8.5, 0.0)], [(12.0, 0.0)]))

    assert list(made.bids()) == [(9.0, 2.0)]
    assert list(made.asks()) == [(11.0, 3.0)]


def test_a_side_that_grows_too_long_loses_its_worst_levels(monkeypatch):
    monkeypatch.setattr(book, "MAX_LEVELS", 3)
    made = L2Book()
    made.apply_snapshot(snapshot([(10.0, 1.0), (9.0, 1.0)], [(11.0, 1.0), (12.0, 1.0)]))

    made.apply_delta(delta([(8.0, 1.0), (7.0, 1.0)], [(13.0, 1.0), (10.5, 1.0), (14.0, 1.0)]))

    assert [px for px, _ in made.bids()] == [10.0, 9.0, 8.0]
    assert [px for px, _ in made.asks()] == [10.5, 11.0, 12.0]
    made.apply_delta(delta([(10.0, 0.0), (7.0, 4.0)], []))
    assert [px for px, _ in made.bids()] == [9.0, 8.0, 7.0]


def test_the_digest_tells_levels_and_update_id_apart_and_not_the_way_there():
    one, two = L2Book(), L2Book()
    one.apply_snapshot(snapshot([(10.0, 1.0)], [(11.0, 1.0)], 2))
    two.apply_snapshot(snapshot([(9.0, 1.0)], [(11.0, 1.0)], 1))
    two.apply_delta(delta([(9.0, 0.0), (10.0, 1.0)], [], 2))

    assert one.digest() == two.digest()
    two.apply_delta(delta([], [], 3))
    assert one.digest() != two.digest()
