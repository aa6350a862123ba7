from concurrent.futures import ThreadPoolExecutor

from rf_common import (
    DeterministicClock,
    InstrumentId,
    SequenceGenerator,
    Trade,
    UnixNanos,
    stamp,
)

TRADE = Trade(InstrumentId("sim:A"), UnixNanos(3), 1.0, 2.0, None)


def test_a_stamp_gives_the_next_number_and_the_present_time() -> None:
    clock, sequence = DeterministicClock(UnixNanos(50)), SequenceGenerator()

    first = stamp(TRADE, clock, sequence)
    clock.set(UnixNanos(60))
    second = stamp(TRADE, clock, sequence)

    assert [(e.seq, e.ts_init) for e in (first, second)] == [(1, 50), (2, 60)]
    assert second.payload is TRADE


def test_sequence_numbers_start_where_told_and_reset_to_one() -> None:
    numbers = SequenceGenerator(41)

    assert (numbers.peek(), numbers.next(), numbers.next()) == (41, 41, 42)
    numbers.reset()
    assert numbers.next() == 1


def test_threads_never_get_the_same_number() -> None:
    numbers = SequenceGenerator()

    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(lambda _: [numbers.next() for _ in range(500)], range(4)))

    drawn = [number for batch in batches for number in batch]
    assert sorted(drawn) == list(range(1, 2_001))
    assert all(batch == sorted(batch) for batch in batches)
