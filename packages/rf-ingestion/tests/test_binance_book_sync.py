"""The documented procedure, case by case, and against the truth under every disorder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import BookDelta, BookSnapshot, FeedGap, InstrumentId, UnixNanos
from rf_common.events import Payload
from rf_ingestion.binance.book_sync import BookSync, SyncState

BTC = InstrumentId("binance:BTCUSDT")
TS = UnixNanos(1)


def delta(first: int, last: int, *bids: tuple[float, float]) -> BookDelta:
    return BookDelta(BTC, TS, first, last, bids, ())


def snapshot(last: int, *bids: tuple[float, float]) -> BookSnapshot:
    return BookSnapshot(BTC, TS, last, bids, ())


def new_sync(max_waiting: int = 100) -> BookSync:
    return BookSync(BTC, "binance", max_waiting)


def synced(last: int = 10) -> BookSync:
    sync = new_sync()
    sync.on_delta(delta(last, last))
    sync.on_snapshot(snapshot(last))
    assert sync.state is SyncState.SYNCED
    return sync


def ids(events: Iterable[Payload]) -> list[tuple[int, int]]:
    return [(e.first_id, e.last_id) for e in events if isinstance(e, BookDelta)]


def test_nothing_is_passed_on_before_the_snapshot() -> None:
    sync = new_sync()
    assert not sync.on_delta(delta(1, 3))
    assert sync.state is SyncState.WAITING
    assert not sync.on_delta(delta(4, 6))


def test_a_snapshot_inside_an_update_passes_on_only_what_is_newer() -> None:
    sync = new_sync()
    for first, last in ((1, 3), (4, 8), (9, 12)):
        sync.on_delta(delta(first, last))
    book, *rest = sync.on_snapshot(snapshot(6))
    assert isinstance(book, BookSnapshot)
    assert ids(rest) == [(7, 8), (9, 12)]
    assert sync.last_id == 12


def test_a_snapshot_right_before_the_first_update_is_contiguous() -> None:
    sync = new_sync()
    sync.on_delta(delta(7, 9))
    assert len(sync.on_snapshot(snapshot(6))) == 2
    assert sync.state is SyncState.SYNCED


def test_a_snapshot_one_older_than_that_is_asked_for_again_and_the_buffer_stays() -> None:
    sync = new_sync()
    sync.on_delta(delta(7, 9))
    sync.asked()
    assert sync.on_snapshot(snapshot(5)) == ()
    assert sync.state is SyncState.WAITING
    assert ids(sync.on_snapshot(snapshot(8))) == [(9, 9)]


def test_a_snapshot_newer_than_all_updates_stands_alone() -> None:
    sync = new_sync()
    sync.on_delta(delta(7, 9))
    assert sync.on_snapshot(snapshot(20)) == [snapshot(20)]
    assert sync.on_delta(delta(10, 20)) == ()
    assert ids(sync.on_delta(delta(21, 22))) == [(21, 22)]


def test_a_snapshot_that_comes_first_waits_for_an_update_that_proves_it() -> None:
    sync = new_sync()
    assert sync.on_snapshot(snapshot(6)) == ()
    assert sync.state is SyncState.EMPTY
    assert len(sync.on_delta(delta(5, 8))) == 2


def test_a_snapshot_that_comes_first_and_is_too_old_is_forgotten() -> None:
    sync = new_sync()
    sync.on_snapshot(snapshot(6))
    assert sync.on_delta(delta(8, 9)) == []
    assert sync.state is SyncState.WAITING


def test_the_next_number_is_contiguous_and_the_one_after_is_a_gap() -> None:
    sync = synced(10)
    assert ids(sync.on_delta(delta(11, 12))) == [(11, 12)]
    [gap] = sync.on_delta(delta(14, 15))
    assert gap == FeedGap(BTC, TS, "binance", 13, 13, "updates are missing")
    assert sync.state is SyncState.WAITING


def test_old_and_equal_numbers_are_ignored_and_an_overlap_is_not_a_gap() -> None:
    sync = synced(10)
    assert sync.on_delta(delta(3, 9)) == ()
    assert sync.on_delta(delta(8, 10)) == ()
    assert ids(sync.on_delta(delta(8, 12))) == [(11, 12)]


def test_after_a_gap_the_update_that_showed_it_is_kept() -> None:
    sync = synced(10)
    sync.on_delta(delta(14, 15))
    assert ids(sync.on_snapshot(snapshot(14))) == [(15, 15)]


def test_a_gap_while_waiting_makes_the_older_updates_worthless() -> None:
    sync = new_sync()
    sync.on_delta(delta(1, 3))
    [gap] = sync.on_delta(delta(6, 7))
    assert isinstance(gap, FeedGap)
    assert (gap.first_missing, gap.last_missing) == (4, 5)
    assert sync.on_snapshot(snapshot(2)) == ()
    assert ids(sync.on_snapshot(snapshot(5))) == [(6, 7)]


def test_too_many_waiting_updates_are_a_gap_and_the_buffer_begins_anew() -> None:
    sync = new_sync(max_waiting=2)
    sync.on_delta(delta(1, 1))
    sync.on_delta(delta(2, 2))
    sync.asked()
    [gap] = sync.on_delta(delta(3, 3))
    assert isinstance(gap, FeedGap)
    assert (gap.first_missing, gap.last_missing) == (1, 2)
    assert sync.state is SyncState.ASKED
    assert sync.on_snapshot(snapshot(1)) == ()
    assert ids(sync.on_snapshot(snapshot(2))) == [(3, 3)]


def test_losing_a_known_book_tells_a_gap_once() -> None:
    sync = synced(10)
    assert sync.lose(TS, "gone") == (FeedGap(BTC, TS, "binance", 11, 0, "gone"),)
    assert sync.lose(TS, "gone") == ()
    assert sync.state is SyncState.EMPTY


def test_a_failed_request_may_be_asked_again() -> None:
    sync = new_sync()
    sync.on_delta(delta(1, 1))
    sync.asked()
    assert sync.state is SyncState.ASKED
    sync.failed()
    assert sync.state is SyncState.WAITING


@pytest.mark.parametrize("state", [SyncState.EMPTY, SyncState.SYNCED])
def test_requests_change_nothing_where_none_is_needed(state: SyncState) -> None:
    sync = new_sync() if state is SyncState.EMPTY else synced()
    sync.asked()
    sync.failed()
    assert sync.state is state


# --- against the truth ------------------------------------------------------------------------

N = 40
PRICES = (100.0, 101.0, 102.0, 103.0)
Truth = list[dict[float, float]]


def history(changes: Sequence[tuple[int, int]]) -> Truth:
    """Return the whole bid side after every update id; update n is ``changes[n - 1]``."""
    books: Truth = [{}]
    for level, qty in changes:
        book = dict(books[-1])
        book[PRICES[level]] = float(qty)
        books.append({px: size for px, size in book.items() if size})
    return books


def update_of(changes: Sequence[tuple[int, int]], truth: Truth, first: int, last: int) -> BookDelta:
    touched = sorted({PRICES[level] for level, _ in changes[first - 1 : last]})
    return delta(first, last, *((px, truth[last].get(px, 0.0)) for px in touched))


class Reader:
    """Applies what comes out; a book it holds must be the truth, always."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.book: dict[float, float] | None = None
        self.last_id = 0

    def read(self, events: Iterable[Payload]) -> None:
        for event in events:
            if isinstance(event, FeedGap):
                self.book = None
            elif isinstance(event, BookSnapshot):
                self.book, self.last_id = dict(event.bids), event.last_id
            elif isinstance(event, BookDelta):
                assert self.book is not None
                assert event.first_id == self.last_id + 1
                self.book.update(event.bids)
                self.book = {px: qty for px, qty in self.book.items() if qty}
                self.last_id = event.last_id
            if self.book is not None:
                assert self.book == self.truth[self.last_id]


CHANGES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=N, max_size=N)
# Positions are relative to the newest update that was sent: most runs then find a book.
NEXT = st.tuples(st.just("next"), st.sampled_from([0, 0, 0, 1]), st.integers(0, 2))
STEPS = st.lists(
    st.one_of(
        NEXT,
        NEXT,
        st.tuples(st.just("again"), st.integers(0, 8), st.integers(0, 5)),
        st.tuples(st.just("snapshot"), st.integers(-2, 6), st.just(0)),
        st.tuples(st.sampled_from(["asked", "failed", "lose"]), st.just(0), st.just(0)),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=200)
@given(changes=CHANGES, steps=STEPS, max_waiting=st.integers(1, 5))
def test_a_published_book_is_the_truth_whatever_the_order_of_arrival(
    changes: list[tuple[int, int]], steps: list[tuple[str, int, int]], max_waiting: int
) -> None:
    truth = history(changes)
    sync, reader = new_sync(max_waiting), Reader(truth)
    sent = 0
    for step, a, b in steps:
        if step in {"next", "again"}:  # in order or jumping over one; older ones once more
            first = min(max(sent + 1 + a if step == "next" else sent - a, 1), N)
            last = min(first + b, N)
            sent = max(sent, last)
            reader.read(sync.on_delta(update_of(changes, truth, first, last)))
        elif step == "snapshot":
            at = min(max(sent - a, 0), N)
            reader.read(sync.on_snapshot(snapshot(at, *truth[at].items())))
        elif step == "lose":
            reader.read(sync.lose(TS, "lost"))
            assert reader.book is None
        else:
            getattr(sync, step)()
        assert (sync.state is SyncState.SYNCED) == (reader.book is not None)
    if sync.state is not SyncState.SYNCED:  # and it always recovers
        reader.read(sync.on_delta(update_of(changes, truth, N, N)))
        reader.read(sync.on_snapshot(snapshot(N, *truth[N].items())))
        reader.read(sync.on_delta(update_of(changes, truth, N, N)))
    assert reader.book is not None
