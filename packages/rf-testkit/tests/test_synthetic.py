import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_testkit import synthetic_tape


def test_the_same_seed_gives_the_same_tape():
    assert synthetic_tape(5, 300) == synthetic_tape(5, 300)
    assert synthetic_tape(5, 300) != synthetic_tape(6, 300)


def test_too_few_lines_are_refused():
    with pytest.raises(ValueError, match="at least 100"):
        synthetic_tape(1, 99)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(100, 500), st.sampled_from(["BTCUSDT", "ETHUSDT", "XYZ"]))
def test_the_book_is_consistent_with_the_best_levels_and_the_snapshot(seed, n, symbol):
    lines = synthetic_tape(seed, n, symbol)
    bodies = [json.loads(line.partition(b" ")[2]) for line in lines]
    stamps = [int(line.partition(b" ")[0]) for line in lines]
    assert len(lines) == n
    assert stamps == sorted(stamps)

    snapshots = [body for body in bodies if "stream" not in body]
    assert len(snapshots) == 1
    book = {side: {Decimal(p): q for p, q in snapshots[0][side]} for side in ("bids", "asks")}
    tickers: list[dict] = []
    last_u, last_trade, applied = None, 0, 0
    for body in bodies:
        kind = body.get("stream", "").partition("@")[2]
        data = body.get("data")
        if kind == "bookTicker":
            assert Decimal(data["b"]) < Decimal(data["a"])
            assert not tickers or data["u"] > tickers[-1]["u"]
            tickers.append(data)
        elif kind == "trade":
            assert data["t"] > last_trade
            assert Decimal(data["q"]) > 0
            last_trade = data["t"]
        elif kind == "depth@100ms":
            assert last_u is None or data["U"] == last_u + 1
            assert data["U"] <= data["u"]
            last_u = data["u"]
            if data["u"] <= snapshots[0]["lastUpdateId"]:
                continue
            assert applied or data["U"] <= snapshots[0]["lastUpdateId"] + 1
            applied += 1
            for side, rows in (("bids", data["b"]), ("asks", data["a"])):
                for price, quantity in rows:
                    book[side].pop(Decimal(price), None)
                    if Decimal(quantity):
                        book[side][Decimal(price)] = quantity
            newest = [t for t in tickers if t["u"] <= data["u"]][-1]
            bid, ask = max(book["bids"]), min(book["asks"])
            assert (bid, book["bids"][bid]) == (Decimal(newest["b"]), newest["B"])
            assert (ask, book["asks"][ask]) == (Decimal(newest["a"]), newest["A"])
    assert applied > 0
    assert kind == "depth@100ms"


def test_the_snapshot_falls_inside_an_event_that_was_told_before_it():
    bodies = [json.loads(line.partition(b" ")[2]) for line in synthetic_tape(1, 300)]
    place = next(i for i, body in enumerate(bodies) if "stream" not in body)
    event = bodies[place - 1]["data"]

    assert event["U"] <= bodies[place]["lastUpdateId"] < event["u"]
