from decimal import Decimal

import pytest

from rf_common import OrderType, Side, StorageError
from rf_testkit import builders


def test_defaults_make_an_uncrossed_quote_on_the_instruments_grid():
    quote, instrument = builders.quote(), builders.instrument()

    assert quote.bid_px < quote.ask_px
    assert quote.instrument_id == instrument.instrument_id == "binance:BTCUSDT"
    assert (instrument.tick, instrument.lot) == (Decimal("0.01"), Decimal("0.00001"))


@pytest.mark.parametrize(
    ("limit", "stop", "kind"),
    [
        ("1", None, OrderType.LIMIT),
        (None, None, OrderType.MARKET),
        (None, "1", OrderType.STOP_MARKET),
        ("1", "1", OrderType.STOP_LIMIT),
    ],
)
def test_the_order_type_follows_from_the_prices(limit, stop, kind):
    assert builders.order_request(limit_price=limit, stop_price=stop).order_type is kind


def test_a_fill_answers_its_request():
    request = builders.order_request(Side.SELL, "0.5", "100", number=7)
    accepted = builders.order_accepted(request)
    fill = builders.order_filled(request, fee="0.1", execution=2)

    assert request.client_order_id == "RF-P-K7QW3ZPA-00000007"
    assert (fill.side, fill.quantity, fill.price) == (Side.SELL, Decimal("0.5"), Decimal(100))
    assert fill.venue_order_id == accepted.venue_order_id
    assert fill.execution_id.endswith("-2")


def test_a_fill_of_a_market_order_needs_a_price():
    request = builders.order_request(limit_price=None)

    with pytest.raises(ValueError, match="expected a price"):
        builders.order_filled(request)
    assert builders.order_filled(request, price="9").price == 9


def test_envelopes_are_numbered_and_a_millisecond_apart():
    first, second = builders.envelopes([builders.quote(), builders.trade()], first=5)

    assert (first.seq, second.seq) == (5, 6)
    assert second.ts_init - first.ts_init == 1_000_000


def test_books_have_contiguous_ids_by_default():
    assert builders.book_delta().first_id == builders.book_snapshot().last_id + 1


def test_the_memory_journal_commits_unless_it_is_full():
    journal = builders.MemoryJournal()
    (envelope,) = builders.envelopes([builders.quote()])
    journal.append(envelope, [])
    journal.is_full = True
    with pytest.raises(StorageError):
        journal.commit()
    assert journal.committed == 0
    journal.is_full = False
    journal.commit()

    assert (journal.committed, journal.steps) == (1, [(envelope, ())])
